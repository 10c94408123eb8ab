"""When a stack's events are worth a call, and when all stacks are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from fargate_operator.errors import Transient
from fargate_operator.observation import Piece, StackObservation
from fargate_operator.operations import StackEvent, mark
from fargate_operator.progress import Progress
from fargate_operator.seen import Seen
from fargate_operator.world import World as RealWorld
from test_plan import OWNER
from test_status import service

SHOP, DEADLINE = ("team", "shop"), 900.0
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """One stack's events, and the services that ECS has by ARN; counts how often events are read."""

    def __init__(self, *events, **services):
        self.events, self.reads, self.doubted, self.there = list(events), 0, 0, services

    def stacks(self, _):
        return SimpleNamespace(last_operation=self._read)

    def services(self, _):
        return SimpleNamespace(read=lambda _, arns: {key: self.there[arn.rsplit("/", 1)[-1]] for key, arn in arns.items()})

    def _read(self, *_, **__):
        self.reads += 1
        return self.events

    def doubt(self, *_):
        self.doubted += 1


def event(name, status, after, *, own=False, kind="AWS::ECS::Service", arn="", token=""):
    return StackEvent(Piece(name, kind, status, physical_id=arn), BEGAN + timedelta(seconds=after), own=own, token=token)


def stack(status="UPDATE_IN_PROGRESS"):
    return StackObservation("shop", "id", status, owner=OWNER, updated_at=BEGAN)


def seen(after, since=0):
    moment = (BEGAN + timedelta(seconds=since)).strftime("%Y-%m-%dT%H:%M:%SZ")
    waits = {"type": "Reconciling", "status": "True", "lastTransitionTime": moment}
    return Seen({"conditions": [waits]}, 1, BEGAN + timedelta(seconds=after))


def test_before_the_deadline_nothing_is_read():
    world = World()
    for when in (seen(899), seen(1000, since=200), replace(seen(10_000), previous={})):
        assert Progress(world, DEADLINE).look(SHOP, "uid", when, stack()) == stack()
    assert world.reads == 0


@pytest.mark.parametrize(("last", "expected"), [(100, True), (101, False), (900, False)])
def test_the_last_event_decides(last, expected):
    world = World(event("Web", "UPDATE_IN_PROGRESS", last), event("shop", "UPDATE_IN_PROGRESS", 0, own=True))
    found = Progress(world, DEADLINE).look(SHOP, "uid", seen(1000), stack())
    assert (found.still, found.event_at, [one.logical_id for one in found.pieces]) == (
        expected,
        BEGAN + timedelta(seconds=last),
        ["Web"],
    )
    assert (world.reads, world.doubted) == (1, 0)


ROLLS = event("WebService", "UPDATE_IN_PROGRESS", 0, arn="arn:aws:ecs:r:1:service/shop/web")
UNDER_WAY = {"running": 2, "desired": 2, "rollout": "IN_PROGRESS"}


def looked(after, now, told=None, moved=""):
    """The stack that waits for web, which is `now` as it is, and was told of as `told` before."""
    before = {} if told is None else {"services": {"web": told}, "stack": {"movedAt": moved} if moved else {}}
    when = seen(after)
    return Progress(World(ROLLS, web=service(**now)), DEADLINE).look(
        SHOP, "uid", replace(when, previous={**when.previous, **before}), stack()
    )


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({**UNDER_WAY, "stage": "BAKE_TIME"}, False),
        ({**UNDER_WAY, "stage": "PRODUCTION_TRAFFIC_SHIFT", "running": 1}, False),
        ({**UNDER_WAY, "stage": "PRE_SCALE_UP", "lacking": True}, False),  # a hook decides
        ({**UNDER_WAY, "stage": "SCALE_UP", "running": 0}, True),
        ({**UNDER_WAY, "stage": "SCALE_UP", "lacking": True}, True),
        ({**UNDER_WAY, "stage": "BAKE_TIME", "stopped": "exited with 1"}, True),
        (UNDER_WAY, False),  # gracePeriod, or tasks of before that drain
        ({**UNDER_WAY, "lacking": True}, True),  # only tasks of before run
        ({**UNDER_WAY, "running": 1}, True),
        ({**UNDER_WAY, "stopped": "exited with 1"}, True),
        ({**UNDER_WAY, "rollout": "FAILED"}, True),
        ({**UNDER_WAY, "rollout": "COMPLETED"}, True),
    ],
)
def test_a_rollout_without_a_trouble_is_waited_for_however_long_it_takes(now, expected):
    assert looked(90_000, now).still is expected


