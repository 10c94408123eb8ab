"""`on.schedule`: crontab's notation and its macros as EventBridge's, exactly or not at all.

See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html and https://pkg.go.dev/github.com/robfig/cron/v3.
"""

import re

from pydantic import TypeAdapter, ValidationError

from fargate_operator.fragments.schedule import Schedule, schedule_fault
from fargate_operator.importing.copilot.values import span

_MACROS = {
    "@yearly": "0 0 1 1 ? *",
    "@annually": "0 0 1 1 ? *",
    "@monthly": "0 0 1 * ? *",
    "@weekly": "0 0 ? * 1 *",
    "@daily": "0 0 * * ? *",
    "@midnight": "0 0 * * ? *",
    "@hourly": "0 * * * ? *",
}
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_PATTERN: TypeAdapter[str] = TypeAdapter(Schedule)


class Inexact(ValueError):
    """A schedule that EventBridge cannot have exactly; the message says why."""


def expression(written: str) -> str:
    """The schedule as rate(…) or cron(…); Inexact where there is none that means the same."""
    written = " ".join(written.split())
    if written in _MACROS:
        return f"cron({_MACROS[written]})"
    if written.startswith("@every "):
        return _every(written.removeprefix("@every "))
    if written.startswith(("rate(", "cron(")):
        return _checked(written)
    fields = written.split(" ")
    if len(fields) != 5 or "=" in fields[0]:
        raise Inexact("must be a macro such as @daily, @every 5m, rate(…), cron(…), or crontab's five fields")
    return _cron(fields)


def _every(written: str) -> str:
    count = span(written)
    if not count or count % 60:
        raise Inexact("@every must have a duration of whole minutes, such as 5m or 1h30m")
    minutes = int(count // 60)
    return _checked(f"rate({minutes} {'minute' if minutes == 1 else 'minutes'})")


def _cron(fields: list[str]) -> str:
    """EventBridge wants exactly one of the days to be ?; crontab runs on either day where both are given."""
    minute, hour, day, month, weekday = ("*" if one == "?" else one.upper() for one in fields)
    if day != "*" and weekday != "*":
        raise Inexact("names a day of the month and a day of the week; EventBridge takes one of the two: make two schedules")
    if weekday == "*":
        return _checked(f"cron({minute} {hour} {day} {month} ? *)")
    return _checked(f"cron({minute} {hour} ? {month} {','.join(map(_weekday, weekday.split(',')))} *)")


def _weekday(item: str) -> str:
    """A day, a range of days or every so many, counted from 1 for Sunday instead of 0."""
    days, slash, step = item.partition("/")
    if slash and "-" not in days and days != "*":
        days = f"{days}-6"  # crontab: from then on to the last day
    if days == "*":
        return item
    return "-".join(map(_day, days.split("-"))) + slash + step


def _day(text: str) -> str:
    if text in _DAYS:
        return text
    if not re.fullmatch("[0-6]", text):
        raise Inexact(f"{text!r} is no day of the week; must be 0 (Sunday) to 6, or SUN to SAT")
    return str(int(text) + 1)


def _checked(text: str) -> str:
    try:
        _PATTERN.validate_python(text)
    except ValidationError as error:
        raise Inexact("is no schedule that EventBridge knows") from error
    if wrong := schedule_fault(text):
        raise Inexact(wrong)
    return text
