"""The plugin's tasks as services, scheduled tasks and tasks."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import environment, flag, integer, kept, pairs, raw, text, words
from fargate_operator.importing.serverless.images import image
from fargate_operator.importing.serverless.levels import network, overrides, size
from fargate_operator.importing.serverless.stack import key
from fargate_operator.importing.serverless.tables import EMPTY


def tasks(context: Context, own: dict[str, Any]) -> None:
    """`fargate.tasks`; `own` is what each task gets because it is not for functions."""
    listed = context.top.get("fargate", "tasks")
    if listed:
        listed.lose_nulls(EMPTY)
    for name, one in listed.items() if listed else ():
        chosen = text(one.get("name"), context.stack) or name
        field = _field(one)
        mine = one.at(f"spec.{field}.{key(chosen)}")
        context.top.report.made(mine.target, one.node)
        if not named(mine, chosen, field, context):
            continue
        body = {**_task(mine, key(chosen), context, own), **_kinds(mine, field, context)}
        context.put(field, {key(chosen): body})


def named(cursor: Cursor, name: str, field: str, context: Context) -> bool:
    """Whether a workload's key is free; a name that cannot be one is told."""
    if key(name) in context.spec.get(field, {}):
        cursor.lose(f"is called {key(name)} here, as another one is; rename one")
        return False
    if key(name) != name:
        cursor.note(f"the name {name} is written {key(name)} here")
    return True


def _field(cursor: Cursor) -> str:
    if cursor.get("schedule"):
        return "scheduledTasks"
    service = cursor.get("service")
    return "tasks" if service and service.node.value is False else "services"


def _task(cursor: Cursor, name: str, context: Context, own: dict[str, Any]) -> dict[str, Any]:
    stack = context.stack
    variables, secrets = environment(cursor.get("environment"), stack)
    shared = {one: value for one, value in own.get("environment", {}).items() if one not in secrets}
    hidden = {one: value for one, value in own.get("secrets", {}).items() if one not in variables}
    return kept(
        image=image(cursor.get("image"), name, context),
        entryPoint=words(cursor.get("entryPoint"), stack),
        command=words(cursor.get("command"), stack),
        **size(cursor, context),
        environment={**shared, **variables},
        secrets={**hidden, **secrets},
        network={**own.get("network", {}), **network(cursor.get("vpc"), context)},
        tags={**own.get("tags", {}), **pairs(cursor.get("tags"), stack)},
        taskRoleArn=text(cursor.get("taskRoleArn"), stack),
        executionRoleArn=text(cursor.get("executionRoleArn"), stack),
        dependsOn=[found for one in _listed(cursor.get("dependsOn")) if (found := _depends(one, context))],
        overrides=_overrides(cursor, context),
    )


def _listed(cursor: Cursor | None) -> list[Cursor]:
    return cursor.each() if cursor else []


def _depends(cursor: Cursor, context: Context) -> str | None:
    written = text(cursor, context.stack) or ""
    here = context.stack.name(written)
    if here is None:
        cursor.lose(f"{written} is not in this stack")
    return here


def _overrides(cursor: Cursor, context: Context) -> dict[str, Any]:
    found = overrides(cursor.get("cloudFormationResource"), context)
    if ports := raw(cursor.get("portMappings"), context.stack):  # of the plugin's oldest versions
        found["container"] = {"PortMappings": ports, **found.get("container", {})}
    place = cursor.get("cloudFormationResource", "service")
    if place and _field(cursor) != "services":
        found.pop("service", None)
        place.skip()  # of a service that there is not; the plugin does not look at it
    return found


def _kinds(cursor: Cursor, field: str, context: Context) -> dict[str, Any]:
    service = cursor.get("service")
    if field == "scheduledTasks":
        if service:
            service.skip()  # the schedule wins; the plugin does not look at it
        return kept(schedule=text(cursor.get("schedule"), context.stack))
    if service is None or not isinstance(service.node.value, dict):
        if service:
            service.skip()  # false: a task; true: a service
        return {}
    strict = flag(service.get("strict"))
    deployment = {"maximumPercent": 100, "minimumHealthyPercent": 0} if strict else {}
    deployment |= kept(
        maximumPercent=integer(service.get("maximumPercent")),
        minimumHealthyPercent=integer(service.get("minimumHealthyPercent")),
    )
    if deployment == {"maximumPercent": 200, "minimumHealthyPercent": 100}:
        deployment = {}  # what holds anyway
    return kept(desiredCount=integer(service.get("desiredCount")), spot=flag(service.get("spot")), deployment=deployment)
