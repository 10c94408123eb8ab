"""Detections, as the reconciler makes them: its real code, an API server and an AWS in dicts, and a clock of its own."""

import copy
import heapq
import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from fargate_operator import names
from fargate_operator.conditions import Reason
from fargate_operator.detection import Detections
from fargate_operator.errors import Terminal, Transient
from fargate_operator.kube import FINALIZER
from fargate_operator.observation import Change, ChangeSet, ServiceObservation, StackObservation
from fargate_operator.parameters import NONE
from fargate_operator.reconciler import Reconciler
from fargate_operator.turn import NOW, Identity

START = datetime(2026, 1, 2, tzinfo=UTC)
ACCOUNT, REGION, HEALTH = "123456789012", "eu-west-1", 300.0
NETWORK = {"subnetIds": ["subnet-0123456789abcdef0"], "securityGroupIds": ["sg-0123456789abcdef0"]}


class Cluster:
    """The API server: status is written as it comes, Events are counted."""

    def __init__(self):
        self.items, self.events = {}, []

    def apply(self, name, **spec):
        old = self.items.get(("team", name), {})
        base = {"region": REGION, "images": {"app": {"uri": "example/app:1"}}, "network": NETWORK,
                "services": {"web": {"image": "app"}}}  # fmt: skip
        generation = old.get("metadata", {}).get("generation", 0) + 1
        metadata = {"namespace": "team", "name": name, "uid": f"uid-{name}", "generation": generation, "finalizers": [FINALIZER]}
        self.items["team", name] = {**old, "metadata": metadata, "spec": {**base, **spec}}

    def get(self, key):
        return copy.deepcopy(self.items.get(key))

    def put_status(self, item, status):
        self.items[item["metadata"]["namespace"], item["metadata"]["name"]]["status"] = copy.deepcopy(status)
        return item | {"status": status}

    def set_finalizer(self, item, **_):
        return item

    def forget(self, uid: str) -> None:
        """Nothing is remembered."""

    def tell(self, item, note):
        self.events.append((item["metadata"]["name"], note.reason, note.message))

    def drift(self, name="shop"):
        return self.items["team", name]["status"]["stack"].get("drift")


class Pages:
    """EC2's answers: each subnet and security group that is asked for is there, in one VPC."""

    KINDS = {"describe_subnets": ("Subnets", "SubnetId"), "describe_security_groups": ("SecurityGroups", "GroupId")}

    def __init__(self, operation):
        self.key, self.id = self.KINDS[operation]

    def paginate(self, *, Filters):  # noqa: N803
        [asked] = Filters
        return [{self.key: [{self.id: one, "VpcId": "vpc-1"} for one in asked["Values"]]}]


