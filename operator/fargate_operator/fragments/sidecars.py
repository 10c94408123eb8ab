"""Sidecars: further containers of a task. Pure.

See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from fargate_operator.fragments.container import environment_list, log_configuration
from fargate_operator.fragments.health_check import HealthCheck
from fargate_operator.fragments.scope import Scope
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
        "The port that it listens on, its own in the task", default="none", aws=f"{_CONTAINER}.PortMappings"
    )
    environment: Environment | None = text(
        "Its environment variables; it gets neither the shared ones nor secrets", default="none", aws=f"{_CONTAINER}.Environment"
    )
    health_check: HealthCheck | None = text("Of the container", default="none", aws=f"{_CONTAINER}.HealthCheck")
    depends_on: Annotated[dict[Key, Condition], Field(max_length=11)] | None = text(
        "Container → what must have come about before it starts: START, COMPLETE (has ended), SUCCESS (has ended with 0) or "
        "HEALTHY. The workload's own container has the workload's name",
        default="none",
        aws=f"{_CONTAINER}.DependsOn",
    )

    def body(self, name: str, architecture: str | None, scope: Scope) -> dict[str, Any]:
        """The container definition; it logs where the workload's own container does."""
        optional = {
            "Environment": environment_list(self.environment or {}),
            "EntryPoint": self.entry_point,
            "Command": self.command,
            "HealthCheck": self.health_check.body() if self.health_check else None,
            "PortMappings": [{"ContainerPort": self.port, "Protocol": "tcp"}] if self.port else None,
            "DependsOn": [
                {"ContainerName": one, "Condition": condition} for one, condition in sorted((self.depends_on or {}).items())
            ],
        }
        return {
            "Name": name,
            "Image": scope.image(self.image, architecture),
            "Essential": self.essential is not False,
            **{key: value for key, value in optional.items() if value},
            "LogConfiguration": log_configuration(scope),
        }


Sidecars = Annotated[dict[Key, Sidecar], Field(max_length=10)]
