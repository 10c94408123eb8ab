"""A newer operator over what an older one has made: it writes nothing unless something must change, and that is on purpose.

`releases/<version>/<case>/` is what a version left behind, recorded (`make record`). Where today's template is another, each
resource that differs is named in `releases/changes.yaml`, with the reason.
"""

import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from fargate_operator.follower import Follower
from fargate_operator.reconciler import Reconciler
from fargate_operator.source_index import SourceIndex
from fargate_operator.sources import Sources
from fargate_operator.template import STATE_OUTPUT
from fargate_operator.turn import Identity
from fargate_operator.world import World

ROOT = Path(__file__).parent / "releases"
CASES = sorted((path.parent.parent.name, path.parent.name) for path in ROOT.glob("*/*/app.yaml"))
CURRENT = sorted(case for case in CASES if case[0][0].isdigit())
KEPT = {"AWS::ECS::Service", "AWS::IAM::Role", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::ECS::Cluster", "AWS::ECR::Repository",
        "AWS::Lambda::Function", "AWS::ElasticLoadBalancingV2::LoadBalancer"}  # fmt: skip
VPC = "vpc-00000001"
READS = ("describe", "list", "get", "batch_get", "receive")


@cache
def load(path: Path) -> str:
    return path.read_text()


def recorded(case: tuple[str, str], name: str) -> Any:
    return yaml.safe_load(load(ROOT / case[0] / case[1] / f"{name}.yaml"))


class Empty(dict[str, Any]):
    """An answer that tells of nothing."""

    def __missing__(self, _: str) -> list[Any]:
        return []


class Account:
    """One stack and its services as they were recorded; it notes what is written, and a stack that is updated is so at once."""

    region = "eu-west-1"

    def __init__(self, case: tuple[str, str]) -> None:
        self.stack, self.template = recorded(case, "stack"), recorded(case, "template")
        self.services = {one["serviceArn"]: one for one in recorded(case, "services")}
        for moment in ("CreationTime", "LastUpdatedTime"):
            if moment in self.stack:
                self.stack[moment] = datetime.fromisoformat(self.stack[moment])
        self.writes: list[tuple[str, dict[str, Any]]] = []

    def account(self, _: str) -> tuple[str, str]:
        return "123456789012", "aws"

    def get(self, service: str, _: str) -> "Client":
        return Client(self, service)

    def answer(self, service: str, operation: str, asked: dict[str, Any]) -> Any:
        if operation == "describe_stacks":
            return {"Stacks": [self.stack]}
        if operation == "get_template":
            return {"TemplateBody": json.dumps(self.template)}
        if operation == "describe_services":
            return {"services": [self.services[arn] for arn in asked["services"]]}
        if operation == "list_tasks" and "serviceName" in asked:
            found = [one for one in self.services.values() if one["serviceName"] == asked["serviceName"]]
            return {"taskArns": found[0]["tasks"] if asked["desiredStatus"] == "RUNNING" else []}
        if operation == "describe_vpcs":
            return {"Vpcs": [{"VpcId": VPC}]}
        if operation == "describe_subnets":  # those that the stack was made with are all that there are
            found = sorted(set(re.findall(r"subnet-[0-9a-f]+", json.dumps(self.template))))
            return {"Subnets": [{"SubnetId": one, "VpcId": VPC, "AvailabilityZone": f"eu-west-1{zone}", "DefaultForAz": True}
                                for one, zone in zip(found, "abcdef", strict=False)]}  # fmt: skip
        if operation == "describe_images":
            digests = re.findall(r"@(sha256:[0-9a-f]{64})", json.dumps(self.template))
            return {"imageDetails": [{"imageDigest": one} for one in digests[:1]]}
        if operation.startswith(READS):
            return Empty()
        self.writes.append((f"{service} {operation}", asked))
        if operation == "update_stack":
            self.template = json.loads(asked["TemplateBody"])
            kept = [one for one in self.stack["Outputs"] if one["OutputKey"] != STATE_OUTPUT]
            state = self.template["Outputs"][STATE_OUTPUT]["Value"]
            self.stack |= {"StackStatus": "UPDATE_COMPLETE", "LastUpdatedTime": datetime(2027, 1, 1, tzinfo=UTC)}
            self.stack["Outputs"] = [*kept, {"OutputKey": STATE_OUTPUT, "OutputValue": state}]
        return Empty(StackId=self.stack["StackId"])