class Aws:
    """CloudFormation and ECS: every stack is there as it was sent, a detection takes `takes` seconds."""

    def __init__(self, clock, now):
        self.clock, self.now, self.takes = clock, now, 5.0
        self.there, self.begun, self.counts, self.drifted = {}, [], Counter(), {}
        self.sets, self.more, self.helps, self.refuses = {}, (), True, None
        self.error = None
        self.region, self.clients = REGION, self

    # boto3's clients
    def get(self, *_):
        return self

    def get_paginator(self, operation):
        return Pages(operation)

    def account(self, _):
        return ACCOUNT, "aws"

    def detect_stack_drift(self, *, StackName):  # noqa: N803
        self.counts["detect"] += 1
        if self.error:
            raise ClientError({"Error": {"Code": self.error[0], "Message": self.error[1]}}, "DetectStackDrift")
        self.begun.append((self.clock(), StackName))
        return {"StackDriftDetectionId": str(len(self.begun) - 1)}

    def describe_stack_drift_detection_status(self, *, StackDriftDetectionId):  # noqa: N803
        self.counts["ask"] += 1
        at, stack = self.begun[int(StackDriftDetectionId)]
        if self.clock() < at + self.takes:
            return {"DetectionStatus": "DETECTION_IN_PROGRESS"}
        return {"DetectionStatus": "DETECTION_COMPLETE", "StackDriftStatus": "DRIFTED" if self.drifted.get(stack) else "IN_SYNC"}

    def describe_stack_resource_drifts(self, *, StackName, **_):  # noqa: N803
        self.counts["read"] += 1
        return {"StackResourceDrifts": [
            {"LogicalResourceId": name, "ResourceType": kind, "StackResourceDriftStatus": "MODIFIED",
             "PropertyDifferences": [{"PropertyPath": path} for path in paths]}
            for name, kind, *paths in self.drifted.get(StackName, ())
        ]}  # fmt: skip

    # World, in which a stack is complete as soon as it is made
    def stack(self, _, name):
        return self.there.get(name)

    def count(self, _):
        return len(self.there)

    def forget_services(self, *_):
        """Nothing."""

    def put(self, _, stack):
        return self.there[stack.name]

    def gone(self, *_):
        return False

    def doubt(self, *_):
        pass

    def forget(self, *_):
        pass

    def stacks(self, _):
        sets = SimpleNamespace(discard=self._discard)
        return SimpleNamespace(
            create=self._create, update=self._update, revert=self._revert, execute=self._execute, change_sets=sets
        )

    def change_set(self, _region, _stack, name):
        return self.sets.get(name)

    def _revert(self, stack, name):
        self.counts["revert"] += 1
        if self.refuses:
            raise self.refuses
        changes = tuple(
            Change("Modify", one, kind, "False", tuple(paths)) for one, kind, *paths in self.drifted.get(stack.id, ())
        )
        self.sets[name] = ChangeSet(f"id of {name}", name, "CREATE_COMPLETE", "AVAILABLE", changes=(*changes, *self.more))

    def _execute(self, order, change_set):
        self.counts["execute"] += 1
        self.sets = {name: one for name, one in self.sets.items() if one != change_set}
        if self.helps:
            self.drifted[f"arn:{order.name}"] = ()
        self.there[order.name] = replace(self.there[order.name], updated_at=self.now())

    def _discard(self, change_set_id):
        self.counts["discard"] += 1
        self.sets = {name: one for name, one in self.sets.items() if one.id != change_set_id}

    def services(self, _):
        return SimpleNamespace(read=self._read)

    def _create(self, order):
        outputs = {names.CLUSTER_OUTPUT: "cluster", names.service_output("web"): "service"}
        self.there[order.name] = StackObservation(
            order.name, f"arn:{order.name}", "CREATE_COMPLETE", owner=order.owner, outputs=outputs, updated_at=self.now(),
            input_digest=order.template.input_digest, template_digest=order.template.digest,
        )  # fmt: skip
        return f"arn:{order.name}"

    def _update(self, order, _):
        self._create(order)
        return True

    def _read(self, _, arns, _spot):
        self.counts["ecs"] += 1
        return {key: ServiceObservation(arn, "task", "ACTIVE", 1, 1, 0, rollout="COMPLETED") for key, arn in arns.items()}


class Life:
    """Some apps, an operator, and the time that passes, in which the queue is a heap."""

    def __init__(self, apps=("shop",), **spec):
        self.seconds, self.turns, self.heap = 1000.0, 0, []
        self.kube, self.aws = Cluster(), Aws(lambda: self.seconds, self.now)
        self.spec = {"drift": {"policy": "Warn", "interval": "1h"}, **spec}
        self.restart()
        for name in apps:
            self.apply(name, **self.spec)
        self.pass_(2)
        self.aws.counts.clear()

    def now(self):
        return START + timedelta(seconds=self.seconds)

    def restart(self):
        detections = Detections(self.aws, clock=lambda: self.seconds)
        follower = SimpleNamespace(follow=lambda *_: None, rests=lambda *_: None)
        sources = SimpleNamespace(facts=lambda _, known: known, parameters=lambda *_: NONE)
        self.operator = Reconciler(
            self.kube, self.aws, follower, Identity("here"), HEALTH, clock=self.now, detections=detections, sources=sources
        )

    def apply(self, name="shop", **spec):
        self.kube.apply(name, **spec)
        self.come(name)
        self.come(name, 1)

    def now_please(self, name="shop", word="1"):
        self.kube.items["team", name]["metadata"]["annotations"] = {NOW: word}
        self.come(name)

    def come(self, name, after=0.0):
        heapq.heappush(self.heap, (self.seconds + after, ("team", name)))

    def pass_(self, seconds):
        """Let time pass."""
        until = self.seconds + seconds
        while self.heap and self.heap[0][0] <= until:
            due, key = heapq.heappop(self.heap)
            self.seconds = max(self.seconds, due)
            self.turns += 1
            outcome = self.operator.reconcile(key)
            if outcome.after is not None and not any(one == key and at <= self.seconds + outcome.after for at, one in self.heap):
                self.heap = [one for one in self.heap if one[1] != key]
                heapq.heapify(self.heap)
                heapq.heappush(self.heap, (self.seconds + outcome.after, key))
        self.seconds = until

    def state(self, name="shop"):
        return (self.kube.drift(name) or {}).get("state")

    def hand(self, *drifts, name="shop"):
        """Somebody changes what the stack has."""
        self.aws.drifted[f"arn:{names.stack_name('here', 'team', name)}"] = drifts


