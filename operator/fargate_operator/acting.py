"""Carries out what `plan` and `review` decided: one call to CloudFormation, and what the world is known to be after it.

At the edge. It decides nothing; each call may be repeated.
"""

from dataclasses import replace

from fargate_operator.approval import change_set_name
from fargate_operator.aws.stacks import Order
from fargate_operator.conditions import Reason
from fargate_operator.errors import Waiting
from fargate_operator.follower import Follower
from fargate_operator.observation import ChangeSet, StackObservation
from fargate_operator.plan import (
    Action,
    Create,
    Delete,
    Discard,
    Execute,
    Propose,
    Recover,
    Recreate,
    Rollback,
    Update,
    Wish,
)
from fargate_operator.world import World

WRITES = Create | Update | Recover | Rollback | Recreate | Delete | Propose | Execute | Discard
BRINGS = Create | Update | Propose | Execute  # a template, or the decision for one


class Actor:
    """Writes to CloudFormation."""

    def __init__(self, world: World, follower: Follower) -> None:
        self._world, self._follower = world, follower

    def change_set(self, region: str, stack_name: str, wish: Wish, stack: StackObservation | None) -> ChangeSet | None:
        """The change set that would bring what is wished, where there is one."""
        return self._world.change_set(region, stack_name, _name(wish, stack))

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
        else:
            stack = replace(stack, status=self._change(region, order, stack, action), owner=order.owner)
        self._world.put(region, stack)
        self._follower.follow(region, stack.id, stack.name, (order.owner.namespace, order.owner.name))
        return stack

    def _change(self, region: str, order: Order, stack: StackObservation, action: Action) -> str:
        """Do it to a stack that is there; the status that it has then."""
        stacks = self._world.stacks(region)
        if isinstance(action, Update):
            if not stacks.update(order, stack):
                self._world.doubt(region, order.name)
                raise Waiting(Reason.StackBusy, "CloudFormation has nothing to update", after=1.0)
            return "UPDATE_IN_PROGRESS"
        if isinstance(action, Execute):
            stacks.execute(order, action.change_set)
            return "CREATE_IN_PROGRESS" if action.create else "UPDATE_IN_PROGRESS"
        if isinstance(action, Recover | Rollback):
            (stacks.recover if isinstance(action, Recover) else stacks.rollback)(order.uid, stack)
            return "UPDATE_ROLLBACK_IN_PROGRESS"
        stacks.delete(stack)
        return "DELETE_IN_PROGRESS"

    def _review(
        self, region: str, wish: Wish, order: Order, stack: StackObservation | None, action: Propose | Discard
    ) -> StackObservation | None:
        stacks = self._world.stacks(region)
        if isinstance(action, Discard):
            stacks.change_sets.discard(action.change_set.id)
            self._world.doubt(region, order.name)
            return stack
        there = None if action.create else stack
        _, stack_id = stacks.propose(order, _name(wish, stack), there, imports=wish.adopt)
        if action.create:
            return self._world.put(region, StackObservation(order.name, stack_id, "REVIEW_IN_PROGRESS", owner=order.owner))
        return stack


def _name(wish: Wish, stack: StackObservation | None) -> str:
    return change_set_name(wish.owner, stack, wish.template_digest, wish.adopt, wish.alarms)
