"""An endpoint that is down: what is refused, who finds out whether it is back, and who is told."""

import pytest

from fargate_operator.outages import IN_A_ROW, LOST, Outages

STACKS, TASKS = ("cloudformation", "eu-west-1"), ("ecs", "eu-west-1")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def back():
    return []


@pytest.fixture
def outages(clock, back):
    return Outages(back.append, clock)


def down(outages):
    for _ in range(IN_A_ROW):
        outages.failed(STACKS, "ReadTimeoutError")


def test_a_failure_now_and_then_refuses_nothing(outages, back):
    for _ in range(5):
        outages.failed(STACKS, "HTTP 500")
        outages.failed(STACKS, "HTTP 500")
        outages.answered(STACKS)
    assert outages.refused(STACKS) == ""
    assert back == []


def test_what_is_down_is_refused_at_once_and_nothing_else_is(outages):
    down(outages)
    assert outages.refused(STACKS) == "ReadTimeoutError"
    assert outages.refused(TASKS) == ""
    assert outages.refused(("cloudformation", "us-east-1")) == ""


def test_one_at_a_time_finds_out_and_less_and_less_often(outages, clock):
    down(outages)
    pauses = []
    for _ in range(6):
        began = clock.now
        while outages.refused(STACKS):
            clock.now += 0.25
        pauses.append(clock.now - began)
        assert outages.refused(STACKS)  # it is being found out
        outages.failed(STACKS, "ReadTimeoutError")
    assert pauses == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_call_from_before_that_fails_late_puts_nothing_off(outages, clock):
    down(outages)
    outages.failed(STACKS, "ReadTimeoutError")
    clock.now += 1.0
    assert outages.refused(STACKS) == ""


def test_when_it_answers_all_may_go_and_its_region_is_told_once(outages, clock, back):
    down(outages)
    clock.now += 1.0
    assert outages.refused(STACKS) == ""
    outages.answered(STACKS)
    outages.answered(STACKS)
    assert outages.refused(STACKS) == ""
    assert back == ["eu-west-1"]


def test_a_trial_that_nobody_tells_the_end_of_keeps_nobody_out_for_good(outages, clock):
    down(outages)
    clock.now += 1.0
    assert outages.refused(STACKS) == ""
    clock.now += LOST
    assert outages.refused(STACKS) == ""
