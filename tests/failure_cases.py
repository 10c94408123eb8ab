"""Failures as AWS tells them, run through the operator's own code: `failures/<name>/aws.yaml`, and what a user gets of it.

Everything is real but the wire: boto3's clients are answered before they send (and what they are answered must fit botocore's model),
the API server's are objects in a dict. A step of a case is a turn of the reconciler some seconds after the last.

aws.yaml: `cause` (what the message must say), `app` (over a spec of one service), `secrets`, `log_lines`, `again` (false: no further turn at the end), and `steps`, each with
`after` (seconds), `stack` (status, reason), `deleting`, and `answers` by service and action, which stay until the next step says
otherwise; an answer may be `{error: code, message}`. Of a stack's events only what matters is written: resource, type, status, reason.
"""

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.awsrequest
import yaml
from botocore import xform_name
from botocore.config import Config
from botocore.stub import validate_parameters

from fargate_operator.aws.clients import Clients
from fargate_operator.follower import Follower
from fargate_operator.kube import Kube
from fargate_operator.kube_objects import SecretObject
from fargate_operator.messages import fit
from fargate_operator.reconciler import Reconciler
from fargate_operator.source_index import SourceIndex
from fargate_operator.sources import Sources
from fargate_operator.turn import Identity
from fargate_operator.world import World

ROOT = Path(__file__).parent / "failures"
CASES = sorted(path.name for path in ROOT.iterdir() if path.is_dir())
REGION, ACCOUNT = "eu-west-1", "123456789012"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/fargate-team-shop-0c3b5e/3f1c2b70"
CLUSTER = "fargate-team-shop-0c3b5e-FargateTasksCluster-Qx7T"
BEGIN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KEY = ("team", "shop")
SPEC = {
    "stackName": "fargate-team-shop-0c3b5e",
    "region": REGION,
    "images": {"app": {"uri": "example.com/team/app:1.4.2"}},
    "network": {"subnetIds": ["subnet-0a", "subnet-0b"]},
    "services": {"web": {"image": "app"}},
}


def service_arn(key: str) -> str:
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{CLUSTER}/fargate-team-shop-0c3b5e-{key.title()}Service-8Kq2"


