"""What the apps of a story ask for: a few words as a value, its manifest, and the resources that must come of it. Pure."""

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from fargate_operator import names
from fargate_operator.manifests import manifests
from fargate_operator.render import render
from harness.emulator import ACCOUNT, REGION

KINDS = ("service", "schedule", "task", "function", "secret", "mixed")
IMAGES = ("v1", "v2")  # tags of the repository that every lane has
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/chaos"
CODE = {"s3Bucket": "chaos-code", "s3Key": "api.zip"}
SECRET = "chaos-secret"  # of each namespace
BROKEN = "VisibilityTimeout"  # what AWS says of a broken spec has this word


@dataclass(frozen=True, slots=True)
class Spec:
    """`number` changes what is deployed: counts, sizes, words. `flaw`: empty, broken (AWS fails it) or invalid (nobody sends it)."""

    kind: str
    number: int = 1
    flaw: str = ""
    tag: str = ""  # of the image; empty: one that is not in ECR
    suspend: bool = False
    retain: bool = False

    def told(self) -> str:
        """In few words."""
        words = [self.kind, str(self.number), self.tag, self.flaw, "suspended" * self.suspend, "retained" * self.retain]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a story happens: its namespace, who the cluster is, what exists there. `digests` by tag of the images."""

    namespace: str
    installation: str = "chaos"
    subnet: str = "subnet-0123456789abcdef0"
    group: str = "sg-0123456789abcdef0"
    digests: Mapping[str, str] = field(default_factory=dict)

    def stack(self, app: str) -> str:
        """The name of the app's stack."""
        return names.stack_name(self.installation, self.namespace, app)


def manifest(place: Place, name: str, spec: Spec) -> dict[str, Any]:
    """The FargateApp."""
    image = {"repository": REPOSITORY, "tag": spec.tag} if spec.tag else {"uri": "example/app:1"}
    network = {"subnetIds": [place.subnet], "securityGroupIds": [place.group]}
    body: dict[str, Any] = {"images": {"app": image}, "network": network, **_workloads(spec)}
    if spec.flaw == "broken":
        body["resources"] = {"Broken": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 10**6 + spec.number}}}
    if spec.flaw == "invalid":
        body["resources"] = {"Lost": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": f"Nowhere{spec.number}"}}}}
    if spec.suspend:
        body["suspend"] = True
    if spec.retain:
        body["deletionPolicy"] = "Retain"
    metadata = {"name": name, "namespace": place.namespace}
    return {"apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp", "metadata": metadata, "spec": body}


def _workloads(spec: Spec) -> dict[str, Any]:
    number = spec.number
    service = {"web": {"image": "app", "desiredCount": number}}
    task = {"migrate": {"image": "app", "command": ["./migrate", str(number)]}}
    schedule = {"report": {"image": "app", "schedule": f"rate({number + 1} hours)"}}
    function = {"api": {"code": CODE | {"handler": "api.handler", "runtime": "python3.12"}, "memory": 128 * number}}
    secret = {**service, "web": {**service["web"], "environmentFrom": [{"secretRef": {"name": SECRET}}]}}
    return {
        "service": {"services": service},
        "schedule": {"scheduledTasks": schedule},
        "task": {"tasks": task},
        "function": {"functions": function},
        "secret": {"services": secret},
        "mixed": {"services": service, "tasks": task, "scheduledTasks": schedule},
    }[spec.kind]


def secret(namespace: str, value: str) -> dict[str, Any]:
    """The Secret that some apps copy; `value` must be seen nowhere."""
    metadata = {"name": SECRET, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"PASSWORD": value}}


@cache
def _rendered(namespace: str, name: str, subnet: str, group: str, spec: Spec) -> str:
    known = manifests([secret(namespace, "any")])
    place = Place(namespace, subnet=subnet, group=group)
    args = argparse.Namespace(
        account=ACCOUNT, region=REGION, partition="aws", subnet_ids=[subnet], security_group_ids=None, namespace=namespace
    )
    return json.dumps(render(manifest(place, name, spec), args, found=known)["Resources"])


def resources(place: Place, name: str, spec: Spec) -> dict[str, Any]:
    """The resources of the template that must come of it, as `comparable` has them; not of one that is invalid."""
    text = _rendered(place.namespace, name, place.subnet, place.group, replace(spec, suspend=False, retain=False))
    for tag, digest in place.digests.items():
        text = text.replace(f"{REPOSITORY}:{tag}", f"{REPOSITORY}@{digest}")
    return comparable(json.loads(text))


def comparable(found: Mapping[str, Any]) -> dict[str, Any]:
    """Resources without what a renderer cannot know (versions of code and Secrets) and without what the faults put in."""
    kept = {name: one for name, one in found.items() if not name.startswith("Chaos")}
    text = json.dumps(kept, sort_keys=True)
    text = re.sub(r'"S3ObjectVersion": "[^"]*"', '"S3ObjectVersion": ""', text)
    return json.loads(re.sub(rf'{SECRET}": "[^"]*/[^"]*"', f'{SECRET}": ""', text))
