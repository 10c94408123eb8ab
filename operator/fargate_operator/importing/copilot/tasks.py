"""What all kinds of workloads have in common."""

from typing import Any

from fargate_operator.importing.copilot import containers, overrides, storage
from fargate_operator.importing.copilot.draft import Draft
from fargate_operator.importing.copilot.network import network
from fargate_operator.importing.copilot.values import text, words
from fargate_operator.importing.cursor import Cursor

_FIRELENS = (
    "logs go to the app's log group by awslogs; for FireLens write the router in overrides.additionalContainers and "
    "overrides.container.LogConfiguration"
)
RETENTION = 30  # days; Copilot's default and ours
# The sidecar that Copilot adds for observability.tracing, and what it may do.
_COLLECTOR = "aws-otel-collector"
_COLLECTOR_IMAGE = {"repository": f"public.ecr.aws/aws-observability/{_COLLECTOR}", "tag": "v0.17.0"}
_TRACING = [
    *(f"logs:{one}" for one in ("PutLogEvents", "CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "DescribeLogGroups")),
    *(f"xray:{one}" for one in ("PutTraceSegments", "PutTelemetryRecords")),
    *(f"xray:GetSampling{one}" for one in ("Rules", "Targets", "StatisticSummaries")),
]


def task(top: Cursor, name: str, draft: Draft) -> dict[str, Any]:
    """The fields of a task; `top` is the manifest."""
    sizes = {field: one.integer() for field in ("cpu", "memory") if (one := top.get(field))}
    own: dict[str, Any] = {
        "image": containers.image(top.get("image"), name, draft),
        "entryPoint": words(top.get("entrypoint")),
        "command": words(top.get("command")),
        **sizes,
        "architecture": _architecture(top.get("platform")),
        "environment": {"COPILOT_SERVICE_NAME": name, **containers.variables(top.get("variables"))},
        "secrets": containers.secrets(top.get("secrets"), draft.options.parameters),
        "healthCheck": containers.health_check(top.get("image", "healthcheck")),
        "network": network(top, draft),
        "ephemeralStorageGiB": storage.ephemeral(top.get("storage", "ephemeral")),
        "volumes": storage.volumes(top.get("storage", "volumes")),
        "sidecars": containers.sidecars(top.get("sidecars"), name, draft),
        "overrides": overrides.overrides(top),
    }
    _logging(top.get("logging"), draft)
    if file := top.get("env_file"):
        file.lose("write its variables in environment, or in a ConfigMap that environmentFrom names")
    if tracing := top.get("observability", "tracing"):
        own["sidecars"] |= _traced(tracing, draft)
    return own


def _traced(cursor: Cursor, draft: Draft) -> dict[str, Any]:
    if text(cursor) != "awsxray":
        cursor.lose("must be awsxray; for another collector write its sidecar")
        return {}
    draft.allow(_TRACING, "*")
    return {_COLLECTOR: {"image": draft.image(_COLLECTOR, _COLLECTOR_IMAGE), "command": ["--config=/etc/ecs/ecs-xray.yaml"]}}


def _architecture(cursor: Cursor | None) -> str | None:
    """Of ``linux/arm64``, or a map of osfamily and architecture."""
    if cursor is None:
        return None
    if isinstance(cursor.node.value, dict):
        system, kind = text(cursor.get("osfamily")) or "linux", text(cursor.get("architecture")) or "x86_64"
    else:
        system, _, kind = (text(cursor) or "").partition("/")
    if system.lower() != "linux":
        cursor.lose(cursor.why("runs on Linux here; for Windows set overrides.taskDefinition.RuntimePlatform"))
        return None
    return "ARM64" if kind.lower() in ("arm", "arm64") else "X86_64"


def _logging(cursor: Cursor | None, draft: Draft) -> None:
    draft.retentions.append(cursor.get("retention") if cursor else None)
    for field in (
        "image",
        "destination",
        "enableMetadata",
        "secretOptions",
        "configFilePath",
        "env_file",
        "variables",
        "secrets",
    ):
        if lost := cursor.get(field) if cursor else None:
            lost.lose(_FIRELENS)


def retention(draft: Draft) -> None:
    """One log group holds for all workloads: it keeps logs as long as the one that wants them longest."""
    given = [(one, one.integer() if one else RETENTION) for one in draft.retentions]
    longest = max((days for _, days in given if days is not None), default=RETENTION)
    if any(one for one, _ in given):
        draft.spec["logs"] = {"retentionInDays": longest}
    for one, days in given:
        if one and days == longest:
            draft.report.made("spec.logs", one.node)
        if one and days is not None and days != longest:
            one.lose(f"one log group holds for all workloads, and keeps logs for {longest} days, as another one wants it")
