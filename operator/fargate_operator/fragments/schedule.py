"""The syntax of schedules, as EventBridge Scheduler has it. Pure.

See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from typing import Annotated

from pydantic import StringConstraints

_RATE = r"rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days)|1 (minutes|hours|days))\)"
_CRON = r"cron\([^ )]+( [^ )]+){5}\)"
_AT = r"at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\)"

Schedule = Annotated[str, StringConstraints(strict=True, max_length=256, pattern=f"^({_RATE}|{_CRON}|{_AT})$")]
