"""Answers that many ask for at once, and for how long they are good."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fargate_operator.answers import Answers


class Source:
    """Answers with how often it was asked; `slow` holds it up until it is set."""

    def __init__(self):
        self.asked, self.error, self.slow = [], None, None

    def __call__(self, keys):
        self.asked.append(sorted(keys))
        if self.slow:
            assert self.slow.wait(10)
        if self.error:
            raise self.error
        return {key: len(self.asked) for key in keys}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def source():
    return Source()


def answers(clock, lifetime=100.0, most=10):
    return Answers(lambda key, _: 10.0 if key == "short" else lifetime, most, clock)


def test_what_is_known_is_not_asked_and_the_rest_all_at_once(clock, source):
    one = answers(clock)
    assert one.look(["a"], source) == {"a": 1}
    assert one.look(["b", "a", "c", "b"], source) == {"a": 1, "b": 2, "c": 2}
    assert one.look([], source) == {}
    assert source.asked == [["a"], ["b", "c"]]


def test_each_answer_has_a_lifetime_and_whoever_asks_may_want_a_younger_one(clock, source):
    one = answers(clock)
    one.look(["long", "short"], source)
    clock.now = 50.0
    assert one.look(["long", "short"], source) == {"long": 1, "short": 2}
    assert one.look(["long"], source, younger=60.0) == {"long": 1}
    assert one.look(["long"], source, younger=50.0) == {"long": 3}
    clock.now = 151.0
    assert one.look(["long"], source) == {"long": 4}


def test_beyond_so_many_the_oldest_goes(clock, source):
    one = answers(clock, most=2)
    for key in "abac":
        one.look([key], source, younger=0.0 if key == "a" else 100.0)
    assert one.look(["a", "c"], source) == {"a": 3, "c": 4}
    assert one.look(["b"], source) == {"b": 5}


def test_thirty_that_ask_at_the_same_moment_are_one_question(clock, source):
    one, source.slow = answers(clock), threading.Event()
    with ThreadPoolExecutor(30) as pool:
        asking = [pool.submit(one.look, ["role"], source) for _ in range(30)]
        source.slow.set()
        assert [each.result(10) for each in asking] == [{"role": 1}] * 30
    assert source.asked == [["role"]]


def test_a_failure_is_told_to_all_who_wait_and_asked_again_by_the_next(clock, source):
    one, source.slow, source.error = answers(clock), threading.Event(), ValueError("throttled")
    with ThreadPoolExecutor(5) as pool:
        asking = [pool.submit(one.look, ["role"], source) for _ in range(5)]
        source.slow.set()
        assert {str(each.exception(10)) for each in asking} == {"throttled"}
    source.error = None
    asked = len(source.asked)
    assert one.look(["role"], source) == {"role": asked + 1}
