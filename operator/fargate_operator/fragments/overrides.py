"""Overrides: the user's last word on the properties that were generated. Pure."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field

from fargate_operator.evaluation import intrinsic
from fargate_operator.fragments.values import Raw, Strict, text


class TaskOverrides(Strict):
    """CloudFormation properties merged into what a task definition is compiled to."""

    task_definition: Raw | None = text(
        "Merged into the task definition's properties", default="none", aws="AWS::ECS::TaskDefinition"
    )
    container: Raw | None = text(
        "Merged into the workload's own container definition", default="none", aws="AWS::ECS::TaskDefinition ContainerDefinitions"
    )
    additional_containers: Annotated[list[Raw], Field(max_length=10)] | None = text(
        "Container definitions added to the task definition", default="none", aws="AWS::ECS::TaskDefinition ContainerDefinitions"
    )


class Overrides(TaskOverrides):
    """CloudFormation properties merged into what is generated, shared ones first, then a workload's own."""

    service: Raw | None = text("Merged into the service's properties", default="none", aws="AWS::ECS::Service")


def merge(generated: Mapping[str, Any], override: Mapping[str, Any] | None) -> dict[str, Any]:
    """Maps are merged to any depth, everything else is replaced, intrinsic functions among it."""
    merged = dict(generated)
    for key, value in (override or {}).items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not (intrinsic(old) or intrinsic(value)):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def merge_all(generated: Mapping[str, Any], overrides: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    """`merge`, one after the other."""
    merged = dict(generated)
    for override in overrides:
        merged = merge(merged, override)
    return merged
