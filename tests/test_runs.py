"""Runs that found no Spot: which they are, and what is started in their place."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.parsing import parse_app
from fargate_operator.runs import (
    Kind,
    Letter,
    Run,
    Schedule,
    Target,
    Task,
    Unlike,
    kind_of,
    lately,
    leaving,
    letter,
    missing,
    never_started,
    pause,
    schedules,
    started_by,
    target,
    token,
    unplaced,
)
from harness.spot_runs import NO_CAPACITY, NO_IMAGE, dead_letter
from test_model import manifest

CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop"
DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/report:7"
ARN = "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/shop-ReportScheduledTask-ABC"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-ReportSpotQueue-ABC"
SCHEDULE = Schedule("report", QUEUE, ARN, DEFINITION, CLUSTER)
BY = "chronos-schedule/shop-ReportScheduledTask-ABC"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
TASK = "arn:aws:ecs:eu-west-1:123456789012:task/shop/0123456789abcdef0123456789abcdef"


def received(**changed):
    """A letter as SQS gives it."""
    sent = dead_letter(ARN, CLUSTER, "ad06616e51cdf74a", SCHEDULED_TIME="2026-01-02T12:00:00Z", **changed)
    system = {"SentTimestamp": "1767355500000", "ApproximateReceiveCount": "3"}
    return {"ReceiptHandle": "receipt", "Attributes": system, **sent}


def test_a_dead_letter_is_read_whole():
    assert letter(received()) == Letter(
        "receipt",
        ARN,
        "ad06616e51cdf74a",
        f"AmazonECSException: {NO_CAPACITY}",
        NOON,
        NOON + timedelta(minutes=5),
        3,
    )


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"MessageAttributes": None, "Attributes": []},
        {"MessageAttributes": {"SCHEDULE_ARN": None, "EXECUTION_ID": {"BinaryValue": b"x"}}},
        {"Attributes": {"SentTimestamp": "yesterday", "ApproximateReceiveCount": "many"}},
        {"MessageAttributes": {"SCHEDULED_TIME": {"StringValue": "noon"}}},
        received(EXECUTION_ID=" "),
        received(EXECUTION_ID="x" * 300),
        received(EXECUTION_ID="zwölf"),
        received(SCHEDULE_ARN=f"{ARN}2"),
        received(SCHEDULE_ARN="*"),
    ],
)
def test_a_message_that_is_broken_or_of_another_schedule_is_foreign(message):
    assert kind_of(letter(message), SCHEDULE, NOON) is Kind.Foreign


JSON = st.recursive(st.none() | st.text() | st.integers(), lambda one: st.lists(one) | st.dictionaries(st.text(), one))
NAMES = st.sampled_from(["MessageAttributes", "Attributes", "ReceiptHandle", "SCHEDULED_TIME", "StringValue", "SentTimestamp"])


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, JSON) | JSON))
def test_whatever_lies_in_the_queue_can_be_judged(message):
    assert kind_of(letter(message), SCHEDULE, NOON) is Kind.Foreign


@pytest.mark.parametrize(
    ("error", "lacks"),
    [
        (NO_CAPACITY, True),
        ("AmazonECSException: Capacity is unavailable at this time.", True),
        ("You've reached the limit on the number of vCPUs you can run concurrently", True),
        ("ThrottlingException: Rate exceeded", True),
        (NO_IMAGE, False),
        ("AccessDeniedException: not authorized to perform: iam:PassRole", False),
        ("ClusterNotFoundException", False),
        ("ServerException: internal error", False),  # it may have been started
        ("", False),
    ],
)
def test_only_a_run_that_found_no_place_is_run_again(error, lacks):
    assert unplaced(error) is lacks
    assert kind_of(Letter("x", ARN, "1", error, NOON), SCHEDULE, NOON) is (Kind.Unplaced if lacks else Kind.Failed)


@pytest.mark.parametrize(
    ("scheduled", "genuine"),
    [
        (None, False),
        (NOON + timedelta(minutes=6), False),
        (NOON + timedelta(minutes=4), True),  # clocks differ
        (NOON, True),
        (NOON - timedelta(days=5, hours=23), True),  # after a day of window and a day of tries, and the queue kept it for 4
        (NOON - timedelta(days=6, hours=1), False),
    ],
)
def test_a_letter_of_a_time_from_which_none_can_lie_in_the_queue_is_foreign(scheduled, genuine):
    one = Letter("x", ARN, "1", NO_CAPACITY, scheduled, NOON)
    assert kind_of(one, SCHEDULE, NOON) is (Kind.Unplaced if genuine else Kind.Foreign)


@pytest.mark.parametrize(
    ("count", "apart", "most"), [(1, 86400, 30), (10, 86400, 30), (1, 60, 120), (10, 60, 1200), (10, 0, 1200), (10, 900, 80)]
)
def test_in_an_hour_no_more_is_run_than_twice_what_the_schedule_starts(count, apart, most):
    assert Target(count, apart=apart).hourly == most


def test_what_the_operator_has_started_within_an_hour_is_known():
    mine = [Task(TASK, started_by(SCHEDULE, Run("1"), 1), created_at=NOON - timedelta(minutes=one)) for one in (1, 59, 61)]
    other = replace(SCHEDULE, arn=f"{ARN}2")
    assert lately(SCHEDULE, [*mine, *placed(0), Task(TASK, started_by(other, Run("1"), 1), created_at=NOON)], NOON) == 2


def test_what_cannot_be_run_is_tried_less_and_less_often():
    assert [pause(count) for count in (0, 1, 2, 3, 6, 7, 1000)] == [60, 60, 120, 240, 1920, 3600, 3600]


LOST = Task(TASK, BY, "TaskFailedToStart", NO_CAPACITY, NOON)


@pytest.mark.parametrize(
    ("task", "lost"),
    [
        (LOST, True),
        (replace(LOST, started_by="fargate-operator/shop-ReportScheduledTask-ABC/1/1"), True),  # no capacity on demand either
        (replace(LOST, started_by="fargate-operator/shop-ReportScheduledTask-ABCD/1/1"), False),
        (replace(LOST, started_by="chronos-schedule/other"), False),
        (replace(LOST, started_by="somebody"), False),
        (replace(LOST, stop_code="SpotInterruption", stopped_reason="Your Spot Task was interrupted."), False),  # it had started
        (replace(LOST, stop_code="UserInitiated"), False),
        (replace(LOST, stopped_reason="CannotPullContainerError: no such image"), False),
    ],
)
def test_a_task_is_lost_when_it_stopped_before_it_started_for_want_of_capacity(task, lost):
    assert never_started(SCHEDULE, [task]) == ((task,) if lost else ())


def placed(*minutes):
    return [Task(f"{TASK}{number}", BY, created_at=NOON + timedelta(minutes=one)) for number, one in enumerate(minutes)]


DAILY, OFTEN = 86400, 300


@pytest.mark.parametrize(
    ("count", "apart", "tasks", "lacking"),
    [
        (1, DAILY, [], 1),
        (1, DAILY, placed(1), 0),  # ECS placed it at a try that Scheduler took for a failure
        (1, OFTEN, placed(0, 1), 1),  # of other runs: of this one there can be none
        (3, DAILY, placed(0), 2),
        (3, OFTEN, placed(0), 2),
        (3, DAILY, placed(0, 1), 1),
        (3, DAILY, placed(0, 0, 2, 2), 0),  # two at each of two tries: more than was wanted
        (3, DAILY, placed(0, 0, 2), 0),
        (3, DAILY, placed(-1, 9), 3),  # before the run, and after the letter
        (3, OFTEN, placed(0, 2, 2, 2), 2),  # another run began meanwhile, and was placed whole
        (3, 600, placed(0, 2, 2, 2), 2),  # or an earlier one was still being tried
        (3, 601, placed(0, 2, 2, 2), 0),
        (3, DAILY, [replace(one, started_by="somebody") for one in placed(0)], 3),
        (3, DAILY, [replace(one, created_at=None) for one in placed(0)], 3),
    ],
)
def test_of_a_run_only_what_was_not_placed_is_missing(count, apart, tasks, lacking):
    assert missing(letter(received()), SCHEDULE, Target(count, apart=apart), tasks) == Run("ad06616e51cdf74a", lacking)


def test_a_letter_without_times_is_of_a_run_that_is_missing_whole():
    assert missing(Letter("x", ARN, "1"), SCHEDULE, Target(2), placed(0)) == Run("1", 2)


@pytest.mark.parametrize(
    ("expression", "window", "apart"),
    [("rate(1 day)", 0, 86400), ("rate(1 hour)", 30, 1800), ("rate(5 minutes)", 30, 0), ("", 0, 60), (None, 0, 60)],
)
def test_between_two_runs_lies_what_the_schedule_says_without_its_window(expression, window, apart):
    given_ = {"ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window}}
    assert target({**described(), **given_}, SCHEDULE).apart == apart


IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=256)


@given(IDS, st.integers(1, 10), st.integers(1, 1000), st.text("aZ0-_.", min_size=1, max_size=64))
def test_what_is_sent_to_ecs_keeps_to_its_limits(run, ordinal, attempt, name):
    one = replace(SCHEDULE, arn=f"arn:aws:scheduler:eu-west-1:123456789012:schedule/default/{name}")
    assert re.fullmatch(r"[!-~]{1,64}", token(Run(run), ordinal, attempt))
    assert re.fullmatch(r"[A-Za-z0-9/_-]{1,128}", started_by(one, Run(run), ordinal))


def test_each_task_of_a_run_and_each_attempt_has_a_token_of_its_own():
    run = Run("ad06616e51cdf74a")
    tokens = [token(run, *one) for one in ((1, 1), (2, 1), (1, 2), (2, 2), (12, 1))]
    assert tokens[0] == "ad06616e51cdf74a"
    assert len(set(tokens)) == 5
    assert len({started_by(SCHEDULE, run, ordinal) for ordinal in range(1, 11)}) == 10


NETWORK = {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "DISABLED"}}
ECS = {"TaskDefinitionArn": DEFINITION, "TaskCount": 2, "NetworkConfiguration": NETWORK, "PropagateTags": "TASK_DEFINITION"}
DESCRIBED = {"State": "ENABLED", "Target": {"Arn": CLUSTER, "EcsParameters": ECS}}


def described(state="ENABLED", target=None, **ecs):
    return {"State": state, "Target": {**DESCRIBED["Target"], **(target or {}), "EcsParameters": {**ECS, **ecs}}}


def test_a_schedule_is_run_on_demand_with_what_its_stack_has_set():
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    more = {"EnableExecuteCommand": True, "Group": "x", "Tags": [{"a": "b"}], "CapacityProviderStrategy": strategy}
    assert target(described(**more), SCHEDULE) == Target(
        2,
        {
            "cluster": CLUSTER,
            "taskDefinition": DEFINITION,
            "count": 1,
            "launchType": "FARGATE",
            "networkConfiguration": {
                "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
            },
            "propagateTags": "TASK_DEFINITION",
        },
        60,  # as no expression tells more
    )


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        (described(state="DISABLED"), "is disabled"),
        (described(TaskDefinitionArn=DEFINITION.replace("report", "admin")), "does not start what its stack says"),
        (described(TaskDefinitionArn=DEFINITION.replace(":7", ":8")), "does not start what its stack says"),
        (described(target={"Arn": f"{CLUSTER}2"}), "does not start what its stack says"),
        (described(target={"Input": '{"containerOverrides": []}'}), "does not start what its stack says"),
        ({"State": "ENABLED"}, "does not start what its stack says"),
        ({}, "is disabled"),
    ],
)
def test_a_schedule_that_is_not_as_its_stack_made_it_is_not_run(given_, words):
    found = target(given_, SCHEDULE)
    assert isinstance(found, Unlike)
    assert words in found.reason


def test_schedules_are_known_by_the_outputs_of_their_stack():
    plain = {"image": "app", "schedule": "rate(1 day)"}
    spot = {**plain, "spot": True}
    one = parse_app(manifest(services={}, scheduledTasks={"report": spot, "late": spot, "plain": plain}))
    told = f"{QUEUE},{ARN},{DEFINITION},{CLUSTER}"
    outputs = {"FargateSpotReportRuns": told, "FargateSpotPlainRuns": told, "FargateSpotLateRuns": "a,b"}
    assert schedules(one, outputs) == (SCHEDULE,)
    assert (SCHEDULE.name, SCHEDULE.group, SCHEDULE.family) == ("shop-ReportScheduledTask-ABC", "default", "report")


def test_schedules_that_an_update_takes_away_are_known_too():
    plain = {"image": "app", "schedule": "rate(1 day)"}
    one = parse_app(manifest(services={}, scheduledTasks={"plain": plain, "late": {**plain, "spot": True}}))
    told = f"{QUEUE},{ARN},{DEFINITION},{CLUSTER}"
    names = ("FargateSpotPlainRuns", "FargateSpotLateRuns", "FargateSpotGoneRuns", "GoneRuns", "FargateSpotGone")
    outputs = {**dict.fromkeys(names, told), "FargateSpotBrokenRuns": "a,b"}
    assert [(found.key, found.queue_url) for found in leaving(one, outputs)] == [("Gone", QUEUE), ("plain", QUEUE)]
