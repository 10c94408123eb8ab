"""Looks at runs that found no Spot: the operator's real code, SQS, Scheduler and ECS in dicts, and a clock of its own."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from fargate_operator.actions import Nothing, Update, Wait
from fargate_operator.observation import StackObservation
from fargate_operator.parsing import parse_app
from fargate_operator.reruns import Reruns
from fargate_operator.seen import Seen
from harness.spot_runs import NO_CAPACITY, NO_IMAGE, dead_letter
from test_model import manifest
from test_runs import ARN, BY, CLUSTER, DEFINITION, DESCRIBED, QUEUE

KEY = ("team-a", "shop")
START = datetime(2026, 1, 2, 12, tzinfo=UTC)
TASKS = "arn:aws:ecs:eu-west-1:123456789012:task/shop/"
PLAIN = {"image": "app", "schedule": "rate(1 day)"}
OUTPUTS = {"FargateSpotReportRuns": f"{QUEUE},{ARN},{DEFINITION},{CLUSTER}"}


class Aws:
    """One queue, one schedule, one cluster. A token is used once; a letter that is received is hidden for a minute."""

    def __init__(self):
        self.now, self.count, self.sent, self.expression = START, 1, 0, "rate(1 day)"
        self.messages, self.hidden, self.tasks, self.tokens = {}, {}, {}, {}
        self.calls, self.state, self.failures, self.errors = Counter(), "ENABLED", 0, {}
        self.revision, self.broken = DEFINITION, {}  # action → how often the connection breaks, after what was asked is done
        self.unknown = set()  # what DescribeTasks does not know yet
        self.clients = self

    def get(self, *_):
        return self

    def fails(self, run, message=NO_CAPACITY, **changed):
        changed = {"SCHEDULED_TIME": self.now.isoformat(), **changed}
        self.messages[f"{run}{self.sent}"] = [0, dead_letter(ARN, CLUSTER, run, message, **changed)]
        self.sent += 1

    def places(self, number, **fields):
        self.tasks[f"{TASKS}{number}"] = {"taskArn": f"{TASKS}{number}", "startedBy": BY, "desiredStatus": "RUNNING", **fields}

    def loses(self, number):
        self.places(number, desiredStatus="STOPPED", stopCode="TaskFailedToStart", stoppedReason=NO_CAPACITY)

    def ours(self):
        return [one["startedBy"].split("/")[2:] for one in self.tasks.values() if one["startedBy"] != BY]

    def _called(self, action):
        self.calls[action] += 1
        if self.broken.get(action, 0) > 0:
            self.broken[action] -= 1
            raise ReadTimeoutError(endpoint_url="https://aws")
        if error := self.errors.get(action):
            raise ClientError({"Error": {"Code": error, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, action)

    def receive_message(self, **_):
        self._called("ReceiveMessage")
        given = []
        for receipt, message in self.messages.items():
            if self.hidden.get(receipt, self.now) <= self.now and len(given) < 10:
                message[0] += 1
                self.hidden[receipt] = self.now + timedelta(seconds=60)
                system = {"ApproximateReceiveCount": str(message[0]), "SentTimestamp": "0"}
                given.append({"ReceiptHandle": receipt, "Attributes": system, **message[1]})
        return {"Messages": given}

    def delete_message(self, ReceiptHandle, **_):  # noqa: N803
        self._called("DeleteMessage")
        del self.messages[ReceiptHandle]

    def change_message_visibility(self, ReceiptHandle, VisibilityTimeout, **_):  # noqa: N803
        self._called("ChangeMessageVisibility")
        self.hidden[ReceiptHandle] = self.now + timedelta(seconds=VisibilityTimeout)

    def get_schedule(self, **_):
        self._called("GetSchedule")
        ecs = {**DESCRIBED["Target"]["EcsParameters"], "TaskCount": self.count, "TaskDefinitionArn": self.revision}
        return {
            "State": self.state,
            "ScheduleExpression": self.expression,
            "Target": {**DESCRIBED["Target"], "EcsParameters": ecs},
        }

    def get_paginator(self, _):
        return self

    def paginate(self, desiredStatus, **_):  # noqa: N803
        self._called("ListTasks")
        return [{"taskArns": [arn for arn, one in self.tasks.items() if one["desiredStatus"] == desiredStatus]}]

    def describe_tasks(self, tasks, **_):
        self._called("DescribeTasks")
        return {"tasks": [self.tasks[arn] for arn in tasks if arn in self.tasks and arn not in self.unknown]}

    def run_task(self, clientToken, **parameters):  # noqa: N803
        if clientToken not in self.tokens and "RunTask" not in self.errors:
            self.tokens[clientToken] = self._answer(parameters)
        self._called("RunTask")
        return self.tokens[clientToken]

    def _answer(self, parameters):
        if self.failures:
            self.failures -= 1
            return {"tasks": [], "failures": [{"reason": NO_CAPACITY}]}
        arn = f"{TASKS}{len(self.tasks)}"
        self.tasks[arn] = {
            "taskArn": arn,
            "startedBy": parameters["startedBy"],
            "desiredStatus": "RUNNING",
            "createdAt": self.now,
        }
        return {"tasks": [self.tasks[arn]], "failures": []}


class Operator:
    """Turns, a minute apart unless told otherwise; the status is kept from one to the next."""

    def __init__(self, aws, **spec):
        self.aws, self.spec, self.status, self.notes = aws, spec, {}, []
        self.start()

    def start(self):
        self.reruns = Reruns(self.aws, 300.0)

    def seen(self, stack, action, generation=1):
        tasks = {"scheduledTasks": {"report": {**PLAIN, "spot": True}}}
        app = parse_app(manifest(services={}, **{**tasks, **self.spec}))
        return Seen(
            previous={"scheduledTasks": {"report": {"spot": self.status}}},
            generation=generation,
            now=self.aws.now,
            region="eu-west-1",
            app=app,
            stack=StackObservation("shop", "id", stack, outputs=OUTPUTS),
            action=action or Nothing(),
        )

    def turn(self, seconds=60, *, asked=False, stack="UPDATE_COMPLETE", action=None, generation=1, saved=True):
        self.aws.now += timedelta(seconds=seconds)
        seen = self.seen(stack, action, generation)
        seen = self.reruns.look(KEY, seen, asked=asked)
        self.notes += [(one.reason, one.message) for one in seen.notes]
        told = seen.reruns.get("report", {})
        self.status = dict(told) if saved and told.get("rescued", 0) > self.status.get("rescued", 0) else self.status
        return seen

    def told(self, reason):
        return [message for one, message in self.notes if one == reason]


@pytest.fixture
def aws():
    return Aws()


def test_a_quiet_look_costs_two_calls_and_a_turn_in_between_none(aws):
    operator = Operator(aws)
    aws.places(1, desiredStatus="STOPPED", stopCode="EssentialContainerExited")
    assert operator.turn().again == 60
    assert aws.calls == {"ReceiveMessage": 1, "ListTasks": 1, "DescribeTasks": 1}  # the last for a task not seen before
    aws.calls.clear()
    assert [operator.turn(20).again for _ in range(2)] == [40, 20]
    assert aws.calls == {}
    operator.turn(20)
    assert aws.calls == {"ReceiveMessage": 1, "ListTasks": 1}


def test_whoever_asks_gets_a_look_at_once_and_so_does_a_new_spec(aws):
    operator = Operator(aws)
    operator.turn()
    operator.turn(1, asked=True)
    operator.turn(1, generation=2)
    assert aws.calls["ReceiveMessage"] == 3


def test_an_event_brings_a_look_soon_and_a_burst_of_them_no_more_than_one_in_five_seconds(aws):
    operator = Operator(aws)
    operator.turn()
    looks = []
    for _ in range(12):
        operator.reruns.doubt(KEY)
        operator.turn(1)
        looks.append(aws.calls["ReceiveMessage"])
    assert looks == [1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3]


def test_a_run_is_made_up_for_once_however_often_it_is_told_of(aws):
    operator = Operator(aws)
    aws.fails("run-a")
    aws.fails("run-a")
    operator.turn()
    aws.fails("run-a")
    operator.turn()
    assert (aws.ours(), aws.messages, list(aws.tokens)) == ([["run-a", "1"]], {}, ["run-a"])
    assert operator.status == {"rescued": 1, "lastRescuedAt": "2026-01-02T12:01:00Z"}
    [told] = operator.told("SpotRunRescued")
    assert "run-a" in told


def test_every_task_of_a_run_is_made_up_for(aws):
    aws.count = 3
    operator = Operator(aws)
    aws.fails("run-a")
    operator.turn()
    assert sorted(aws.ours()) == [["run-a", "1"], ["run-a", "2"], ["run-a", "3"]]
    assert operator.status["rescued"] == 3


def test_what_ecs_refuses_is_kept_and_tried_again_with_another_token(aws):
    operator = Operator(aws)
    aws.count, aws.failures = 2, 1
    aws.fails("run-a")
    operator.turn()
    assert (aws.ours(), len(aws.messages)) == ([["run-a", "2"]], 1)
    assert NO_CAPACITY in operator.told("SpotRunNotRescued")[0]
    operator.turn()
    assert (sorted(aws.ours()), aws.messages) == ([["run-a", "1"], ["run-a", "2"]], {})
    assert list(aws.tokens) == ["run-a", "run-a-2", "run-a-1-2"]
    assert operator.status["rescued"] == 2


def test_the_pauses_between_tries_grow(aws):
    operator = Operator(aws)
    aws.errors = {"RunTask": "ClientException"}
    aws.fails("run-a")
    tried = []
    for minute in range(32):
        before = aws.calls["RunTask"]
        operator.turn()
        tried += [minute] * (aws.calls["RunTask"] - before)
    assert tried == [0, 1, 3, 7, 15, 31]
    aws.errors = {}
    aws.now += timedelta(hours=1)
    operator.turn()
    assert (aws.ours(), aws.messages) == ([["run-a", "1"]], {})


def test_a_task_that_never_started_is_made_up_for_and_what_took_its_place_too(aws):
    operator = Operator(aws)
    aws.loses(0)
    operator.turn()
    operator.turn()
    assert aws.ours() == [["0", "1"]]
    aws.tasks[f"{TASKS}1"] |= {"desiredStatus": "STOPPED", "stopCode": "TaskFailedToStart", "stoppedReason": NO_CAPACITY}
    operator.turn()
    operator.turn()
    assert aws.ours() == [["0", "1"], ["1", "1"]]
    assert operator.status["rescued"] == 2


def test_a_task_of_which_ecs_does_not_tell_yet_why_it_stopped_is_looked_at_again(aws):
    operator = Operator(aws)
    aws.loses(0)
    aws.loses(1)
    aws.unknown = {f"{TASKS}0"}  # listed, but missing where it is described
    whole, aws.tasks[f"{TASKS}1"] = aws.tasks[f"{TASKS}1"], {**aws.tasks[f"{TASKS}1"], "stopCode": "", "lastStatus": "STOPPING"}
    operator.turn()
    assert aws.ours() == []
    aws.unknown, aws.tasks[f"{TASKS}1"] = set(), {**whole, "lastStatus": "DEPROVISIONING"}
    operator.turn()
    operator.turn()
    assert sorted(aws.ours()) == [["0", "1"], ["1", "1"]]
    calls = aws.calls["DescribeTasks"]
    operator.turn()
    assert aws.calls["DescribeTasks"] == calls  # both are settled


def test_a_task_that_could_not_be_made_up_for_is_tried_again(aws):
    operator = Operator(aws)
    aws.loses(0)
    aws.errors = {"RunTask": "AccessDeniedException"}
    operator.turn()
    assert "AccessDenied" in operator.told("SpotRunNotRescued")[0]
    aws.errors = {}
    operator.turn()
    assert aws.ours() == [["0", "1"]]


# of a run whose letter is gone nobody tells any more, when the status could not be written in the same moment
@pytest.mark.parametrize(("cut", "counted"), [("DeleteMessage", 2), ("the status", 1)])
def test_an_operator_that_starts_anew_finds_what_runs_already(aws, cut, counted):
    operator = Operator(aws)
    aws.fails("run-a")
    aws.loses("x")
    aws.errors = {"DeleteMessage": "ServiceUnavailable"} if cut == "DeleteMessage" else {}
    operator.turn(saved=cut != "the status")
    aws.errors, aws.tokens = {}, {}  # as if ECS had forgotten them
    operator.start()
    operator.turn()
    operator.turn()
    assert (sorted(aws.ours()), aws.messages) == ([["run-a", "1"], ["x", "1"]], {})
    assert operator.status["rescued"] == counted


def test_a_status_that_could_not_be_written_is_made_up_for(aws):
    operator = Operator(aws)
    aws.fails("run-a")
    operator.turn(saved=False)
    operator.turn(1)
    assert operator.status["rescued"] == 1


def test_what_was_not_for_want_of_capacity_is_told_and_left(aws):
    operator = Operator(aws)
    aws.fails("run-a", NO_IMAGE)
    aws.fails("run-b", SCHEDULE_ARN="arn:aws:scheduler:eu-west-1:123456789012:schedule/default/other")
    operator.turn()
    operator.turn()
    assert (aws.ours(), len(aws.messages), aws.calls["GetSchedule"]) == ([], 2, 0)
    assert [NO_IMAGE in one for one in operator.told("ScheduledRunFailed")] == [True]
    assert len(operator.told("SpotRunNotRescued")) == 1
    assert set(aws.hidden.values()) == {START + timedelta(seconds=3660)}  # out of the way of others


def test_a_disabled_schedule_is_not_run_until_it_is_enabled(aws):
    operator = Operator(aws)
    aws.state = "DISABLED"
    aws.fails("run-a")
    aws.loses(0)
    operator.turn()
    assert (aws.ours(), len(aws.messages)) == ([], 1)
    aws.state = "ENABLED"
    operator.turn()
    assert (sorted(aws.ours()), aws.messages) == ([["0", "1"], ["run-a", "1"]], {})


@pytest.mark.parametrize(
    ("stack", "action", "looks"),
    [
        ("CREATE_COMPLETE", Nothing(), True),
        ("UPDATE_IN_PROGRESS", Wait(), True),  # which may take a day
        ("UPDATE_ROLLBACK_COMPLETE", Nothing(), True),
        ("UPDATE_COMPLETE", Update("id"), False),
        ("CREATE_IN_PROGRESS", Wait(), False),
        ("ROLLBACK_COMPLETE", Nothing(), False),
        ("DELETE_IN_PROGRESS", Wait(), False),
        ("REVIEW_IN_PROGRESS", Nothing(), False),
    ],
)
def test_only_the_runs_of_a_stack_that_is_up_are_looked_at(aws, stack, action, looks):
    aws.fails("run-a")
    Operator(aws).turn(stack=stack, action=action)
    assert aws.ours() == ([["run-a", "1"]] if looks else [])


@pytest.mark.parametrize(
    ("after", "stack", "looks"),
    [
        ({"report": {**PLAIN, "spot": False}}, "UPDATE_COMPLETE", True),
        ({"renamed": {**PLAIN, "spot": True}}, "UPDATE_ROLLBACK_COMPLETE", True),
        (None, "CREATE_COMPLETE", True),
        ({"report": {**PLAIN, "spot": True}}, "UPDATE_COMPLETE", False),  # the queue stays, and is looked at when the update goes
        (None, "ROLLBACK_COMPLETE", False),
    ],
)
def test_what_waits_in_a_queue_that_an_update_takes_away_is_run_before(aws, after, stack, looks):
    operator = Operator(aws, scheduledTasks=after)
    aws.fails("run-a")
    aws.loses(0)
    seen = operator.reruns.last_look(KEY, operator.seen(stack, Update("id")))
    assert sorted(aws.ours()) == ([["0", "1"], ["run-a", "1"]] if looks else [])
    assert (len(seen.notes), aws.messages == {}) == ((2, True) if looks else (0, False))


def test_a_suspended_app_is_not_looked_at(aws):
    aws.fails("run-a")
    seen = Operator(aws, suspend=True).turn()
    assert (aws.calls, seen.again) == ({}, None)


def test_an_app_of_somebody_else_is_not_looked_at(aws):
    operator = Operator(aws)
    seen = replace(operator.turn(), owned=False)
    aws.calls.clear()
    operator.reruns.look(KEY, seen, asked=True)
    assert aws.calls == {}


@pytest.mark.parametrize("action", ["ReceiveMessage", "ListTasks", "DescribeTasks", "GetSchedule", "ChangeMessageVisibility"])
def test_trouble_is_told_and_fails_nothing(aws, action):
    operator = Operator(aws)
    aws.errors = {action: "ThrottlingException"}
    aws.fails("run-a", NO_IMAGE if action == "ChangeMessageVisibility" else NO_CAPACITY)
    aws.loses(0)
    operator.turn()
    assert "ThrottlingException" in operator.told("SpotRunNotRescued")[0]
    aws.errors = {}
    for _ in range(3):
        operator.turn()
    assert ["0", "1"] in aws.ours()


CALLS = ["ReceiveMessage", "GetSchedule", "ListTasks", "DescribeTasks", "RunTask", "DeleteMessage", "ChangeMessageVisibility"]


@pytest.mark.parametrize("action", CALLS)
def test_a_connection_that_breaks_is_told_and_no_run_is_lost_or_doubled(aws, action):
    operator = Operator(aws)
    aws.broken = {action: 1}
    aws.fails("run-a")
    aws.fails("run-b", NO_IMAGE)
    aws.fails("run-c")
    aws.loses(0)
    operator.turn()
    assert "Read timeout" in operator.told("SpotRunNotRescued")[0]
    for _ in range(4):
        operator.turn()
    assert sorted(aws.ours()) == [["0", "1"], ["run-a", "1"], ["run-c", "1"]]
    assert len(aws.messages) == 1


@pytest.mark.parametrize("action", ["GetSchedule", "RunTask", "DeleteMessage"])
def test_a_connection_that_breaks_over_one_letter_does_not_keep_from_the_others(aws, action):
    operator = Operator(aws)
    aws.broken = {action: 1}
    for run in "abc":
        aws.fails(run)
    operator.turn()
    assert (["b", "1"] in aws.ours(), ["c", "1"] in aws.ours(), len(aws.messages)) == (True, True, 1)


def test_two_operators_by_mistake_start_a_run_once(aws):
    one, other = Operator(aws), Operator(aws)
    aws.fails("run-a")
    aws.loses("x")
    one.turn()
    aws.fails("run-a")
    aws.unknown = {arn for arn in aws.tasks if arn != f"{TASKS}x"}  # the other does not see yet what the first has started
    other.turn(1)
    assert (aws.calls["RunTask"], sorted(aws.ours()), aws.messages) == (4, [["run-a", "1"], ["x", "1"]], {})


def test_a_flood_of_forged_letters_starts_no_more_than_so_many_tasks(aws):
    operator = Operator(aws)
    aws.count = 10
    for number in range(60):
        aws.fails(f"forged-{number}")
    operator.turn()
    assert len(aws.ours()) == 20
    for _ in range(20):
        operator.turn()
    assert len(aws.ours()) == 30
    assert "no more than 20 tasks are started at once, and 30 in an hour" in operator.told("SpotRunNotRescued")[-1]
    operator.start()  # one that starts anew counts what ECS tells
    operator.turn()
    assert len(aws.ours()) == 30
    for _ in range(60):
        operator.turn()
    assert 30 < len(aws.ours()) <= 60
    aws.expression = "rate(1 minute)"  # of which as many could be genuine
    for _ in range(240):
        operator.turn()
    assert (len(aws.ours()), aws.messages) == (600, {})


def test_a_letter_that_no_schedule_can_have_sent_is_left(aws):
    operator = Operator(aws)
    aws.fails("old", SCHEDULED_TIME="2020-01-01T00:00:00Z")
    aws.fails("early", SCHEDULED_TIME="2027-01-01T00:00:00Z")
    aws.fails("never", SCHEDULED_TIME="soon")
    operator.turn()
    assert (aws.ours(), len(aws.messages), len(operator.told("SpotRunNotRescued"))) == ([], 3, 1)


def test_a_full_queue_of_what_is_not_run_is_not_asked_in_haste(aws):
    operator = Operator(aws)
    for number in range(12):
        aws.fails(f"run-{number}", NO_IMAGE)
    assert operator.turn().again == 60


def test_while_the_stack_is_updated_a_schedule_that_is_ahead_of_its_outputs_is_nobodys_change(aws):
    operator = Operator(aws)
    aws.revision = DEFINITION.replace(":7", ":8")
    aws.fails("run-a")
    aws.loses(0)
    operator.turn(stack="UPDATE_IN_PROGRESS", action=Wait())
    assert (operator.notes, aws.ours(), len(aws.messages)) == ([], [], 1)
    operator.turn()
    assert len(operator.told("SpotRunNotRescued")) == 2  # now it is one
    aws.revision = DEFINITION
    for _ in range(3):
        operator.turn()
    assert (sorted(aws.ours()), aws.messages) == ([["0", "1"], ["run-a", "1"]], {})


def test_a_full_queue_is_emptied_without_waiting(aws):
    operator = Operator(aws)
    for number in range(23):
        aws.fails(f"run-{number}")
    assert operator.turn().again == 1
    assert operator.turn(1).again == 1
    assert operator.turn(1).again == 60
    assert (len(aws.ours()), aws.messages) == (23, {})
