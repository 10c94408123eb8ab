"""Schedules, their time zones, and scheduled tasks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.fragments.schedule import ONCE, apart, schedule_fault, time_zone_fault
from test_model import compiled, faults

LETTERS = "arn:aws:sqs:eu-west-1:123456789012:letters"


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minute)", "rate(5 minutes)", "at(2028-02-29T23:59:59)", "cron(0 3 * * ? *)", "cron(0/15 8-17 ? * MON-FRI 2026-2030)",
        "cron(*/5 * ? * 2#1 *)", "cron(0 12 L * ? *)", "cron(0 12 LW * ? *)", "cron(0 12 15W JAN,jul ? *)", "cron(0 12 ? * 6L *)",
        "cron(0 12 L-3 * ? *)", "cron(0,30 22-2 1,15 * ? *)",
    ],
)  # fmt: skip
def test_a_schedule_that_eventbridge_takes_is_sound(expression):
    assert schedule_fault(expression) is None


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60), ("rate(90 minutes)", 5400), ("rate(2 hours)", 7200), ("rate(7 days)", 604800),
        ("at(2028-02-29T23:59:59)", ONCE), ("cron(0 3 * * ? *)", 82800), ("cron(15 * * * ? *)", 3600), ("cron(0 9-17 * * ? *)", 3600),
        ("cron(*/15 * * * ? *)", 900), ("cron(*/7 * * * ? *)", 240), ("cron(5/20 * * * ? *)", 1200), ("cron(0,30 3 * * ? *)", 1800),
        ("cron(10-12 3 * * ? *)", 60), ("cron(* 3 * * ? *)", 60), ("cron(58-2 3 * * ? *)", 60), ("cron(x 3 * * ? *)", 60),
        ("rate(0 days)", 60), ("", 60), ("tomorrow", 60),
    ],
)  # fmt: skip
def test_the_least_time_between_two_runs_is_known(expression, seconds):
    assert apart(expression) == seconds


@given(st.text() | st.from_regex(r"(rate|cron|at)\([0-9*/, -]*\)", fullmatch=True))
def test_of_any_text_some_time_lies_between_two_runs(expression):
    assert apart(expression) >= 60


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("cron(0 3 * * * *)", "neither of day-of-month (the third) and day-of-week (the fifth) is ?; exactly one must be"),
        ("cron(0 3 ? * ? *)", "both of day-of-month (the third) and day-of-week (the fifth) is ?"),
        ("cron(60 3 * * ? *)", "60 is no minutes; must be 0 to 59"),
        ("cron(0 24 * * ? *)", "24 is no hours; must be 0 to 23"),
        ("cron(0 3 32 * ? *)", "32 is no day-of-month; must be 1 to 31"),
        ("cron(0 3 * 13 ? *)", "13 is no month; must be 1 to 12 or JAN to DEC"),
        ("cron(0 3 ? * 0 *)", "0 is no day-of-week; must be 1 to 7 or SUN to SAT"),
        ("cron(0 3 ? * MONDAY *)", "MONDAY is no day-of-week"),
        ("cron(0 3 * * ? 1969)", "1969 is no year; must be 1970 to 2199"),
        ("cron(*/0 3 * * ? *)", "*/0 is no minutes"),
        ("cron(0, 3 * * ? *)", "0, is no minutes"),
        ("cron(? 3 * * ? *)", "? is no minutes"),
        ("at(2027-02-29T00:00:00)", "2027-02-29T00:00:00 is no date and time that there is"),
        ("at(2027-01-01T24:30:00)", "is no date and time that there is"),
    ],
)
def test_a_schedule_that_eventbridge_refuses_is_a_fault(expression, words):
    assert words in (schedule_fault(expression) or "").replace("'", "")


@pytest.mark.parametrize("name", ["UTC", "Europe/London", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "EST5EDT"])
def test_a_time_zone_of_ianas_is_sound(name):
    assert time_zone_fault(name) is None


@pytest.mark.parametrize("name", ["utc", "CEST", "London", "UTC+1", "Europe", "Europe/", "Europe/Lon don", "+01:00", "PST"])
def test_what_is_no_time_zone_is_a_fault(name):
    assert time_zone_fault(name) == f"{name!r} is no IANA time zone; must be UTC or a name such as Europe/London"


def report(**fields):
    return {"scheduledTasks": {"report": {"image": "app", "schedule": "rate(1 hour)", **fields}}}


FAULTS = {
    "a window of no whole minutes": (
        {"flexibleWindow": "90s"},
        {"flexibleWindow": "is 90s; must be whole minutes, 1m to 24h"},
    ),
    "a window that is too short": (
        {"flexibleWindow": "30s"},
        {"flexibleWindow": "is 30s; must be whole minutes, 1m to 24h"},
    ),
    "a FIFO queue": (
        {"deadLetterQueueArn": "arn:aws:sqs:eu-west-1:123456789012:letters.fifo"},
        {"deadLetterQueueArn": "EventBridge Scheduler takes no FIFO queue; must be a standard one"},
    ),
    "a time zone": (
        {"timeZone": "London"},
        {"timeZone": "'London' is no IANA time zone; must be UTC or a name such as Europe/London"},
    ),
    "a cron expression of another system": (
        {"schedule": "cron(0 3 * * * *)"},
        {
            "schedule": "neither of day-of-month (the third) and day-of-week (the fifth) is ?; exactly one must be, "
            "as in cron(0 3 * * ? *)"
        },
    ),
}


@pytest.mark.parametrize("wrong", FAULTS)
def test_a_fault_of_a_scheduled_task_is_told(wrong):
    fields, expected = FAULTS[wrong]
    assert faults(**report(**fields)) == {f"spec.scheduledTasks.report.{path}": text for path, text in expected.items()}


def test_schedules_are_judged_wherever_they_stand():
    wrong = "cron(0 3 * * * *)"
    told = faults(
        services={
            "web": {"image": "app", "scaling": {"min": 1, "max": 2, "schedule": {"night": {"schedule": wrong, "timeZone": "X"}}}}
        },
        functions={"f": {"image": "app", "events": {"warm": {"schedule": {"expression": wrong, "timeZone": "X"}}}}},
    )
    assert {
        "spec.functions.f.events.warm.schedule.expression",
        "spec.functions.f.events.warm.schedule.timeZone",
        "spec.services.web.scaling.schedule.night.schedule",
        "spec.services.web.scaling.schedule.night.timeZone",
    } <= told.keys()


def test_a_scheduled_task_whole():
    template = compiled(
        services={},
        **report(
            schedule="cron(0 3 * * ? *)", timeZone="Europe/London", enabled=False, taskCount=2, spot=True, flexibleWindow="1h30m",
            retries=0, deadLetterQueueArn="arn:aws:sqs:eu-west-1:123456789012:letters",
        ),
    )  # fmt: skip
    schedule = template.resources["ReportScheduledTask"]["Properties"]
    target = schedule["Target"]
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"], schedule["State"]) == (
        "cron(0 3 * * ? *)",
        "Europe/London",
        "DISABLED",
    )
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 90}
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0}
    own = {"Fn::GetAtt": ["ReportSpotQueue", "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": own}
    assert template.resources["ReportSpotQueue"]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] == LETTERS
    assert target["EcsParameters"]["TaskCount"] == 2
    assert target["EcsParameters"]["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    assert "LaunchType" not in target["EcsParameters"]
    [policy] = template.resources["FargateIamSchedulerRole"]["Properties"]["Policies"]
    *_, letters = policy["PolicyDocument"]["Statement"]
    assert letters == {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [own]}


@pytest.mark.parametrize(
    ("fields", "queue", "retries", "letters"),
    [
        ({}, False, None, None),
        ({"retries": 3, "deadLetterQueueArn": LETTERS}, False, {"MaximumRetryAttempts": 3}, LETTERS),
        ({"spot": False, "capacity": None}, False, None, None),
        ({"capacity": {"spotWeight": 0}}, False, None, None),
        ({"capacity": {"onDemandWeight": 1}}, True, {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300}, None),
        ({"spot": True}, True, {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300}, None),
        ({"spot": True, "retries": 185}, True, {"MaximumRetryAttempts": 185}, None),
    ],
)
def test_a_schedule_that_may_find_no_spot_has_a_queue_of_its_own(fields, queue, retries, letters):
    template = compiled(services={}, **report(**{name: value for name, value in fields.items() if value is not None}))
    target = template.resources["ReportScheduledTask"]["Properties"]["Target"]
    assert ("ReportSpotQueue" in template.resources, "FargateSpotReportRuns" in template.outputs) == (queue, queue)
    assert target.get("RetryPolicy") == retries
    assert target.get("DeadLetterConfig", {}).get("Arn") == ({"Fn::GetAtt": ["ReportSpotQueue", "Arn"]} if queue else letters)


def test_a_queue_elsewhere_is_a_fault_where_sqs_would_have_to_hand_on_to_it():
    elsewhere = "arn:aws:sqs:eu-west-1:999999999999:letters"
    path = "spec.scheduledTasks.report.deadLetterQueueArn"
    assert path in faults(services={}, **report(spot=True, deadLetterQueueArn=elsewhere))
    compiled(services={}, **report(deadLetterQueueArn=elsewhere))


def test_no_author_can_give_the_output_that_the_operator_runs_tasks_by():
    told = faults(services={}, outputs={"FargateSpotReportRuns": {"Value": "x"}}, **report())
    assert told == {"spec.outputs.FargateSpotReportRuns": "is a name that the operator gives itself; choose another"}
