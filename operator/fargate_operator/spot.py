"""What ECS tells of Spot, and what follows: no capacity, interruptions, and where a service is to run. Pure.

The words and codes are ECS's own: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from fargate_operator.facts import Fallback
from fargate_operator.fallback import fallen, moment
from fargate_operator.observation import ServiceEvent, ServiceObservation, Share, Stop
from fargate_operator.seen import timestamp
from fargate_operator.shortage import excerpt, lacks_capacity

ON_SPOT, ON_DEMAND, MIXED = "Spot", "OnDemand", "Mixed"
FRESH = timedelta(minutes=15)  # a word that is older tells nothing of now
PLACED = timedelta(minutes=3)  # tasks that were started so long after a word have found their place since
BURST = timedelta(minutes=10)  # between two interruptions that are told of together; and in which as many as all are too many
INTERRUPTED = frozenset({"SpotInterruption", "TerminationNotice"})  # the notice comes first, on the same task
NOT_STARTED = "TaskFailedToStart"
MANY = 50  # as many as that are too many to lose in a burst, however many the service has
KEPT = timedelta(minutes=70)  # for which an interruption is remembered: ECS lists a stopped task for an hour
ALREADY = "it ran on demand already"


@dataclass(frozen=True, slots=True)
class Interruptions:
    """How many of a service's tasks Spot has taken back, when the last, and when the burst that it is of began; RFC 3339.

    `seen` are those that are counted, as ``<beginning of the task's id>@<Unix time>``: ECS lists a stopped task for an hour, so
    that the same is read again and again, first with its notice and then with its end.
    """

    count: int = 0
    last: str = ""
    burst: str = ""
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one service.

    `settled`: the stack rests, and has the template of the spec and these facts. `kept`: it rests, and does not get that template
    by itself.
    `going_back`: a rollback of the stack brings the service what it had before, or would.
    """

    service: ServiceObservation
    fallback: Fallback | None
    settled: bool
    now: datetime
    base: float  # the first cool-down, in seconds
    kept: bool = False
    going_back: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """The fallback from now on, and where the service must be moved to at once, if anywhere."""

    fallback: Fallback | None
    move: Literal["", "Spot", "OnDemand"] = ""


def runs_on(strategy: Iterable[Share]) -> str:
    """Spot, OnDemand or Mixed; empty where the service has no strategy."""
    used = {one.provider for one in strategy if one.weight or one.base}
    if "FARGATE_SPOT" not in used:
        return ON_DEMAND if "FARGATE" in used else ""
    return MIXED if "FARGATE" in used else ON_SPOT


def judge(case: Case) -> Judgement:
    """Twice is once: what was decided and done, and is seen again, changes nothing."""
    known, there = case.fallback, runs_on(case.service.strategy)
    if case.service.status != "ACTIVE":
        return Judgement(known)
    away: Literal["", "OnDemand"] = "OnDemand" if there in (ON_SPOT, MIXED) else ""
    if known and known.on_demand:  # a rollback of the stack may have brought it back to Spot meanwhile
        return Judgement(known, "" if _returned(case.service) or _in_the_way(case) else away)
    if reason := no_capacity(case.service, moment(known.since) if known else None, case.now):
        return Judgement(fallen(known, case.now, case.base, reason), away)
    if there != ON_DEMAND:
        return Judgement(known)
    if known and case.settled and _moved_since(case.service, moment(known.since)):  # by one that was killed before it wrote so
        return Judgement(fallen(known, case.now, case.base, ALREADY))
    if known:  # no update would bring it back: the template says Spot all the time
        return Judgement(known, "Spot" if case.settled or case.kept else "")
    return Judgement(fallen(None, case.now, case.base, ALREADY) if case.settled else None)


def _returned(service: ServiceObservation) -> bool:
    """Whether ECS has rolled the move itself back, and runs all tasks where they were: moved again, it would go round."""
    rolled_back = service.rollout == "FAILED" or "rolling back" in service.rollout_reason.lower()
    return rolled_back and service.running >= service.desired and not service.lacking