QUEUE = ("Jobs", "AWS::SQS::Queue", "/VisibilityTimeout")
HOUR = 3600


def test_a_change_by_hand_is_seen_at_the_next_detection_and_told_once():
    life = Life()
    life.pass_(HOUR)
    assert life.state() == "InSync"
    life.hand(QUEUE)
    life.pass_(HOUR + HEALTH)
    assert life.kube.drift()["resources"] == [
        {"logicalId": "Jobs", "type": "AWS::SQS::Queue", "properties": ["/VisibilityTimeout"]}
    ]
    life.pass_(5 * HOUR)
    assert [one for one in life.kube.events if one[1] == "Drifted"] == [
        ("shop", "Drifted", "Jobs (AWS::SQS::Queue): /VisibilityTimeout")
    ]
    life.hand()
    life.pass_(HOUR + HEALTH)
    assert life.state() == "InSync"
    ready = {one["type"]: one["status"] for one in life.kube.items["team", "shop"]["status"]["conditions"]}["Ready"]
    assert ready == "True"


def test_ignore_makes_no_call_and_takes_what_was_found_out_of_the_status():
    life = Life()
    life.hand(QUEUE)
    life.pass_(HOUR + HEALTH)
    assert life.state() == "Drifted"
    life.apply(**{**life.spec, "drift": {"policy": "Ignore"}})
    life.aws.counts.clear()
    life.pass_(10 * HOUR)
    assert life.kube.drift() is None
    assert life.aws.counts.keys() == {"ecs"}


def test_detections_cost_no_ecs_read_that_there_would_not_have_been():
    with_drift, without = Life(), Life(drift={"policy": "Ignore"})
    for life in (with_drift, without):
        life.pass_(24 * HOUR)
    assert with_drift.aws.counts["ecs"] == without.aws.counts["ecs"] == 24 * HOUR / HEALTH
    assert with_drift.aws.counts["detect"] in (23, 24)
    assert with_drift.aws.counts["read"] == 0
    assert with_drift.aws.counts["ask"] <= 3 * 24


def test_500_apps_detections_never_exceed_one_a_second():
    apps = [f"app-{number}" for number in range(500)]
    life = Life(apps)
    for name in apps:  # all at once, as after an operator was away for long
        life.now_please(name)
    life.pass_(600)
    begun = [at for at, _ in life.aws.begun]
    assert len({stack for _, stack in life.aws.begun}) == 500
    assert min(b - a for a, b in itertools.pairwise(begun)) >= 1.0
    assert {life.state(name) for name in apps} == {"InSync"}
    assert life.turns < 500 * 10


def test_reconcile_now_makes_it_due_though_it_has_to_wait_for_its_turn():
    life = Life(["shop", "blog"])
    for name in ("shop", "blog"):
        life.now_please(name)
    life.pass_(20)
    assert [life.state(name) for name in ("shop", "blog")] == ["InSync", "InSync"]
    assert life.aws.counts["detect"] == 2


def test_only_one_detection_of_an_app_is_under_way():
    life = Life()
    life.aws.takes = 600
    life.now_please(word="1")
    life.pass_(60)
    life.now_please(word="2")
    life.pass_(60)
    assert life.aws.counts["detect"] == 1


def test_a_restart_detects_again_and_waits_for_one_that_is_under_way():
    life = Life()
    life.now_please()
    life.pass_(1)
    life.restart()
    life.aws.error = ("ValidationError", "Drift detection is already in progress for stack [shop]")
    life.come("shop")
    life.pass_(HOUR)
    assert life.state() is None
    life.aws.error = None
    life.pass_(60)
    assert life.state() == "InSync"


@pytest.mark.parametrize(
    ("error", "state", "tries"),
    [(("AccessDenied", "not authorized to perform: cloudformation:DetectStackDrift"), "Unknown", 1),
     (("Throttling", "Rate exceeded"), None, 10)],
)  # fmt: skip
def test_a_detection_that_fails_leaves_the_app_ready_and_is_told(error, state, tries):
    life = Life()
    life.aws.error = error
    life.now_please()
    life.pass_(590)
    status = life.kube.items["team", "shop"]["status"]
    assert {one["type"]: one["status"] for one in status["conditions"]}["Ready"] == "True"
    assert life.state() == state
    assert life.aws.counts["detect"] == tries
    told = [message for _, reason, message in life.kube.events if reason == "DriftUnknown"]
    assert len(told) == (1 if state else 0)
    assert all("DetectStackDrift" in one for one in told)


