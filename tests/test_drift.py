"""What drift is, when it is looked for, and what the status tells of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fargate_operator.actions import Await, Discard, Execute, Propose
from fargate_operator.drift import Policy, ResourceDrift, due, excuses, followed, news, policy, somebodys, told, words
from fargate_operator.errors import InvalidSpec
from fargate_operator.observation import Change, ChangeSet, Owner, StackObservation
from fargate_operator.parsing import parse_app
from fargate_operator.plan import Wish
from fargate_operator.revert import Given, decide, name, tried, wanted
from test_model import manifest

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = 3600
SERVICE, RULE = "AWS::ECS::Service", "AWS::ElasticLoadBalancingV2::ListenerRule"
TARGET, TASK = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ECS::TaskDefinition"
QUEUE = ResourceDrift("Jobs", "AWS::SQS::Queue", properties=("/VisibilityTimeout",))


def app(service=None, **spec):
    return parse_app(manifest(services={"web": {"image": "app", **(service or {})}}, **spec))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, None),
        ({"drift": {}}, None),
        ({"drift": {"policy": "Ignore", "interval": "1h"}}, None),
        ({"drift": {"policy": "Warn"}}, Policy(revert=False, interval=6 * HOUR)),
        ({"drift": {"policy": "Revert", "interval": "1h30m"}}, Policy(revert=True, interval=5400)),
    ],
)
def test_the_policy(spec, expected):
    assert policy(app(**spec)) == expected


@pytest.mark.parametrize("interval", ["9m59s", "168h1s", "0s"])
def test_an_interval_out_of_range_is_a_fault(interval):
    with pytest.raises(InvalidSpec, match=f"spec.drift.interval: is {interval}; must be 10m to 168h"):
        app(drift={"policy": "Warn", "interval": interval})


# ── when ────────────────────────────────────────────────────────────────────────


def test_the_next_detection_is_due_an_interval_after_the_last():
    checked = {"checkedAt": (NOW - timedelta(seconds=1000)).isoformat()}
    assert due("uid", HOUR, checked, NOW, NOW) == HOUR - 1000


def test_the_first_detections_are_spread_over_the_interval():
    left = sorted(due(f"uid-{number}", HOUR, {}, NOW, NOW) for number in range(500))
    assert 0 <= left[0] < left[-1] < HOUR
    assert all(len([one for one in left if start <= one < start + 600]) > 50 for start in range(0, HOUR, 600))


def test_a_stack_that_nobody_looked_at_for_long_is_due_at_once():
    assert due("uid", HOUR, {}, NOW - timedelta(days=1), NOW) <= 0
    assert due("uid", HOUR, {}, None, NOW) <= 0


# ── what ────────────────────────────────────────────────────────────────────────

SHIFTING = {"port": 80, "http": {}, "deployment": {"strategy": "BlueGreen"}}
SCHEDULED = {"min": 1, "max": 4, "schedule": {"night": {"schedule": "rate(1 day)", "min": 0, "max": 1}}}
RAW = {"Type": TARGET, "Properties": {"ServiceNamespace": "ecs", "ScheduledActions": [{}]}}


@pytest.mark.parametrize(
    ("service", "more", "drift", "left"),
    [
        ({}, {}, (SERVICE, "WebService", "/DesiredCount"), ("/DesiredCount",)),
        ({"scaling": {"min": 1, "max": 4, "cpu": 50}}, {}, (SERVICE, "WebService", "/DesiredCount"), ()),
        ({"scaling": {"min": 1, "max": 4, "cpu": 50}}, {}, (SERVICE, "WebService", "/DesiredCount", "/Tags/0"), ("/Tags/0",)),
        ({"scaling": {"min": 1, "max": 4, "cpu": 50}}, {}, (SERVICE, "OtherService", "/DesiredCount"), ("/DesiredCount",)),
        ({}, {"kept": ["web"]}, (SERVICE, "WebService", "/DesiredCount"), ()),
        (SHIFTING, {}, (RULE, "WebListenerRule", "/Actions/0/ForwardConfig/TargetGroups/1/Weight"), ()),
        (SHIFTING, {}, (RULE, "WebListenerRule", "/Conditions/0/HostHeaderConfig/Values/0"),
         ("/Conditions/0/HostHeaderConfig/Values/0",)),
        ({"port": 80, "http": {}}, {}, (RULE, "WebListenerRule", "/Actions/0"), ("/Actions/0",)),
        ({"scaling": SCHEDULED}, {}, (TARGET, "WebScalableTarget", "/MinCapacity", "/MaxCapacity"), ()),
        ({"scaling": {"min": 1, "max": 4, "cpu": 50}}, {}, (TARGET, "WebScalableTarget", "/MinCapacity"), ("/MinCapacity",)),
        ({}, {}, (SERVICE, "WebService", "/DeploymentController"), ()),
        ({}, {}, (TASK, "WebTask", "/Volumes/0/EFSVolumeConfiguration", "/Tags/1"), ("/Tags/1",)),
        ({}, {"resources": {"Mine": RAW}}, (SERVICE, "WebService", "/DesiredCount"), ()),
        ({}, {"resources": {"Mine": RAW}}, (TARGET, "Mine", "/MaxCapacity"), ()),
        ({}, {"resources": {"Mine": {"Type": TARGET}}}, (TARGET, "Mine", "/MaxCapacity"), ("/MaxCapacity",)),
        ({}, {"resources": {"Mine": {"Type": TARGET, "Properties": {"ServiceNamespace": "dynamodb"}}}},
         ("AWS::DynamoDB::Table", "Table", "/ProvisionedThroughput/ReadCapacityUnits"), ()),
        ({}, {}, ("AWS::SQS::Queue", "Queue", "/RedrivePolicy/maxReceiveCount"), ("/RedrivePolicy/maxReceiveCount",)),
    ],
)  # fmt: skip
def test_what_aws_changes_by_itself_is_no_drift(service, more, drift, left):
    kind, name, *paths = drift
    kept = more.get("kept", ())
    spec = {key: value for key, value in more.items() if key != "kept"}
    found = somebodys([ResourceDrift(name, kind, properties=tuple(paths))], excuses(app(service, **spec), kept))
    assert [(one.logical_id, one.properties) for one in found] == ([(name, left)] if left else [])


def test_a_deleted_resource_is_drift_whatever_it_was():
    gone = ResourceDrift("WebTask", TASK, deleted=True)
    assert somebodys([gone], excuses(app())) == (gone,)


# ── told ────────────────────────────────────────────────────────────────────────


def test_the_status_names_resources_and_properties():
    gone = ResourceDrift("Logs", "AWS::Logs::LogGroup", deleted=True)
    assert told((QUEUE, gone), NOW) == {
        "state": "Drifted",
        "checkedAt": "2026-01-02T03:04:05Z",
        "resources": [
            {"logicalId": "Jobs", "type": "AWS::SQS::Queue", "properties": ["/VisibilityTimeout"]},
            {"logicalId": "Logs", "type": "AWS::Logs::LogGroup", "deleted": True},
        ],
    }
    assert words(told((QUEUE, gone), NOW)) == "Jobs (AWS::SQS::Queue): /VisibilityTimeout; Logs (AWS::Logs::LogGroup): deleted"


@pytest.mark.parametrize(
    ("found", "trouble", "state"),
    [((), "", "InSync"), ((), "not authorized", "Unknown"), ((QUEUE,), "", "Drifted"), ((QUEUE,), "not authorized", "Drifted")],
)
def test_what_could_not_be_seen_is_said(found, trouble, state):
    body = told(found, NOW, trouble)
    assert (body["state"], body.get("message", "")) == (state, trouble)


def test_the_status_is_bounded_and_counts_the_rest():
    many = tuple(ResourceDrift(f"Q{one:02}", "T", properties=tuple(f"/P{each}" for each in range(23))) for one in range(25))
    body = told(many, NOW, "x" * 10_000)
    assert len(body["resources"]) == 20
    assert {len(one["properties"]) for one in body["resources"]} == {20}
    assert body["omitted"] == 5 + 20 * 3
    assert words(body).endswith("; and 65 more")
    assert len(body["message"]) == 500


IN_SYNC, DRIFTED, OTHER = told((), NOW), told((QUEUE,), NOW), told((ResourceDrift("Other", "T", properties=("/P",)),), NOW)
BLIND, BLIND_TOO = told((), NOW, "no right"), told((), NOW, "another reason")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ({}, DRIFTED, "Drifted"),
        (IN_SYNC, DRIFTED, "Drifted"),
        (DRIFTED, {**DRIFTED, "checkedAt": "2026-01-02T09:00:00Z"}, None),
        (DRIFTED, OTHER, "Drifted"),
        (DRIFTED, IN_SYNC, None),
        (DRIFTED, {}, None),
        ({}, BLIND, "DriftUnknown"),
        (BLIND, BLIND, None),
        (BLIND, BLIND_TOO, "DriftUnknown"),
    ],
)
def test_an_event_tells_of_each_drift_once(old, new, reason):
    assert [one[1] for one in news(old, new)] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (DRIFTED, tried(DRIFTED, "Done", "put back by x"), [("Normal", "DriftReverted", "put back by x")]),
        (DRIFTED, tried(DRIFTED, "Refused", "no"), [("Warning", "DriftNotReverted", "no")]),
        (tried(DRIFTED, "Refused", "no"), tried({**DRIFTED, "checkedAt": "later"}, "Refused", "no"), []),
        (tried(DRIFTED, "Done", "put back by x"), IN_SYNC, []),
    ],
)
def test_an_event_tells_what_became_of_putting_it_back(old, new, expected):
    assert news(old, new) == expected


LATER = {**DRIFTED, "checkedAt": "2026-01-02T09:00:00Z"}


@pytest.mark.parametrize(
    ("old", "new", "state", "again"),
    [
        (DRIFTED, LATER, None, True),
        (tried(DRIFTED, "Done", "put back"), IN_SYNC, None, False),
        (tried(DRIFTED, "Done", "put back"), LATER, "Failed", False),
        (tried(DRIFTED, "Done", "put back"), {**OTHER, "checkedAt": "later"}, "Failed", False),
        (tried(DRIFTED, "Failed", "no help"), LATER, "Failed", True),
        (tried(DRIFTED, "Refused", "no"), LATER, "Refused", True),
        (tried(DRIFTED, "Refused", "no"), {**OTHER, "checkedAt": "later"}, None, True),
    ],
)
def test_drift_is_put_back_once_for_each_detection(old, new, state, again):
    body = followed(old, new)
    assert body.get("revert", {}).get("state") == state
    assert wanted(app(drift={"policy": "Revert"}), body) is again
    assert wanted(app(drift={"policy": "Warn"}), body) is False


def test_that_it_has_not_helped_says_why():
    body = followed(tried(DRIFTED, "Done", "put back by x"), LATER, "Jobs (AWS::SQS::Queue): denied")
    assert body["revert"]["message"] == "it has not helped: Jobs (AWS::SQS::Queue): denied"


def test_whether_it_has_helped_is_looked_for_at_once():
    assert due("uid", HOUR, tried(DRIFTED, "Done", "put back"), NOW, NOW) == 0
    assert due("uid", HOUR, tried(DRIFTED, "Refused", "no"), NOW, NOW) == HOUR


# ── what a change set would do ──────────────────────────────────────────────────

READY = {"status": "CREATE_COMPLETE", "execution": "AVAILABLE"}
JOBS = Change("Modify", "Jobs", "AWS::SQS::Queue", "False", ("/VisibilityTimeout",))
REPLACED = Change("Modify", "Jobs", "AWS::SQS::Queue", "True", ("/QueueName",))
TASK_THEN = Change("Modify", "WebTask", TASK, "True", ("/ContainerDefinitions",), caused=True)
SAME = Change("SyncWithActual", "WebListenerRule", RULE)
WEIGHTS = Change("Modify", "WebListenerRule", RULE, "False", ("/Actions/0/ForwardConfig",))
STACK = StackObservation("shop", "arn:shop", "UPDATE_COMPLETE", owner=Owner("here", "team", "shop"), template_digest="t")
WISH = Wish(owner=STACK.owner)


def change_set(*changes, **more):
    return ChangeSet(id="set", name="name", changes=changes, **{**READY, **more})


@pytest.mark.parametrize(
    ("made", "wish", "expected"),
    [
        (None, {}, Propose(create=False)),
        (change_set(status="CREATE_IN_PROGRESS"), {}, "await"),
        (change_set(JOBS), {}, "execute"),
        (change_set(JOBS, TASK_THEN, SAME), {}, "execute"),
        (change_set(JOBS, WEIGHTS), {}, "WebListenerRule"),
        (change_set(JOBS, Change("Modify", "Other", "T")), {}, "Other"),
        (change_set(JOBS), {"approval": "Manual"}, "approve"),
        (change_set(JOBS), {"approval": "Manual", "approved": "set"}, "execute"),
        (change_set(JOBS), {"approval": "OnReplacement"}, "execute"),
        (change_set(REPLACED), {"approval": "OnReplacement"}, "approve"),
        (change_set(JOBS, WEIGHTS), {"approval": "Manual"}, "WebListenerRule"),
        (change_set(status="FAILED", reason="The submitted information didn't contain changes. …"), {}, "nothing to put back"),
        (change_set(status="FAILED", reason="Rate exceeded"), {}, "Rate exceeded"),
        (change_set(JOBS, execution="OBSOLETE"), {}, "discard"),
    ],
)
def test_only_what_has_drifted_is_put_back_and_approved_like_every_change(made, wish, expected):
    found = decide(replace(WISH, **wish), STACK, DRIFTED, made, excuses(app(SHIFTING)))
    words_of = {Await: "approve" if getattr(found, "approval", None) else "await", Execute: "execute", Discard: "discard"}
    if isinstance(found, Given):
        assert expected in found.message
        assert found.state == ("Done" if "nothing" in expected else "Refused")
    else:
        assert words_of.get(type(found), found) == expected


def test_a_rule_of_which_somebody_changed_the_conditions_is_not_put_back_with_its_weights():
    body = told((ResourceDrift("WebListenerRule", RULE, properties=("/Conditions/0",)),), NOW)
    found = decide(WISH, STACK, body, change_set(WEIGHTS), excuses(app(SHIFTING)))
    assert isinstance(found, Given)
    assert "WebListenerRule /Actions/0/ForwardConfig" in found.message


def test_what_is_not_listed_is_not_put_back():
    many = told(tuple(ResourceDrift(f"Q{one:02}", "T", properties=("/P",)) for one in range(25)), NOW)
    found = decide(WISH, STACK, many, change_set(JOBS), excuses(app()))
    assert isinstance(found, Given)


def test_the_change_set_of_the_same_drift_has_the_same_name_at_each_detection():
    assert name(STACK.owner, STACK, DRIFTED) == name(STACK.owner, STACK, LATER)
    assert name(STACK.owner, STACK, DRIFTED) != name(STACK.owner, STACK, OTHER)
    assert name(STACK.owner, STACK, DRIFTED) != name(STACK.owner, replace(STACK, updated_at=NOW), DRIFTED)
