"""The app's roles, each with what it needs and no more. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field

from fargate_operator import names
from fargate_operator.fragments.environment_from import CopiedKey
from fargate_operator.fragments.values import Arn, Raw, Strict, text
from fargate_operator.template import Resource


class Iam(Strict):
    """What the code of tasks and functions may do, and the roles that it runs with."""

    statements: Annotated[list[Raw], Field(max_length=100)] | None = text(
        "IAM statements, added to the roles of tasks and functions", default="none", aws="AWS::IAM::Role Policies"
    )
    managed_policies: Annotated[list[Arn], Field(max_length=20)] | None = text(
        "ARNs of managed policies, attached to the roles of tasks and functions",
        default="none",
        aws="AWS::IAM::Role ManagedPolicyArns",
    )
    task_role_arn: Arn | None = text(
        "For all tasks instead of a role of the app's own",
        default="a role of the app's own",
        aws="AWS::ECS::TaskDefinition TaskRoleArn",
    )
    execution_role_arn: Arn | None = text(
        "For all tasks instead of an execution role of the app's own",
        default="a role of the app's own",
        aws="AWS::ECS::TaskDefinition ExecutionRoleArn",
    )
    permissions_boundary: Arn | None = text(
        "On every role that the app makes", default="the platform's", aws="AWS::IAM::Role PermissionsBoundary"
    )


def secret_statements(secrets: Iterable[str | CopiedKey]) -> list[dict[str, Any]]:
    """The right to read exactly these parameters and secrets, as IAM statements."""
    given = set(secrets)
    values = sorted(one for one in given if isinstance(one, str))
    copies = sorted(one for one in given if not isinstance(one, str))
    parameters = _unique(secret_arn(value) for value in values if _is_parameter(value))
    managers = _unique([secret_arn(one) for one in values if not _is_parameter(one)] + [secret_arn(one) for one in copies])
    statements: list[dict[str, Any]] = []
    if parameters:
        statements.append({"Effect": "Allow", "Action": ["ssm:GetParameters", "ssm:GetParameter"], "Resource": parameters})
    if managers:
        statements.append({"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": managers})
    return statements


def secret_arn(value: str | CopiedKey) -> Any:
    """What IAM calls a secret: the ARN without :json-key:stage:version; for a parameter's name, its ARN in the app's region."""
    if isinstance(value, CopiedKey):
        return {"Ref": names.COPIED_SECRET}
    if value.startswith("/"):
        prefix = ["arn:", {"Ref": "AWS::Partition"}, ":ssm:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}]
        return {"Fn::Join": ["", [*prefix, f":parameter{value}"]]}
    if value.startswith("${"):
        return value[: value.index("}") + 1] if "}" in value else value
    return ":".join(_parts(value)[:7])


def _is_parameter(value: str) -> bool:
    return value.startswith("/") or _parts(value)[2:3] == ["ssm"]


def _parts(value: str) -> list[str]:
    """Those of an ARN; ``${AWS::Region}`` is one of them."""
    return re.split(r":(?![^{]*\})", value)


def execution_role(secrets: Iterable[str | CopiedKey], iam: Iam, tags: list[dict[str, str]]) -> Resource:
    """With which ECS pulls images, writes logs and reads the tasks' secrets."""
    policies = _policy("FargateSecretsPolicy", secret_statements(secrets))
    managed = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::aws:policy/{_EXECUTION_POLICY}"]]}
    return _role(names.EXECUTION_ROLE, trust("ecs-tasks.amazonaws.com"), iam, tags, policies, [managed])


_EXECUTION_POLICY = "service-role/AmazonECSTaskExecutionRolePolicy"
# See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
_EXEC = {
    "Effect": "Allow",
    "Action": [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ],
    "Resource": "*",
}


def task_role(iam: Iam, tags: list[dict[str, str]], mounts: list[Any], *, exec_: bool) -> Resource:
    """The role of the code in tasks; `mounts` are the statements that let them mount their volumes."""
    policies = _policy("FargateTaskPolicy", list(iam.statements or ()))
    policies += _policy("FargateVolumesPolicy", mounts)
    policies += _policy("FargateExecPolicy", [_EXEC] if exec_ else [])
    return _role(names.TASK_ROLE, trust("ecs-tasks.amazonaws.com"), iam, tags, policies, list(iam.managed_policies or ()))