def _in_the_way(case: Case) -> bool:
    """Whether a rollback has just brought it to Spot, or is about to, and ECS has not said since that there is no capacity."""
    return case.going_back and not no_capacity(case.service, case.service.deployed_at, case.now)


def _moved_since(service: ServiceObservation, since: datetime) -> bool:
    """Whether it runs where it does by a deployment that is younger than its return to Spot."""
    return service.deployed_at is not None and service.deployed_at > since


# ── no capacity ─────────────────────────────────────────────────────────────────


def no_capacity(service: ServiceObservation, since: datetime | None, now: datetime) -> str:
    """Why the service does not get the tasks that it wants, in ECS's words; empty where it is not for want of capacity.

    Only what happened after `since` counts, the last change between Spot and on demand, and after the last steady state.
    """
    if not service.desired or not (service.running < service.desired or service.lacking):
        return ""
    steady = [one.at for one in service.events if "steady state" in one.message]  # what was before is mended
    after = max([now - FRESH, *steady, *([since] if since else [])])
    return _refused(service.events, after) or _not_started(service.stops, after) or _taken_back(service, after, now)


def _refused(events: Iterable[ServiceEvent], after: datetime) -> str:
    """In the newest such word. Where tasks were started long after it, they are missing for another reason: they crash."""
    told = [one for one in events if one.at > after]
    words = [one for one in told if lacks_capacity(one.message)]
    if not words:
        return ""
    newest = max(words, key=lambda one: one.at)
    placed = any("has started" in one.message and one.at - newest.at >= PLACED for one in told)
    return "" if placed else excerpt(newest.message)


def _not_started(stops: Iterable[Stop], after: datetime) -> str:
    """By its code: of what has run, the reason may be anybody's words."""
    ours = [one for one in stops if one.code == NOT_STARTED and one.provider in ("", "FARGATE_SPOT")]
    found = [one for one in ours if one.at and one.at > after and lacks_capacity(one.reason)]
    return excerpt(found[0].reason) if found else ""


def _taken_back(service: ServiceObservation, after: datetime, now: datetime) -> str:
    """Faster than they start: all at once, so to speak, and others are not there yet."""
    since = max(after, now - BURST)
    count = len({one.task_arn for one in service.stops if one.code in INTERRUPTED and one.at and one.at > since})
    if count < max(2, min(service.desired, MANY)) or service.running >= service.desired:
        return ""
    return f"{count} tasks were interrupted within {int(BURST.total_seconds() // 60)} minutes, faster than others start"


# ── interruptions ───────────────────────────────────────────────────────────────


def counted(before: Interruptions, stops: Iterable[Stop], now: datetime) -> Interruptions:
    """With those that were not counted yet, each once."""
    known = dict(_entry(one, now) for one in before.seen)
    listed = {one.task_arn.rpartition("/")[2][:8]: one.at or now for one in stops if one.code in INTERRUPTED}
    fresh = sorted((at, name) for name, at in listed.items() if name not in known and at > now - KEPT)
    if not fresh:
        return before
    last, burst = before.last, before.burst
    for at, _ in fresh:
        if not last or at - moment(last) > BURST:
            burst = timestamp(at) or ""
        last = max(last, timestamp(at) or "")
    kept = {name: at for name, at in known.items() if at > (now - KEPT).timestamp()}
    kept |= {name: int(at.timestamp()) for at, name in fresh}
    seen = tuple(f"{name}@{at}" for name, at in kept.items())
    return replace(before, count=before.count + len(fresh), last=last, burst=burst, seen=seen)


def _entry(written: str, now: datetime) -> tuple[str, int]:
    """The task, and when; now where another version has not written that."""
    name, _, at = written.partition("@")
    return name, int(at) if re.fullmatch("[0-9]{1,12}", at) else int(now.timestamp())
