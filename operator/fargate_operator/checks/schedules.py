"""Schedules and their time zones, wherever they stand, and what scheduled tasks say beside them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.fragments.schedule import schedule_fault, time_zone_fault
from fargate_operator.fragments.values import seconds
from fargate_operator.model import App


def schedule_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """What EventBridge Scheduler and Application Auto Scaling would refuse."""
    for path, field, expression, time_zone in _schedules(app):
        if wrong := schedule_fault(expression):
            yield Fault(f"{path}.{field}", wrong)
        if time_zone is not None and (wrong := time_zone_fault(time_zone)):
            yield Fault(f"{path}.timeZone", wrong)
    for key, task in (app.spec.scheduled_tasks or {}).items():
        path = f"spec.scheduledTasks.{key}"
        window = 60 if task.flexible_window is None else seconds(task.flexible_window)
        if window % 60 or not 60 <= window <= 86400:
            yield Fault(f"{path}.flexibleWindow", f"is {window}s; must be whole minutes, 1m to 24h")
        if (task.dead_letter_queue_arn or "").endswith(".fifo"):
            yield Fault(f"{path}.deadLetterQueueArn", "EventBridge Scheduler takes no FIFO queue; must be a standard one")


def _schedules(app: App) -> Iterator[tuple[str, str, str, str | None]]:
    """(path, field of the expression, expression, time zone) of each schedule of the app."""
    for key, task in (app.spec.scheduled_tasks or {}).items():
        yield f"spec.scheduledTasks.{key}", "schedule", task.schedule, task.time_zone
    for key, service in (app.spec.services or {}).items():
        for name, action in ((service.scaling and service.scaling.schedule) or {}).items():
            yield f"spec.services.{key}.scaling.schedule.{name}", "schedule", action.schedule, action.time_zone
    for key, function in (app.spec.functions or {}).items():
        for name, event in (function.events or {}).items():
            if one := event.schedule:
                yield f"spec.functions.{key}.events.{name}.schedule", "expression", one.expression, one.time_zone