def scheduler_role(tasks: Mapping[str, Resource], queues: Iterable[Any], cluster_arn: Any, iam: Iam) -> Resource:
    """May run the scheduled tasks' definitions, on the app's cluster, and pass exactly their roles.

    A definition is named without its revision: with it, a change of one task would change the role of all.
    """
    definitions = [_definition(one.properties["Family"]) for _, one in sorted(tasks.items())]
    roles = _unique(
        resource.properties[name]
        for _, resource in sorted(tasks.items())
        for name in ("ExecutionRoleArn", "TaskRoleArn")
        if name in resource.properties
    )
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["ecs:RunTask"],
            "Resource": definitions,
            "Condition": {"ArnEquals": {"ecs:cluster": cluster_arn}},
        },
        {
            "Effect": "Allow",
            "Action": ["ecs:TagResource"],
            "Resource": {"Fn::Join": ["", [*_ECS_TASKS]]},
            "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        },
        {
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": roles,
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
    ]
    if letters := _unique(sorted(queues, key=lambda one: (not isinstance(one, str), str(one)))):
        statements.append({"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": letters})
    condition = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    document = trust("scheduler.amazonaws.com", condition)
    return _role(names.SCHEDULER_ROLE, document, iam, [], _policy("FargateSchedulerPolicy", statements), [])


def infrastructure_role(keys: Iterable[str], iam: Iam, tags: list[dict[str, str]]) -> Resource:
    """With which ECS moves requests between the two target groups of these services, by their rules, and does nothing else.

    AWS's own AmazonECSInfrastructureRolePolicyForLoadBalancers allows the same on everything in the account. See
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html.
    """
    services = sorted(keys)
    groups = [{"Ref": name(key)} for key in services for name in (names.target_group, names.alternate_target_group)]
    statements = [
        {"Effect": "Allow", "Action": [f"elasticloadbalancing:{one}" for one in _ELB_READS], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
            "Resource": groups,
        },
        {
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:ModifyRule"],
            "Resource": [{"Ref": names.listener_rule(key)} for key in services],
        },
    ]
    policies = _policy("FargateTrafficPolicy", statements)
    return _role(names.INFRASTRUCTURE_ROLE, trust("ecs.amazonaws.com"), iam, tags, policies, [])


_ELB_READS = ("DescribeListeners", "DescribeRules", "DescribeTargetGroups", "DescribeTargetHealth")  # know no resource


def _definition(family: Any) -> Any:
    """The ARN of every revision of a task definition."""
    return {"Fn::Join": ["", [*_ECS, ":task-definition/", family, ":*"]]}


_ECS = ("arn:", {"Ref": "AWS::Partition"}, ":ecs:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"})
_ECS_TASKS = (*_ECS, ":task/*")


def trust(service: str, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The trust policy that lets an AWS service assume a role."""
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": [service]}, "Action": ["sts:AssumeRole"]}
    if condition:
        statement["Condition"] = dict(condition)
    return {"Version": "2012-10-17", "Statement": [statement]}


def build_role(logical_id: str, statements: list[Any], iam: Iam, tags: list[dict[str, str]]) -> Resource:
    """The role of a CodeBuild project, with these statements and nothing else."""
    document = trust("codebuild.amazonaws.com", {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}})
    return _role(logical_id, document, iam, tags, _policy("FargateBuildPolicy", statements), [])


def _policy(name: str, statements: list[Any]) -> list[dict[str, Any]]:
    if not statements:
        return []
    return [{"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]


def _role(
    logical_id: str,
    document: dict[str, Any],
    iam: Iam,
    tags: list[dict[str, str]],
    policies: list[Any],
    managed: list[Any],
) -> Resource:
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": document}
    if policies:
        properties["Policies"] = policies
    if managed:
        properties["ManagedPolicyArns"] = managed
    if iam.permissions_boundary:
        properties["PermissionsBoundary"] = iam.permissions_boundary
    if tags:
        properties["Tags"] = tags
    return Resource(logical_id, "AWS::IAM::Role", properties)


def _unique(values: Iterable[Any]) -> list[Any]:
    seen: list[Any] = []
    for value in values:
        if value not in seen:
            seen.append(value)
    return seen
