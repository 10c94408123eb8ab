"""Carries out what `plan` and `review` decided: one call to CloudFormation, and what the world is known to be after it.

At the edge. It decides nothing; each call may be repeated.
"""

from dataclasses import replace

from fargate_operator.actions import (
    Action,
    Cancel,
    Create,
    Delete,
    Discard,
    Execute,
    Propose,
    Recover,
    Recreate,
    Rollback,
    Update,
)
from fargate_operator.approval import change_set_name, prefix
from fargate_operator.aws.stacks import Order
from fargate_operator.follower import Follower
from fargate_operator.observation import ChangeSet, StackObservation
from fargate_operator.plan import Wish
from fargate_operator.world import World

WRITES = Create | Update | Recover | Cancel | Rollback | Recreate | Delete | Propose | Execute | Discard
BRINGS = Create | Update | Propose | Execute  # a template, or the decision for one


class Actor:
    """Writes to CloudFormation."""

    def __init__(self, world: World, follower: Follower) -> None:
        self._world, self._follower = world, follower

    def change_set(self, region: str, stack_name: str, wish: Wish, stack: StackObservation | None) -> ChangeSet | None:
        """The change set that would bring what is wished, where there is one."""
        found = self._world.change_set(region, stack_name, _name(wish, stack))
        if found is not None and found.execution.startswith("EXECUTE"):  # by somebody, or by an operator that was killed then
            self._world.doubt(region, stack_name)
        return found

    def write(
        self, region: str, wish: Wish, order: Order, stack: StackObservation | None, action: WRITES
    ) -> StackObservation | None:
        """The stack after the call. Waiting where CloudFormation says that the world is another one."""
        if isinstance(action, Propose | Discard):
            return self._review(region, wish, order, stack, action)
        stacks = self._world.stacks(region)
        if isinstance(action, Create):
            stack = StackObservation(order.name, stacks.create(order), "CREATE_IN_PROGRESS", owner=order.owner)
        elif stack is None:
            return None
        elif isinstance(action, Update):
            stack = self._update(region, order, stack)
        else:
            stack = replace(stack, status=self._change(region, order, stack, action), owner=order.owner)
        self._world.put(region, stack)
        self._follower.follow(region, stack.id, stack.name, (order.owner.namespace, order.owner.name))
        return stack

    def _update(self, region: str, order: Order, stack: StackObservation) -> StackObservation:
        if self._world.stacks(region).update(order, stack):
            return replace(stack, status="UPDATE_IN_PROGRESS", owner=order.owner)
        # nothing to update: it is what it should be, though its outputs, as they were read, do not say so. Both digests: one of
        # another template beside this one's would say that the other's inputs are what the stack was made from
        template, stack = order.template, self._world.stacks(region).describe(stack.id) or stack
        return replace(stack, input_digest=template.input_digest, template_digest=template.digest, owner=order.owner)

    def _change(self, region: str, order: Order, stack: StackObservation, action: Action) -> str:
        """Do it to a stack that is there; the status that it has then."""
        stacks = self._world.stacks(region)
        if isinstance(action, Execute):
            stacks.execute(order, action.change_set)
            return "CREATE_IN_PROGRESS" if action.create else "UPDATE_IN_PROGRESS"
        if isinstance(action, Recover):
            stacks.recover(order.uid, stack, action.skip)
        elif isinstance(action, Rollback | Cancel):
            (stacks.rollback if isinstance(action, Rollback) else stacks.cancel)(order.uid, stack)
        else:
            stacks.delete(stack, action.retain if isinstance(action, Delete | Recreate) else ())
            return "DELETE_IN_PROGRESS"
        return "UPDATE_ROLLBACK_IN_PROGRESS"

    def _review(
        self, region: str, wish: Wish, order: Order, stack: StackObservation | None, action: Propose | Discard
    ) -> StackObservation | None:
        stacks = self._world.stacks(region)
        if isinstance(action, Discard):
            stacks.change_sets.discard(action.change_set.id)
            self._world.doubt(region, order.name)
            return stack
        there = None if action.create else stack
        name = _name(wish, stack)
        _, stack_id = stacks.propose(order, name, there, imports=wish.adopt)
        stacks.change_sets.sweep(order.name, prefix(order.owner), keep=name)
        if action.create:
            return self._world.put(region, StackObservation(order.name, stack_id, "REVIEW_IN_PROGRESS", owner=order.owner))
        return stack


def _name(wish: Wish, stack: StackObservation | None) -> str:
    return change_set_name(wish.owner, stack, wish.template_digest, wish.adopt, wish.alarms)
