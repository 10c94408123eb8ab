"""An endpoint that is down: what is refused, who finds out whether it is back, and who is told."""

import threading

import pytest

from fargate_operator.outages import IN_A_ROW, LOST, Outages

STACKS, TASKS = ("cloudformation", "eu-west-1"), ("ecs", "eu-west-1")


@pytest.fixture
def outages(clock, back):
    return Outages(back.append, clock)


def down(outages):
    for _ in range(IN_A_ROW):
        outages.failed(STACKS, "ReadTimeoutError")


def elsewhere(call, *args):
    """What comes of the call in another thread."""
    told = []
    thread = threading.Thread(target=lambda: told.append(call(*args)))
    thread.start()
    thread.join(5)
    return told[0]


def test_a_failure_now_and_then_refuses_nothing(outages, back):
    for _ in range(5):
        outages.failed(STACKS, "HTTP 500")
        outages.failed(STACKS, "HTTP 500")
        outages.answered(STACKS)
    assert outages.refused(STACKS) == ""
    assert back == []


def test_a_call_that_is_repeated_and_fails_each_time_has_failed_once(outages):
    for _ in range(IN_A_ROW - 1):
        outages.failed(STACKS, "HTTP 503")
        for _ in range(2):
            outages.failed(STACKS, "HTTP 503", again=True)
    assert outages.refused(STACKS) == ""
    outages.failed(STACKS, "HTTP 503")
    assert outages.refused(STACKS) == "HTTP 503"


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
        assert elsewhere(outages.refused, STACKS)  # it is being found out
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
    assert elsewhere(outages.refused, STACKS) == "ReadTimeoutError"
    clock.now += LOST
    assert elsewhere(outages.refused, STACKS) == ""


def test_who_finds_out_may_ask_again_after_it_has_waited_for_its_turn(outages, clock):
    down(outages)
    clock.now += 1.0
    assert [outages.refused(STACKS), outages.refused(STACKS)] == ["", ""]


def test_a_trial_that_ends_without_an_answer_makes_room_for_the_next(outages, clock, back):
    down(outages)
    clock.now += 1.0
    assert outages.refused(STACKS) == ""
    outages.undecided(STACKS)
    assert outages.refused(STACKS) == "ReadTimeoutError"
    clock.now += 2.0
    assert elsewhere(outages.refused, STACKS) == ""
    assert back == []


def test_only_the_call_that_finds_out_ends_the_trial(outages, clock):
    down(outages)
    clock.now += 1.0
    assert outages.refused(STACKS) == ""
    elsewhere(outages.failed, STACKS, "ReadTimeoutError")
    elsewhere(outages.undecided, STACKS)
    assert outages.refused(STACKS) == ""
    clock.now += 3.0
    assert elsewhere(outages.refused, STACKS) == "ReadTimeoutError"
