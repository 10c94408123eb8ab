"""The work queue, on a clock of its own."""

import threading

import pytest

from clocks import Clock
from fargate_operator.queue import BASE, MOST, Queue

SHOP, BLOG = ("team", "shop"), ("team", "blog")


@pytest.fixture
def queue(clock: Clock) -> Queue:
    return Queue(clock)


def waits(queue: Queue) -> float | None:
    """How long a worker would sleep; fails where it would get a key."""
    found = queue._next()
    assert not isinstance(found, tuple), found
    return found


def test_a_key_that_is_added_twice_comes_once(queue: Queue) -> None:
    queue.add(SHOP)
    queue.add(SHOP)
    assert queue.get() == SHOP
    queue.done(SHOP)
    assert waits(queue) is None


def test_keys_come_in_the_order_in_which_they_are_due(queue: Queue, clock: Clock) -> None:
    queue.add(SHOP, 20)
    queue.add(BLOG, 10)
    clock.now += 30
    assert [queue.get(), queue.get()] == [BLOG, SHOP]


def test_a_delayed_key_is_not_handed_out_early(queue: Queue, clock: Clock) -> None:
    queue.add(SHOP, 10)
    clock.now += 4
    assert waits(queue) == pytest.approx(6)
    clock.now += 6
    assert queue.get() == SHOP


def test_the_earlier_of_two_times_counts(queue: Queue, clock: Clock) -> None:
    queue.add(SHOP, 10)
    queue.add(SHOP, 300)
    queue.add(SHOP, 2)
    clock.now += 2
    assert queue.get() == SHOP
    queue.done(SHOP)
    clock.now += 1000
    assert waits(queue) is None


def test_a_key_added_while_a_worker_has_it_waits_for_that_worker(queue: Queue) -> None:
    queue.add(SHOP)
    assert queue.get() == SHOP
    queue.add(SHOP)
    assert waits(queue) is None
    queue.done(SHOP)
    assert queue.get() == SHOP


def test_a_key_that_is_being_worked_on_holds_up_nobody_else(queue: Queue) -> None:
    queue.add(SHOP)
    assert queue.get() == SHOP
    queue.add(SHOP)
    queue.add(BLOG)
    assert queue.get() == BLOG


def test_failures_back_off_twice_as_long_each_time_up_to_a_bound(queue: Queue, clock: Clock) -> None:
    queue.add(SHOP)
    for failure in range(20):
        assert queue.get() == SHOP
        queue.done(SHOP, failed=True)
        full = min(MOST, BASE * 2**failure)
        delay = waits(queue)
        assert delay is not None
        assert full / 2 - 1e-6 <= delay <= full + 1e-6
        clock.now += full + 1


def test_a_success_ends_the_backoff(queue: Queue, clock: Clock) -> None:
    for failed in (True, True, True, False, True):
        queue.add(SHOP)
        assert queue.get() == SHOP
        queue.done(SHOP, failed=failed)
        if not failed:
            assert waits(queue) is None
        delay = waits(queue)
        clock.now += 10
    assert delay is not None
    assert delay <= BASE


def test_closing_lets_every_waiting_worker_go() -> None:
    queue, got = Queue(), []
    workers = [threading.Thread(target=lambda: got.append(queue.get())) for _ in range(3)]
    for worker in workers:
        worker.start()
    queue.close()
    for worker in workers:
        worker.join(timeout=5)
    assert got == [None, None, None]


def test_no_key_is_ever_with_two_workers_and_none_is_lost() -> None:
    queue, lock = Queue(), threading.Lock()
    busy: set[tuple[str, str]] = set()
    clashes: list[tuple[str, str]] = []
    done: set[tuple[str, str]] = set()
    keys = [("team", str(number)) for number in range(50)]

    def work() -> None:
        while (key := queue.get()) is not None:
            with lock:
                clashes.extend([key] if key in busy else [])
                busy.add(key)
            with lock:
                busy.discard(key)
                done.add(key)
            queue.done(key)
            if done.issuperset(keys):
                queue.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for _ in range(5):
        for key in keys:
            queue.add(key)
    for worker in workers:
        worker.join(timeout=10)
    assert done == set(keys)
    assert clashes == []


def fail(queue: Queue, clock: Clock, key: tuple[str, str], times: int, away: str = "") -> list[float]:
    """The waits after so many failures in a row."""
    found = []
    queue.add(key)
    for _ in range(times):
        while (wait := queue._next()) != key:
            assert isinstance(wait, float)
            clock.now += wait
        queue.done(key, failed=True, away=away)
        found.append(queue._due[key] - clock.now)
    return found


