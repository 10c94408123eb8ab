"""AWS with a state, behind botocore's real clients: they check and serialize every parameter, only the wire is missing."""

import json
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore import xform_name

from fargate_operator.aws.clients import Clients
from fargate_operator.plan import busy

ACCOUNT, REGION = "123456789012", "eu-west-1"
AT = datetime(2026, 1, 1, tzinfo=UTC)
_ASYNCHRONOUS = {"CREATE": "CREATE_COMPLETE", "UPDATE": "UPDATE_COMPLETE", "DELETE": "DELETE_COMPLETE"}


class Refused(Exception):
    """What AWS answers instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Aws:
    """Stacks are done as soon as they are looked at again; `calls` counts (service, operation), `written` is whose names were."""

    def __init__(self) -> None:
        self.stacks: dict[str, dict[str, Any]] = {}
        self.calls: Counter[tuple[str, str]] = Counter()
        self.written: list[str] = []

    def answer(self, service: str, operation: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the parsed answer of a call."""
        self.calls[service, operation] += 1
        try:
            made = getattr(self, f"{service.replace('-', '_')}_{xform_name(operation)}", self._unknown)(**given)
        except Refused as error:
            return 400, {"Error": {"Code": error.code, "Message": str(error)}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return 200, {**made, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def _unknown(self, **_: Any) -> dict[str, Any]:
        raise Refused("InvalidRequest", "this AWS does not know it")

    def sts_get_caller_identity(self) -> dict[str, Any]:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/x", "UserId": "x"}

    # ── CloudFormation ──────────────────────────────────────────────────────────

    def put(self, name: str, status: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
        """A stack as DescribeStacks tells of it."""
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{len(self.stacks)}"
        self.stacks[name] = {"StackName": name, "StackId": arn, "StackStatus": status, "CreationTime": AT, "Tags": [],
                             "Outputs": [], **more}  # fmt: skip
        return self.stacks[name]

    def _stack(self, name: str) -> dict[str, Any]:
        for one in self.stacks.values():
            if name in (one["StackName"], one["StackId"]):
                return one
        raise Refused("ValidationError", f"Stack with id {name} does not exist")

    def cloudformation_describe_stacks(self, StackName: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
        found = (
            [self._stack(StackName)]
            if StackName
            else [one for one in self.stacks.values() if one["StackStatus"] != "DELETE_COMPLETE"]
        )
        for one in found:
            if StackName and busy(one["StackStatus"]):
                one["StackStatus"] = _ASYNCHRONOUS[one["StackStatus"].split("_")[0]]
        if StackName and found[0]["StackStatus"] == "DELETE_COMPLETE" and not StackName.startswith("arn:"):
            raise Refused("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": found}

    def cloudformation_create_stack(self, StackName: str, Tags: Any, **given: Any) -> dict[str, Any]:  # noqa: N803
        if not StackName.replace("-", "").isalnum() or not StackName[0].isalpha() or len(StackName) > 128:
            raise Refused("ValidationError", "the name must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
        if StackName in self.stacks and self.stacks[StackName]["StackStatus"] != "DELETE_COMPLETE":
            raise Refused("AlreadyExistsException", f"Stack [{StackName}] already exists")
        self.written.append(StackName)
        stack = self.put(StackName, "CREATE_IN_PROGRESS", Tags=Tags)
        self._bring(stack, given)
        return {"StackId": stack["StackId"]}

    def cloudformation_update_stack(self, StackName: str, **given: Any) -> dict[str, Any]:  # noqa: N803
        stack = self._stack(StackName)
        self.written.append(stack["StackName"])
        stack |= {"StackStatus": "UPDATE_IN_PROGRESS"}
        self._bring(stack, given)
        return {"StackId": stack["StackId"]}

    def cloudformation_delete_stack(self, StackName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        stack = self._stack(StackName)
        self.written.append(stack["StackName"])
        stack |= {"StackStatus": "DELETE_IN_PROGRESS"}
        return {}

    def cloudformation_update_termination_protection(self, StackName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.written.append(self._stack(StackName)["StackName"])
        return {}

    def cloudformation_get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"TemplateBody": self._stack(StackName).get("template", {})}

    def cloudformation_list_stacks(self, **_: Any) -> dict[str, Any]:
        return {"StackSummaries": []}

    def cloudformation_describe_stack_events(self, **_: Any) -> dict[str, Any]:
        return {"StackEvents": []}

    def cloudformation_list_change_sets(self, **_: Any) -> dict[str, Any]:
        return {"Summaries": []}

    def cloudformation_describe_change_set(self, **_: Any) -> dict[str, Any]:
        raise Refused("ChangeSetNotFound", "there is none")

    def _bring(self, stack: dict[str, Any], given: dict[str, Any]) -> None:
        template = json.loads(given["TemplateBody"])
        if not all("Value" in one for one in template.get("Outputs", {}).values()):
            raise Refused("ValidationError", "Template format error: Every Outputs member must contain a Value object")
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/c/"
        outputs = [{"OutputKey": name, "OutputValue": one["Value"] if isinstance(one["Value"], str) else f"{arn}{name}"}
                   for name, one in template.get("Outputs", {}).items()]  # fmt: skip
        stack |= {"template": template, "Outputs": outputs}

    # ── the rest ────────────────────────────────────────────────────────────────

    def ec2_describe_vpcs(self, **_: Any) -> dict[str, Any]:
        return {"Vpcs": [{"VpcId": "vpc-1"}]}

    def ec2_describe_subnets(self, Filters: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        named = next((one["Values"] for one in Filters if one["Name"] == "subnet-id"), ["subnet-1", "subnet-2"])
        return {"Subnets": [{"SubnetId": one, "AvailabilityZone": f"z{at}", "VpcId": "vpc-1"} for at, one in enumerate(named)]}

    def ecr_describe_images(self, **_: Any) -> dict[str, Any]:
        return {"imageDetails": [{"imageDigest": f"sha256:{'1' * 64}"}]}

    def ecr_batch_get_image(self, **_: Any) -> dict[str, Any]:
        return {"images": []}

    def ecs_describe_services(self, services: Any, **_: Any) -> dict[str, Any]:
        counts = {"desiredCount": 1, "runningCount": 1, "pendingCount": 0}
        named = {one: one.rpartition("/")[2] for one in services}
        return {
            "services": [{"serviceArn": arn, "serviceName": name, "status": "ACTIVE", **counts} for arn, name in named.items()]
        }

    def ecs_list_tasks(self, **_: Any) -> dict[str, Any]:
        return {"taskArns": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/c/1"]}

    def ecs_describe_tasks(self, **_: Any) -> dict[str, Any]:
        return {"tasks": []}

    def elbv2_describe_listeners(self, ListenerArns: Any) -> dict[str, Any]:  # noqa: N803
        return {"Listeners": [{"ListenerArn": ListenerArns[0], "LoadBalancerArn": "arn:lb", "Port": 443, "Protocol": "HTTPS"}]}

    def elbv2_describe_load_balancers(self, **_: Any) -> dict[str, Any]:
        return {"LoadBalancers": [{"VpcId": "vpc-1", "DNSName": "lb.example.com", "SecurityGroups": ["sg-1"]}]}

    def s3_head_bucket(self, **_: Any) -> dict[str, Any]:
        return {"BucketRegion": REGION}

    def s3_head_object(self, **_: Any) -> dict[str, Any]:
        return {"VersionId": "v1"}


_CLIENTS: dict[tuple[str, str], Any] = {}
_NOW: list[Aws] = []


class WireClients(Clients):
    """The operator's clients, whose calls end in an `Aws`. Made once: that takes its time."""

    def __init__(self, aws: Aws) -> None:
        super().__init__(REGION)
        _NOW[:] = [aws]

    def _made(self, service: str, region: str, read_timeout: float, **options: Any) -> Any:
        if (service, region) not in _CLIENTS:
            client = super()._made(service, region, read_timeout, **options)
            client.meta.events.register("before-parameter-build", _keep)
            client.meta.events.register("before-call", _answer)
            _CLIENTS[service, region] = client
        return _CLIENTS[service, region]


def _keep(params: Any, context: dict[str, Any], **_: Any) -> None:
    context["given"] = params


def _answer(model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
    service = model.service_model.service_name
    status, parsed = _NOW[0].answer(service, model.name, context["given"])
    return SimpleNamespace(status_code=status, headers={}), parsed
