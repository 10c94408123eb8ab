"""Sidecars: further containers of a task. Pure."""

from typing import Annotated, Literal

from pydantic import Field

from fargate_operator.fragments.health_check import HealthCheck
from fargate_operator.fragments.values import Environment, Flag, Int, Key, Strict, Text, Words, need, text

_CONTAINER = "AWS::ECS::TaskDefinition ContainerDefinitions"
Condition = Literal["START", "COMPLETE", "SUCCESS", "HEALTHY"]


class Sidecar(Strict):
    """A container beside the workload's own, in the same task and network."""

    image: Text = need("A name in images", aws=f"{_CONTAINER}.Image")
    entry_point: Words | None = text("Instead of the image's entry point", default="the image's", aws=f"{_CONTAINER}.EntryPoint")
    command: Words | None = text("Instead of the image's command", default="the image's", aws=f"{_CONTAINER}.Command")
    essential: Flag | None = text("Whether the task stops when it does", default="true", aws=f"{_CONTAINER}.Essential")
    port: Annotated[Int, Field(ge=1, le=65535)] | None = text(
        "The port that it listens on", default="none", aws=f"{_CONTAINER}.PortMappings"
    )
    environment: Environment | None = text(
        "Its environment variables, its own only", default="none", aws=f"{_CONTAINER}.Environment"
    )
    health_check: HealthCheck | None = text("Of the container", default="none", aws=f"{_CONTAINER}.HealthCheck")
    depends_on: Annotated[dict[Key, Condition], Field(max_length=11)] | None = text(
        "Container → what must have come about before it starts: START, COMPLETE, SUCCESS or HEALTHY. The workload's own "
        "container has the workload's name",
        default="none",
        aws=f"{_CONTAINER}.DependsOn",
    )


Sidecars = Annotated[dict[Key, Sidecar], Field(max_length=10)]
