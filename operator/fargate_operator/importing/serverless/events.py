"""Events of functions. What cannot be carried whole and would let in more than before is left out, not opened."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless import buckets, routes, streams, topics
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import flag, kept, raw, text, texts
from fargate_operator.importing.serverless.tables import EVENTS_LOST

Made = list[dict[str, Any]]


def events(cursor: Cursor | None, context: Context) -> dict[str, Any]:
    """By name: the kind, with a number from the second on."""
    found: dict[str, Any] = {}
    for one in cursor.each() if cursor else ():
        for made in _event(one, context):
            kind = next(iter(made))
            number = 1 + sum(kind in other for other in found.values())
            found[kind if number == 1 else f"{kind}{number}"] = made
    return found


def _event(cursor: Cursor, context: Context) -> Made:
    if isinstance(cursor.node.value, str):  # a kind alone, such as alexaSkill
        cursor.lose(EVENTS_LOST)
        return []
    made: Made = []
    for kind, one in cursor.items():
        if kind in _KINDS:
            made += _KINDS[kind](one, context)
        else:
            one.lose(EVENTS_LOST)
    return made


def off(cursor: Cursor) -> bool:
    """Whether the event is switched off, which only schedules can be here; then it is told and left out."""
    enabled = cursor.get("enabled")
    if enabled and flag(enabled) is False:
        cursor.lose("is switched off; such an event is left out, add it when it is wanted")
        return True
    return False


def _schedule(cursor: Cursor, context: Context) -> Made:
    place = cursor if not isinstance(cursor.node.value, dict) else cursor.get("rate") or cursor.get("schedule")
    body = kept(
        timeZone=text(cursor.get("timezone"), context.stack),
        input=_input(cursor.get("input"), context),
        enabled=False if flag(cursor.get("enabled")) is False else None,
    )
    for name in ("inputPath", "inputTransformer"):
        if one := cursor.get(name):
            one.lose("has no counterpart; say the input itself")
    for name in ("name", "description", "groupName", "roleArn"):
        if one := cursor.get(name):
            one.lose("has no counterpart; schedules are named by CloudFormation and have a role of their own")
    if method := cursor.get("method"):
        method.skip()  # EventBridge Scheduler in any case
    return [{"schedule": {"expression": one, **body}} for one in texts(place, context.stack)]


def _input(cursor: Cursor | None, context: Context) -> Any:
    value = raw(cursor, context.stack)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):
            value = json.loads(value)
    if cursor is None or isinstance(value, dict):
        return value
    cursor.lose("must be a map; a FargateApp has JSON objects as input")
    return None


def _bus(cursor: Cursor, context: Context) -> Made:
    """A pattern, or a schedule, which is EventBridge's as well."""
    if off(cursor):
        return []
    timed: Made = [{"schedule": {"expression": one}} for one in texts(cursor.get("schedule"), context.stack)]
    return [*topics.rule(cursor, context), *timed]


_KINDS: dict[str, Callable[[Cursor, Context], Made]] = {
    "httpApi": routes.http_api,
    "http": routes.rest,
    "schedule": _schedule,
    "sqs": lambda cursor, context: [] if off(cursor) else streams.queue(cursor, context),
    "stream": lambda cursor, context: [] if off(cursor) else streams.stream(cursor, context),
    "sns": topics.topic,
    "eventBridge": _bus,
    "cloudwatchEvent": _bus,
    "s3": buckets.bucket,
}
