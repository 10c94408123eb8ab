"""A container's own health check. Pure."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from fargate_operator.fragments.values import Duration, Int, Strict, Text, need, seconds, text

_CHECK = "AWS::ECS::TaskDefinition ContainerDefinitions.HealthCheck"


class HealthCheck(Strict):
    """The container's own health check; ECS replaces a task whose essential container is unhealthy."""

    command: Annotated[list[Text], Field(min_length=1, max_length=20)] = need(
        "CMD and a program with its arguments, or CMD-SHELL and one line for the image's shell", aws=f"{_CHECK}.Command"
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

    def faults(self) -> Iterable[tuple[str, str]]:
        """(field, what is wrong with it) for what the schema does not tell."""
        bounds = (
            ("interval", self.interval, 5, 300),
            ("timeout", self.timeout, 2, 120),
            ("startPeriod", self.start_period, 0, 300),
        )
        for name, duration, least, most in bounds:
            if duration is not None and not least <= seconds(duration) <= most:
                yield name, f"is {seconds(duration)}s; must be {least}s to {most}s"
        kind, *words = self.command
        if kind not in ("CMD", "CMD-SHELL"):
            yield "command", f"must begin with CMD or CMD-SHELL, not {kind!r}"
        elif not words or (kind == "CMD-SHELL" and len(words) > 1):
            yield "command", f"must have {'a program' if kind == 'CMD' else 'exactly one line for the shell'} after {kind}"
