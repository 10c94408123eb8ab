"""A log line is one line of the operator's, whatever it tells of."""

import json
import logging

import pytest

from fargate_operator.logs import MOST_LINE, Console, Json
from inputs.hostile import HALF, TEXTS

FORGED = "x\n2026-01-01 00:00:00,000 INFO    at work\r\x1b[2K\u2028\u202eforged\x9b2J"


def record(message, *args, error=None):
    told = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("fargate_operator", logging.WARNING, "x.py", 1, message, args, told)


@pytest.mark.parametrize("text", [*TEXTS, HALF, FORGED])
@pytest.mark.parametrize("form", [Console, Json])
def test_a_record_is_one_line_that_a_terminal_shows_as_it_is(form, text):
    written = form().format(record("%s/%s: %s", "team", "shop", text))
    assert written.splitlines() == [written]
    assert all(one.isprintable() for one in written)
    written.encode()


def test_what_a_text_has_that_cannot_be_seen_is_written_as_its_escape():
    written = Console().format(record("%s", FORGED))
    assert written.endswith(r"WARNING x\n2026-01-01 00:00:00,000 INFO    at work\r\x1b[2K\u2028\u202eforged\x9b2J")
    assert json.loads(Json().format(record("%s", FORGED)))["message"] == (
        r"x\n2026-01-01 00:00:00,000 INFO    at work\r\x1b[2K\u2028\u202eforged\x9b2J"
    )


def test_no_text_in_a_traceback_begins_a_line_as_a_record_does():
    first, *rest = Console().format(record("reconciling", error=ValueError(FORGED))).split("\n")
    assert first.endswith("reconciling")
    assert all(one.startswith("    ") and "\x1b" not in one and "\r" not in one for one in rest)
    told = Json().format(record("reconciling", error=ValueError(FORGED)))
    assert told.splitlines() == [told]
    assert json.loads(told)["traceback"].startswith("ValueError: x\n2026")


def test_percent_signs_of_an_author_are_no_format():
    assert Console().format(record("%s/%s", "%s%n", "%(levelname)s")).endswith("%s%n/%(levelname)s")


def test_a_message_has_an_end():
    assert len(Console().format(record("%s", "x" * 10**7))) < MOST_LINE + 100
