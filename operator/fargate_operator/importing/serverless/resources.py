"""`resources`: raw CloudFormation, one map or a list of them."""

from collections.abc import Iterator

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import lose_all, raw
from fargate_operator.importing.serverless.tables import RESOURCES_LOST


def parts(top: Cursor) -> list[Cursor]:
    """The maps that `resources` is made of."""
    found = top.get("resources")
    return found.each() if found else []


def ids(top: Cursor) -> Iterator[str]:
    """The logical IDs of the raw resources."""
    for part in parts(top):
        listed = part.get("Resources")
        yield from (name for name, _ in listed.items()) if listed and isinstance(listed.node.value, dict) else ()


def resources(context: Context) -> None:
    """Resources and outputs as they are; the rest of a template has no place in a FargateApp."""
    for part in parts(context.top):
        for there, here in (("Resources", "resources"), ("Outputs", "outputs")):
            listed = part.get(there)
            for name, one in listed.items() if listed else ():
                mine = one.at(f"spec.{here}.{name}")
                context.top.report.made(mine.target, one.node)
                if name in context.stack.generated and here == "resources":
                    mine.lose("changes a resource that the operator makes; use its own fields, or overrides", "")
                    continue
                if condition := mine.get("Condition"):
                    condition.lose("has no counterpart; a FargateApp has no conditions, so this is always made")
                body = raw(mine, context.stack)
                if not isinstance(body, dict):
                    mine.lose(mine.why("must be a map"))
                else:
                    context.put(here, {name: {key: value for key, value in body.items() if key != "Condition"}})
        for name, one in extensions.items() if (extensions := part.get("extensions")) else ():
            one.lose(f"changes {name}, which the framework makes; use the FargateApp's own fields")
        lose_all(part, RESOURCES_LOST)
