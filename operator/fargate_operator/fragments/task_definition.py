"""The AWS::ECS::TaskDefinition that services, scheduled tasks and tasks share. Pure.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html.
"""

from typing import Any

from fargate_operator import names
from fargate_operator.fragments.container import environment_list, log_configuration
from fargate_operator.fragments.environment import value_from, variables
from fargate_operator.fragments.overrides import merge_all
from fargate_operator.fragments.scope import Scope, tag_list
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.fragments.values import mebibytes, seconds
from fargate_operator.fragments.volumes import mount_points, volume_list
from fargate_operator.template import Resource


def task_definition(
    key: str, spec: TaskSpec, scope: Scope, container: dict[str, Any], stop_timeout: int | None = None
) -> Resource:
    """`<N>Task`: a container named as the workload, `container` added by the kind, then its sidecars; overrides last.

    `stop_timeout` is the containers' StopTimeout where they say none, in seconds; None: ECS's own.
    """
    overrides = [one for one in (scope.overrides, spec.overrides) if one]
    timeout = {} if stop_timeout is None else {"StopTimeout": stop_timeout}
    own = {"StopTimeout": seconds(spec.stop_timeout)} if spec.stop_timeout else timeout
    main = merge_all({**_container(key, spec, scope), **own, **container}, (one.container for one in overrides))
    sidecars = [{**one.body(name, spec.architecture, scope), **timeout} for name, one in sorted((spec.sidecars or {}).items())]
    additional = [extra for one in overrides for extra in one.additional_containers or ()]
    properties: dict[str, Any] = {
        "ContainerDefinitions": [main, *sidecars, *additional],
        "Family": key,
        "NetworkMode": "awsvpc",
        "ExecutionRoleArn": spec.execution_role_arn or scope.execution_role,
        "TaskRoleArn": spec.task_role_arn or scope.task_role,
        "RequiresCompatibilities": ["FARGATE"],
        "Memory": str(mebibytes(spec.memory or scope.memory)),
        "Cpu": str(spec.cpu or scope.cpu),
    }
    if architecture := spec.architecture or scope.architecture:
        properties["RuntimePlatform"] = {"CpuArchitecture": architecture, "OperatingSystemFamily": "LINUX"}
    if spec.ephemeral_storage_gib:
        properties["EphemeralStorage"] = {"SizeInGiB": spec.ephemeral_storage_gib}
    if spec.volumes:
        properties["Volumes"] = volume_list(spec.volumes)
    if tags := tag_list(scope.tags, spec.tags):
        properties["Tags"] = tags
    return Resource(
        names.task(key),
        "AWS::ECS::TaskDefinition",
        merge_all(properties, (one.task_definition for one in overrides)),
        tuple(spec.depends_on or ()),
    )


def _container(key: str, spec: TaskSpec, scope: Scope) -> dict[str, Any]:
    given = variables(scope, spec)
    body: dict[str, Any] = {
        "Name": key,
        "Image": scope.image(spec.image, spec.architecture),
        "Essential": True,
    }
    if given.plain:
        body["Environment"] = environment_list(given.plain)
    if given.secrets:
        body["Secrets"] = [{"Name": name, "ValueFrom": value_from(one)} for name, one in sorted(given.secrets.items())]
    if labels := given.labels(scope.facts):
        body["DockerLabels"] = labels
    if spec.entry_point:
        body["EntryPoint"] = spec.entry_point
    if spec.command:
        body["Command"] = spec.command
    if spec.health_check:
        body["HealthCheck"] = spec.health_check.body()
    if spec.volumes:
        body["MountPoints"] = mount_points(spec.volumes)
    body["LogConfiguration"] = log_configuration(scope)
    return body
