"""Where a workload's fields stand in its manifest, for faults that are found in what it became."""

from collections.abc import Iterator

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.source import Node

# ours → Copilot's; what stands below has its own name, or that of _SAME
_FIELDS = {
    "": "name",
    ".architecture": "platform",
    ".capacity": "count",
    ".command": "command",
    ".connect": "network.connect",
    ".connect.name": "network.connect.alias",
    ".cpu": "cpu",
    ".deployment": "deployment",
    ".deployment.alarms": "deployment.rollback_alarms",
    ".desiredCount": "count",
    ".entryPoint": "entrypoint",
    ".environment": "variables",
    ".ephemeralStorageGiB": "storage.ephemeral",
    ".exec": "exec",
    ".healthCheck": "image.healthcheck",
    ".http": "http",
    ".http.deregistrationDelay": "http.deregistration_delay",
    ".http.host": "http.alias",
    ".memory": "memory",
    ".network": "network.vpc",
    ".network.securityGroupIds": "network.vpc.security_groups",
    ".network.subnetIds": "network.vpc.placement",
    ".overrides": "taskdef_overrides",
    ".overrides.container.DependsOn": "image.depends_on",
    ".overrides.container.DockerLabels": "image.labels",
    ".overrides.container.RepositoryCredentials": "image.credentials",
    ".port": "image.port",
    ".scaling": "count",
    ".scaling.cooldown": "count.cooldown",
    ".scaling.cpu": "count.cpu_percentage",
    ".scaling.max": "count.range",
    ".scaling.memory": "count.memory_percentage",
    ".scaling.min": "count.range",
    ".scaling.queue": "count.queue_delay",
    ".scaling.requests": "count.requests",
    ".schedule": "on.schedule",
    ".secrets": "secrets",
    ".sidecars": "sidecars",
    ".spot": "count",
    ".volumes": "storage.volumes",
}
_SAME = {
    "entrypoint": "entryPoint",
    "healthcheck": "healthCheck",
    "id": "fileSystemId",
    "variables": "environment",
}  # at any depth


def places(top: Cursor) -> Iterator[tuple[str, Node]]:
    """Each field of a workload, such as `.http.path`, and where its manifest says it."""
    for ours, theirs in _FIELDS.items():
        if found := top.get(*theirs.split(".")):
            yield from _below(ours, found.node)


def _below(field: str, node: Node) -> Iterator[tuple[str, Node]]:
    yield field, node
    for key, one in node.value.items() if isinstance(node.value, dict) else ():
        yield from _below(f"{field}.{_SAME.get(key, key)}", one)
