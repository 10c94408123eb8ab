"""What must hold for services behind a load balancer: their hosts, paths, priorities and health checks. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.fragments.load_balancer import Http, HttpHealthCheck
from fargate_operator.fragments.priority import FIRST, MOST_SEGMENTS, RANGES, priorities, segments
from fargate_operator.fragments.routing import INTERVAL, route
from fargate_operator.fragments.values import seconds
from fargate_operator.model import App

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
_HOST = re.compile(r"[A-Za-z0-9*?][A-Za-z0-9*?._-]*\.[A-Za-z][A-Za-z0-9-]*\.?")
_PATH = re.compile(r"/[A-Za-z0-9_.$/~\"'@:+&-]*")
MOST_HOST, MOST_PATH, MOST_WILDCARDS = 128, 126, 5  # of the 128 and 6 that a rule has, its own /* takes two and one

_DAY = 86400
# field → least and most, in seconds
_BOUNDS = {
    "stickiness": (1, 7 * _DAY),
    "deregistrationDelay": (0, 3600),
    "healthCheck.interval": (5, 300),
    "healthCheck.timeout": (2, 120),
    "healthCheck.gracePeriod": (0, 2**31 - 1),
}


def routing_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """Faults of spec.services.<n>.http."""
    services = {key: one.http for key, one in app.exposed().items() if one.http}
    for key, one in app.exposed().items():
        if one.port is None:
            yield Fault(f"spec.services.{key}.port", "is required with http: the port that the container listens on")
    for key, http in services.items():
        yield from (Fault(f"spec.services.{key}.http.{path}", message) for path, message in _http(http))
    yield from _same_routes(services)
    if app.spec.load_balancer and app.spec.load_balancer.listener_arn:
        yield from _on_an_existing_listener(services)
    else:
        yield from _on_the_own_listener(services)


def _http(http: Http) -> Iterable[tuple[str, str]]:
    if http.host and "${" not in http.host and (wrong := _host(http.host)):
        yield "host", wrong
    if http.path and "${" not in http.path and (wrong := _path(http.path)):
        yield "path", wrong
    check = http.health_check or HttpHealthCheck()
    given = {
        "stickiness": http.stickiness,
        "deregistrationDelay": http.deregistration_delay,
        "healthCheck.interval": check.interval,
        "healthCheck.timeout": check.timeout,
        "healthCheck.gracePeriod": check.grace_period,
    }
    for path, duration in given.items():
        least, most = _BOUNDS[path]
        if duration is not None and not least <= seconds(duration) <= most:
            yield path, f"is {seconds(duration)}s; must be {least}s to {most}s"
    interval = seconds(check.interval) if check.interval else INTERVAL
    if check.timeout and seconds(check.timeout) >= interval:
        yield "healthCheck.timeout", f"is {seconds(check.timeout)}s; must be less than the interval, {interval}s"


def _host(host: str) -> str:
    if host == "*":
        return "matches any host: leave it out"
    if len(host) > MOST_HOST or not _HOST.fullmatch(host):
        return f"must be a host name such as shop.example.com or *.example.com, of {MOST_HOST} characters at most"
    if sum(host.count(one) for one in "*?") > MOST_WILDCARDS:
        return f"has more than {MOST_WILDCARDS} wildcards"
    return ""


def _path(path: str) -> str:
    if set(path) & {"*", "?"}:
        return "is what the request's path begins with: leave the * and ? out"
    if len(path) > MOST_PATH or not _PATH.fullmatch(path) or "//" in path:
        return f"must be a path such as /api, of {MOST_PATH} characters at most: letters, digits and _-.$/~\"'@:+&"
    return ""


def _same_routes(services: Mapping[str, Http]) -> Iterable[Fault]:
    seen: dict[tuple[str, str], str] = {}
    for key, http in services.items():
        host, path = route(http)
        if (host, path) in seen:
            message = f"{host}{path} is spec.services.{seen[host, path]}'s, too; one of the two needs another host or path"
            yield Fault(f"spec.services.{key}.http.path", message)
        seen.setdefault((host, path), key)


def _on_an_existing_listener(services: Mapping[str, Http]) -> Iterable[Fault]:
    for key, http in services.items():
        if http.priority is None:
            yield Fault(f"spec.services.{key}.http.priority", "is required on an existing listener, whose rules others have, too")
    yield from _taken({key: http.priority for key, http in services.items() if http.priority})


def _on_the_own_listener(services: Mapping[str, Http]) -> Iterable[Fault]:
    for key, http in services.items():
        if http.priority is None and segments(http) > MOST_SEGMENTS:
            message = f"has {segments(http)} parts; one of more than {MOST_SEGMENTS} needs a priority, such as 500"
            yield Fault(f"spec.services.{key}.http.path", message)
    given = {key: http.priority for key, http in services.items() if http.priority}
    yield from _taken(
        {**given, **{key: one for key, one in priorities(services).items() if key not in given}},
        [range(1, FIRST), *RANGES.values()],
    )


def _taken(wanted: Mapping[str, int], ranges: Iterable[range] = ()) -> Iterable[Fault]:
    """Two rules of one priority: AWS would refuse the second. Which of the two moves is for the author to say."""
    seen: dict[int, str] = {}
    for key, priority in wanted.items():
        if priority in seen:
            within = next((one for one in ranges if priority in one), range(0))
            free = next((one for one in within if one not in wanted.values()), None)
            message = f"{priority} is the priority of spec.services.{seen[priority]}, too; give one of the two another"
            yield Fault(f"spec.services.{key}.http.priority", message + (f", such as {free}" if free else ""))
        seen.setdefault(priority, key)
