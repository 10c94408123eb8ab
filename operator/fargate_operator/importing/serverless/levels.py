"""What the plugin takes for all tasks and for one alike: the network, sizes, overrides."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import choice, flag, integer, kept, raw, texts

ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}
# With the older spellings; and what stands for lost ones, or tasks would run in the default VPC, with public addresses.
VPC = (("subnetIds", "subnets", "<subnet>"), ("securityGroupIds", "securityGroups", "<security group>"))


def network(cursor: Cursor | None, context: Context) -> dict[str, Any]:
    """A vpc as a network."""
    found: dict[str, Any] = {}
    if cursor is None:
        return found
    if not isinstance(cursor.node.value, dict):
        cursor.lose(f"{cursor.why('must be a map')}; there are stand-ins in its place")
        return {name: [stand_in] for name, _, stand_in in VPC}
    for name, older, stand_in in VPC:
        older_too, newer = cursor.get(older), cursor.get(name)
        if older_too and newer and newer.node.value:
            older_too.lose(f"is displaced by {name}, which stands beside it")
        for one in (older_too, newer):
            listed = texts(one, context.stack)
            lost = bool(one and one.node.value and not listed)
            found |= kept(**{name: [stand_in] if lost else listed})
    return {**found, **kept(assignPublicIp=flag(cursor.get("assignPublicIp")))}


def size(cursor: Cursor, context: Context) -> dict[str, Any]:
    """cpu, memory and architecture of the tasks."""
    return kept(
        cpu=_cpu(cursor.get("cpu")),
        memory=_memory(cursor.get("memory")),
        architecture=choice(cursor.get("architecture"), ARCHITECTURES, context.stack),
    )


def _cpu(cursor: Cursor | None) -> int | None:
    value = cursor.node.value if cursor else None
    if cursor and isinstance(value, str) and value.lower().endswith("vcpu"):
        try:
            units = round(float(value[:-4]) * 1024)
        except ValueError:
            cursor.lose("must be CPU units such as 256, or vCPUs such as .25 vCPU")
            return None
        cursor.skip()
        return units
    return integer(cursor)


def _memory(cursor: Cursor | None) -> int | str | None:
    value = cursor.node.value if cursor else None
    if cursor and isinstance(value, str) and not value.strip().isdecimal():
        cursor.plain()
        return value
    return integer(cursor)


def overrides(cursor: Cursor | None, context: Context) -> dict[str, Any]:
    """`cloudFormationResource` as overrides; the plugin replaces generated maps, the operator merges them."""
    found: dict[str, Any] = {}
    if cursor is None:
        return found
    for there, here in (
        ("task", "taskDefinition"),
        ("container", "container"),
        ("service", "service"),
        ("additionalContainers", "additionalContainers"),
    ):
        if one := cursor.get(there):
            value = raw(one, context.stack)
            found |= kept(**{here: value})
            _merged(one, _MADE.get(there, ()))
    return found


def _merged(cursor: Cursor, generated: tuple[str, ...]) -> None:
    """Tell what is put in the place of a generated map there, and merged into it here."""
    for name in generated:
        part = cursor.get(name)
        if part and isinstance(part.node.value, dict):
            part.lose("is merged into what is generated there, where the plugin puts it in its place; see what comes out")


_MADE = {  # maps that are generated
    "task": ("RuntimePlatform",),
    "container": ("LogConfiguration",),
    "service": ("DeploymentConfiguration", "NetworkConfiguration"),
}
