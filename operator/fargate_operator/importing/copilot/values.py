"""Copilot's ways to write values, as ours: words, durations, references to exports."""

import re
import shlex

from fargate_operator.importing.cursor import STAND_IN, Cursor, as_text
from fargate_operator.importing.source import Node

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|s|us|µs|ns)")
_REFERENCE = re.compile(r"\$\{(?=[^${}]+\})")


def literal(text: str) -> str:
    """The text with nothing in it that the operator takes for a reference."""
    return _REFERENCE.sub("${!", text)


def as_written(node: Node) -> str | None:
    """A scalar as it stands in the file, for Copilot reads it into a string; None for anything else."""
    known = as_text(node)
    return known if known is None or isinstance(node.value, str) else node.written or known


def text(cursor: Cursor | None) -> str | None:
    """A scalar as text; anything else is told."""
    if cursor is None:
        return None
    found = as_written(cursor.node)
    if found is None:
        cursor.lose(cursor.why("must be text"))
        return None
    cursor.skip()
    return found


def texts(cursor: Cursor | None) -> list[str]:
    """The texts of a list, or the one that stands in its place; what is none is told."""
    return [found for one in cursor.each() if (found := text(one)) is not None] if cursor else []


def words(cursor: Cursor | None) -> list[str] | None:
    """A list of words, or a line that is split as a shell splits it; what is lost is stood in for, as each word has its place."""
    if cursor is None:
        return None
    if isinstance(cursor.node.value, list):
        found = [text(one) for one in cursor.each()]
        return [STAND_IN if one is None else literal(one) for one in found]
    line = text(cursor)
    try:
        return [STAND_IN] if line is None else [literal(one) for one in shlex.split(line)]
    except ValueError as error:
        cursor.lose(f"cannot be split into words: {error}; write a list")
        return [STAND_IN]


def span(written: str) -> float | None:
    """A duration in Go's notation, such as 1m30s or 250ms, in seconds; None where it is none."""
    parts = _DURATION.findall(written)
    if not parts or "".join(number + unit for number, unit in parts) != written:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def seconds(cursor: Cursor | None) -> float | None:
    """A duration; anything else is told."""
    written = text(cursor)
    if cursor is None or written is None:
        return None
    found = span(written)
    if found is None:
        cursor.lose("must be a duration such as 30s, 5m or 1h")
    return found


def whole_seconds(cursor: Cursor | None) -> int | None:
    """`seconds`, which must be whole ones."""
    found = seconds(cursor)
    if cursor and found is not None and found != int(found):
        cursor.lose("must be whole seconds")
        return None
    return None if found is None else int(found)


def duration(cursor: Cursor | None) -> str | None:
    """A duration as the spec has it."""
    found = whole_seconds(cursor)
    return None if found is None else in_words(found)


def in_words(count: int) -> str:
    """``90`` as ``1m30s``, ``7200`` as ``2h``."""
    hours, rest = divmod(count, 3600)
    parts = ((hours, "h"), (rest // 60, "m"), (rest % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def from_export(cursor: Cursor) -> str | None:
    """``{from_cfn: name}`` as a reference to that export; None for anything else, of which nothing is told."""
    name = cursor.get("from_cfn")
    found = text(name)
    return None if found is None else f"${{Import:{found}}}"
