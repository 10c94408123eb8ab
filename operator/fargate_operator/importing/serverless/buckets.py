"""Buckets whose events invoke functions: through EventBridge here, by the bucket's own notifications in the framework."""

from typing import Any

from fargate_operator import names
from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import flag, kept, text

_EVENTS = {
    "s3:ObjectCreated:*": "Object Created",
    "s3:ObjectRemoved:*": "Object Deleted",
    "s3:ObjectRestore:Completed": "Object Restore Completed",
    "s3:ObjectRestore:Post": "Object Restore Initiated",
    "s3:ObjectTagging:*": "Object Tags Added",
    "s3:IntelligentTiering": "Object Access Tier Changed",
}
_OTHER = "the function gets EventBridge's event, not the bucket's notification"


def bucket(cursor: Cursor, context: Context) -> list[dict[str, Any]]:
    """Nothing, where the function would be invoked by more than before."""
    whole = isinstance(cursor.node.value, str)
    name = text(cursor if whole else cursor.get("bucket"), context.stack)
    existing = None if whole else flag(cursor.get("existing"))
    kind, prefix, fault = _filter(cursor, context)
    if force := cursor.get("forceDeploy"):
        force.skip()
    if name is None or fault:
        cursor.lose(f"{fault or 'names no bucket'}; write an eventBridge event with a pattern that tells it")
        return []
    if existing:
        cursor.note(f"needs the bucket to send its events to EventBridge; {_OTHER}")
    else:
        name = _made(name, context)
        cursor.note(f"is an event of a bucket that is in resources now; {_OTHER}")
    return [{"s3": kept(bucket=name, events=[kind], prefix=prefix)}]


def _made(name: str, context: Context) -> str:
    """The bucket, which the framework makes; by the framework's own ID."""
    if name.startswith("${"):
        return name
    logical_id = f"S3Bucket{names.identifier(name)}"
    notify = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    body = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, "NotificationConfiguration": notify}}
    context.put("resources", {logical_id: body})
    return f"${{{logical_id}}}"


def _filter(cursor: Cursor, context: Context) -> tuple[str, str | None, str]:
    """EventBridge's detail type, the prefix, and what has no counterpart."""
    place, prefix = cursor.get("event"), None
    event = text(place, context.stack) if place else "s3:ObjectCreated:*"
    fault = "" if event in _EVENTS else f"is for {event or 'events that are not known'}, which have no counterpart"
    rules = cursor.get("rules")
    for one in rules.each() if rules else ():
        for key in ("prefix", "suffix"):
            found = text(part, context.stack) if (part := one.get(key)) else ""
            if found is None:
                fault = f"has a {key} that is not known"
            elif found and key == "suffix":
                fault = f"has the suffix {found}, which has no counterpart"
            elif found and prefix:
                fault = "has two prefixes"
            elif found:
                prefix = found
    return _EVENTS.get(event or "", ""), prefix, fault
