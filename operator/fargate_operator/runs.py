"""Runs of scheduled tasks that found no Spot: which they are, and what to start on demand in their place. Pure; `reruns` acts.

A run is lost in one of two ways. Scheduler's RunTask fails: Scheduler sends a dead letter to the schedule's own queue. Or RunTask
succeeds, and the task stops before it has started. Both are run again by RunTask, each task once: what is started carries the
run's name in startedBy, and is looked for before another is started.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html for the letter's attributes and
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html for the client token.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from fargate_operator import names, shortage
from fargate_operator.fragments.schedule import apart
from fargate_operator.fragments.spot_queue import RETENTION
from fargate_operator.model import App

MOST_TOLD = 300  # characters of AWS's words in an Event
# How Scheduler names itself in startedBy; ours names the schedule and the run, too.
SCHEDULER, OURS = "chronos-schedule", "fargate-operator"
# How long ago a run may have been scheduled: a day of flexible window, a day of Scheduler's tries, and what the queue keeps.
OLDEST, SKEW = timedelta(days=2, seconds=RETENTION), timedelta(minutes=5)
# Tasks started for one schedule in one look, and in an hour, whatever letters say: who can send to the queue can forge them.
MOST_AT_ONCE, MOST_HOURLY = 20, 30
FIRST_PAUSE, MOST_PAUSE = 60, 3600  # seconds until a run that could not be started is tried again


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule of the app's own that may find no Spot, as its stack's outputs tell."""

    key: str
    queue_url: str
    arn: str
    task_definition_arn: str
    cluster: str

    @property
    def name(self) -> str:
        """Its name in EventBridge Scheduler."""
        return self.arn.rsplit("/", 1)[-1]

    @property
    def group(self) -> str:
        """Its schedule group."""
        return self.arn.rsplit("/", 2)[-2]

    @property
    def family(self) -> str:
        """Of the task definition, without the revision."""
        return self.task_definition_arn.rsplit("/", 1)[-1].split(":")[0]


def schedules(app: App, outputs: Mapping[str, str]) -> tuple[Schedule, ...]:
    """Those of the spec that the stack has; what a stack does not tell whole is left out."""
    keys = [key for key, one in sorted((app.spec.scheduled_tasks or {}).items()) if one.on_spot()]
    return _told({names.spot_runs_output(key): key for key in keys}, outputs)


def leaving(app: App, outputs: Mapping[str, str]) -> tuple[Schedule, ...]:
    """Those that the stack has and the spec has not, or not on Spot; one whose key is gone is named as its logical ID is."""
    had = {one: one.removeprefix(names.SPOT_OUTPUTS).removesuffix("Runs") for one in sorted(outputs)}
    keys = {names.spot_runs_output(key): key for key in app.spec.scheduled_tasks or {}}
    kept = {names.spot_runs_output(one.key) for one in schedules(app, outputs)}
    gone = [one for one, stem in had.items() if one == names.SPOT_OUTPUTS + stem + "Runs" and one not in kept]
    return _told({one: keys.get(one, had[one]) for one in gone}, outputs)


def _told(keys: Mapping[str, str], outputs: Mapping[str, str]) -> tuple[Schedule, ...]:
    parts = {key: outputs.get(name, "").split(",") for name, key in keys.items()}
    return tuple(Schedule(key, *each) for key, each in parts.items() if len(each) == 4 and all(each))


# ── dead letters ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of the queue; empty where it has no such attribute. `received` counts how often SQS has handed it out."""

    receipt: str
    schedule_arn: str = ""
    execution_id: str = ""
    error: str = ""
    scheduled_at: datetime | None = None
    sent_at: datetime | None = None
    received: int = 1


class Kind(Enum):
    """What a letter is."""

    Unplaced = auto()  # ECS had no place for it: to be run on demand
    Failed = auto()  # for another reason, which running it on demand would not help
    Foreign = auto()  # not this schedule's, or not readable


