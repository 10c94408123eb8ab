"""What must hold in a service's scaling. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.fragments.scaling import Scaling, ScheduledScaling
from fargate_operator.fragments.values import seconds
from fargate_operator.model import App

MOST_COOLDOWN = 3600  # seconds


def scaling_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """Every fault of every service's scaling."""
    for key, service in (app.spec.services or {}).items():
        if service.scaling:
            path = f"spec.services.{key}.scaling"
            yield from (Fault(f"{path}{field}", message) for field, message in _faults(service.scaling))
            if service.scaling.requests and not service.http:
                yield Fault(f"{path}.requests", "needs http: the load balancer counts the requests")


def _faults(scaling: Scaling) -> Iterable[tuple[str, str]]:
    if scaling.max == 0:
        yield ".max", "is 0, so that no task would ever run; must be at least 1 (a schedule may go to 0 for a time)"
    elif scaling.min > scaling.max:
        yield ".min", f"is {scaling.min}, above max {scaling.max}; must be at most that"
    policies = bool(scaling.cpu or scaling.memory or scaling.requests or scaling.queue)
    if not policies and not scaling.schedule:
        yield "", "needs at least one of cpu, memory, requests, queue and schedule, or nothing would scale"
    for name, one in sorted((scaling.schedule or {}).items()):
        yield from ((f".schedule.{name}{field}", message) for field, message in _entry(name, one, scaling))
    yield from _cooldown(scaling, policies=policies)


def _entry(name: str, one: ScheduledScaling, scaling: Scaling) -> Iterable[tuple[str, str]]:
    """A bound that an entry leaves out is what scaling, or the entry that came before, has set: all of them must fit."""
    if one.min is None and one.max is None:
        yield "", "must have min, max or both, or it would change nothing"
        return
    if one.min is not None and one.max is not None:
        if one.min > one.max:
            yield ".min", f"is {one.min}, above max {one.max}; must be at most that"
        return
    others: dict[str, tuple[int | None, int | None]] = {"scaling": (scaling.min, scaling.max)}
    others |= {f"schedule.{key}": (other.min, other.max) for key, other in (scaling.schedule or {}).items() if key != name}
    for origin, (least, most) in others.items():
        if one.min is not None and most is not None and one.min > most:
            yield ".min", f"is {one.min}, above the max {most} that {origin} sets; give max here, too"
            return
        if one.max is not None and least is not None and one.max < least:
            yield ".max", f"is {one.max}, below the min {least} that {origin} sets; give min here, too"
            return


def _cooldown(scaling: Scaling, *, policies: bool) -> Iterable[tuple[str, str]]:
    if scaling.cooldown is None:
        return
    if not policies:
        yield ".cooldown", "is of cpu, memory, requests and queue, and there is none of them; a schedule knows no cooldown"
    for field, duration in (("in", scaling.cooldown.in_), ("out", scaling.cooldown.out)):
        if duration and seconds(duration) > MOST_COOLDOWN:
            yield f".cooldown.{field}", f"is {seconds(duration)}s; must be 0s to 3600s"
