"""Where tasks run: on demand, on Spot, or on a mix of both. Pure.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from fargate_operator.fragments.values import Int, Strict, text

_STRATEGY = "AWS::ECS::Service CapacityProviderStrategy"
ON_DEMAND: list[dict[str, Any]] = [{"CapacityProvider": "FARGATE", "Weight": 1}]
SPOT: list[dict[str, Any]] = [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]


class Capacity(Strict):
    """A mix of on-demand and Spot capacity."""

    on_demand_base: Annotated[Int, Field(ge=0, le=100000)] | None = text(
        "Tasks that always run on demand", default="0", aws=f"{_STRATEGY}.Base"
    )
    on_demand_weight: Annotated[Int, Field(ge=0, le=1000)] | None = text(
        "Share of on-demand among the rest", default="1", aws=f"{_STRATEGY}.Weight"
    )
    spot_weight: Annotated[Int, Field(ge=0, le=1000)] | None = text(
        "Share of Spot among the rest", default="1", aws=f"{_STRATEGY}.Weight"
    )

    cel = [
        {
            "rule": "!(has(self.onDemandWeight) && self.onDemandWeight == 0 && has(self.spotWeight) && self.spotWeight == 0)",
            "message": "onDemandWeight and spotWeight cannot both be 0",
        }
    ]

    def strategy(self) -> list[dict[str, Any]]:
        """The CapacityProviderStrategy."""
        on_demand = 1 if self.on_demand_weight is None else self.on_demand_weight
        spot = 1 if self.spot_weight is None else self.spot_weight
        return [
            {"CapacityProvider": "FARGATE", "Base": self.on_demand_base or 0, "Weight": on_demand},
            {"CapacityProvider": "FARGATE_SPOT", "Weight": spot},
        ]


def strategy(capacity: Capacity | None, *, spot: bool | None) -> list[dict[str, Any]]:
    """The CapacityProviderStrategy of a workload with `capacity`, or `spot`, or neither."""
    return capacity.strategy() if capacity else SPOT if spot else ON_DEMAND


def may_be_interrupted(capacity: Capacity | None, *, spot: bool | None) -> bool:
    """Whether some of its tasks may run on Spot."""
    return capacity.spot_weight != 0 if capacity else bool(spot)


def immovable(override: Mapping[str, Any]) -> bool:
    """Whether an override takes a service out of the operator's hands: another strategy, or another deployment controller."""
    own = any(name in override for name in ("CapacityProviderStrategy", "LaunchType"))
    return own or override.get("DeploymentController", {"Type": "ECS"}) != {"Type": "ECS"}


# ECS refuses a strategy other than the live one without a new deployment, and the live one may be what a fallback has made of it.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-service-forcenewdeployment.html
FORCED = {"ForceNewDeployment": {"EnableForceNewDeployment": True}}


# From the notice of an interruption on a task has two minutes; SIGTERM comes with it. ECS's own default is 30 s.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html#fargate-capacity-providers-termination
STOP_TIMEOUT = 120  # seconds


def stop_timeout(capacity: Capacity | None, *, spot: bool | None) -> int | None:
    """The default of a container's StopTimeout, in seconds; None: ECS's own."""
    return STOP_TIMEOUT if may_be_interrupted(capacity, spot=spot) else None
