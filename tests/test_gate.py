"""The gate, on a clock of its own: never two in a second, first come first served, and no herd."""

import heapq
import itertools
import random

from fargate_operator.gate import FORGOTTEN, Gate


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def through(apps, late):
    """All ask at once and come again when told, `late` seconds late: when each passed, and how often they asked."""
    clock = Clock()
    gate = Gate(1.0, clock)
    coming = [(clock.now, number) for number in range(apps)]
    passed, asked = [], 0
    while coming:
        clock.now, number = heapq.heappop(coming)
        asked += 1
        if wait := gate.wait(number):
            heapq.heappush(coming, (clock.now + wait + late(), number))
        else:
            passed.append((clock.now, number))
    return passed, asked


def gaps(passed):
    times = [at for at, _ in passed]
    return [b - a for a, b in itertools.pairwise(times)]


def test_500_at_once_pass_one_a_second_in_the_order_in_which_they_asked():
    passed, asked = through(500, lambda: 0.0)
    assert min(gaps(passed)) >= 1.0
    assert [number for _, number in passed] == list(range(500))
    assert passed[-1][0] - passed[0][0] == 499
    assert asked == 999  # one is told when to come again, and comes once


def test_500_that_come_late_never_exceed_the_rate_nor_ask_in_a_herd():
    chance = random.Random(1)
    passed, asked = through(500, lambda: chance.uniform(0, 0.5))
    assert len(passed) == 500
    assert min(gaps(passed)) >= 1.0
    assert passed[-1][0] - passed[0][0] < 1000
    assert asked < 500 * 6


def test_a_herd_that_comes_late_is_sent_away_to_different_times():
    clock = Clock()
    gate = Gate(1.0, clock)
    for number in range(20):
        gate.wait(number)
    clock.now += 30
    waits = [gate.wait(number) for number in range(20)]
    assert waits == [float(number) for number in range(20)]


def test_who_leaves_holds_nobody_up():
    gate = Gate(1.0, Clock())
    assert [gate.wait(one) for one in ("first", "left")] == [0.0, 1.0]
    gate.leave("left")
    assert gate.wait("next") == 1.0


def test_who_never_comes_is_forgotten():
    clock = Clock()
    gate = Gate(1.0, clock)
    assert [gate.wait(one) for one in ("first", "gone", "next")] == [0.0, 1.0, 2.0]
    clock.now += FORGOTTEN + 2
    assert gate.wait("other") == 0.0
    clock.now += 0.5
    assert gate.wait("another") == 0.5  # behind nobody but the last
