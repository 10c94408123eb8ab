"""What all workloads share: of `provider`, and of `fargate` where it is more than its tasks."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import choice, environment, flag, integer, kept, pairs, text
from fargate_operator.importing.serverless.iam import iam
from fargate_operator.importing.serverless.levels import VPC, network, overrides, size


def shared(context: Context) -> dict[str, Any]:
    """Fills the shared fields; what only tasks may get, because there are functions, comes back for each of them."""
    provider, fargate, stack = context.provider, context.section("fargate").at("spec"), context.stack
    own: dict[str, Any] = {}
    for name in ("environment", "tags", "network"):
        all_, tasks = _both(name, provider, fargate, context)
        functions_too = context.mixed and (all_ or name != "network")
        if functions_too and all_ | tasks != all_:
            own[name] = tasks
        else:
            all_ |= tasks
        context.put(name, all_)
    if context.mixed and own.get("tags") and (one := fargate.get("tags")):
        one.lose("is on the tasks; cluster, log group and roles have provider.tags alone", "spec.tags")
    _secrets(context, provider, fargate, own)
    iam(context, provider, fargate)
    for name, value in size(fargate, context).items():
        context.put(name, value)
    context.put("cluster", _cluster(fargate, context))
    context.put("logs", _logs(provider, fargate, context))
    context.put("overrides", overrides(fargate.get("cloudFormationResource"), context))
    context.put("stackName", text(provider.get("stackName"), stack))
    context.put("changes", _changes(provider, context))
    _origins(context, provider, fargate)
    return own


_HERE = {older: name for name, older, _ in VPC}
_ORIGINS = {  # fields of the FargateApp that are called otherwise where they come from, the nearest last
    "tags": ("stackTags", "tags"),
    "secrets": ("environment",),
    "network": ("vpc",),
    "cluster": ("clusterName", "containerInsights"),
    "cluster.name": ("clusterName",),
    "cluster.containerInsights": ("containerInsights",),
    "logs": ("logGroupName", "logRetentionInDays"),
    "logs.groupName": ("logGroupName",),
    "logs.retentionInDays": ("logRetentionInDays",),
    "overrides": ("cloudFormationResource",),
    "changes": ("disableRollback", "rollbackConfiguration"),
    "changes.rollback": ("disableRollback",),
    "changes.alarms": ("rollbackConfiguration",),
    **{name: (name,) for name in ("environment", "cpu", "memory", "architecture", "stackName", "httpApi", "region")},
}


def _origins(context: Context, provider: Cursor, fargate: Cursor) -> None:
    """Where the shared fields come from, for the faults that are found in them; of maps each entry by itself."""
    for field, written in _ORIGINS.items():
        for one in (place.get(name) for place in (provider, fargate) for name in written):
            if one:
                context.top.report.made(f"spec.{field}", one.node)
            for name, node in one.node.value.items() if one and isinstance(one.node.value, dict) else ():
                context.top.report.made(f"spec.{field}.{_HERE.get(name, name)}", node)


def _both(name: str, provider: Cursor, fargate: Cursor, context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
    if name == "network":
        return network(provider.get("vpc"), context), network(fargate.get("vpc"), context)
    if name == "tags":
        stack_tags = pairs(provider.get("stackTags"), context.stack)
        return {**stack_tags, **pairs(provider.get("tags"), context.stack)}, pairs(fargate.get("tags"), context.stack)
    return environment(provider.get("environment"), context.stack)[0], environment(fargate.get("environment"), context.stack)[0]


def _secrets(context: Context, provider: Cursor, fargate: Cursor, own: dict[str, Any]) -> None:
    """A variable of one place displaces a secret of the other, as the plugin merges them."""
    all_ = environment(provider.get("environment"), context.stack)[1]
    variables, tasks = environment(fargate.get("environment"), context.stack)
    if not context.mixed:
        context.put("secrets", {name: one for name, one in all_.items() if name not in variables} | tasks)
        for name in tasks:
            context.spec.get("environment", {}).pop(name, None)
        return
    context.put("secrets", all_)
    if tasks:
        own["secrets"] = tasks
    for name in all_:
        if one := provider.get("environment", name):
            one.lose(f"is a secret: tasks get {name}, functions get {name}_ARN and read it themselves", "spec.secrets")


def _cluster(fargate: Cursor, context: Context) -> dict[str, Any]:
    insights = fargate.get("containerInsights")
    words = {"true": "enabled", "false": "disabled", "enabled": "enabled", "enhanced": "enhanced", "disabled": "disabled"}
    return kept(name=text(fargate.get("clusterName"), context.stack), containerInsights=choice(insights, words, context.stack))


def _logs(provider: Cursor, fargate: Cursor, context: Context) -> dict[str, Any]:
    """One group for all here; the framework's days are for functions alone."""
    mine, theirs = fargate.get("logRetentionInDays"), provider.get("logRetentionInDays")
    days, functions = integer(mine), integer(theirs)
    if theirs and context.mixed and functions != days and fargate.get("tasks"):
        whose = "the functions', too" if days is None else "fargate's"
        theirs.lose(
            f"is for the functions' log groups; tasks and functions share one here, and the days are {whose}", "spec.logs"
        )
    chosen = functions if days is None and context.mixed else days
    return kept(groupName=text(fargate.get("logGroupName"), context.stack), retentionInDays=chosen)


def _changes(provider: Cursor, context: Context) -> dict[str, Any]:
    """How the stack is rolled back."""
    kept_on_failure = flag(provider.get("disableRollback"))
    alarms: list[str] = []
    listed = provider.get("rollbackConfiguration", "RollbackTriggers")
    for one in listed.each() if listed else ():
        kind = one.get("Type")
        if kind and kind.node.value != "AWS::CloudWatch::Alarm":
            one.lose("has no counterpart; changes.alarms are metric alarms")
            continue
        if kind:
            kind.skip()
        alarms += [arn] if (arn := text(one.get("Arn"), context.stack)) else []
    if minutes := provider.get("rollbackConfiguration", "MonitoringTimeInMinutes"):
        minutes.lose("has no counterpart; alarms are watched while the stack changes", "spec.changes")
    return kept(rollback=False if kept_on_failure else None, alarms=alarms)
