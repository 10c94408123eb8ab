"""What every kind of ECS task has in common: its part of the spec. Pure."""

from typing import Annotated, Literal

from pydantic import Field

from fargate_operator.fragments.network import Network
from fargate_operator.fragments.overrides import TaskOverrides
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
    text,
)

Cpu = Literal[256, 512, 1024, 2048, 4096, 8192, 16384]
Architecture = Literal["X86_64", "ARM64"]


class HealthCheck(Strict):
    """The container's own health check; ECS replaces a task whose essential container is unhealthy."""

    command: Annotated[list[Text], Field(min_length=1, max_length=20)] = Field(description="CMD or CMD-SHELL, and the command")
    interval: Duration | None = text("Between two checks, 5s to 300s; default 30s")
    timeout: Duration | None = text("Of one check, 2s to 120s; default 5s")
    retries: Annotated[Int, Field(ge=1, le=10)] | None = text("Failures in a row that make it unhealthy; default 3")
    start_period: Duration | None = text("In which failures do not count, up to 300s; default none")


class TaskSpec(Strict):
    """The task-level fields; they win over the shared ones, maps are merged."""

    image: Text = Field(description="A name in images")
    entry_point: Words | None = text("Instead of the image's entry point")
    command: Words | None = text("Instead of the image's command")
    cpu: Cpu | None = text("CPU units; default: the shared cpu")
    memory: Memory | None = text("MiB, or a string such as 0.5GB; default: the shared memory")
    architecture: Architecture | None = text("Of the processor; default: the shared architecture")
    environment: Environment | None = text("Environment variables, merged over the shared ones")
    secrets: Secrets | None = text("Name → SSM parameter (with a leading slash) or secret ARN; injected by ECS")
    network: Network | None = text("Merged by field over the shared network")
    tags: Tags | None = text("Merged over the shared tags")
    task_role_arn: Arn | None = text("The role of the code in the task; default: the shared one")
    execution_role_arn: Arn | None = text("The role with which ECS starts the task; default: the shared one")
    health_check: HealthCheck | None = text("Of the container")
    stop_timeout: Duration | None = text("Between SIGTERM and SIGKILL, up to 120s; default 30s")
    ephemeral_storage_gib: Annotated[Int, Field(ge=21, le=200)] | None = text(
        "GiB of ephemeral storage; default 20", alias="ephemeralStorageGiB"
    )
    depends_on: Annotated[list[LogicalId], Field(max_length=50)] | None = text("Logical IDs of this stack that are made before")
    overrides: TaskOverrides | None = text("Merged into the generated CloudFormation properties, last of all")

    cel = SIZE_RULES
