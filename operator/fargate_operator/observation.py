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
class Piece:
    """A resource of a stack as its newest event tells of it. `status` is a botocore ResourceStatus."""

    logical_id: str
    type: str
    status: str
    reason: str = ""
    physical_id: str = ""


@dataclass(frozen=True, slots=True)
class StackObservation:
    """A stack as DescribeStacks told it. `status` is a botocore StackStatus; times are UTC.

    `pieces` and `event_at` are of DescribeStackEvents, and read only where something is stuck: the resources under way in an
    operation that makes no progress, or those whose rollback or deletion failed, and when the newest event was.
    """

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
    adoptable_by: str = ""  # ``<namespace>/<name>``: whom the stack's owner lets take it over
    adopted: bool = False  # it was somebody else's before
    tags: Mapping[str, str] = field(default_factory=dict)  # of a stack that is adoptable: they stay on it
    pieces: tuple[Piece, ...] = ()
    event_at: datetime | None = None
    still: bool = False  # busy, and for as long as the deadline is without an event, or a service that moves on
    ours: bool = False  # what is under way is what the operator has sent last, and nobody had to approve
    slow: bool = False  # what is under way is of kinds that take long in good order

    def offered_to(self, owner: Owner) -> bool:
        """Whether its owner lets this one take it over."""
        return self.adoptable_by == f"{owner.namespace}/{owner.name}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a change set does to a resource: Add, Modify, Remove, Import, Dynamic; `replacement`: True, False, Conditional.

    `properties` are JSON pointers to what changes; `caused`: only because other resources of the change set do.
    """

    action: str
    logical_id: str
    type: str
    replacement: str = ""
    properties: tuple[str, ...] = ()
    caused: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set as DescribeChangeSet told it. `status` and `execution` are botocore's ChangeSetStatus and ExecutionStatus."""

    id: str
    name: str
    status: str
    execution: str = ""
    reason: str = ""
    changes: tuple[Change, ...] = ()
    template_digest: str = ""  # of the template that it brings


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the last operation on the stack failed: the first failed resource's own reason. No resource: the stack's own.

    `back`: a rollback failed at it, and `before` is what was rolled back. `others` failed after it, by logical ID. `cause` is
    what is known beyond CloudFormation's words: of a service, why its tasks stop. `validation`: DescribeEvents tells more.
    """

    logical_id: str
    resource_type: str
    reason: str
    physical_id: str = ""
    others: tuple[str, ...] = ()
    began: datetime | None = None
    back: bool = False
    before: "Failure | None" = None
    validation: bool = False
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A capacity provider in a strategy. It gets no tasks where both its weight and its base are 0."""

    provider: str
    weight: int = 0
    base: int = 0


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """An event of a service, as DescribeServices tells the newest hundred."""

    id: str
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A task that has stopped or has had its notice. `code` is its stopCode, `provider` its capacityProviderName."""

    task_arn: str
    code: str
    reason: str = ""
    at: datetime | None = None
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a task that has stopped. `exit_code` None: it never ran."""

    name: str
    exit_code: int | None = None
    reason: str = ""
    health: str = ""


@dataclass(frozen=True, slots=True)
class StoppedTask:
    """A task as DescribeTasks told it; `code` is its stopCode, `reason` its stoppedReason, `deployment` who started it."""

    task_arn: str
    code: str = ""
    reason: str = ""
    at: datetime | None = None
    containers: tuple[Container, ...] = ()
    deployment: str = ""
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a service, by its id and task definition; `failed`: its rollout has failed, or tasks of it do."""

    id: str
    definition: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a task of a service stopped last, or none can be started.

    `message`: in one line for people, then AWS's words, then what the container wrote (`messages.LOG`). `container` is the one
    that failed, `exit_code` None where it never ran. Without a task it is the service that says so.
    """

    message: str
    task_arn: str = ""
    container: str = ""
    exit_code: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImageTrouble:
    """Why an image is not as the spec wants it. `working`: it is being built; `stalled`: no try is left until it changes."""

    reason: str
    message: str
    working: bool = False
    stalled: bool = False


@dataclass(frozen=True, slots=True)
class ImageObservation:
    """An image that is built: its repository, the CodeBuild build that was started last, and what is wrong, if anything."""

    repository: str = ""
    build: str = ""
    trouble: ImageTrouble | None = None


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
    strategy: tuple[Share, ...] = ()  # the CapacityProviderStrategy that it has; empty with a launch type
    events: tuple[ServiceEvent, ...] = ()  # the newest first
    lacking: bool = False  # its newest deployment runs fewer tasks than it wants
    deployed_at: datetime | None = None  # when its newest deployment was made
    stops: tuple[Stop, ...] = ()  # of the last hour; looked at only of a service that may run on Spot
    cluster: str = ""
    ended: Ended | None = None  # `stopped`, taken apart
