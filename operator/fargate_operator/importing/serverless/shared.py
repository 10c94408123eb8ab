"""What all workloads share: of `provider`, and of `fargate` where it is more than its tasks."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import (
    choice,
    environment,
    flag,
    integer,
    kept,
    pairs,
    raw,
    text,
    texts,
)

ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}
# With the older spellings; and what stands for lost ones, or tasks would run in the default VPC, with public addresses.
_VPC = (("subnetIds", "subnets", "<subnet>"), ("securityGroupIds", "securityGroups", "<security group>"))
_ALSO_FUNCTIONS = "is for tasks alone in the plugin; in a FargateApp the functions get it, too"


def network(cursor: Cursor | None, context: Context) -> dict[str, Any]:
    """A vpc as a network."""
    found: dict[str, Any] = {}
    if cursor is None:
        return found
    if not isinstance(cursor.node.value, dict):
        cursor.lose(f"{cursor.why('must be a map')}; there are stand-ins in its place")
        return {name: [stand_in] for name, _, stand_in in _VPC}
    for name, older, stand_in in _VPC:
        for one in (cursor.get(older), cursor.get(name)):
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
    _iam(context, provider, fargate)
    for name, value in size(fargate, context).items():
        context.put(name, value)
    context.put("cluster", _cluster(fargate, context))
    context.put("logs", _logs(provider, fargate, context))
    context.put("overrides", overrides(fargate.get("cloudFormationResource"), context))
    context.put("stackName", text(provider.get("stackName"), stack))
    return own


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


def _iam(context: Context, provider: Cursor, fargate: Cursor) -> None:
    stack = context.stack
    role = provider.get("iam", "role")
    if role and (isinstance(role.node.value, str) or role.get("Fn::GetAtt") or role.get("Fn::ImportValue") or role.get("Ref")):
        role.lose("is the role of all functions; here each has its own, with the rights of iam", "spec.iam")
        role = None
    if one := provider.get("role"):
        one.lose("is the role of all functions; here each has its own, with the rights of iam", "spec.iam")
    places = [role, provider, fargate]
    statements: list[Any] = []
    policies: list[str] = []
    for place, (first, second) in zip(
        places, (("statements", "managedPolicies"), *[("iamRoleStatements", "iamManagedPolicies")] * 2), strict=True
    ):
        found = place.get(first) if place else None
        statements += (raw(one, stack) for one in found.each()) if found else ()
        policies += texts(place.get(second), stack) if place else ()
    boundary = role.get("permissionsBoundary") if role else None
    boundary = boundary or provider.get("rolePermissionsBoundary")
    context.put("iam", kept(statements=statements, managedPolicies=policies, permissionsBoundary=text(boundary, stack)))
    for name in ("executionRoleArn", "taskRoleArn"):
        context.put("iam", kept(**{name: text(fargate.get(name), stack)}))
    for name in ("iamRoleStatements", "iamManagedPolicies") if context.mixed else ():
        if one := fargate.get(name):
            one.lose(_ALSO_FUNCTIONS, "spec.iam")
    for name in ("name", "path", "tags"):
        if role and (one := role.get(name)):
            one.lose("has no counterpart; the roles are named by CloudFormation and have the app's tags", "spec.iam")
    if one := provider.get("iam", "deploymentRole"):
        one.skip()  # CloudFormation's role is the operator's setting


def _cluster(fargate: Cursor, context: Context) -> dict[str, Any]:
    insights = fargate.get("containerInsights")
    words = {"true": "enabled", "false": "disabled", "enabled": "enabled", "enhanced": "enhanced", "disabled": "disabled"}
    return kept(name=text(fargate.get("clusterName"), context.stack), containerInsights=choice(insights, words, context.stack))


def _logs(provider: Cursor, fargate: Cursor, context: Context) -> dict[str, Any]:
    mine, theirs = fargate.get("logRetentionInDays"), provider.get("logRetentionInDays")
    days, functions = integer(mine), integer(theirs)
    if theirs and days is not None and functions != days:
        theirs.lose("is for the functions' log groups; tasks and functions share one here, with fargate's days", "spec.logs")
    return kept(
        groupName=text(fargate.get("logGroupName"), context.stack), retentionInDays=days if days is not None else functions
    )
