"""What every kind of ECS task has in common: its part of the spec. Pure."""

from typing import Annotated, Literal

from pydantic import Field

from fargate_operator.fragments.environment_from import EnvironmentFrom
from fargate_operator.fragments.health_check import HealthCheck
from fargate_operator.fragments.network import Network
from fargate_operator.fragments.overrides import TaskOverrides
from fargate_operator.fragments.sidecars import Sidecars
from fargate_operator.fragments.sizes import SIZE_RULES
from fargate_operator.fragments.values import (
    Arn,
    Duration,
    Environment,
    Int,
    LogicalId,
    Memory,
    Secrets,
    Strict,
    Tags,
    Text,
    Words,
    need,
    text,
)
from fargate_operator.fragments.volumes import Volumes

Cpu = Literal[256, 512, 1024, 2048, 4096, 8192, 16384]
Architecture = Literal["X86_64", "ARM64"]

_TASK = "AWS::ECS::TaskDefinition"
_CONTAINER = f"{_TASK} ContainerDefinitions"


class TaskSpec(Strict):
    """The task-level fields; they win over the shared ones, maps are merged."""

    image: Text = need("A name in images", aws=f"{_CONTAINER}.Image")
    entry_point: Words | None = text("Instead of the image's entry point", default="the image's", aws=f"{_CONTAINER}.EntryPoint")
    command: Words | None = text("Instead of the image's command", default="the image's", aws=f"{_CONTAINER}.Command")
    cpu: Cpu | None = text("CPU units of the task", default="the shared cpu", aws=f"{_TASK} Cpu")
    memory: Memory | None = text("MiB of the task, or a string such as 0.5GB", default="the shared memory", aws=f"{_TASK} Memory")
    architecture: Architecture | None = text(
        "Of the processor", default="the shared architecture", aws=f"{_TASK} RuntimePlatform.CpuArchitecture"
    )
    environment: Environment | None = text(
        "Environment variables, merged over the shared ones", default="the shared ones", aws=f"{_CONTAINER}.Environment"
    )
    secrets: Secrets | None = text(
        "Name → SSM parameter (with a leading slash) or secret ARN, with :json-key:version-stage:version-id where wanted; "
        "merged over the shared ones, injected by ECS",
        default="the shared ones",
        aws=f"{_CONTAINER}.Secrets",
    )
    environment_from: EnvironmentFrom | None = text(
        "ConfigMaps and Secrets that give variables; each wins over those before it and over what is shared, "
        "the workload's environment and secrets win over all",
        default="the shared ones",
        aws=f"{_CONTAINER}.Environment, {_CONTAINER}.Secrets",
    )
    network: Network | None = text(
        "Merged by field over the shared network", default="the shared network", aws="NetworkConfiguration.AwsvpcConfiguration"
    )
    tags: Tags | None = text("Merged over the shared tags", default="the shared tags", aws="Tags")
    task_role_arn: Arn | None = text("The role of the code in the task", default="the shared one", aws=f"{_TASK} TaskRoleArn")
    execution_role_arn: Arn | None = text(
        "The role with which ECS starts the task", default="the shared one", aws=f"{_TASK} ExecutionRoleArn"
    )
    health_check: HealthCheck | None = text("Of the container", default="none", aws=f"{_CONTAINER}.HealthCheck")
    stop_timeout: Duration | None = text(
        "Between SIGTERM and SIGKILL, up to 120s", default="30s; 120s on Spot", aws=f"{_CONTAINER}.StopTimeout"
    )
    ephemeral_storage_gib: Annotated[Int, Field(ge=21, le=200)] | None = text(
        "GiB of ephemeral storage", default="20", aws=f"{_TASK} EphemeralStorage.SizeInGiB", alias="ephemeralStorageGiB"
    )
    sidecars: Sidecars | None = text("By name; further containers of the task", default="none", aws=_CONTAINER)
    volumes: Volumes | None = text("By name; what is mounted in the container", default="none", aws=f"{_TASK} Volumes")
    depends_on: Annotated[list[LogicalId], Field(max_length=50)] | None = text(
        "Logical IDs of this stack that are made before", default="none", aws="DependsOn"
    )
    overrides: TaskOverrides | None = text("Merged into the generated CloudFormation properties, last of all", default="none")

    cel = SIZE_RULES
