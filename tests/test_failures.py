"""For each named failure: what AWS says, and what a user gets."""

import pytest

import failure_cases
from failure_cases import CASES


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return request.param, failure_cases.result(request.param)


def test_a_failure_is_told_as_its_golden_file_has_it(case):
    name, told = case
    assert failure_cases.expected(name).read_text() == failure_cases.text(told)


def test_the_message_says_the_cause_in_its_first_line(case):
    name, told = case
    ready = next(one for one in told["conditions"] if one["type"] == "Ready")
    assert failure_cases.cause(name) in ready["message"].split("\n")[0]


def test_no_message_is_too_long_nor_its_first_line(case):
    _, told = case
    lengths = {(len(one) <= 1024, len(one.split("\n")[0]) <= 120) for one in failure_cases.messages(told)}
    assert lengths == {(True, True)}


def test_one_warning_tells_of_it_and_the_next_turn_tells_nothing_again(case):
    name, told = case
    warnings = [one for one in told["events"] if one["type"] == "Warning" and failure_cases.cause(name) in one["message"]]
    assert (len(warnings), "toldTwice" in told) == (1, False)


def test_there_are_at_least_25_of_them():
    assert len(CASES) >= 25
