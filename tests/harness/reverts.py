"""Drift-aware change sets, of which the emulator knows nothing: CreateChangeSet with the deployment mode REVERT_DRIFT.

CloudFormation compares what is there with the template that the stack has, says what it would put back, and does it when the change
set is carried out; where nothing has drifted, the change set fails for want of changes. Here the emulator itself is asked what has
drifted, and each such resource gets another tag in the template, so that the emulator updates it: its update of a queue sets every
attribute anew. DescribeChangeSet then tells of the properties instead of the tag, as AWS does. Everything else (the stack's states,
the failure for want of changes, the execution) is the emulator's own. Deleted resources are not made anew.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from harness.calls import Call
from harness.emulator import client
from harness.proxy import AwsProxy, Rewrite


@contextmanager
def drift_aware(proxy: AwsProxy) -> Iterator[None]:
    """Stands on a proxy for as long as the context lasts."""
    told: dict[str, dict[str, list[str]]] = {}  # change set's name → logical ID → properties

    def marked(otherwise: Rewrite) -> Rewrite:
        def rewrite(call: Call, body: bytes) -> bytes:
            if call.parameters.get("DeploymentMode") != "REVERT_DRIFT":
                return otherwise(call, body)
            cloudformation = client("cloudformation", proxy.target)
            drifted = _drifted(cloudformation, call.stack)
            told[call.parameters["ChangeSetName"]] = drifted
            if not drifted:
                return body
            template = cloudformation.get_template(StackName=call.stack)["TemplateBody"]
            for name in drifted:
                properties = template["Resources"][name].setdefault("Properties", {})
                tags = [one for one in properties.get("Tags", ()) if one["Key"] != "mark"]
                properties["Tags"] = [*tags, {"Key": "mark", "Value": uuid.uuid4().hex}]
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
            del fields["UsePreviousTemplate"], fields["DeploymentMode"]
            return urlencode({**fields, "TemplateBody": json.dumps(template)}).encode()

        return rewrite

    def describe(_: Call, status: int, body: bytes) -> tuple[int, bytes]:
        drifted = next((one for name, one in told.items() if f"/{name}/" in body.decode()), None)
        return (status, _described(body.decode(), drifted).encode()) if drifted else (status, body)

    with (
        proxy.rewritten("cloudformation", "CreateChangeSet", marked),
        proxy.overlaid("cloudformation", "DescribeChangeSet", describe),
    ):
        yield


def _drifted(cloudformation, stack: str) -> dict[str, list[str]]:  # type: ignore[no-untyped-def]
    """By logical ID the properties that differ, as CloudFormation reads them when the change set is made."""
    cloudformation.detect_stack_drift(StackName=stack)
    found = cloudformation.describe_stack_resource_drifts(StackName=stack, StackResourceDriftStatusFilters=["MODIFIED"])
    return {one["LogicalResourceId"]: [each["PropertyPath"] for each in one["PropertyDifferences"]]
            for one in found["StackResourceDrifts"]}  # fmt: skip


def _described(body: str, drifted: dict[str, list[str]]) -> str:
    head, *changes = body.split("<ResourceChange>")
    mode = "<StackDriftStatus>DRIFTED</StackDriftStatus><DeploymentMode>REVERT_DRIFT</DeploymentMode><Changes>"
    return "<ResourceChange>".join([head.replace("<Changes>", mode, 1), *(_change(one, drifted) for one in changes)])


def _change(change: str, drifted: dict[str, list[str]]) -> str:
    for name, paths in drifted.items():
        if f"<LogicalResourceId>{name}</LogicalResourceId>" in change:
            scope, rest = change.split("<Scope>", 1)
            after = rest.split("</Details>", 1)[1]
            details = "".join(_detail(path) for path in paths)
            status = "<ResourceDriftStatus>MODIFIED</ResourceDriftStatus>"
            return f"{scope}<Scope><member>Properties</member></Scope>{status}<Details>{details}</Details>{after}"
    return change


def _detail(path: str) -> str:
    target = f"<Attribute>Properties</Attribute><Name>{escape(path.split('/')[1])}</Name><Path>{escape(path)}</Path>"
    more = "<BeforeValueFrom>ACTUAL_STATE</BeforeValueFrom><AfterValueFrom>TEMPLATE</AfterValueFrom>"
    return (
        f"<member><Target>{target}<RequiresRecreation>Never</RequiresRecreation>{more}</Target>"
        "<Evaluation>Static</Evaluation><ChangeSource>DirectModification</ChangeSource></member>"
    )
