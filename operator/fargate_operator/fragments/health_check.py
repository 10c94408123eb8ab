"""A container's own health check. Pure."""

from typing import Annotated, Any

from pydantic import Field

from fargate_operator.fragments.values import Duration, Int, Strict, Text, need, seconds, text

_CHECK = "AWS::ECS::TaskDefinition ContainerDefinitions.HealthCheck"


class HealthCheck(Strict):
    """The container's own health check; ECS replaces a task whose essential container is unhealthy."""

    command: Annotated[list[Text], Field(min_length=1, max_length=20)] = need(
        "CMD or CMD-SHELL, and the command", aws=f"{_CHECK}.Command"
    )
    interval: Duration | None = text("Between two checks, 5s to 300s", default="30s", aws=f"{_CHECK}.Interval")
    timeout: Duration | None = text("Of one check, 2s to 120s", default="5s", aws=f"{_CHECK}.Timeout")
    retries: Annotated[Int, Field(ge=1, le=10)] | None = text(
        "Failures in a row that make it unhealthy", default="3", aws=f"{_CHECK}.Retries"
    )
    start_period: Duration | None = text(
        "In which failures do not count, up to 300s", default="none", aws=f"{_CHECK}.StartPeriod"
    )

    def body(self) -> dict[str, Any]:
        """The container definition's HealthCheck."""
        durations = (("Interval", self.interval), ("Timeout", self.timeout), ("StartPeriod", self.start_period))
        body: dict[str, Any] = {"Command": self.command}
        body |= {name: seconds(duration) for name, duration in durations if duration is not None}
        return body | ({"Retries": self.retries} if self.retries is not None else {})
