"""Events of functions. What cannot be carried whole and would let in more than before is left out, not opened."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from fargate_operator import names
from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless import buckets, routes, streams
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import flag, kept, raw, text, texts
from fargate_operator.importing.serverless.tables import EVENTS_LOST

Made = list[dict[str, Any]]
_INPUTS = "has no counterpart; the function gets the whole event"


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


def _topic(cursor: Cursor, context: Context) -> Made:
    """A topic that exists, by its ARN; one that the framework makes is a resource of the app, by the framework's own ID."""
    name, arn = cursor, None
    if isinstance(cursor.node.value, dict):
        arn = cursor.get("arn") or (cursor if len(cursor.node.value) == 1 and not cursor.get("topicName") else None)
        name = cursor.get("topicName") or cursor
    elif str(cursor.node.value).startswith("arn:"):
        arn = cursor
    for one in ("filterPolicyScope", "redrivePolicy"):
        if place := cursor.get(one):
            place.skip() if place.node.value == "MessageAttributes" else cursor.lose(f"has {one}, which has no counterpart")
            if place.node.value != "MessageAttributes":
                return []
    if arn:
        found = text(arn, context.stack)
        if name is not cursor:
            name.skip()  # told by the ARN
        if display := cursor.get("displayName"):
            display.lose("is of a topic that exists; set it there")
    else:
        found = _new_topic(name, cursor, context)
    policy = raw(cursor.get("filterPolicy"), context.stack)
    return [{"sns": kept(topicArn=found, filter=policy)}] if found else []


def _new_topic(name: Cursor, cursor: Cursor, context: Context) -> str | None:
    written = text(name, context.stack)
    if not written:
        return None
    logical_id = f"SNSTopic{names.identifier(written)}"
    properties = kept(TopicName=written, DisplayName=text(cursor.get("displayName"), context.stack))
    context.put("resources", {logical_id: {"Type": "AWS::SNS::Topic", "Properties": properties}})
    return f"${{{logical_id}}}"


def _bus(cursor: Cursor, context: Context) -> Made:
    if off(cursor):
        return []
    for name in ("input", "inputPath", "inputTransformer"):
        if one := cursor.get(name):
            one.lose(_INPUTS)
    for name in ("retryPolicy", "deadLetterQueueArn", "description", "name"):
        if one := cursor.get(name):
            one.lose("has no counterpart")
    made: Made = []
    pattern = raw(cursor.get("pattern") or cursor.get("event"), context.stack)
    if pattern:
        made.append({"eventBridge": {**kept(bus=_bus_name(cursor.get("eventBus"), context)), "pattern": pattern}})
    made += [{"schedule": {"expression": one}} for one in texts(cursor.get("schedule"), context.stack)]
    return made


def _bus_name(cursor: Cursor | None, context: Context) -> str | None:
    """A bus that exists, by its ARN or as the default one; any other name is one that the framework makes."""
    found = text(cursor, context.stack)
    if not found or found.startswith(("arn:", "${")) or found == "default":
        return found
    logical_id = f"{names.identifier(found)}EventBus"
    context.put("resources", {logical_id: {"Type": "AWS::Events::EventBus", "Properties": {"Name": found}}})
    return f"${{{logical_id}}}"


_KINDS: dict[str, Callable[[Cursor, Context], Made]] = {
    "httpApi": routes.http_api,
    "http": routes.rest,
    "schedule": _schedule,
    "sqs": lambda cursor, context: [] if off(cursor) else streams.queue(cursor, context),
    "stream": lambda cursor, context: [] if off(cursor) else streams.stream(cursor, context),
    "sns": _topic,
    "eventBridge": _bus,
    "cloudwatchEvent": _bus,
    "s3": buckets.bucket,
}
