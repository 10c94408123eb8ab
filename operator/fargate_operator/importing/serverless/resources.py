"""`resources`: raw CloudFormation, one map or a list of them."""

from collections.abc import Iterator

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import lose_all, raw
from fargate_operator.importing.serverless.tables import EMPTY, RESOURCES_LOST

_OURS = "changes a resource that the operator makes; use its own fields, or overrides"
_THEIRS = "changes a resource that the framework makes; use the FargateApp's own fields"


def parts(top: Cursor) -> list[Cursor]:
    """The maps that `resources` is made of."""
    found = top.get("resources")
    return found.each() if found else []


def ids(top: Cursor) -> Iterator[str]:
    """The logical IDs of the raw resources; what has no type changes a resource of the framework's."""
    for part in parts(top):
        listed = part.get("Resources")
        for name, one in listed.items() if listed and isinstance(listed.node.value, dict) else ():
            if one.get("Type") or not isinstance(one.node.value, dict):
                yield name


def resources(context: Context) -> None:
    """Resources and outputs as they are; the rest of a template has no place in a FargateApp."""
    for part in parts(context.top):
        for there, here in (("Resources", "resources"), ("Outputs", "outputs")):
            listed = part.get(there)
            if listed:
                listed.lose_nulls(EMPTY)
            for name, one in listed.items() if listed else ():
                _one(here, name, one.at(f"spec.{here}.{name}"), context)
        for name, one in extensions.items() if (extensions := part.get("extensions")) else ():
            one.lose(f"changes {name}, which the framework makes; use the FargateApp's own fields")
        lose_all(part, RESOURCES_LOST)


def _one(here: str, name: str, cursor: Cursor, context: Context) -> None:
    context.top.report.made(cursor.target, cursor.node)
    if here == "resources" and isinstance(cursor.node.value, dict) and name not in context.stack.resources:
        cursor.lose(_OURS if name in context.stack.generated else _THEIRS, "")
        return
    if condition := cursor.get("Condition"):
        condition.lose("has no counterpart; a FargateApp has no conditions, so this is always made")
    body = raw(cursor, context.stack)
    if not isinstance(body, dict):
        cursor.lose(cursor.why("must be a map"))
    else:
        context.add(here, name, {key: value for key, value in body.items() if key != "Condition"}, cursor)
