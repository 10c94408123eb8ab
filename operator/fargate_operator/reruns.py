"""Runs that found no Spot are looked for, and run on demand: at the edge, it asks AWS; `runs` decides.

Order makes it safe to be cut off anywhere: what is there already is looked for, then RunTask with the run's token, then the
letter is deleted. What is held in memory saves calls; an operator that starts anew looks anew.
Nothing here fails a reconcile: the app is as ready as it was, and the letter stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from fargate_operator.actions import Await, Discard, Halt, Nothing, Propose, Wait
from fargate_operator.aws.runs import MOST_LETTERS, Refused, Runs
from fargate_operator.conditions import Reason
from fargate_operator.errors import ReconcileError
from fargate_operator.plan import busy
from fargate_operator.queue import Key
from fargate_operator.runs import (
    MOST_AT_ONCE,
    MOST_PAUSE,
    MOST_TOLD,
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
    missing,
    never_started,
    pause,
    schedules,
    started_by,
    target,
    token,
)
from fargate_operator.seen import Note, Seen, timestamp
from fargate_operator.world import World

PACE = 60.0  # seconds between two looks, at most
HASTE = 5.0  # seconds between two, where events tell of the app's tasks
SOON = 1.0  # seconds until the rest of a full queue is looked at


@dataclass(slots=True)
class _Memory:
    """Of one app: until when its look is good, in which state it was, when, what is known of its tasks and what was told."""

    until: datetime
    of: tuple[Any, ...]
    looked: datetime
    settled: dict[str, frozenset[str]] = field(default_factory=dict)  # schedule → tasks that nothing is to be done about
    attempts: dict[str, int] = field(default_factory=dict)  # startedBy → attempts that ECS has refused
    spot: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # status.scheduledTasks.<key>.spot


class Reruns:
    """Looks of all apps, each at most every `PACE` seconds, or health interval where that is shorter."""

    def __init__(self, world: World, health_interval: float) -> None:
        self._world, self._pace = world, min(PACE, health_interval)
        self._held: dict[Key, _Memory] = {}
        self._doubted: set[Key] = set()  # by another thread

    def look(self, key: Key, seen: Seen, *, asked: bool) -> Seen:
        """With what was run on demand, what could not be, and when to come again."""
        found = _to_look_at(seen)
        if not found:
            self.forget(key)
            return seen
        memory, of = self._held.get(key), _of(seen)
        if memory is None:
            memory = self._held[key] = _Memory(seen.now, of, seen.now)
        elif key in self._doubted:
            memory.until = min(memory.until, memory.looked + timedelta(seconds=HASTE))
        if asked or memory.of != of or seen.now >= memory.until:
            self._doubted.discard(key)  # before it is looked: a doubt that comes meanwhile counts
            memory.of, memory.looked, memory.until = of, seen.now, seen.now + timedelta(seconds=self._pace)
            runs = Runs(self._world.clients, seen.region)
            for one in found:
                seen = _Look(runs, one, memory, seen).whole()
        left = max(0.0, (memory.until - seen.now).total_seconds())
        return replace(seen, again=left if seen.again is None else min(left, seen.again), reruns=dict(memory.spot))

    def last_look(self, key: Key, seen: Seen) -> Seen:
        """Before an update: what waits in queues that it takes away is run while the old stack stands."""
        found = _leaving(seen)
        memory = self._held.get(key) or _Memory(seen.now, _of(seen), seen.now)
        for one in found:
            seen = _Look(Runs(self._world.clients, seen.region), one, memory, seen).whole()
        return replace(seen, reruns=dict(memory.spot)) if found else seen

    def doubt(self, key: Key) -> None:
        """Something has happened to its tasks: a look is due at the next turn, but some seconds after the last one."""
        self._doubted.add(key)

    def forget(self, key: Key) -> None:
        """It is not to be looked after any more."""
        self._held.pop(key, None)
        self._doubted.discard(key)


# The stack has come up once, and is not being deleted: what its schedules start runs, whatever becomes of an update.
_UP = ("CREATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_")


def _leaving(seen: Seen) -> tuple[Schedule, ...]:
    stack, app = seen.stack, seen.app
    if stack is None or app is None or not seen.owned or not stack.status.startswith(_UP):
        return ()
    return leaving(app, stack.outputs)


def _to_look_at(seen: Seen) -> tuple[Schedule, ...]:
    stack, app = seen.stack, seen.app
    if stack is None or app is None or app.spec.suspend or not seen.owned or not stack.status.startswith(_UP):
        return ()
    if not isinstance(seen.action, Nothing | Halt | Wait | Await | Propose | Discard):
        return ()  # its stack changes just now
    return schedules(app, stack.outputs)


def _of(seen: Seen) -> tuple[Any, ...]:
    return seen.generation, seen.stack and seen.stack.id


class _Look:
    """One look at one schedule."""

    def __init__(self, runs: Runs, schedule: Schedule, memory: _Memory, seen: Seen) -> None:
        self._runs, self._schedule, self._memory, self._seen = runs, schedule, memory, seen
        self._tasks: tuple[Task, ...] | None = None
        self._goal: Target | Unlike | None = None
        self._asked = 0  # RunTasks

    def whole(self) -> Seen:
        """Letters, then tasks that never started; the one does not keep from the other."""
        for part in (self._letters, self._stopped):
            try:
                part()
            except ReconcileError as error:
                self._tell("Warning", Reason.SpotRunNotRescued, f"its runs cannot be looked at: {error.message}")
        return self._seen

    # ── dead letters ─────────────────────────────────────────────────────────────

    def _letters(self) -> None:
        letters = self._runs.letters(self._schedule)
        done = [self._letter(one) for one in letters]
        if len(letters) == MOST_LETTERS and any(done):
            self._memory.until = self._seen.now + timedelta(seconds=SOON)

    def _letter(self, one: Letter) -> bool:
        """Whether it is dealt with."""
        kind = kind_of(one, self._schedule, self._seen.now)
        try:
            if kind is Kind.Unplaced:
                return self._unplaced(one)
            self._left(one, kind)
        except ReconcileError as error:  # one that SQS neither deletes nor puts off is received again, by its visibility
            said = f"a message in its queue stays as it is for now: {error.message[:MOST_TOLD]}"
            self._tell("Warning", Reason.SpotRunNotRescued, said)
        return False

    def _unplaced(self, one: Letter) -> bool:
        try:
            goal = self._target()
            done = isinstance(goal, Target) and self._make_up(missing(one, self._schedule, goal, self._there()), goal)
            if isinstance(goal, Unlike):
                self._unlike(one.execution_id, goal)
        except ReconcileError as error:
            self._not_run(one.execution_id, error.message)
            done = False
        if done:
            self._runs.delete(self._schedule, one)
        else:
            self._runs.put_off(self._schedule, one, pause(one.received))
        return done

    def _left(self, one: Letter, kind: Kind) -> None:
        """It is not run. SQS hands it on to the queue that the user has named; where there is none it lies here."""
        handed_on = self._handed_on()
        where = "its deadLetterQueueArn gets it" if handed_on else "it stays in the schedule's own queue for 4 days"
        if kind is Kind.Foreign:
            said = (
                f"a message in its queue names another schedule, or a time from which none can lie there; it is not run; {where}"
            )
            self._tell("Warning", Reason.SpotRunNotRescued, said)
        else:
            said = f"execution {one.execution_id} was not started: {one.error[:MOST_TOLD] or 'no reason is known'}; {where}"
            self._tell("Warning", Reason.ScheduledRunFailed, said)
        if not handed_on:
            self._runs.put_off(self._schedule, one, MOST_PAUSE)

    def _handed_on(self) -> bool:
        app = self._seen.app
        spec = (app.spec.scheduled_tasks or {}).get(self._schedule.key) if app else None
        return bool(spec and spec.dead_letter_queue_arn)

    # ── tasks that never started ─────────────────────────────────────────────────

    def _stopped(self) -> None:
        listed = self._runs.listed(self._schedule, "STOPPED")
        settled = listed & self._memory.settled.get(self._schedule.arn, frozenset())
        fresh = listed - settled
        described = self._runs.described(self._schedule, fresh) if fresh else ()
        over = {one.arn for one in described if one.over}  # of what DescribeTasks does not know yet it tells at the next look
        open_: set[str] = set()
        for one in never_started(self._schedule, described):
            try:
                goal = self._target()
                if isinstance(goal, Unlike):
                    self._unlike(one.id, goal)
                if not isinstance(goal, Target) or not self._make_up(Run(one.id), goal):
                    open_.add(one.arn)
            except ReconcileError as error:
                self._not_run(one.id, error.message)
                open_.add(one.arn)
        self._memory.settled[self._schedule.arn] = settled | (over - open_)

    # ── what both do ─────────────────────────────────────────────────────────────

    def _target(self) -> Target | Unlike:
        """What to run, asked once a look and only when there is something to run."""
        if self._goal is None:
            self._goal = target(self._runs.schedule(self._schedule), self._schedule)
        return self._goal

    def _there(self) -> tuple[Task, ...]:
        """All tasks of the family that ECS knows, asked once a look and only when there is something to run."""
        if self._tasks is None:
            arns = self._runs.listed(self._schedule, "RUNNING") | self._runs.listed(self._schedule, "STOPPED")
            self._tasks = self._runs.described(self._schedule, arns)
        return self._tasks

    def _make_up(self, run: Run, goal: Target) -> bool:
        """Start what is not there of a run; whether all of it is."""
        made = [self._start(run, ordinal, goal) for ordinal in range(1, run.count + 1)]
        return all(made)

    def _start(self, run: Run, ordinal: int, goal: Target) -> bool:
        by = started_by(self._schedule, run, ordinal)
        if there := next((one for one in self._there() if one.started_by == by), None):
            self._count(run, there.arn, there.created_at, found=True)
            return True
        if self._asked >= MOST_AT_ONCE or lately(self._schedule, self._there(), self._seen.now) >= goal.hourly:
            self._not_run(run.id, f"no more than {MOST_AT_ONCE} tasks are started at once, and {goal.hourly} in an hour")
            return False
        self._asked += 1
        attempt = self._memory.attempts.get(by, 0) + 1
        started = self._runs.run({**goal.parameters, "startedBy": by, "clientToken": token(run, ordinal, attempt)})
        if isinstance(started, Refused):
            self._memory.attempts[by] = attempt
            self._not_run(run.id, started.reason)
            return False
        self._memory.attempts.pop(by, None)
        self._tasks = (*self._there(), Task(started.task_arn, by, created_at=started.at or self._seen.now))
        self._count(run, started.task_arn, started.at, found=False)
        return True

    def _count(self, run: Run, arn: str, at: datetime | None, *, found: bool) -> None:
        """Tell of a task and count it, unless the status, which an earlier operator may have written, has it already."""
        known = self._known()
        last = known.get("lastRescuedAt", "")
        moment = timestamp(at or self._seen.now) or ""
        if found and moment <= last:
            return
        self._memory.spot[self._schedule.key] = {"rescued": int(known.get("rescued", 0)) + 1, "lastRescuedAt": max(moment, last)}
        said = f"no Spot capacity for the run {run.id}, it runs on demand as {arn}"
        self._tell("Normal", Reason.SpotRunRescued, said)

    def _known(self) -> Mapping[str, Any]:
        key = self._schedule.key
        told: Mapping[str, Any] = ((self._seen.previous.get("scheduledTasks") or {}).get(key) or {}).get("spot") or {}
        mine = self._memory.spot.get(key, {})
        return mine if mine.get("rescued", 0) > told.get("rescued", 0) else told

    def _unlike(self, run: str, goal: Unlike) -> None:
        """While the stack is updated its outputs tell the old schedule: nobody has changed it by hand."""
        if self._seen.stack is None or not busy(self._seen.stack.status):
            self._not_run(run, goal.reason)

    def _not_run(self, run: str, why: str) -> None:
        self._tell("Warning", Reason.SpotRunNotRescued, f"the run {run} cannot be run on demand yet: {why[:MOST_TOLD]}")

    def _tell(self, kind: str, reason: Reason, message: str) -> None:
        note = Note(kind, reason, f"scheduledTasks.{self._schedule.key}: {message}")
        if note not in self._seen.notes:
            self._seen = replace(self._seen, notes=(*self._seen.notes, note))