STARTS = {"rollout": "SCALE_UP", "desired": 2, "running": 0, "taskDefinitionArn": "task"}


@pytest.mark.parametrize(
    ("now", "moved", "expected"),
    [
        ({"running": 0}, "", True),
        ({"running": 1}, "", False),
        ({"running": 1, "stopped": "exited with 1"}, "", True),  # started again and again
        ({"stage": "RECONCILE_SERVICE", "running": 0}, "", False),
        ({"running": 0}, "2026-01-01T00:15:00Z", False),
        ({"running": 0}, "2026-01-01T00:01:00Z", True),
        ({"running": 0}, "somebody's", True),
    ],
)
def test_a_service_that_moves_on_is_progress_and_another_operator_knows_it(now, moved, expected):
    one = {**UNDER_WAY, "stage": "SCALE_UP", "lacking": True, **now}
    assert looked(1000, one, STARTS, moved).still is expected


def test_one_service_in_trouble_is_not_hidden_by_another_that_bakes():
    api = event("ApiService", "UPDATE_IN_PROGRESS", 1, arn="arn:aws:ecs:r:1:service/shop/api")
    there = {"web": service(**UNDER_WAY, stage="BAKE_TIME"), "api": service(**{**UNDER_WAY, "running": 0})}
    assert Progress(World(api, ROLLS, **there), DEADLINE).look(SHOP, "uid", seen(1000), stack()).still


@pytest.mark.parametrize(
    ("digest", "token", "expected"),
    [
        ("sha:a", "x" * 64 + mark("uid", "sha:a"), True),
        ("sha:b", "x" * 64 + mark("uid", "sha:a"), False),
        ("sha:a", "x" * 64 + mark("another", "sha:a"), False),
        ("sha:a", "Console-UpdateStack-7f59c3cf", False),
        ("sha:a", "", False),
        ("", "x" * 64 + mark("uid", ""), False),
    ],
)
def test_an_operation_is_the_operators_own_where_its_token_says_so(digest, token, expected):
    world = World(event("Web", "UPDATE_IN_PROGRESS", 0, token=token))
    when = seen(1000)
    known = replace(when, previous={**when.previous, "stack": {"attemptedDigest": digest}})
    assert Progress(world, DEADLINE).look(SHOP, "uid", known, stack()).ours is expected


@pytest.mark.parametrize(("kind", "after", "expected"), [
    ("AWS::RDS::DBInstance", 1000, (True, True)),
    ("AWS::RDS::DBInstance", 3600, (True, False)),
    ("AWS::SQS::Queue", 1000, (True, False)),
])  # fmt: skip
def test_what_takes_long_in_good_order_is_told_and_given_four_times_as_long(kind, after, expected):
    found = Progress(World(event("Db", "UPDATE_IN_PROGRESS", 0, kind=kind)), DEADLINE).look(SHOP, "uid", seen(after), stack())
    assert (found.still, found.slow) == expected


def test_a_stack_that_has_gone_on_to_another_state_is_looked_at_anew():
    world = World(event("shop", "UPDATE_ROLLBACK_IN_PROGRESS", 50, own=True))
    Progress(world, DEADLINE).look(SHOP, "uid", seen(1000), stack())
    assert world.doubted == 1


def test_what_failed_is_read_once_for_each_failure():
    world = World(event("shop", "DELETE_FAILED", 5, own=True), event("Bucket", "DELETE_FAILED", 4))
    progress, failed = Progress(world, DEADLINE), stack("DELETE_FAILED")
    known = {"stack": {"id": "id", "status": "DELETE_FAILED", "updatedAt": "2026-01-01T00:00:00Z"}}
    for _ in range(3):
        found = progress.look(SHOP, "uid", Seen(known, 1, BEGAN), failed)
        assert [one.logical_id for one in found.pieces] == ["Bucket"]
    assert world.reads == 1
    progress.look(SHOP, "uid", Seen({"stack": {"id": "id", "status": "DELETE_IN_PROGRESS"}}, 1, BEGAN), failed)
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
