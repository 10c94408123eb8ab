"""`count`: how many tasks run."""

import re
from typing import Any

from fargate_operator.importing.copilot.values import duration, seconds, text
from fargate_operator.importing.cursor import Cursor

COOLDOWN = {"in": "2m", "out": "1m"}  # Copilot's own
_MEASURES = {"cpu_percentage": "cpu", "memory_percentage": "memory", "requests": "requests"}


def count(cursor: Cursor | None, queue: str) -> dict[str, Any]:
    """The fields of a service that `count` makes; `queue` is the logical ID of the worker's queue, if it has one."""
    if cursor is None:
        return {}
    if not isinstance(cursor.node.value, dict):
        number = cursor.integer()
        return {} if number is None else {"desiredCount": number}
    if spot := cursor.get("spot"):
        number = spot.integer()
        return {} if number is None else {"desiredCount": number, "spot": True}
    return _scaled(cursor, queue)


def _scaled(cursor: Cursor, queue: str) -> dict[str, Any]:
    bounds, capacity = _range(cursor.get("range"))
    aims: dict[str, Any] = {}
    for name, field in _MEASURES.items():
        if found := cursor.get(name):
            aim = (found.get("value") or found).integer() if _valued(found) else None
            aims |= {} if aim is None else {field: aim}
    if slow := cursor.get("response_time"):
        slow.lose("there is no scaling by response time; scale by requests or cpu")
    if delay := cursor.get("queue_delay"):
        aims |= _queue(delay, queue)
    if not bounds:
        return {}
    if not aims:
        return {**capacity, "desiredCount": bounds["min"]}
    return {**capacity, "scaling": {**bounds, **aims, "cooldown": _cooldown(cursor)}}


def _valued(cursor: Cursor) -> bool:
    if isinstance(cursor.node.value, dict) and cursor.get("value") is None:
        cursor.lose("must have a value")
        return False
    return True


def _range(cursor: Cursor | None) -> tuple[dict[str, int], dict[str, Any]]:
    """The bounds, and how the tasks are shared between on-demand and Spot."""
    if cursor is None:
        return {}, {}
    if not isinstance(cursor.node.value, dict):
        written = text(cursor) or ""
        if match := re.fullmatch(r"(\d+)-(\d+)", written):
            return {"min": int(match[1]), "max": int(match[2])}, {}
        cursor.lose(cursor.why("must be two numbers such as 1-10"))
        return {}, {}
    numbers = {key: one.integer() for key in ("min", "max", "spot_from") if (one := cursor.get(key))}
    least, most, spot = numbers.get("min"), numbers.get("max"), numbers.get("spot_from")
    if least is None or most is None:
        cursor.lose("must have min and max")
        return {}, {}
    bounds = {"min": least, "max": most}
    if spot is None:
        return bounds, {}
    if spot <= least:
        return bounds, {"spot": True}
    return bounds, {"capacity": {"onDemandBase": spot - 1, "onDemandWeight": 0, "spotWeight": 1}}


def _queue(cursor: Cursor, queue: str) -> dict[str, Any]:
    latency, each = seconds(cursor.get("acceptable_latency")), seconds(cursor.get("msg_processing_time"))
    if not (latency and each and queue):
        cursor.lose("must have acceptable_latency and msg_processing_time, in a Worker Service")
        return {}
    return {"queue": {"arn": f"${{{queue}.Arn}}", "backlogPerTask": max(1, int(latency / each))}}


def _cooldown(cursor: Cursor) -> dict[str, str]:
    """One for all measures; a measure's own that differs from it is told."""
    general = dict(COOLDOWN)
    if whole := cursor.get("cooldown"):
        general |= _written(whole)
    own: dict[str, tuple[Cursor, dict[str, str]]] = {}
    for name in (*_MEASURES, "queue_delay"):
        if (measure := cursor.get(name)) and (found := measure.get("cooldown")):
            own[name] = found, general | _written(found)
    measures = [name for name in (*_MEASURES, "queue_delay") if cursor.get(name)]
    values = [own[name][1] if name in own else general for name in measures]
    if values and all(one == values[0] for one in values):
        return values[0]
    for found, value in own.values():
        if value != general:
            found.lose("one cooldown holds for all that a service is scaled by; scaling.cooldown has the common one")
    return general


def _written(cursor: Cursor) -> dict[str, str]:
    found = {key: duration(cursor.get(key)) for key in ("in", "out")}
    return {key: value for key, value in found.items() if value is not None}
