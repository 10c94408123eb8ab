"""The clock of a process that has this folder on its PYTHONPATH: CLOCK_SKEW seconds ahead, or behind where it is negative.

The wall clock only, as on a machine whose clock is wrong: time.time and datetime. Python imports it before anything else.
"""

import datetime as dt
import os
import time
from typing import Self

SKEW = float(os.environ.get("CLOCK_SKEW", "0"))


class _Any(type):
    """A datetime that C has made is one, too."""

    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, _Real)


_Real = dt.datetime
_clock, _nanoseconds = time.time, time.time_ns


class _Skewed(_Real, metaclass=_Any):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> Self:
        return cls.fromtimestamp(time.time(), dt.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Self:
        return cls.fromtimestamp(time.time())


if SKEW:
    _Skewed.__name__ = _Skewed.__qualname__ = "datetime"
    time.time = lambda: _clock() + SKEW
    time.time_ns = lambda: _nanoseconds() + int(SKEW * 1e9)
    dt.datetime = _Skewed  # type: ignore[misc]
