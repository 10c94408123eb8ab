"""Tasks: a definition to run when wanted. Pure."""

from collections.abc import Iterable
from typing import Any

from fargate_operator import names
from fargate_operator.fragments.scope import Scope
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.fragments.task_definition import task_definition
from fargate_operator.template import Resource


class RunTaskSpec(TaskSpec):
    """A task definition that something else runs: a pipeline, a person."""


def resources(key: str, spec: RunTaskSpec, scope: Scope) -> Iterable[Resource]:
    """The task definition."""
    yield task_definition(key, spec, scope, {})


def outputs(key: str) -> dict[str, Any]:
    """The task definition's ARN."""
    return {names.task_output(key): {"Value": {"Ref": names.task(key)}}}
