"""What every container definition has, a workload's own and a sidecar's. Pure."""

from collections.abc import Mapping
from typing import Any

from fargate_operator.fragments.scope import Scope


def log_configuration(scope: Scope) -> dict[str, Any]:
    """To the app's log group; the stream is called ``fargate/<container>/<task>``."""
    return {
        "LogDriver": "awslogs",
        "Options": {
            "awslogs-region": {"Ref": "AWS::Region"},
            "awslogs-group": scope.log_group,
            "awslogs-stream-prefix": "fargate",
        },
    }


def environment_list(environment: Mapping[str, str]) -> list[dict[str, str]]:
    """The container definition's Environment, by name."""
    return [{"Name": name, "Value": value} for name, value in sorted(environment.items())]