def test_a_detection_that_never_ends_is_given_up():
    life = Life()
    life.aws.takes = 10 * HOUR
    life.now_please()
    life.pass_(HOUR + 60)
    assert life.kube.drift()["message"] == "the detection does not end"


def test_nothing_is_detected_while_suspended():
    life = Life(suspend=False)
    life.apply(**{**life.spec, "suspend": True})
    life.pass_(3 * HOUR)
    assert life.aws.counts["detect"] == 0


def test_an_update_in_between_makes_a_detection_void_but_not_what_was_found_before():
    life = Life()
    life.hand(QUEUE)
    life.now_please()
    life.pass_(20)
    found = life.kube.drift()
    assert found["state"] == "Drifted"
    life.aws.takes = 100
    life.now_please(word="2")
    life.pass_(5)
    life.apply(**{**life.spec, "tags": {"a": "b"}})
    life.pass_(10)
    asked = life.aws.counts["ask"]
    life.pass_(200)
    assert life.kube.drift() == found
    assert life.aws.counts["ask"] == asked


def test_a_count_that_scaling_has_set_is_no_drift():
    life = Life(services={"web": {"image": "app", "scaling": {"min": 1, "max": 9, "cpu": 50}}})
    life.hand(("WebService", "AWS::ECS::Service", "/DesiredCount"))
    life.now_please()
    life.pass_(20)
    assert life.state() == "InSync"


# ── put back ────────────────────────────────────────────────────────────────────

REVERT = {"policy": "Revert", "interval": "1h"}


def reverting(**more):
    life = Life(drift=REVERT, **more)
    life.hand(QUEUE)
    return life


def events(life):
    return [reason for _, reason, _ in life.kube.events if reason.startswith("Drift")]


def test_drift_is_put_back_and_looked_for_again_at_once():
    life = reverting()
    life.now_please()
    life.pass_(60)
    assert (life.state(), life.aws.counts["execute"], life.aws.counts["detect"]) == ("InSync", 1, 2)
    assert events(life) == ["Drifted", "DriftReverted"]
    life.pass_(HOUR)
    assert (life.aws.counts["execute"], life.aws.counts["detect"]) == (1, 3)


def test_what_does_not_stay_put_back_is_put_back_once_for_each_detection():
    life = reverting()
    life.aws.helps = False
    life.now_please()
    life.pass_(60)
    assert life.kube.drift()["revert"]["state"] == "Failed"
    assert (life.aws.counts["execute"], life.aws.counts["detect"]) == (1, 2)
    life.pass_(HOUR)
    assert (life.aws.counts["execute"], life.aws.counts["detect"]) == (2, 4)
    assert events(life) == ["Drifted", *["DriftReverted", "DriftNotReverted"] * 2]


@pytest.mark.parametrize(
    ("refuses", "more", "words"),
    [
        (Terminal("AwsRefused", "CreateChangeSet: no such mode"), (), "no such mode"),
        (Transient("AccessDenied", "CreateChangeSet: not authorized"), (), "not authorized"),
        (None, (Change("Modify", "Other", "T"),), "more than what has drifted: Other"),
    ],
)
def test_what_cannot_be_put_back_is_told_once_and_leaves_the_app_ready(refuses, more, words):
    life = reverting()
    life.aws.refuses, life.aws.more = refuses, more
    life.now_please()
    life.pass_(3 * HOUR)
    found = life.kube.drift()
    assert (found["state"], found["revert"]["state"], words in found["revert"]["message"]) == ("Drifted", "Refused", True)
    assert life.aws.counts["execute"] == 0
    assert life.aws.counts["revert"] == life.aws.counts["detect"] == 3
    assert events(life) == ["Drifted", "DriftNotReverted"]
    ready = [one for one in life.kube.items["team", "shop"]["status"]["conditions"] if one["type"] == "Ready"]
    assert [(one["status"], one["reason"]) for one in ready] == [("True", Reason.Succeeded)]
    assert life.aws.sets == {}


def test_a_restart_in_between_puts_back_what_the_status_tells_of():
    life = reverting()
    life.now_please()
    while life.state() is None:
        life.pass_(0.1)
    life.restart()
    life.come("shop")
    life.pass_(60)
    assert (life.state(), life.aws.counts["execute"]) == ("InSync", 1)


def test_warn_puts_nothing_back():
    life = Life()
    life.hand(QUEUE)
    life.now_please()
    life.pass_(60)
    assert life.aws.counts.keys() & {"revert", "execute"} == set()
