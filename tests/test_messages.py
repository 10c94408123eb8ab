"""What becomes of a message on its way to people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.messages import FIRST, LOG, MOST, about, clean, fit, joined, listed, named, without_log

LONG = "spec.services.web.image: " + "is not what it was said to be, " * 8
ODD = st.text(st.characters(codec=None), max_size=300) | st.text("ab;. |\n\x1b[31m…\r\t", max_size=3000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ""),
        ("as it is", "as it is"),
        ("one\n\n  two  \n", "one\n  two"),
        ("\x1b[1;31mred\x1b[0m \x1b]0;title\x07bell\x07 nul\x00 \ud800half", "red bell nul half"),
        ("carriage\rreturn\r\nand\ttab", "carriage\nreturn\nand tab"),
        ("\u202egnp.exe\u2066 turned \u2028 round", "gnp.exe turned  round"),
    ],
)
def test_what_would_break_a_terminal_goes(text, told):
    assert fit(text) == told


def test_a_long_first_line_is_cut_between_clauses_and_told_in_full_below():
    first, second = fit(LONG).split("\n")
    assert len(first) <= FIRST
    assert first.endswith("to be…")
    assert second == LONG.rstrip()


def test_of_a_message_that_is_too_long_the_cause_and_the_newest_log_lines_stay():
    log = [f"{LOG}line {number} {'x' * 80}" for number in range(20)]
    told = fit("\n".join(["the cause", "AWS says: " + "and so on, " * 100, *log]))
    lines = told.split("\n")
    assert len(told) <= MOST
    assert lines[0] == "the cause"
    assert lines[-1] == log[-1]
    shown = [line for line in lines if line.startswith(LOG)]
    assert shown == log[-len(shown) :]
    assert len(shown) >= 4


@given(ODD)
def test_whatever_comes_it_fits_and_twice_is_once(text):
    told = fit(text)
    assert len(told) <= MOST
    assert len(told.split("\n")[0]) <= FIRST
    assert fit(told) == told
    told.encode()
    assert not set(told) & {"\x1b", "\x00", "\r", "\t", "\u202e", "\u2028"}


@given(ODD)
def test_cleaning_leaves_what_can_be_written(text):
    clean(text).encode()


def test_counts_and_log_lines_make_no_other_message_but_another_cause_does():
    told = [
        "web: 0 of 2 tasks run: exited with 1\n| a",
        "web: 1 of 2 tasks run: exited with 1\n| b",
        "web: 1 of 2 tasks run: exited with 2",
    ]
    assert len({about(one) for one in told[:2]}) == 1
    assert len({about(one) for one in told}) == 2


SAME = {
    "tasks": "(service web) (task {}) failed container health checks.",
    "task ids": "the task {}0123456789abcdef0123456789abcdef stopped",
    "request ids": "failed to create Cloudwatch log stream: RequestID {}: i/o timeout",
    "request ids with colons": "Unexpected EC2 error in subnet 'subnet-0a': Request ID: {}-2",
    "containers": "CannotStartContainerError: container id {} already exists",
    "uuids": "failed: {}b1c2d-7afc-0783-a02f-4fd6be3a7e60",
    "instances": "the instance i-0{}9b1c2d is gone",
    "addresses": "dial tcp 10.0.{}.7:443: connection refused",
    "host names": "ip-10-0-{}-7 does not answer",
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_trouble_of_another_task_is_told_once(name):
    ids = ("12", "34") if name in {"addresses", "host names"} else ("0f1", "99a")
    told = [SAME[name].format(one) for one in ids]
    assert about(told[0]) == about(told[1])


@pytest.mark.parametrize(
    "text",
    [
        "container {} exited with 1",
        "the image shop@sha256:{}23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef cannot be pulled",
        "spec.network.securityGroupIds[0]: there is no security group sg-0{}456789",
        "spec.iam.taskRoleArn: there is no role arn:aws:iam::{}456789012:role/tasks",
        "container web exited with {}",
        "the image shop:1.{}.3 does not exist",
    ],
)
def test_what_the_spec_names_makes_another_message(text):
    assert about(text.format("123")) != about(text.format("124"))


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("web", "0 of 1 tasks run: container web exited with 1\nmore", "web: 0 of 1 tasks run: container web exited with 1\nmore"),
        ("a" * 60, f"0 of 1 tasks run: container {'a' * 60} exited with 1\nmore",
         f"{'a' * 60}: 0 of 1 tasks run: the container exited with 1\nmore"),
        ("a" * 60, "b" * 70, f"{'a' * 47}…: {'b' * 70}"),
        ("a" * 60, "b" * 200, f"{'a' * 29}…: {'b' * 200}"),
    ],
)  # fmt: skip
def test_a_long_key_leaves_room_for_the_cause(key, text, expected):
    assert named(key, text) == expected


def test_several_are_told_together_first_lines_first_and_logs_last():
    assert joined(["web: a\nmore\n| log", "api: b\nand more"]) == "web: a; api: b\nmore\nand more\n| log"


def test_what_a_container_wrote_is_not_taken_for_a_reason():
    assert without_log("exited with 1\n| quota exceeded, rate limit exceeded") == "exited with 1"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], ""),
        (["a: is wrong"], "a: is wrong"),
        (["a: is wrong", "b: is wrong"], "a: is wrong (1 of 2)\nb: is wrong"),
        (["a " * 60, "b"], f"{'a ' * 54}a… (1 of 2)\n{('a ' * 60).strip()}\nb"),
    ],
)
def test_several_of_the_same_weight_have_a_line_each_and_the_first_says_how_many_there_are(texts, expected):
    assert listed(texts) == expected


@pytest.mark.parametrize("length", [1, 90, 200, 5000])
def test_of_several_as_many_are_told_as_fit_and_how_many_are_left_out(length):
    lines = listed([f"{number}{'x' * length}" for number in range(600)]).split("\n")
    told = len({line.strip("x…") for line in lines[1:-1]} | {"0"})
    assert (len("\n".join(lines)) <= MOST, len(lines[0]) <= FIRST, lines[-1]) == (True, True, f"and {600 - told} more")