class Client:
    def __init__(self, account: Account, service: str, operation: str = "") -> None:
        self._account, self._service, self._operation = account, service, operation

    def __getattr__(self, operation: str) -> Any:
        return lambda **asked: self._account.answer(self._service, operation, asked)

    def get_paginator(self, operation: str) -> "Client":
        return Client(self._account, self._service, operation)

    def paginate(self, **asked: Any) -> list[Any]:
        return [self._account.answer(self._service, self._operation, asked)]


class Cluster:
    """The API server with one object."""

    objects = None

    def __init__(self, item: dict[str, Any]) -> None:
        self.item: dict[str, Any] | None = item
        self.forgotten: list[str] = []

    def get(self, _: tuple[str, str]) -> dict[str, Any] | None:
        return self.item

    def put_status(self, item: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
        self.item = {**item, "status": json.loads(json.dumps(status))}
        return self.item

    def set_finalizer(self, item: dict[str, Any], *, present: bool) -> dict[str, Any]:
        assert present
        return item

    def tell(self, *_: Any) -> None:
        pass

    def forget(self, uid: str) -> None:
        self.forgotten.append(uid)


class Upgrade:
    """Today's operator, started over what was recorded."""

    def __init__(self, case: tuple[str, str], item: dict[str, Any] | None = None) -> None:
        self.before = recorded(case, "template")
        self.account, self.cluster = Account(case), Cluster(item or recorded(case, "app"))
        self.key = (self.cluster.item["metadata"]["namespace"], self.cluster.item["metadata"]["name"])
        self.world = World(self.account)  # type: ignore[arg-type]
        now = datetime.fromisoformat(recorded(case, "app")["status"]["conditions"][0]["lastTransitionTime"])
        self.reconciler = Reconciler(
            self.cluster,  # type: ignore[arg-type]
            self.world,
            Follower(lambda _: frozenset(), lambda *_: None, 1.0),
            Identity("recorded"),
            300.0,
            clock=lambda: now,
            sources=Sources(None, SourceIndex()),  # type: ignore[arg-type]
        )

    def turn(self) -> list[str]:
        """What a turn writes to AWS; what an update has become is seen by the next."""
        before = len(self.account.writes)
        self.reconciler.reconcile(self.key)
        written = [name for name, _ in self.account.writes[before:]]
        if written:
            self.world.doubt("eu-west-1", self.account.stack["StackName"])
        return written

    def differing(self) -> set[str]:
        """The logical IDs of resources and outputs that differ, outputs as ``Outputs.<name>``."""
        old, new = self.before, self.account.template
        found = {one for one in {*old["Resources"], *new["Resources"]} if old["Resources"].get(one) != new["Resources"].get(one)}
        outputs = (old.get("Outputs", {}), new.get("Outputs", {}))
        names = {*outputs[0], *outputs[1]} - {STATE_OUTPUT}
        return found | {f"Outputs.{one}" for one in names if outputs[0].get(one) != outputs[1].get(one)}

    def condition(self, kind: str) -> dict[str, str]:
        found = [one for one in self.cluster.item["status"]["conditions"] if one["type"] == kind]
        return found[0] if found else {}


def changes(version: str) -> dict[str, str]:
    """Patterns of logical IDs, and why what they mean has changed since the version."""
    found: dict[str, str] = (yaml.safe_load(load(ROOT / "changes.yaml")) or {}).get(version) or {}
    return found


def replaced(old: dict[str, Any] | None, new: dict[str, Any] | None) -> bool:
    """Whether CloudFormation would make another resource in its place, or take it away."""
    if old is None or old["Type"] not in KEPT:
        return False
    if new is None or old["Type"] != new["Type"]:
        return True
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", old["Type"]).schema
    fixed = {one.removeprefix("/properties/").partition("/")[0] for one in schema.get("createOnlyProperties", ())}
    return any(old.get("Properties", {}).get(name) != new.get("Properties", {}).get(name) for name in fixed)


def test_there_is_something_recorded_of_this_version_and_of_older_ones():
    versions = {version for version, _ in CASES}
    assert {"compiler-1", "compiler-2"} < versions
    assert any(version[0].isdigit() for version in versions)


@pytest.mark.parametrize("case", CASES, ids="/".join)
def test_nothing_is_written_but_what_is_changed_on_purpose_and_that_once(case):
    upgrade = Upgrade(case)
    written = upgrade.turn()
    assert written in ([], ["cloudformation update_stack"])
    known = changes(case[0])
    strange = {one for one in upgrade.differing() if not any(re.fullmatch(pattern, one) for pattern in known)}
    assert strange == set(), "differs from what was recorded, and releases/changes.yaml does not say why"
    assert bool(written) == bool(upgrade.differing())
    assert [upgrade.turn() for _ in range(3)] == [[], [], []]
    assert upgrade.condition("Ready").get("status") == "True", upgrade.condition("Ready")


@pytest.mark.parametrize("case", CASES, ids="/".join)
def test_no_service_role_or_store_is_replaced(case):
    upgrade = Upgrade(case)
    upgrade.turn()
    old, new = upgrade.before["Resources"], upgrade.account.template["Resources"]
    assert [name for name in old if replaced(old[name], new.get(name))] == []


@pytest.mark.parametrize("version", sorted({version for version, _ in CASES}))
def test_every_change_that_is_explained_is_one(version):
    differing = set[str]()
    for case in CASES:
        if case[0] == version:
            upgrade = Upgrade(case)
            upgrade.turn()
            differing |= upgrade.differing()
    unused = [pattern for pattern in changes(version) if not any(re.fullmatch(pattern, one) for one in differing)]
    assert unused == []
    assert all(changes(version).values())


@pytest.mark.parametrize("case", CURRENT, ids="/".join)
def test_of_this_version_nothing_is_written_at_all(case):
    upgrade = Upgrade(case)
    assert (upgrade.turn(), upgrade.differing()) == ([], set())


def newer(status: dict[str, Any]) -> dict[str, Any]:
    """As a version to come may leave it: with more in every part."""
    more = {
        key: {name: {**one, "more": {"a": 1}} if isinstance(one, dict) else one for name, one in part.items()}
        if isinstance(part, dict)
        else part
        for key, part in status.items()
    }
    condition = {**status["conditions"][0], "type": "Unheard", "reason": "OfThis"}
    stack = {**status["stack"], "inputDigest": "sha512:other", "more": [1]}
    return {**more, "stack": stack, "conditions": [*status["conditions"], condition], "unheard": {"of": "this"}}


@pytest.mark.parametrize("case", CURRENT, ids="/".join)
def test_the_status_of_a_newer_version_is_read_and_nothing_is_written_for_it(case):
    item = recorded(case, "app")
    upgrade = Upgrade(case, {**item, "status": newer(item["status"])})
    assert [upgrade.turn(), upgrade.turn()] == [[], []]
    assert upgrade.condition("Ready")["status"] == "True"
    assert "unheard" not in upgrade.cluster.item["status"]


def without(status: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The status with each of its fields, and each of its stack's, left out in turn, and with none."""
    fields = [(one, {key: value for key, value in status.items() if key != one}) for one in status]
    stack = [
        (f"stack.{one}", {**status, "stack": {k: v for k, v in status["stack"].items() if k != one}}) for one in status["stack"]
    ]
    return [*fields, *stack, ("all", {})]


@pytest.mark.parametrize(
    ("case", "status"),
    [
        pytest.param(case, status, id=f"{'/'.join(case)} without {name}")
        for case in CURRENT
        for name, status in without(recorded(case, "app")["status"])
    ],
)
def test_a_status_that_lacks_something_costs_no_write(case, status):
    upgrade = Upgrade(case, {**recorded(case, "app"), "status": status})
    assert [upgrade.turn(), upgrade.turn()] == [[], []]
    assert upgrade.condition("Ready")["status"] == "True"
