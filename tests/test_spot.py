"""What follows from what ECS tells of a service on Spot: tables of its own words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.facts import Fallback
from fargate_operator.fallback import due, fallen
from fargate_operator.observation import ServiceEvent, ServiceObservation, Share, Stop
from fargate_operator.spot import ALREADY, Case, Interruptions, Judgement, counted, judge, no_capacity, runs_on
from harness.spot import INTERRUPTED, NO_CAPACITY, NOT_STARTED, STARTED, STEADY

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BASE = 900.0
SPOT, PLAIN = (Share("FARGATE_SPOT", 1),), (Share("FARGATE", 1),)
MIX = (Share("FARGATE", 1, 1), Share("FARGATE_SPOT", 4))
WORDS = "Capacity is unavailable at this time"


def ago(minutes):
    return NOW - timedelta(minutes=minutes)


def event(minutes, message=NO_CAPACITY):
    return ServiceEvent(f"{minutes}-{message[:20]}", ago(minutes), message.format(service="web", task="x"))


def stop(minutes, name="1", code="SpotInterruption", reason=INTERRUPTED, provider="FARGATE_SPOT"):
    return Stop("arn:aws:ecs:eu-west-1:1:task/c/" + name.ljust(32, "0"), code, reason, ago(minutes), provider)


def service(**more):
    return ServiceObservation(
        "service", "task", **{"status": "ACTIVE", "desired": 2, "running": 1, "pending": 0, "strategy": SPOT, **more}
    )


def several(count, minutes=2.0):
    return tuple(stop(minutes, str(number).zfill(8) + "x") for number in range(count))


@pytest.mark.parametrize(
    ("strategy", "capacity"),
    [
        ((), ""),
        (SPOT, "Spot"),
        (PLAIN, "OnDemand"),
        (MIX, "Mixed"),
        ((Share("FARGATE", 0, 0), Share("FARGATE_SPOT", 1)), "Spot"),
        ((Share("FARGATE", 0, 1), Share("FARGATE_SPOT", 1)), "Mixed"),
        ((Share("FARGATE", 1), Share("FARGATE_SPOT", 0)), "OnDemand"),
        ((Share("my-instances", 1),), ""),
    ],
)
def test_what_a_strategy_runs_on(strategy, capacity):
    assert runs_on(strategy) == capacity


QUOTA = "You've reached the limit on the number of vCPUs you can run concurrently"
MANY_GONE = "50 tasks were interrupted within 10 minutes, faster than others start"
START = stop(1, code="TaskFailedToStart", reason=NOT_STARTED)


@pytest.mark.parametrize(
    ("told", "since", "why"),
    [
        ({"events": (event(1),)}, None, WORDS),
        ({"events": (event(1, STARTED), event(2))}, None, WORDS),
        ({"events": (event(1),), "running": 2}, None, ""),  # it has what it wants
        ({"events": (event(1),), "running": 2, "lacking": True}, None, WORDS),  # but its new deployment has not
        ({"events": (event(1),), "desired": 0, "running": 0}, None, ""),
        ({"events": (event(1, STEADY), event(2))}, None, ""),  # mended since
        ({"events": (event(2), event(3, STEADY), event(4))}, None, WORDS),
        ({"events": (event(14),)}, None, WORDS),
        ({"events": (event(15),)}, None, ""),  # long ago
        ({"events": (event(1, STARTED), event(4))}, None, ""),  # they have found their place, and crash
        ({"events": (event(1), event(2, STARTED), event(14))}, None, WORDS),
        ({"events": (event(1, STARTED), event(3, STARTED), event(3.5))}, None, WORDS),
        ({"events": (event(0.5, STEADY),), "stops": (START,)}, None, ""),
        ({"events": (event(1, STEADY),), "stops": several(2)}, None, ""),
        ({"events": (event(5),)}, ago(4), ""),  # before it went back to Spot
        ({"events": (event(3),)}, ago(4), WORDS),
        ({"events": (event(1, "(service {service}) was unable to place a task. Reason: You've reached the limit."),)}, None, ""),
        ({"events": (event(1, f"(service {{service}}) was unable to place a task. Reason: {QUOTA}."),)}, None, QUOTA),
        ({"stops": (replace(START, reason=f"{QUOTA}."),)}, None, QUOTA),
        ({"stops": (START,)}, None, WORDS),
        ({"stops": (replace(START, provider="FARGATE"),)}, None, ""),
        ({"stops": (replace(START, provider=""),)}, None, WORDS),
        ({"stops": (replace(START, code="UserInitiated"),)}, None, ""),  # somebody's own words
        ({"stops": (replace(START, at=ago(16)),)}, None, ""),
        ({"stops": several(50), "desired": 200, "running": 150}, None, MANY_GONE),
        ({"stops": several(49), "desired": 200, "running": 150}, None, ""),
        ({"stops": (replace(START, reason="CannotPullContainerError"),)}, None, ""),
        ({"stops": (START,)}, ago(0.5), ""),
        ({"stops": several(1)}, None, ""),  # fewer than there are to be
        ({"stops": several(2)}, None, "2 tasks were interrupted within 10 minutes, faster than others start"),
        ({"stops": several(2), "running": 2}, None, ""),  # others are there already
        ({"stops": several(2, 11.0)}, None, ""),  # one after the other
        ({"stops": (*several(1), *several(1))}, None, ""),  # the same, told twice
        ({"stops": several(2)}, ago(1), ""),
        ({"stops": several(1), "desired": 1, "running": 0}, None, ""),  # it happens
        (
            {"stops": several(2), "desired": 1, "running": 0},
            None,
            "2 tasks were interrupted within 10 minutes, faster than others start",
        ),
    ],
)
def test_why_a_service_does_not_get_its_tasks(told, since, why):
    assert no_capacity(service(**told), since, NOW) == why


@pytest.mark.parametrize(
    ("told", "move"),
    [
        ({"events": (event(1),), "deployed_at": ago(2)}, "OnDemand"),  # CloudFormation waits for it in vain
        ({"events": (event(2),), "deployed_at": ago(1)}, ""),  # it was brought back just now
        ({"events": (event(1),)}, "OnDemand"),
        ({}, ""),
        ({"events": (event(1),), "deployed_at": ago(2), "strategy": PLAIN}, ""),
    ],
)
def test_a_service_is_not_in_the_way_of_a_rollback_that_brings_it_back_to_spot(told, move):
    judged = judge(Case(service(**told), FALLEN, False, NOW, BASE, going_back=True))
    assert judged == Judgement(FALLEN, move)


FALLEN = fallen(None, NOW, BASE, WORDS)
RETURNED = Fallback(False, "2026-01-02T02:00:00Z", "2026-01-02T08:00:00Z", 2, WORDS)
SHORT = {"events": (event(1),)}
CALM = {"running": 2}
BEFORE, AFTER = (datetime(2026, 1, 2, hour, 59, tzinfo=UTC) for hour in (1, 2))  # the return
BREAKER = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1"


@pytest.mark.parametrize(
    ("told", "known", "settled", "expected"),
    [
        ({**CALM}, None, True, Judgement(None)),
        ({**CALM}, RETURNED, True, Judgement(RETURNED)),
        (SHORT, None, False, Judgement(FALLEN, "OnDemand")),
        (SHORT, None, True, Judgement(FALLEN, "OnDemand")),
        ({**SHORT, "strategy": MIX}, None, False, Judgement(FALLEN, "OnDemand")),
        (SHORT, RETURNED, True, Judgement(fallen(RETURNED, NOW, BASE, WORDS), "OnDemand")),
        ({**SHORT, "strategy": PLAIN}, None, False, Judgement(FALLEN)),  # killed right after UpdateService
        (SHORT, FALLEN, False, Judgement(FALLEN, "OnDemand")),  # a rollback brought it back to Spot
        ({**CALM, "strategy": PLAIN}, FALLEN, True, Judgement(FALLEN)),
        ({**CALM, "strategy": PLAIN}, RETURNED, True, Judgement(RETURNED, "Spot")),  # the stack sees no difference
        ({**CALM, "strategy": PLAIN, "deployed_at": BEFORE}, RETURNED, True, Judgement(RETURNED, "Spot")),
        ({**CALM, "strategy": PLAIN, "deployed_at": AFTER}, RETURNED, False, Judgement(RETURNED)),
        ({**CALM, "strategy": PLAIN, "deployed_at": AFTER}, RETURNED, True, Judgement(fallen(RETURNED, NOW, BASE, ALREADY))),
        ({**CALM, "strategy": SPOT, "deployed_at": AFTER}, RETURNED, True, Judgement(RETURNED)),
        ({**CALM, "rollout": "FAILED"}, FALLEN, True, Judgement(FALLEN)),  # the circuit breaker has brought it back
        ({**CALM, "rollout": "IN_PROGRESS", "rollout_reason": BREAKER}, FALLEN, True, Judgement(FALLEN)),
        ({**CALM, "rollout": "FAILED", "running": 1}, FALLEN, True, Judgement(FALLEN, "OnDemand")),
        ({**CALM, "rollout": "FAILED", "lacking": True}, FALLEN, True, Judgement(FALLEN, "OnDemand")),
        (CALM, FALLEN, True, Judgement(FALLEN, "OnDemand")),
        ({**CALM, "strategy": PLAIN}, RETURNED, False, Judgement(RETURNED)),  # the stack brings it back itself
        ({**CALM, "strategy": PLAIN}, None, True, Judgement(fallen(None, NOW, BASE, ALREADY))),  # the status was lost
        ({**CALM, "strategy": PLAIN}, None, False, Judgement(None)),
        ({**CALM, "strategy": ()}, RETURNED, True, Judgement(RETURNED)),
        ({**SHORT, "status": "DRAINING"}, None, False, Judgement(None)),
        ({**SHORT, "status": "INACTIVE"}, FALLEN, False, Judgement(FALLEN)),
    ],
)
def test_where_a_service_is_to_run(told, known, settled, expected):
    assert judge(Case(service(**told), known, settled, NOW, BASE)) == expected


SHARES = st.sampled_from([SPOT, PLAIN, MIX, ()])
EVENTS = st.lists(st.builds(event, st.floats(0, 120), st.sampled_from([NO_CAPACITY, STEADY, STARTED])), max_size=5)
STOPS = st.lists(
    st.builds(
        stop,
        st.floats(0, 120),
        st.sampled_from("abc"),
        st.sampled_from(["SpotInterruption", "TerminationNotice", "UserInitiated"]),
    ),
    max_size=6,
)
KNOWN = st.sampled_from([None, FALLEN, RETURNED])


@given(
    strategy=SHARES,
    events=EVENTS,
    stops=STOPS,
    known=KNOWN,
    settled=st.booleans(),
    running=st.integers(0, 2),
    later=st.floats(0, 899),
)
def test_deciding_twice_is_deciding_once_and_nothing_brings_it_back_inside_the_cool_down(
    strategy, events, stops, known, settled, running, later
):
    newest_first = tuple(sorted(events, key=lambda one: one.at, reverse=True))
    there = service(strategy=strategy, events=newest_first, stops=tuple(stops), running=running)
    first = judge(Case(there, known, settled, NOW, BASE))
    moved = {"": strategy, "Spot": SPOT, "OnDemand": PLAIN}[first.move]
    then = replace(there, strategy=moved)
    assert judge(Case(then, first.fallback, settled, NOW, BASE)) == Judgement(first.fallback)
    if first.fallback and first.fallback.on_demand and first.fallback != known:
        at = NOW + timedelta(seconds=later)
        still = due({"web": first.fallback}, at, BASE).get("web")
        again = judge(Case(then, still, settled, at, BASE))
        assert (again.fallback, again.move) == (first.fallback, "")


# ── interruptions ───────────────────────────────────────────────────────────────


def test_interruptions_are_counted_once_each_though_they_are_told_by_notice_and_by_end():
    notice = stop(2, "a", "TerminationNotice")
    first = counted(Interruptions(), [notice], NOW)
    assert (first.count, first.last, first.burst) == (1, "2026-01-02T03:02:05Z", "2026-01-02T03:02:05Z")
    assert counted(first, [notice, stop(0, "a")], NOW) == first
    assert counted(first, [], NOW) == first
    assert counted(first, [stop(1, "b", "UserInitiated"), stop(1, "c", "EssentialContainerExited")], NOW) == first


def test_interruptions_shortly_after_one_another_are_one_burst():
    first = counted(Interruptions(), several(2, 30.0), NOW)
    second = counted(first, [*several(2, 30.0), stop(22, "b" * 9), stop(15, "c" * 9)], NOW)
    third = counted(second, [stop(1, "d" * 9)], NOW)
    assert [one.count for one in (first, second, third)] == [2, 4, 5]
    assert first.burst == second.burst == "2026-01-02T02:34:05Z"
    assert third.burst == third.last == "2026-01-02T03:03:05Z"


def test_one_that_tells_no_time_is_of_now():
    assert counted(Interruptions(), [replace(stop(1), at=None)], NOW).last == "2026-01-02T03:04:05Z"


NAMES = st.lists(st.integers(0, 10**6).map(lambda number: f"{number:08d}"), unique=True, max_size=120)


@given(looks=st.lists(NAMES, max_size=4))
def test_none_is_lost_and_none_is_counted_twice_while_ecs_lists_it(looks):
    counts, ever = Interruptions(), set()
    for names in looks:
        ever |= set(names)
        listed = [Stop(f"task/c/{one}{'0' * 24}", "SpotInterruption", at=NOW) for one in names]
        counts = counted(counts, listed, NOW)
        assert counted(counts, listed, NOW) == counts
        assert set(names) <= {one.partition("@")[0] for one in counts.seen}
    assert counts.count >= len(ever)
    if len(looks) == 1:
        assert counts.count == len(ever)


def test_a_task_is_remembered_for_longer_than_ecs_lists_it_however_many_there_are():
    counts = Interruptions()
    for minute in range(0, 300, 10):
        now = NOW + timedelta(minutes=minute)
        names = [f"{batch:04d}{number:04d}" for batch in range(max(0, minute - 60), minute + 10, 10) for number in range(40)]
        stops = [Stop(f"task/c/{one}{'0' * 24}", "SpotInterruption", at=NOW + timedelta(minutes=int(one[:4]))) for one in names]
        counts = counted(counts, stops, now)
        assert counted(counts, stops, now) == counts
        assert counts.count == 40 * (minute // 10 + 1)
    assert len(counts.seen) <= 40 * 8
    assert counted(counts, stops, NOW + timedelta(days=1)) == counts  # what is read from memory is not news


@pytest.mark.parametrize("written", ["00000000", "00000000@", "00000000@x", "00000000@²", "00000000@" + "9" * 5000])
def test_what_another_version_has_counted_counts(written):
    known = Interruptions(1, "2026-01-02T03:03:05Z", "2026-01-02T03:03:05Z", (written,))
    assert counted(known, [stop(1, "0" * 8)], NOW) == known
    assert counted(known, [stop(1, "a" * 8)], NOW).count == 2