class Case:
    """A case, and the world that it describes at a moment."""

    def __init__(self, name: str) -> None:
        self.body = yaml.safe_load((ROOT / name / "aws.yaml").read_text())
        self.now = BEGIN
        self.answers: dict[str, dict[str, Any]] = {}
        self.stack: dict[str, Any] | None = None
        self.sent: dict[str, Any] = {}
        self.token = ""  # of the last create or update
        self.events: list[dict[str, str]] = []
        spec = {**copy.deepcopy(SPEC), **self.body.get("app", {})}
        self.item: dict[str, Any] = {
            "metadata": {"namespace": KEY[0], "name": KEY[1], "uid": "5d1c", "generation": 1, "resourceVersion": "1"},
            "spec": {name: value for name, value in spec.items() if value is not None},
        }
        clients = Recorded(self)
        self.world = World(clients)
        kube = Kube(SimpleNamespace())
        kube._objects = kube._core = self  # type: ignore[assignment]
        sources = Sources(self, SourceIndex())  # type: ignore[arg-type]
        follower = Follower(lambda _: frozenset(), lambda *_: None, 60.0)
        lines = self.body.get("log_lines", 20)
        self.reconciler = Reconciler(
            kube,
            self.world,
            follower,
            Identity("here", "fargate-"),
            300.0,
            clock=lambda: self.now,
            sources=sources,
            log_lines=lines,
        )

    def run(self) -> dict[str, Any]:
        """What a user sees at the end, and every Event on the way."""
        for step in self.body["steps"]:
            self._step(step)
        told = len(self.events)
        if self.body.get("again", True):
            self._step({"after": 5})
        status = self.item["status"]
        shown = ("type", "status", "reason", "message")
        stopped = {key: one["stopped"] for key, one in status.get("services", {}).items() if "stopped" in one}
        result = {
            "conditions": [{name: one[name] for name in shown} for one in status["conditions"]],
            "failure": status["stack"].get("failure"),
            "stopped": stopped,
            "events": self.events,
            "toldTwice": len(self.events) - told,
        }
        return {name: value for name, value in result.items() if value}

    def _step(self, step: dict[str, Any]) -> None:
        self.now += timedelta(seconds=step.get("after", 0))
        if "stack" in step:
            self.stack = None if step["stack"] is None else {**(self.stack or {}), **step["stack"]}
        if "spec" in step:
            self.item["spec"] = {**self.item["spec"], **step["spec"]}
            self.item["metadata"]["generation"] += 1
        if step.get("deleting"):
            self.item["metadata"]["deletionTimestamp"] = self.now.isoformat()
        for service, actions in step.get("answers", {}).items():
            self.answers.setdefault(service, {}).update(actions)
        self.world.doubt(REGION, SPEC["stackName"])  # the follower has told of it
        self.reconciler.reconcile(KEY)

    # ── AWS ─────────────────────────────────────────────────────────────────────

    def answer(self, service: str, action: str, sent: dict[str, Any]) -> dict[str, Any]:
        recorded = self.answers.get(service, {}).get(action)
        if isinstance(recorded, dict) and "error" in recorded:
            return {"Error": {"Code": recorded["error"], "Message": recorded["message"]}}
        made = getattr(self, f"_{service}_{xform_name(action)}", None)
        if made is None and recorded is None:
            raise AssertionError(f"the case has no answer to {service} {action}")
        return made(sent, recorded) if made else recorded

    def _sts_get_caller_identity(self, *_: Any) -> Any:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/fargate-operator/x", "UserId": "x"}

    def _ec2_describe_subnets(self, *_: Any) -> Any:
        return {"Subnets": [{"SubnetId": one, "VpcId": "vpc-0a", "AvailabilityZone": one} for one in ("subnet-0a", "subnet-0b")]}

    def _cloudformation_describe_stacks(self, sent: dict[str, Any], _: Any) -> Any:
        if self.stack is None:
            return _missing(sent)
        tags = {"installation": "here", "namespace": KEY[0], "name": KEY[1]}
        one = {
            "StackName": SPEC["stackName"],
            "StackId": STACK,
            "CreationTime": BEGIN,
            "StackStatus": self.stack["status"],
            "Tags": [{"Key": f"fargate-operator.dev/{key}", "Value": value} for key, value in tags.items()],
            "Outputs": self.stack.get("outputs", []),
            "EnableTerminationProtection": self.stack.get("protected", False),
        }
        if "updated" in self.stack:
            one["LastUpdatedTime"] = BEGIN + timedelta(minutes=self.stack["updated"])
        one |= {"StackStatusReason": self.stack["reason"]} if self.stack.get("reason") else {}
        if self.stack["status"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} and self.sent:
            one["Outputs"] = self.stack["outputs"] = [_output(name, value) for name, value in self.sent["Outputs"].items()]
        return {"Stacks": [one]}

    def _cloudformation_create_stack(self, sent: dict[str, Any], _: Any) -> Any:
        self.sent, self.token = json.loads(sent["TemplateBody"]), sent["ClientRequestToken"]
        self.stack = {"status": "CREATE_IN_PROGRESS"}
        return {"StackId": STACK}

    def _cloudformation_update_stack(self, sent: dict[str, Any], _: Any) -> Any:
        self.sent, self.token = json.loads(sent["TemplateBody"]), sent["ClientRequestToken"]
        minutes = (self.now - BEGIN) / timedelta(minutes=1)
        self.stack = {**(self.stack or {}), "status": "UPDATE_IN_PROGRESS", "updated": minutes}
        return {"StackId": STACK}

    def _cloudformation_delete_stack(self, *_: Any) -> Any:
        self.stack = {**(self.stack or {}), "status": "DELETE_IN_PROGRESS"}
        return {}

    def _cloudformation_describe_stack_resources(self, _: Any, recorded: Any) -> Any:
        found = recorded or []
        return {"StackResources": [
            {"LogicalResourceId": name, "PhysicalResourceId": physical, "ResourceType": "AWS::X::Y", "Timestamp": self.now,
             "ResourceStatus": "CREATE_COMPLETE"} for name, physical in dict(found).items()
        ]}  # fmt: skip

    def _cloudformation_describe_stack_events(self, sent: dict[str, Any], recorded: list[Any]) -> Any:
        """They are written the oldest first, a second apart, and told the newest first; of a nested stack under its ARN."""
        asked = sent["StackName"] if sent["StackName"] in self.answers["cloudformation"] else STACK
        recorded, events = self.answers["cloudformation"].get(asked, recorded), []
        for number, one in enumerate(recorded):
            own = one.get("resource", "stack") == "stack"
            event = {
                "StackId": STACK, "EventId": str(number), "StackName": SPEC["stackName"],
                "LogicalResourceId": SPEC["stackName"] if own else one["resource"],
                "PhysicalResourceId": asked if own else one.get("physical", one["resource"]),
                "ResourceType": "AWS::CloudFormation::Stack" if own else one["type"],
                "Timestamp": BEGIN + timedelta(seconds=1 + number), "ResourceStatus": one["status"],
            }  # fmt: skip
            event |= {"ClientRequestToken": self.token} if self.token else {}
            more = {name: one[short] for short, name in _EVENT.items() if short in one}
            events.append({**event, **more})
        return {"StackEvents": events[::-1]}

    # ── Kubernetes ──────────────────────────────────────────────────────────────

    def get_namespaced_custom_object(self, *_: Any, **__: Any) -> Any:
        return copy.deepcopy(self.item)

    def patch_namespaced_custom_object(self, *args: Any, **_: Any) -> Any:
        self.item["metadata"]["finalizers"] = args[-1]["metadata"]["finalizers"]
        return copy.deepcopy(self.item)

    def replace_namespaced_custom_object_status(self, *args: Any, **_: Any) -> Any:
        self.item["status"] = json.loads(json.dumps(args[-1]["status"]))
        return copy.deepcopy(self.item)

    def create_namespaced_event(self, _: str, body: Any, **__: Any) -> None:
        self.events.append({"type": body["type"], "reason": body["reason"], "message": body["message"]})

    def version(self, kind: str, _: str, name: str) -> str | None:
        return "uid/1" if kind == "secrets" and name in self.body.get("secrets", {}) else None

    def secret(self, _: str, name: str) -> SecretObject | None:
        values = self.body.get("secrets", {}).get(name)
        return SecretObject("uid/1", {key: one.encode() for key, one in values.items()}) if values else None


