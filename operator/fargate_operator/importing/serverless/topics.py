"""Topics and event buses, those that exist and those that the framework makes."""

from typing import Any

from fargate_operator import names
from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import kept, raw, text


def topic(cursor: Cursor, context: Context) -> list[dict[str, Any]]:
    """Messages of a topic; left out, where it is filtered or secured as it cannot be here."""
    for name in ("filterPolicyScope", "redrivePolicy"):
        place = cursor.get(name)
        if place and place.node.value != "MessageAttributes":
            cursor.lose(f"has {name}, which has no counterpart")
            return []
        if place:
            place.skip()
    arn = _existing(cursor)
    found = text(arn, context.stack) if arn else _new_topic(cursor, context)
    if arn and arn is not cursor:
        for name, why in (("topicName", ""), ("displayName", "is of a topic that exists; set it there")):
            if place := cursor.get(name):
                place.lose(why) if why else place.skip()  # the ARN tells the name
    policy = raw(cursor.get("filterPolicy"), context.stack)
    return [{"sns": kept(topicArn=found, filter=policy)}] if found else []


def _existing(cursor: Cursor) -> Cursor | None:
    """The ARN of a topic that exists: a text, an intrinsic function alone, or `arn`."""
    if not isinstance(cursor.node.value, dict):
        return cursor if str(cursor.node.value).startswith("arn:") else None
    alone = len(cursor.node.value) == 1 and not cursor.get("topicName")
    return cursor.get("arn") or (cursor if alone else None)


def _new_topic(cursor: Cursor, context: Context) -> str | None:
    """A topic that the framework makes is a resource of the app, under the framework's own logical ID."""
    whole = not isinstance(cursor.node.value, dict)
    written = text(cursor if whole else cursor.get("topicName"), context.stack)
    if not written:
        return None
    logical_id = f"SNSTopic{names.identifier(written)}"
    properties = kept(TopicName=written, DisplayName=text(cursor.get("displayName"), context.stack))
    context.add("resources", logical_id, {"Type": "AWS::SNS::Topic", "Properties": properties}, cursor)
    return f"${{{logical_id}}}"


def rule(cursor: Cursor, context: Context) -> list[dict[str, Any]]:
    """Events of a bus that match a pattern."""
    for name in ("input", "inputPath", "inputTransformer"):
        if one := cursor.get(name):
            one.lose("has no counterpart; the function gets the whole event")
    for name in ("retryPolicy", "deadLetterQueueArn", "description", "name"):
        if one := cursor.get(name):
            one.lose("has no counterpart")
    pattern = raw(cursor.get("pattern") or cursor.get("event"), context.stack)
    place = cursor.get("eventBus")
    bus = _bus(place, context)
    if place and not bus and pattern:
        cursor.note("is left out: its bus is not known, and the default bus has other events")
    return [{"eventBridge": {**kept(bus=bus), "pattern": pattern}}] if pattern and (bus or not place) else []


def _bus(cursor: Cursor | None, context: Context) -> str | None:
    """A bus that exists, by its ARN or as the default one; any other name is one that the framework makes."""
    found = text(cursor, context.stack)
    if not found or found.startswith(("arn:", "${")) or found == "default":
        return found
    logical_id = f"{names.identifier(found)}EventBus"
    context.put("resources", {logical_id: {"Type": "AWS::Events::EventBus", "Properties": {"Name": found}}})
    return f"${{{logical_id}}}"
