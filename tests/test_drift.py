"""What drift is, when it is looked for, and what the status tells of it."""

from datetime import UTC, datetime, timedelta

import pytest

from fargate_operator.drift import Policy, ResourceDrift, due, excuses, news, policy, somebodys, told, words
from fargate_operator.errors import InvalidSpec
from fargate_operator.parsing import parse_app
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
    told_of = news(old, new)
    assert (told_of and told_of[0]) == reason
