"""Events of what a status cannot tell: what is left behind by name, and what somebody else has done to a stack. Pure."""

from fargate_operator.actions import Action, Create, Delete, Propose, Recover, Recreate, Update
from fargate_operator.conditions import Reason
from fargate_operator.observation import StackObservation
from fargate_operator.recovery import passed_over
from fargate_operator.seen import Note, Seen, gone


def passing(action: Action | None, stack: StackObservation | None) -> Note | None:
    """Of a call that passes resources over, told before it is made: afterwards nothing knows of them any more."""
    if stack is None:
        return None
    if isinstance(action, Delete | Recreate) and action.retain:
        left = passed_over(stack, action.retain)
        return Note("Warning", Reason.Retained, f"the stack {stack.name} is deleted, and stays behind in AWS: {left}")
    if isinstance(action, Recover) and action.skip:
        left = passed_over(stack, action.skip)
        return Note("Warning", Reason.RollbackSkipped, f"the rollback goes on, and stays as the failed update left it: {left}")
    return None


def surprise(seen: Seen, action: Action | None, written: StackObservation | None) -> tuple[Note, ...]:
    """Of what was found otherwise than it was left. `written`: the stack after the call."""
    if isinstance(action, Create | Propose) and seen.stack is None and gone(seen.previous):
        what = f"the stack {seen.stack_name} was deleted, and not by the operator; it is made again"
        return (Note("Warning", Reason.StackGone, what),)
    if isinstance(action, Update) and seen.attempt.touched and written is not None and written.status == "UPDATE_IN_PROGRESS":
        what = f"the stack {seen.stack_name} was updated, and not by the operator; it is brought back to the spec"
        return (Note("Warning", Reason.StackChanged, what),)
    return ()