_EVENT = {"reason": "ResourceStatusReason", "operation": "OperationId", "detail": "DetailedStatus", "hook": "HookType",
          "hookStatus": "HookStatus", "hookReason": "HookStatusReason", "hookMode": "HookFailureMode"}  # fmt: skip


def _missing(sent: dict[str, Any]) -> dict[str, Any]:
    if "StackName" not in sent:
        return {"Stacks": []}
    return {"Error": {"Code": "ValidationError", "Message": f"Stack with id {sent['StackName']} does not exist"}}


def _output(name: str, one: dict[str, Any]) -> dict[str, str]:
    value = one["Value"]
    if name.endswith("ServiceArn"):
        value = service_arn(name.removesuffix("ServiceArn").lower())
    elif name == "ClusterArn":
        value = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
    return {"OutputKey": name, "OutputValue": value if isinstance(value, str) else "x"}


class Recorded(Clients):
    """boto3's own clients, which are answered before they send."""

    def __init__(self, case: Case) -> None:
        super().__init__(REGION)
        self._case = case

    def _made(self, service: str, region: str, read_timeout: float, **options: Any) -> Any:  # noqa: ARG002
        client = self._session.client(
            service, config=Config(region_name=region), aws_access_key_id="x", aws_secret_access_key="x"
        )  # type: ignore[call-overload]

        def answer(params: Any, model: Any, context: Any, **_: Any) -> Any:  # noqa: ARG001
            sent = context.get("sent", {})
            found = self._case.answer(service, model.name, sent)
            failed = "Error" in found
            if not failed and model.output_shape is not None:
                validate_parameters(found, model.output_shape)
            return botocore.awsrequest.AWSResponse("https://x", 400 if failed else 200, {}, None), {
                **found, "ResponseMetadata": {"HTTPStatusCode": 400 if failed else 200},
            }  # fmt: skip

        def keep(params: Any, context: Any, **_: Any) -> None:
            context["sent"] = copy.deepcopy(params)

        client.meta.events.register("provide-client-params.*.*", keep)
        client.meta.events.register("before-call.*.*", answer)
        return client


def result(name: str) -> dict[str, Any]:
    """What a user gets."""
    return Case(name).run()


def expected(name: str) -> Path:
    """The golden file."""
    return ROOT / name / "expected.yaml"


def rendered(name: str) -> str:
    """The golden file's text."""
    return text(result(name))


def text(told: dict[str, Any]) -> str:
    """A result as its golden file has it."""
    return yaml.dump(told, Dumper=_Blocks, sort_keys=False, allow_unicode=True, width=150)


class _Blocks(yaml.SafeDumper):
    """Texts of several lines as blocks, as people read them."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the same text twice is written twice
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Blocks.add_representer(str, _text)


def cause(name: str) -> str:
    """What the message must say."""
    return str(yaml.safe_load((ROOT / name / "aws.yaml").read_text())["cause"])


def messages(told: dict[str, Any]) -> list[str]:
    """Every message of a result."""
    found = [one["message"] for one in (*told["conditions"], *told.get("events", ()))]
    return [
        *found,
        *(one["message"] for one in told.get("stopped", {}).values()),
        *([told["failure"]] if told.get("failure") else []),
    ]


def fits(message: str) -> bool:
    """Whether it is as it is to be."""
    return fit(message) == message