def letter(message: Mapping[str, Any]) -> Letter:
    """A message as ReceiveMessage gives it, read as far as it can be; raises nothing."""
    given = _mapping(message.get("MessageAttributes"))
    texts = {name: str(_mapping(one).get("StringValue") or "") for name, one in given.items()}
    system = _mapping(message.get("Attributes"))
    sent, received = str(system.get("SentTimestamp", "")), str(system.get("ApproximateReceiveCount", ""))
    words = [texts.get(name, "") for name in ("ERROR_CODE", "ERROR_MESSAGE")]
    return Letter(
        receipt=str(message.get("ReceiptHandle", "")),
        schedule_arn=texts.get("SCHEDULE_ARN", ""),
        execution_id=texts.get("EXECUTION_ID", ""),
        error=": ".join(word for word in words if word),
        scheduled_at=_moment(texts.get("SCHEDULED_TIME", "")),
        sent_at=datetime.fromtimestamp(int(sent) / 1000, UTC) if re.fullmatch("[0-9]{1,13}", sent) else None,
        received=int(received) if re.fullmatch("[0-9]{1,6}", received) else 1,
    )


def kind_of(one: Letter, schedule: Schedule, now: datetime) -> Kind:
    """What is to become of a letter in the queue of `schedule`."""
    if one.schedule_arn != schedule.arn or not re.fullmatch(r"[!-~]{1,256}", one.execution_id):
        return Kind.Foreign
    if one.scheduled_at is None or not now - OLDEST <= one.scheduled_at <= now + SKEW:
        return Kind.Foreign
    return Kind.Unplaced if unplaced(one.error) else Kind.Failed


# No capacity, and ECS's refusal to be asked so often: then nothing was started either, and Scheduler would have tried for a day,
# had the template not cut it short.
_UNPLACED = (*shortage.WORDS, "throttl", "rate exceeded", "too many requests", "toomanyrequests")


def unplaced(words: str) -> bool:
    """Whether an error says that the task found no place."""
    return any(one in words.lower() for one in _UNPLACED)


def pause(received: int) -> int:
    """Seconds until a letter that was received so often is tried again."""
    return int(min(MOST_PAUSE, FIRST_PAUSE * 2 ** min(max(received, 1) - 1, 10)))


# ── tasks ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Task:
    """A task as DescribeTasks tells it. ECS forgets one an hour after it has stopped."""

    arn: str
    started_by: str = ""
    stop_code: str = ""
    stopped_reason: str = ""
    created_at: datetime | None = None
    last_status: str = ""

    @property
    def over(self) -> bool:
        """Whether why it stopped is known: ECS lists a task as stopped once it is to stop, and says why later."""
        return self.last_status == "STOPPED" or bool(self.stop_code)

    @property
    def id(self) -> str:
        """The last part of its ARN."""
        return self.arn.rsplit("/", 1)[-1]


def never_started(schedule: Schedule, tasks: Iterable[Task]) -> tuple[Task, ...]:
    """The schedule's tasks that stopped before they started, for want of capacity; what ran in place of one counts as well."""
    return tuple(
        one
        for one in tasks
        if (one.started_by == f"{SCHEDULER}/{schedule.name}" or one.started_by.startswith(_ours(schedule)))
        and one.stop_code == "TaskFailedToStart"
        and unplaced(one.stopped_reason)
    )


def lately(schedule: Schedule, tasks: Iterable[Task], now: datetime) -> int:
    """How many of them the operator has started in the last hour, in which ECS forgets none."""
    since = now - timedelta(hours=1)
    return sum(one.started_by.startswith(_ours(schedule)) and (one.created_at or now) > since for one in tasks)


# ── what to start ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is to be made up for: the execution's id, or that of the task that never started; `count` tasks are missing."""

    id: str
    count: int = 1


