"""What was seen of the world, as frozen values: the stack, its failure, its services. Filled by `aws`, judged by the core."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """Who a stack belongs to, as its tags say."""

    installation: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class StackObservation:
    """A stack as DescribeStacks told it. `status` is a botocore StackStatus; times are UTC."""

    name: str
    id: str
    status: str
    status_reason: str = ""
    owner: Owner | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    updated_at: datetime | None = None  # LastUpdatedTime, or CreationTime before the first update
    termination_protection: bool = False
    input_digest: str = ""
    template_digest: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the last operation on the stack failed: the first failed resource's own reason."""

    logical_id: str
    resource_type: str
    reason: str


@dataclass(frozen=True, slots=True)
class ServiceObservation:
    """An ECS service as DescribeServices told it, with its running tasks (20 at most).

    `rollout` is the primary deployment's RolloutState, empty where ECS tells none, and `rollout_reason` what ECS says of it.
    `stage` is the lifecycle stage of a deployment under way that moves traffic (BlueGreen, Linear, Canary). `stopped` says why a
    task stopped last: reason, container and exit code, empty when none did.
    """

    service_arn: str
    task_definition_arn: str
    status: str
    desired: int
    running: int
    pending: int
    rollout: str = ""
    rollout_reason: str = ""
    stage: str = ""
    task_arns: tuple[str, ...] = ()
    stopped: str = ""
