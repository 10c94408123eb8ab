"""The watch: which events ask for work."""

import asyncio

import pytest

from fargate_operator.queue import Queue
from fargate_operator.watch import Endless, Watch, steady

KEY = ("team", "shop")


class Recorded(Queue):
    def __init__(self) -> None:
        super().__init__()
        self.added: list[float] = []
        self.urgent: list[bool] = []

    def add(self, key, after=0.0, *, urgent=False):
        assert key == KEY
        self.urgent.append(urgent)
        self.added.append(after)


@pytest.fixture
def queue():
    return Recorded()


@pytest.fixture
def watch(queue):
    return Watch(queue, health_interval=300)


def app(*, generation=1, uid="one", ready="True", **metadata):
    condition = {"type": "Ready", "status": ready, "reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    status = {"observedGeneration": 1, "conditions": [condition]}
    return {"metadata": {"namespace": "team", "name": "shop", "uid": uid, "generation": generation, **metadata}, "status": status}


def tell(watch, body, kind="MODIFIED"):
    asyncio.run(watch._event({"type": kind, "object": body}))


def test_the_operators_own_status_asks_for_nothing(watch, queue):
    tell(watch, app(generation=2), "ADDED")
    tell(watch, app(generation=2, ready="False"))
    assert queue.added == [0.0]


def test_what_somebody_has_just_done_is_urgent_and_what_the_first_list_tells_is_not(watch, queue):
    tell(watch, app(), None)
    tell(watch, app(generation=2))
    tell(watch, app(generation=2), "DELETED")
    tell(watch, app(uid="two"), "ADDED")
    assert queue.urgent == [False, True, True, True]


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 3},
        {"uid": "two"},
        {"deletionTimestamp": "2026-01-01T00:00:00Z"},
        {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}},
        {"annotations": {"fargate-operator.dev/abandon": "true"}},
    ],
)
def test_what_a_user_changes_is_worked_on_at_once(watch, queue, change):
    tell(watch, app(generation=2))
    tell(watch, app(**{"generation": 2, **change}))
    assert queue.added == [0.0, 0.0]


def test_at_start_the_health_of_steady_apps_is_spread_over_the_interval(watch, queue):
    for _ in range(50):
        tell(watch, app())
        watch.forget(KEY)
    assert max(queue.added) - min(queue.added) > 100
    assert all(0 <= after <= 300 for after in queue.added)


def test_an_object_that_went_is_reconciled_once_more_so_that_it_is_forgotten(watch, queue):
    tell(watch, app(generation=2))
    tell(watch, app(generation=2), "DELETED")
    assert queue.added == [0.0, 0.0]


def test_a_deleted_object_is_forgotten(watch):
    tell(watch, app())
    assert watch.keys() == {KEY}
    tell(watch, app(), "DELETED")
    assert watch.keys() == set()


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 2},
        {"ready": "False"},
        {"deletionTimestamp": "x"},
        {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}},
    ],
)
def test_an_app_with_something_to_do_is_not_steady(change):
    assert steady(app())
    assert not steady(app(**change))


def test_kopfs_retries_never_end_and_begin_anew_for_each_request():
    backoffs = Endless()
    for _ in range(2):
        delays = iter(backoffs)
        assert [next(delays) for _ in range(1000)][-1] == 10
