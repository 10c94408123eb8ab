"""What is told of Spot: in the status, its conditions, Events; and what stays recorded, whatever becomes of the turn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fargate_operator.actions import Create, Halt, Nothing, Wait
from fargate_operator.conditions import Reason
from fargate_operator.drift import excuses
from fargate_operator.errors import Fault, InvalidSpec, Transient
from fargate_operator.facts import Facts, pins
from fargate_operator.fallback import due, fallen, moment
from fargate_operator.observation import Share, Stop
from fargate_operator.pace import Outcome, outcome
from fargate_operator.parsing import parse_app
from fargate_operator.seen import condition
from fargate_operator.spot import Interruptions, counted
from fargate_operator.spot_status import excused, fallbacks, interruptions, news, recorded
from fargate_operator.status import summarize, transitions
from test_model import manifest
from test_status import NOW, seen, service

WORDS = "Capacity is unavailable at this time"
APP = parse_app(manifest(services={"web": {"image": "app", "spot": True}}))
PLAIN = parse_app(manifest(services={"web": {"image": "app"}}))
ON_SPOT, ON_DEMAND = (Share("FARGATE_SPOT", 1),), (Share("FARGATE", 1),)
FALLEN = fallen(None, NOW, 900.0, WORDS)
RETURNED = due({"web": FALLEN}, moment(FALLEN.until), 900.0)["web"]
STOP = Stop("task/c/" + "1" * 32, "SpotInterruption", at=NOW)


def one(strategy=ON_SPOT, app=APP, **more):
    return seen(app=app, **{"services": {"web": service(strategy=strategy)}, **more})


def spot_of(status):
    return status["services"]["web"].get("spot")


def test_on_spot_the_status_says_so_and_nothing_else():
    status = summarize(one(spot={}, interrupted={}))
    assert spot_of(status) == {"capacity": "Spot", "interruptions": 0}
    assert "pins" not in status
    assert condition(status, "WorkloadsReady")["message"] == ""


def test_of_a_service_that_does_not_want_spot_nothing_is_told():
    assert spot_of(summarize(one(ON_DEMAND, app=PLAIN, spot={}))) is None


def test_on_demand_the_status_and_the_condition_say_until_when_and_why():
    status = summarize(one(ON_DEMAND, spot={"web": FALLEN}))
    assert spot_of(status) == {"capacity": "OnDemand", "interruptions": 0, "until": "2026-01-02T03:19:05Z", "message": WORDS}
    workloads = condition(status, "WorkloadsReady")
    assert (workloads["status"], workloads["message"]) == ("True", f"web: on demand until 2026-01-02T03:19:05Z: {WORDS}")
    assert condition(status, "Ready")["status"] == "True"


def test_while_tasks_move_the_condition_says_both():
    moving = service(strategy=ON_DEMAND, rollout="IN_PROGRESS", running=0)
    message = condition(summarize(one(services={"web": moving}, spot={"web": FALLEN})), "WorkloadsReady")["message"]
    assert message.startswith("web: the rollout is under way")
    assert message.endswith(f"; web: on demand until 2026-01-02T03:19:05Z: {WORDS}")


BEFORE = summarize(one(ON_DEMAND, spot={"web": FALLEN}, interrupted={"web": counted(Interruptions(), [STOP], NOW)}))


@pytest.mark.parametrize(
    "changes",
    [
        {"error": Transient("Throttled", "x"), "action": None},
        {"error": Transient("Throttled", "x"), "action": None, "stack": None, "app": None},
        {"error": InvalidSpec([Fault("spec.cpu", "is wrong")]), "action": None, "app": None, "generation": 4},
        {"stack": None, "action": Create()},  # of one that was deleted to be made again
        {"stack": None, "action": Halt("CreateFailed", "why")},
        {"status": "CREATE_IN_PROGRESS", "action": Wait(), "services": None},
    ],
)
def test_what_is_known_of_spot_outlives_turns_that_come_to_nothing(changes):
    status = summarize(replace_seen(changes))
    assert recorded(status) == {"web": FALLEN}
    assert interruptions(status)["web"].count == 1


def replace_seen(changes):
    known = {"previous": BEFORE, "app": APP, "services": None, **changes}
    status, action = known.pop("status", "UPDATE_COMPLETE"), known.pop("action")
    return replace(seen(status, action, **known), action=action)


def test_what_the_spec_has_no_use_for_is_forgotten():
    status = summarize(one(ON_DEMAND, app=PLAIN, previous=BEFORE, spot={}, generation=4))
    assert (recorded(status), interruptions(status)) == ({}, {})


def test_a_service_that_was_not_looked_at_keeps_what_was_told_of_it():
    status = summarize(one(previous=BEFORE, services=None, spot={"web": FALLEN}))
    assert spot_of(status) == spot_of(BEFORE) == {
        "capacity": "OnDemand", "interruptions": 1, "lastInterruptedAt": "2026-01-02T03:04:05Z", "until": FALLEN.until, "message": WORDS,
    }  # fmt: skip


# ── Events ──────────────────────────────────────────────────────────────────────


def told(old, new):
    return [(kind, str(reason)) for kind, reason, _ in news(old, new)]


CALM = summarize(one(spot={}, interrupted={}))
BACK = summarize(one(ON_SPOT, previous=BEFORE, spot={"web": RETURNED}))
ON_THE_WAY = summarize(one(ON_DEMAND, previous=BEFORE, spot={"web": RETURNED}))
UNAVAILABLE, RESTORED, INTERRUPTED = (
    ("Warning", Reason.SpotUnavailable), ("Normal", Reason.SpotRestored), ("Warning", Reason.SpotInterrupted),
)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "events"),
    [
        (CALM, CALM, []),
        ({}, CALM, []),
        (CALM, BEFORE, [UNAVAILABLE, INTERRUPTED]),
        (BEFORE, BEFORE, []),
        (BEFORE, ON_THE_WAY, []),
        (ON_THE_WAY, BACK, [RESTORED]),
        (BEFORE, BACK, [RESTORED]),
        (BACK, BACK, []),
        (BACK, summarize(one(ON_DEMAND, previous=BACK, spot={"web": fallen(RETURNED, NOW, 900.0, WORDS)})), [UNAVAILABLE]),
    ],
)
def test_each_change_is_told_once(old, new, events):
    assert told(old, new) == events
    assert [(one.type, one.reason) for one in transitions(old, new) if one.reason.startswith("Spot")] == events


def test_further_interruptions_of_a_burst_are_not_told():
    more = counted(
        interruptions(BEFORE)["web"], [replace(STOP, task_arn="task/c/" + "2" * 32, at=NOW + timedelta(minutes=9))], NOW
    )
    later = counted(more, [replace(STOP, task_arn="task/c/" + "3" * 32, at=NOW + timedelta(minutes=20))], NOW)
    same, other = (
        summarize(one(ON_DEMAND, previous=BEFORE, spot={"web": FALLEN}, interrupted={"web": each})) for each in (more, later)
    )
    assert told(BEFORE, same) == []
    assert next(iter(news(same, other)))[2] == "web: Spot takes back 1 task as of 2026-01-02T03:24:05Z; ECS starts others"


def test_what_another_version_recorded_is_no_trouble():
    odd = {"pins": {"spot": {"web": {"bogus": 1}}, "interrupted": {"web": {"count": "x", "seen": 3}, "api": 4}}}
    assert recorded(odd) == {}
    assert interruptions(odd) == {"web": Interruptions(), "api": Interruptions()}
    assert summarize(one(previous={**odd, "observedGeneration": 3}))["services"]["web"]["spot"]["interruptions"] == 0


@pytest.mark.parametrize(
    "odd",
    [{"until": 5}, {"since": None}, {"since": ["x"]}, {"on_demand": "yes"}, {"repeats": "2"}, {"repeats": -3}, {"repeats": 10**400},
     {"reason": {}}],
)  # fmt: skip
def test_a_fallback_with_a_field_of_another_type_is_none(odd):
    written = pins(Facts("1", "eu-west-1", spot={"web": FALLEN}))
    written["spot"]["web"] |= odd
    assert recorded({"pins": written}) == {}


# ── what others make of it ──────────────────────────────────────────────────────


def test_that_the_service_left_spot_is_no_drift():
    moved = excused(one(ON_DEMAND, spot={"web": FALLEN}))
    assert "CapacityProviderStrategy" in excuses(APP, (), moved).resources["WebService"]
    assert "WebService" not in excuses(APP, (), excused(one(spot={}))).resources


def test_a_stack_that_is_made_is_looked_at_for_the_sake_of_spot_and_ever_more_seldom():
    making = seen(
        "CREATE_IN_PROGRESS", Wait(), app=APP, services=None, stack=replace(seen().stack, status="CREATE_IN_PROGRESS", outputs={})
    )
    status = summarize(making)
    assert outcome(making, status, 300.0, 900.0) == Outcome(10.0)
    assert outcome(replace(making, now=NOW + timedelta(seconds=80)), status, 300.0, 900.0) == Outcome(20.0)
    assert outcome(replace(making, app=PLAIN), status, 300.0, 900.0) == Outcome(60.0)


def test_fallbacks_are_recorded_as_other_facts_are():
    facts = Facts("1", "eu-west-1", spot={"web": FALLEN, "api": RETURNED})
    assert recorded({"pins": pins(facts)}) == facts.spot
    assert fallbacks(one(previous={"pins": pins(facts)})) == facts.spot
    assert isinstance(one().action, Nothing)
    assert NOW.tzinfo == UTC == datetime.fromisoformat(FALLEN.since).tzinfo