def test_what_is_away_is_waited_for_no_longer_than_half_a_minute(queue: Queue, clock: Clock) -> None:
    assert max(fail(queue, clock, SHOP, 12, "eu-west-1")) <= 30.0
    assert max(fail(Queue(clock), clock, BLOG, 12)) > 100.0


def test_many_that_wait_for_the_same_come_no_more_often_all_together(queue: Queue, clock: Clock) -> None:
    for number in range(5000):
        key = ("team", f"app-{number}")
        queue.add(key)
        assert queue.get() == key
        queue.done(key, failed=True, away="eu-west-1")
    late = [due - clock.now for due in queue._due.values()][1000:]
    assert min(late) > 50.0
    assert max(late) <= 300.0


def test_when_it_is_back_those_who_waited_for_it_come_soon_and_not_all_at_once(queue: Queue, clock: Clock) -> None:
    keys = [("team", f"app-{number}") for number in range(100)]
    for key in keys:
        fail(queue, clock, key, 1, "eu-west-1")
        queue._due[key] = clock.now + 300.0
    other = fail(queue, clock, SHOP, 8, "us-east-1")[-1]
    queue.wake("eu-west-1")
    waits = sorted(queue._due[key] - clock.now for key in keys)
    assert waits[-1] <= 10.0
    assert waits[20] > 0.2
    assert queue._due[SHOP] - clock.now == other
    queue.wake("eu-west-1")
    assert sorted(queue._due[key] - clock.now for key in keys) == waits


def test_a_key_that_was_woken_and_fails_again_waits_as_long_as_ever(queue: Queue, clock: Clock) -> None:
    fail(queue, clock, SHOP, 6, "eu-west-1")
    queue.wake("eu-west-1")
    clock.now += 1.0
    assert fail(queue, clock, SHOP, 1, "eu-west-1")[0] >= 15.0


def test_who_failed_by_itself_is_not_woken(queue: Queue, clock: Clock) -> None:
    queue.add(SHOP)
    assert queue.get() == SHOP
    queue.done(SHOP, failed=True, away="eu-west-1", woken=False)
    due = queue._due[SHOP]
    clock.now += 0.1
    queue.wake("eu-west-1")
    assert queue._due[SHOP] == due


def test_what_was_away_for_long_does_not_make_a_later_failure_wait_for_minutes(queue: Queue, clock: Clock) -> None:
    fail(queue, clock, SHOP, 40, "eu-west-1")
    assert fail(queue, clock, SHOP, 1)[0] <= 32.0


def test_what_is_added_again_and_again_for_an_earlier_time_takes_no_more_room(queue: Queue, clock: Clock) -> None:
    for number in range(10_000):
        queue.add(SHOP, 300.0 - number / 100)
    assert (len(queue), len(queue._heap) < 200) == (1, True)
    clock.now += 201.0
    assert queue.get() == SHOP
    assert waits(queue) is None


def test_it_tells_how_many_wait_for_a_worker_and_for_how_long(queue: Queue, clock: Clock) -> None:
    assert queue.waiting() == (0, 0)
    queue.add(SHOP)
    queue.add(BLOG, 30)
    clock.now += 10
    assert queue.waiting() == (1, 10)
    assert queue.get() == SHOP
    assert queue.waiting() == (0, 0)


def test_a_change_of_a_user_overtakes_what_only_looks_after_apps(queue: Queue, clock: Clock) -> None:
    for number in range(500):
        queue.add(("team", f"app-{number}"))
    clock.now += 1
    queue.add(SHOP, urgent=True)
    assert queue.get() == SHOP


def test_it_overtakes_them_until_it_has_gone_well(queue: Queue, clock: Clock) -> None:
    queue.add(SHOP, urgent=True)
    for _ in range(3):
        assert queue.get() == SHOP
        queue.done(SHOP, failed=True)
        clock.now += 60
        queue.add(BLOG)
        queue.add(("team", "other"))
        clock.now += 60
    assert queue.get() == SHOP
    queue.done(SHOP)
    queue.add(SHOP)
    assert queue.get() == BLOG


def test_one_that_changes_while_it_is_worked_on_is_urgent_afterwards(queue: Queue) -> None:
    queue.add(SHOP)
    assert queue.get() == SHOP
    queue.add(BLOG)
    queue.add(SHOP, urgent=True)
    queue.done(SHOP)
    assert queue.get() == SHOP
