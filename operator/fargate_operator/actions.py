"""What there is to do about a stack: one call to CloudFormation each, or none. `plan` and `review` choose. Pure."""

from dataclasses import dataclass

from fargate_operator.observation import ChangeSet


@dataclass(frozen=True, slots=True)
class Create:
    """CreateStack."""


@dataclass(frozen=True, slots=True)
class Update:
    """UpdateStack, by the stack's id, so that a stack made anew under the name is not hit."""

    stack_id: str


@dataclass(frozen=True, slots=True)
class Protect:
    """UpdateTerminationProtection, which is no part of a template."""

    stack_id: str
    on: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """The stack is busy. `lacks`: what another spec cannot be made for meanwhile, so that nothing is given up for it."""

    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Recover:
    """ContinueUpdateRollback. `skip`: logical IDs of what stays as it is."""

    stack_id: str
    skip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancel:
    """CancelUpdateStack of an update that makes no progress and is wished no longer."""

    stack_id: str


@dataclass(frozen=True, slots=True)
class Recreate:
    """DeleteStack of a stack that never came up; the next reconcile creates it. `retain`: logical IDs of what is left behind."""

    stack_id: str
    retain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """DeleteStack, because the object is deleted. `retain`: logical IDs of what is left behind."""

    stack_id: str
    retain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rollback:
    """RollbackStack of an update that failed and was kept for a look."""

    stack_id: str


@dataclass(frozen=True, slots=True)
class Propose:
    """CreateChangeSet: the change is looked at before it is made. `create`: of a stack that is not there yet."""

    create: bool


@dataclass(frozen=True, slots=True)
class Await:
    """The change set is not to be carried out yet. `approval`: a person must approve it; else CloudFormation works on it."""

    change_set: ChangeSet
    approval: bool


@dataclass(frozen=True, slots=True)
class Execute:
    """ExecuteChangeSet."""

    change_set: ChangeSet
    create: bool


@dataclass(frozen=True, slots=True)
class Discard:
    """DeleteChangeSet of one that can no longer be carried out; the next reconcile makes another."""

    change_set: ChangeSet


@dataclass(frozen=True, slots=True)
class Halt:
    """Stalled. `retry_after` in seconds, None: only when the object changes or on reconcile-now."""

    reason: str
    message: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """All is as wished. `release`: the finalizer comes off; `note` says what was left behind, if anything."""

    release: bool = False
    note: str = ""


Action = (
    Create
    | Update
    | Protect
    | Wait
    | Recover
    | Cancel
    | Rollback
    | Recreate
    | Delete
    | Propose
    | Await
    | Execute
    | Discard
    | Halt
    | Nothing
)