def missing(one: Letter, schedule: Schedule, goal: "Target", tasks: Iterable[Task]) -> Run:
    """What of a run did not come about: ECS may have placed some of its tasks, at each of Scheduler's tries.

    Those were made between the scheduled time and the letter. Only where other runs of the schedule may have been tried meanwhile
    can they not be told apart: then whole runs are taken to be others'.
    """
    since, until = one.scheduled_at, one.sent_at
    if since is None or until is None:
        return Run(one.execution_id, goal.count)
    placed = sum(
        task.started_by == f"{SCHEDULER}/{schedule.name}"
        and task.created_at is not None and since <= task.created_at <= until
        for task in tasks
    )  # fmt: skip
    # an earlier run is tried for about as long as this one was
    alone = goal.apart > 2 * (until - since).total_seconds()
    return Run(one.execution_id, max(0, goal.count - placed) if alone else goal.count - placed % goal.count)


def started_by(schedule: Schedule, run: Run, ordinal: int) -> str:
    """By which one of a run's tasks, counted from 1, is found again: up to 128 letters, digits, hyphens, slashes, underscores."""
    short = run.id if re.fullmatch(r"[A-Za-z0-9_-]{1,36}", run.id) else hashlib.sha256(run.id.encode()).hexdigest()[:32]
    return f"{_ours(schedule)}{short}/{ordinal}"


def token(run: Run, ordinal: int, attempt: int) -> str:
    """The client token: the run's id, and what tells apart its further tasks and the attempts at them; at most 64 characters.

    An attempt that ECS answered with a failure has started nothing. The next has a token of its own: ECS may repeat its answer.
    """
    words = [run.id, *([str(ordinal)] if ordinal > 1 or attempt > 1 else []), *([str(attempt)] if attempt > 1 else [])]
    text = "-".join(words)
    return text if len(text) <= 64 else hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Target:
    """What the schedule starts: how many tasks, and RunTask's parameters for one of them on demand.

    `apart` is how many seconds there are at least between the end of the time in which one run begins and the next.
    """

    count: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    apart: int = 0

    @property
    def hourly(self) -> int:
        """Tasks that may be started on demand within an hour: twice as many as the schedule starts, and some at any rate."""
        return max(MOST_HOURLY, 2 * self.count * 3600 // max(60, self.apart))


@dataclass(frozen=True, slots=True)
class Unlike:
    """Why a schedule is not run."""

    reason: str


def target(described: Mapping[str, Any], schedule: Schedule) -> Target | Unlike:
    """GetSchedule's answer as what to run.

    A schedule that somebody has changed by hand is not: nothing is run with the operator's rights that its stack has not made. Of
    what the stack does not set (ECS Exec, a group, tags) nothing is taken over either.
    """
    given = _mapping(described.get("Target"))
    ecs = _mapping(given.get("EcsParameters"))
    if described.get("State") != "ENABLED":
        return Unlike("the schedule is disabled")
    if (given.get("Arn"), ecs.get("TaskDefinitionArn")) != (schedule.cluster, schedule.task_definition_arn) or given.get("Input"):
        return Unlike("the schedule does not start what its stack says, on the stack's cluster")
    network = _mapping(_mapping(ecs.get("NetworkConfiguration")).get("awsvpcConfiguration"))
    body = {f"{name[:1].lower()}{name[1:]}": value for name, value in network.items()}
    parameters = {
        "cluster": schedule.cluster,
        "taskDefinition": schedule.task_definition_arn,
        "count": 1,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": body},
        **({"propagateTags": ecs["PropagateTags"]} if ecs.get("PropagateTags") else {}),
    }
    window = 60 * int(_mapping(described.get("FlexibleTimeWindow")).get("MaximumWindowInMinutes") or 0)
    between = apart(str(described.get("ScheduleExpression", ""))) - window
    return Target(max(1, int(ecs.get("TaskCount") or 1)), parameters, max(0, between))


def _ours(schedule: Schedule) -> str:
    """What begins the startedBy of tasks that the operator has started for it."""
    return f"{OURS}/{re.sub(r'[^A-Za-z0-9_-]', '-', schedule.name)}/"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
