"""When a stack's events are worth a call, and when all stacks are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from fargate_operator.errors import Transient
from fargate_operator.observation import Piece, StackObservation
from fargate_operator.operations import StackEvent
from fargate_operator.progress import Progress
from fargate_operator.seen import Seen
from fargate_operator.world import World as RealWorld
from test_plan import OWNER

SHOP, DEADLINE = ("team", "shop"), 900.0
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """One stack's events; counts how often they are read."""

    def __init__(self, *events):
        self.events, self.reads, self.doubted = list(events), 0, 0

    def stacks(self, _):
        return SimpleNamespace(last_operation=self._read)

    def _read(self, *_, **__):
        self.reads += 1
        return self.events

    def doubt(self, *_):
        self.doubted += 1


def event(name, status, after, *, own=False):
    return StackEvent(Piece(name, "AWS::ECS::Service", status), BEGAN + timedelta(seconds=after), own=own)


def stack(status="UPDATE_IN_PROGRESS"):
    return StackObservation("shop", "id", status, owner=OWNER, updated_at=BEGAN)


def seen(after, since=0):
    moment = (BEGAN + timedelta(seconds=since)).strftime("%Y-%m-%dT%H:%M:%SZ")
    waits = {"type": "Reconciling", "status": "True", "lastTransitionTime": moment}
    return Seen({"conditions": [waits]}, 1, BEGAN + timedelta(seconds=after))


def test_before_the_deadline_nothing_is_read():
    world = World()
    for when in (seen(899), seen(1000, since=200), replace(seen(10_000), previous={})):
        assert Progress(world, DEADLINE).look(SHOP, when, stack()) == stack()
    assert world.reads == 0


@pytest.mark.parametrize(("last", "expected"), [(100, True), (101, False), (900, False)])
def test_the_last_event_decides(last, expected):
    world = World(event("Web", "UPDATE_IN_PROGRESS", last), event("shop", "UPDATE_IN_PROGRESS", 0, own=True))
    found = Progress(world, DEADLINE).look(SHOP, seen(1000), stack())
    assert (found.still, found.event_at, [one.logical_id for one in found.pieces]) == (
        expected,
        BEGAN + timedelta(seconds=last),
        ["Web"],
    )
    assert (world.reads, world.doubted) == (1, 0)


def test_a_stack_that_has_gone_on_to_another_state_is_looked_at_anew():
    world = World(event("shop", "UPDATE_ROLLBACK_IN_PROGRESS", 50, own=True))
    Progress(world, DEADLINE).look(SHOP, seen(1000), stack())
    assert world.doubted == 1


def test_what_failed_is_read_once_for_each_failure():
    world = World(event("shop", "DELETE_FAILED", 5, own=True), event("Bucket", "DELETE_FAILED", 4))
    progress, failed = Progress(world, DEADLINE), stack("DELETE_FAILED")
    known = {"stack": {"id": "id", "status": "DELETE_FAILED", "updatedAt": "2026-01-01T00:00:00Z"}}
    for _ in range(3):
        found = progress.look(SHOP, Seen(known, 1, BEGAN), failed)
        assert [one.logical_id for one in found.pieces] == ["Bucket"]
    assert world.reads == 1
    progress.look(SHOP, Seen({"stack": {"id": "id", "status": "DELETE_IN_PROGRESS"}}, 1, BEGAN), failed)
    assert world.reads == 2


class Stacks:
    """All the stacks of a region."""

    def __init__(self, *there):
        self.there, self.looks, self.described, self.broken = list(there), 0, [], False

    def describe_all(self):
        self.looks += 1
        if self.broken:
            raise Transient("Throttled", "slow down")
        return iter(self.there)

    def describe(self, found):
        self.described.append(found)
        return next((one for one in self.there if one.id == found), None)


@pytest.fixture
def surveyed(monkeypatch):
    rests = [StackObservation(name, f"id-{name}", "UPDATE_COMPLETE", updated_at=BEGAN) for name in ("a", "b", "c", "d")]
    stacks, clock = Stacks(*rests), SimpleNamespace(now=100.0)
    monkeypatch.setattr("fargate_operator.world.Stacks", lambda *_: stacks)
    monkeypatch.setattr("fargate_operator.world.time", SimpleNamespace(monotonic=lambda: clock.now))
    world = RealWorld(SimpleNamespace())
    world.stacks("r")
    return world, stacks, clock


def test_a_survey_puts_in_doubt_what_is_gone_or_has_changed_at_rest(surveyed):
    world, stacks, clock = surveyed
    world.put("r", replace(stacks.there[3], status="UPDATE_IN_PROGRESS"))
    stacks.there = [replace(stacks.there[1], updated_at=BEGAN + timedelta(seconds=1)), stacks.there[2]]
    world.survey("r", 60.0)
    assert stacks.looks == 1  # the first look at the region was just now
    clock.now += 60
    world.survey("r", 60.0)
    world.survey("r", 60.0)
    assert stacks.looks == 2
    found = {name: world.stack("r", name) for name in ("a", "b", "c", "d")}
    assert stacks.described == ["id-a", "id-b"]
    assert found["a"] is None
    assert found["b"].updated_at == BEGAN + timedelta(seconds=1)


def test_a_survey_that_fails_harms_nobody(surveyed):
    world, stacks, clock = surveyed
    stacks.broken = True
    clock.now += 60
    world.survey("r", 60.0)
    assert world.stack("r", "a").status == "UPDATE_COMPLETE"
