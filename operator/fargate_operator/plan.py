"""plan: what to do about a stack, given what is wished and what is seen. Pure, total, and the only place that decides.

It answers every StackStatus of CloudFormation, and never writes while a stack is busy.
"""

from dataclasses import dataclass

from fargate_operator.conditions import Reason
from fargate_operator.observation import ChangeSet, Owner, StackObservation


@dataclass(frozen=True, slots=True)
class Wish:
    """What the object asks for. The digest is empty while deleting, which neither resolves nor compiles."""

    owner: Owner
    deleting: bool = False
    retain: bool = False
    abandon: bool = False
    suspend: bool = False
    termination_protection: bool | None = None  # None: the object does not say, and what was set in AWS stays
    template_digest: str = ""
    reconcile_now: bool = False
    approval: str = "Automatic"  # spec.changes.approval
    approved: str = ""  # the id of the change set that the object's annotation approves
    adopt: bool = False  # spec.adoption is Adopt
    alarms: tuple[str, ...] = ()  # ARNs of the alarms that roll a change back
    keep_failed: bool = False  # spec.changes.rollback is false: a failed operation's resources stay for a look


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried last: the digest of its template, how often it failed, and whether its reason passes by itself.

    `fresh`: the failure was seen for the first time just now, so the next try has not been waited for.
    """

    digest: str = ""
    failed: int = 0
    reason: str = ""
    passing: bool = False
    fresh: bool = False


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
    """The stack is busy."""


@dataclass(frozen=True, slots=True)
class Recover:
    """ContinueUpdateRollback."""

    stack_id: str


@dataclass(frozen=True, slots=True)
class Recreate:
    """DeleteStack of a stack that never came up; the next reconcile creates it."""

    stack_id: str


@dataclass(frozen=True, slots=True)
class Delete:
    """DeleteStack, because the object is deleted."""

    stack_id: str


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

SETTLED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
ROLLED_BACK = frozenset({"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "UPDATE_FAILED"})
NEVER_UP = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})
STUCK = frozenset({"UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"})
MOST_RECOVERIES = 3
MOST_RETRIES = 5
OUTSIDE = 600.0  # seconds between tries of what no change of the object can mend


def busy(status: str) -> bool:
    """Whether CloudFormation is at work. REVIEW_IN_PROGRESS is a stack that waits for its first change set: it is not."""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def backoff(failed: int) -> float:
    """Seconds before the next try of what failed `failed` times: 30, 60, 120 … at most 600."""
    return min(OUTSIDE, 30.0 * float(2 ** max(0, failed - 1)))


def plan(wish: Wish, stack: StackObservation | None, attempt: Attempt) -> Action:
    """The one thing to do next."""
    if stack is not None and stack.status == "DELETE_COMPLETE":
        stack = None
    if wish.deleting:
        return _deletion(wish, stack, attempt)
    if wish.suspend:
        return Nothing()
    if stack is not None and stack.owner != wish.owner and not adoptable(wish, stack):
        return Halt(Reason.StackNameTaken, _taken(stack), OUTSIDE)
    if stack is None:
        return _again(wish, attempt, Create(), Reason.CreateFailed)
    if busy(stack.status):
        return Wait()
    own = stack.owner == wish.owner
    if own and wish.termination_protection not in (None, stack.termination_protection) and stack.status in SETTLED | ROLLED_BACK:
        return Protect(stack.id, on=bool(wish.termination_protection))
    return _live(wish, stack, attempt)


def adoptable(wish: Wish, stack: StackObservation) -> bool:
    """Whether the object may take the stack over: it says so itself, and so does the stack's tag."""
    return wish.adopt and stack.offered_to(wish.owner) and stack.status in SETTLED | ROLLED_BACK


