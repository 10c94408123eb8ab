"""plan: what to do about a stack, given what is wished and what is seen. Pure, total, and the only place that decides.

It answers every StackStatus of CloudFormation, and never writes while a stack is busy, but where an operation makes no progress
and is for a spec that is wished no longer: an update is cancelled, and a stack that never came up is deleted.
"""

from dataclasses import dataclass

from fargate_operator import recovery
from fargate_operator.actions import (
    Action,
    Cancel,
    Create,
    Delete,
    Halt,
    Nothing,
    Protect,
    Recover,
    Recreate,
    Rollback,
    Update,
    Wait,
)
from fargate_operator.conditions import Reason
from fargate_operator.observation import Owner, StackObservation
from fargate_operator.recovery import Named


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
    changed: bool = False  # it is another spec than the one that was tried last, or it is to be reconciled now
    skip: Named = recovery.NONE  # the annotations
    retained: Named = recovery.NONE


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried last: the digest of its template, how often it failed, and whether its reason passes by itself.

    `fresh`: the failure was seen for the first time just now, so the next try has not been waited for. `left`: seconds until a
    try that is waited for already is due. `recoveries`: how often the rollback at hand was continued. `undoing`: what the
    operator itself takes back (`recovery`). `touched`: somebody else has updated the stack.
    """

    digest: str = ""
    failed: int = 0
    reason: str = ""
    passing: bool = False
    fresh: bool = False
    left: float = 0.0
    recoveries: int = 0
    undoing: str = ""
    touched: bool = False


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


def _left(attempt: Attempt) -> float:
    """Seconds until the next try; 0 where it is due."""
    return backoff(attempt.failed) if attempt.fresh else attempt.left


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
        return _superseded(wish, stack, attempt)
    own = stack.owner == wish.owner
    if own and wish.termination_protection not in (None, stack.termination_protection) and stack.status in SETTLED | ROLLED_BACK:
        return Protect(stack.id, on=bool(wish.termination_protection))
    return _live(wish, stack, attempt)


def adoptable(wish: Wish, stack: StackObservation) -> bool:
    """Whether the object may take the stack over: it says so itself, and so does the stack's tag."""
    return wish.adopt and stack.offered_to(wish.owner) and stack.status in SETTLED | ROLLED_BACK


def _superseded(wish: Wish, stack: StackObservation, attempt: Attempt) -> Action:
    """Wait, unless nothing moves, and for a spec that is wished no longer. What a person must approve is waited for.

    So is what somebody else has begun or approved, which is not the operator's to take back.
    """
    other = wish.changed and attempt.digest not in ("", wish.template_digest)
    if not (stack.still and stack.ours and other) or stack.slow or by_change_set(wish, Update(stack.id)):
        return Wait()
    if stack.status == "UPDATE_IN_PROGRESS":
        return Cancel(stack.id)
    return Recreate(stack.id) if stack.status == "CREATE_IN_PROGRESS" and not stack.termination_protection else Wait()


def _live(wish: Wish, stack: StackObservation, attempt: Attempt) -> Action:
    if stack.status in SETTLED or stack.status in ROLLED_BACK:
        same = stack.owner == wish.owner and stack.template_digest == wish.template_digest and stack.status != "UPDATE_FAILED"
        if same and not attempt.touched:
            return Nothing()
        if stack.status == "UPDATE_FAILED" and not wish.keep_failed:
            return Rollback(stack.id)  # CloudFormation updates it in this state only without rollback
        return _again(wish, attempt, Update(stack.id), Reason.UpdateFailed)
    if stack.status in NEVER_UP:
        mend = wish.keep_failed and stack.status == "CREATE_FAILED"  # what came up is kept, and a better template goes over it
        return _unprotected(
            wish, stack, _again(wish, attempt, Update(stack.id) if mend else Recreate(stack.id), Reason.CreateFailed)
        )
    if stack.status in STUCK:
        return _stuck(wish, stack, attempt)
    if stack.status == "DELETE_FAILED":
        begun = attempt.undoing == recovery.RECREATE  # else somebody else wanted it gone, and may want to save what is left
        return _undeleted(wish, stack, attempt, Recreate(stack.id, recovery.chosen(stack, wish.retained)), retries=begun)
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
        return Halt(reason, attempt.reason, wait) if (wait := _left(attempt)) else action
    return Halt(reason, attempt.reason)


def _unprotected(wish: Wish, stack: StackObservation, action: Action) -> Action:
    """A stack that never came up may be protected by the object, which can take that back; rolled back it holds nothing."""
    if not (isinstance(action, Recreate) and stack.termination_protection):
        return action
    empty = stack.status == "ROLLBACK_COMPLETE" and wish.termination_protection is not None
    if wish.termination_protection is False or empty:
        return Protect(stack.id, on=False)
    return Halt(Reason.TerminationProtected, _because(_FAILED_PROTECTED, stack.status_reason), OUTSIDE)


def _undeleted(
    wish: Wish, stack: StackObservation, attempt: Attempt, action: Delete | Recreate, *, retries: bool = True
) -> Action:
    """What failed to be deleted is deleted again in its time; at once where a person lets go what was in the way."""
    message = recovery.undeletable(stack, wish.retained, attempt.reason or stack.status_reason)
    if wish.reconcile_now or (action.retain and not wish.retained.tried):
        return action
    if not retries:
        return Halt(Reason.DeleteFailed, f"{message}; or reconcile now to have the stack deleted and made again")
    return Halt(Reason.DeleteFailed, message, wait) if (wait := _left(attempt)) else action


def _stuck(wish: Wish, stack: StackObservation, attempt: Attempt) -> Action:
    reason, skip = attempt.reason or stack.status_reason, recovery.chosen(stack, wish.skip)
    message = recovery.stuck(stack, wish.skip, reason)
    if stack.status != "UPDATE_ROLLBACK_FAILED":  # of an import: there is no continuing
        return Halt(Reason.RollbackFailed, message)
    another = bool(skip) and not wish.skip.tried
    if wish.reconcile_now or another or attempt.recoveries < MOST_RECOVERIES:
        return Recover(stack.id, skip)
    return Halt(Reason.RollbackFailed, message)


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
        return _cut_off(stack)
    if stack.status == "DELETE_FAILED":
        return _undeleted(wish, stack, attempt, Delete(stack.id, recovery.chosen(stack, wish.retained)))
    return Delete(stack.id)


def _cut_off(stack: StackObservation) -> Action:
    """A deletion waits for what is under way, unless that makes no progress."""
    if stack.still and stack.status == "UPDATE_IN_PROGRESS":
        return Cancel(stack.id)
    return Delete(stack.id) if stack.still and stack.status == "CREATE_IN_PROGRESS" else Wait()


_SPEC_PROTECTED = "spec.terminationProtection is true; set it to false to delete the stack"
_FAILED_PROTECTED = (
    "the stack never came up and is to be made again, and has termination protection; set spec.terminationProtection to false, "
    "or switch it off in CloudFormation"
)
_STACK_PROTECTED = "the stack has termination protection, which deleting never switches off; switch it off in CloudFormation"


def _taken(stack: StackObservation) -> str:
    owner = stack.owner
    whose = f"belongs to {owner.namespace}/{owner.name} of installation {owner.installation}" if owner else "has no owner"
    return f"the stack {stack.name} {whose}; it is not touched"


def _because(message: str, reason: str) -> str:
    return f"{message}: {reason}" if reason else message
