"""Resource types that the emulator does not know: it gets the templates without them, the caller gets them back as they were sent.

CreateStack, UpdateStack and CreateChangeSet lose the resources of such types, with the outputs and DependsOn that name them; GetTemplate answers with
the template that was sent. After a rollback the emulator has the old template, and the old original comes back with it. What the
resources would do is left to the test, which plays their part: a test of scaling sets the desired count itself.
A template that is sent by its URL is put into its bucket once more, beside the one that was sent.
"""

import json
import threading
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape, unescape

from fargate_operator.references import targets
from harness.calls import Call
from harness.emulator import client
from harness.proxy import AwsProxy

ABSENT = frozenset(
    {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::ElasticLoadBalancingV2::ListenerCertificate",
    }
)
_BEGIN, _END = b"<TemplateBody>", b"</TemplateBody>"


class AbsentTypes:
    """Stands on a proxy, from now on until it is reset."""

    def __init__(self, proxy: AwsProxy, types: Collection[str] = ABSENT) -> None:
        self._types, self._endpoint = types, proxy.target
        self._lock = threading.Lock()
        self._originals: dict[str, str] = {}  # what the emulator got → what was sent, as JSON
        for action in ("CreateStack", "UpdateStack", "CreateChangeSet"):
            proxy.rewrite("cloudformation", action, self._strip)
        proxy.overlay("cloudformation", "GetTemplate", self._restore)

    def _strip(self, _: Call, body: bytes) -> bytes:
        fields = parse_qsl(body.decode(), keep_blank_values=True)
        change = {"TemplateBody": self._stripped, "TemplateURL": self._put}
        return urlencode([(name, change[name](value) if name in change else value) for name, value in fields]).encode()

    def _put(self, url: str) -> str:
        """The URL of what is left of the template there."""
        bucket, _, key = urlsplit(url).path.lstrip("/").partition("/")
        s3 = client("s3", self._endpoint)
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        s3.put_object(Bucket=bucket, Key=f"{key}.kept", Body=self._stripped(text).encode())
        return f"{url}.kept"

    def _stripped(self, original: str) -> str:
        kept = json.dumps(without(json.loads(original), self._types), sort_keys=True)
        with self._lock:
            self._originals[kept] = original
        return kept

    def _restore(self, _: Call, status: int, body: bytes) -> tuple[int, bytes]:
        head, begin, rest = body.partition(_BEGIN)
        text, end, tail = rest.partition(_END)
        if not end:
            return status, body
        known = unescape(text.decode(), {"&quot;": '"', "&#x27;": "'", "&#34;": '"'})
        with self._lock:
            original = self._originals.get(json.dumps(json.loads(known), sort_keys=True))
        return status, head + begin + escape(original).encode() + end + tail if original else body


def without(template: dict[str, Any], types: Collection[str]) -> dict[str, Any]:
    """The template without resources of these types and without what names them."""
    resources = template["Resources"]
    gone = {name for name, one in resources.items() if one["Type"] in types}
    kept = {name: _named(_undepended(one, gone)) for name, one in resources.items() if name not in gone}
    outputs = {name: one for name, one in template.get("Outputs", {}).items() if not set(targets(one)) & gone}
    return {**template, "Resources": kept, "Outputs": outputs}


def _named(resource: dict[str, Any]) -> dict[str, Any]:
    """A service with its cluster's name: the emulator makes the service's ARN out of what stands there, be it an ARN."""
    properties = resource.get("Properties", {})
    cluster = properties.get("Cluster")
    if resource["Type"] != "AWS::ECS::Service" or not isinstance(cluster, str):
        return resource
    return {**resource, "Properties": {**properties, "Cluster": cluster.rsplit("/", 1)[-1]}}


def _undepended(resource: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    depends = [one for one in resource.get("DependsOn", ()) if one not in gone]
    return {name: one for name, one in resource.items() if name != "DependsOn"} | ({"DependsOn": depends} if depends else {})