def _live(wish: Wish, stack: StackObservation, attempt: Attempt) -> Action:
    if stack.status in SETTLED or stack.status in ROLLED_BACK:
        if stack.owner == wish.owner and stack.template_digest == wish.template_digest and stack.status != "UPDATE_FAILED":
            return Nothing()
        if stack.status == "UPDATE_FAILED" and not wish.keep_failed:
            return Rollback(stack.id)  # CloudFormation updates it in this state only without rollback
        return _again(wish, attempt, Update(stack.id), Reason.UpdateFailed)
    if stack.status in NEVER_UP:
        mend = wish.keep_failed and stack.status == "CREATE_FAILED"  # what came up is kept, and a better template goes over it
        return _again(wish, attempt, Update(stack.id) if mend else Recreate(stack.id), Reason.CreateFailed)
    if stack.status in STUCK:
        return _stuck(wish, stack, attempt)
    if stack.status == "DELETE_FAILED":
        if wish.reconcile_now:
            return Recreate(stack.id)
        message = "the stack's deletion was begun and failed; mend what stands in its way and reconcile now"
        return Halt(Reason.DeleteFailed, _because(message, stack.status_reason))
    if stack.status == "REVIEW_IN_PROGRESS":
        # a change set's empty shell: nothing is in it, CreateStack refuses the name, another change set takes it
        return _again(wish, attempt, Create(), Reason.CreateFailed) if by_change_set(wish, Create()) else Recreate(stack.id)
    return Halt(Reason.InternalError, f"CloudFormation says {stack.status}, which this version does not know", OUTSIDE)


def by_change_set(wish: Wish, action: Action) -> bool:
    """Whether a change is looked at before it is made. Nothing can be replaced in what is not there yet."""
    if isinstance(action, Create):
        return wish.adopt or wish.approval == "Manual"
    # what fails and is kept is looked at for replacements, of which CloudFormation makes none then
    return isinstance(action, Update) and (wish.adopt or wish.keep_failed or wish.approval != "Automatic")


def _again(wish: Wish, attempt: Attempt, action: Action, reason: Reason) -> Action:
    """The action, unless this very template was tried and failed."""
    if wish.reconcile_now or not attempt.failed or attempt.digest != wish.template_digest:
        return action
    if attempt.passing and attempt.failed < MOST_RETRIES and not wish.keep_failed:
        return Halt(reason, attempt.reason, backoff(attempt.failed)) if attempt.fresh else action
    return Halt(reason, attempt.reason)


def _stuck(wish: Wish, stack: StackObservation, attempt: Attempt) -> Action:
    if stack.status == "UPDATE_ROLLBACK_FAILED" and (wish.reconcile_now or attempt.failed <= MOST_RECOVERIES):
        return Recover(stack.id)
    return Halt(Reason.RollbackFailed, _because("the rollback of an update failed", attempt.reason or stack.status_reason))


def _deletion(wish: Wish, stack: StackObservation | None, attempt: Attempt) -> Action:
    if wish.abandon:
        return Nothing(release=True, note="abandoned: the stack, if there is one, was left as it is")
    if stack is None:
        return Nothing(release=True)
    if stack.owner != wish.owner:
        return Nothing(release=True, note=_taken(stack))
    if wish.retain and stack.status != "REVIEW_IN_PROGRESS":  # an empty shell is nothing to retain
        return Nothing(release=True, note=f"the stack {stack.name} is retained")
    if wish.termination_protection or stack.termination_protection:
        return Halt(Reason.TerminationProtected, _STACK_PROTECTED if stack.termination_protection else _SPEC_PROTECTED, OUTSIDE)
    if busy(stack.status):
        return Wait()
    if stack.status == "DELETE_FAILED" and attempt.fresh and not wish.reconcile_now:
        return Halt(Reason.DeleteFailed, attempt.reason or stack.status_reason, backoff(attempt.failed))
    return Delete(stack.id)


_SPEC_PROTECTED = "spec.terminationProtection is true; set it to false to delete the stack"
_STACK_PROTECTED = "the stack has termination protection, which deleting never switches off; switch it off in CloudFormation"


def _taken(stack: StackObservation) -> str:
    owner = stack.owner
    whose = f"belongs to {owner.namespace}/{owner.name} of installation {owner.installation}" if owner else "has no owner"
    return f"the stack {stack.name} {whose}; it is not touched"


def _because(message: str, reason: str) -> str:
    return f"{message}: {reason}" if reason else message
