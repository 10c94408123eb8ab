"""The syntax of schedules, as EventBridge Scheduler has it; Application Auto Scaling has the same. Pure.

See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

import re
from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

_RATE = r"rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days)|1 (minutes|hours|days))\)"
_CRON = r"cron\([^ )]+( [^ )]+){5}\)"
_AT = r"at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\)"

Schedule = Annotated[str, StringConstraints(strict=True, max_length=256, pattern=f"^({_RATE}|{_CRON}|{_AT})$")]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# name → least, most, names of the values from least on, and what else an item may be
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...], str], ...] = (
    ("minutes", 0, 59, (), ""),
    ("hours", 0, 23, (), ""),
    ("day-of-month", 1, 31, (), r"L(-([1-9]|[12][0-9]|30))?|LW|([1-9]|[12][0-9]|3[01])W"),
    ("month", 1, 12, _MONTHS, ""),
    ("day-of-week", 1, 7, _DAYS, rf"L|([1-7]|{'|'.join(_DAYS)})(L|#[1-5])"),
    ("year", 1970, 2199, (), ""),
)


def schedule_fault(expression: str) -> str | None:
    """What is wrong with an expression that has the pattern of `Schedule`, or None. Whether its time has passed is not judged."""
    kind, inner = expression[:-1].split("(", 1)
    if kind == "at":
        try:
            datetime.fromisoformat(inner)
        except ValueError:
            return f"{inner} is no date and time that there is"
    return _cron_fault(inner.split(" ")) if kind == "cron" else None


def _cron_fault(fields: list[str]) -> str | None:
    if (fields[2] == "?") is (fields[4] == "?"):
        both = "both" if fields[2] == "?" else "neither"
        return (
            f"{both} of day-of-month (the third) and day-of-week (the fifth) is ?; exactly one must be, as in cron(0 3 * * ? *)"
        )
    for text, (name, least, most, words, special) in zip(fields, _FIELDS, strict=True):
        if text == "?" and name in ("day-of-month", "day-of-week"):
            continue
        for item in text.upper().split(","):
            if not (special and re.fullmatch(special, item)) and not _item(item, least, most, words):
                right = f"{least} to {most}{f' or {words[0]} to {words[-1]}' if words else ''}"
                return f"{item or text!r} is no {name}; must be {right}, *, or ranges and steps of them such as 1-5 and */10"
    return None


def _item(item: str, least: int, most: int, words: tuple[str, ...]) -> bool:
    """Whether an item is ``*``, a value or a range of them, with a step where wanted."""
    span, slash, step = item.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return False
    if span == "*":
        return True
    values = [
        words.index(one) + least if one in words else int(one) if one.isascii() and one.isdigit() else -1
        for one in span.split("-")
    ]
    return len(values) <= 2 and all(least <= value <= most for value in values)


_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
ONCE = 10**9  # seconds: there is no second time


def apart(expression: str) -> int:
    """Seconds that lie between two times of a schedule at least; a minute where that cannot be told, of any text."""
    if rate := re.fullmatch(r"rate\(([0-9]{1,9}) (minute|hour|day)s?\)", expression):
        return max(60, int(rate[1]) * _UNITS[rate[2]])
    if expression.startswith("at("):
        return ONCE
    if not re.fullmatch(_CRON, expression):
        return 60
    minutes, hours = expression[len("cron(") :].split(" ")[:2]
    if minutes.isdecimal() and hours.isdecimal():
        return 23 * 3600  # a day in which clocks are put forward
    return _least_gap(minutes) * 60


def _least_gap(minutes: str) -> int:
    """Minutes between two values of the field, from one hour to the next as well."""
    found: set[int] = set()
    for item in minutes.split(","):
        one = re.fullmatch(r"(\*|([0-9]{1,2})(-([0-9]{1,2}))?)(/([0-9]{1,2}))?", item)
        if one is None:
            return 1
        first = int(one[2] or 0)
        last = int(one[4] or 59) if one[1] == "*" or one[3] or one[5] else first
        if first > last:  # it goes over the full hour
            return 1
        found |= set(range(first, last + 1, max(1, int(one[6] or 1))))
    values = sorted(found)
    return min(
        (after - before for before, after in zip(values, [*values[1:], *(one + 60 for one in values[:1])], strict=True)),
        default=1,
    )


# The first part of IANA's names, and those that have only one. Within an area AWS judges: its list is newer than any of ours.
_AREAS = "Africa America Antarctica Arctic Asia Atlantic Australia Brazil Canada Chile Etc Europe Indian Mexico Pacific US"
_ALONE = (
    "CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran Israel "
    "Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK Singapore Turkey UCT "
    "UTC Universal W-SU WET Zulu"
)
_ZONE = re.compile(rf"({'|'.join(_AREAS.split())})(/[A-Za-z0-9_+-]+){{1,2}}|{'|'.join(map(re.escape, _ALONE.split()))}")


def time_zone_fault(name: str) -> str | None:
    """What is wrong with a time zone, or None."""
    return None if _ZONE.fullmatch(name) else f"{name!r} is no IANA time zone; must be UTC or a name such as Europe/London"
