"""EmptyOnDelete of an ECR repository, which the emulator does not know: before it deletes a stack, its repositories are emptied."""

import json
from typing import Any
from urllib.parse import parse_qs

from harness.calls import Call
from harness.emulator import client
from harness.proxy import AwsProxy


class EmptyOnDelete:
    """Stands on a proxy, from now on until it is reset."""

    def __init__(self, proxy: AwsProxy) -> None:
        self._endpoint = proxy.target
        proxy.rewrite("cloudformation", "DeleteStack", self._empty)

    def _empty(self, _: Call, body: bytes) -> bytes:
        [stack] = parse_qs(body.decode())["StackName"]
        cloudformation, ecr = client("cloudformation", self._endpoint), client("ecr", self._endpoint)
        for name in repositories(cloudformation, stack):
            if images := ecr.list_images(repositoryName=name)["imageIds"]:
                ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": one["imageDigest"]} for one in images])
        return body


def repositories(cloudformation: Any, stack: str) -> list[str]:
    """The names of the stack's repositories that are to be emptied."""
    body = cloudformation.get_template(StackName=stack)["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    resources = template.get("Resources", {})
    emptied = {name for name, one in resources.items() if (one.get("Properties") or {}).get("EmptyOnDelete") is True}
    found = cloudformation.describe_stack_resources(StackName=stack)["StackResources"] if emptied else []
    return [one["PhysicalResourceId"] for one in found if one["LogicalResourceId"] in emptied and one.get("PhysicalResourceId")]
