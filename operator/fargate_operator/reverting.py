"""Drift that is put back, by a change set with CloudFormation's deployment mode REVERT_DRIFT. At the edge; `revert` decides.

Until the change set is carried out, or a person must approve it, the app's action stays Nothing: that something has drifted does
not make it less ready.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fargate_operator.actions import Await, Discard, Execute, Nothing, Propose
from fargate_operator.conditions import Reason
from fargate_operator.detection import RETRY, resting
from fargate_operator.drift import excuses
from fargate_operator.errors import ReconcileError, Transient, Waiting
from fargate_operator.observation import StackObservation
from fargate_operator.pace import PLANNING
from fargate_operator.plan import Wish
from fargate_operator.revert import DONE, REFUSED, Given, decide, name, tried, wanted
from fargate_operator.seen import Seen
from fargate_operator.world import World


class Reverts:
    """Puts drift back, once for each detection that finds some."""

    def __init__(self, world: World) -> None:
        self._world = world

    def step(self, wish: Wish, seen: Seen) -> Seen:
        """The next thing to do about drift: done already, but for Execute, which is the action then."""
        body = (seen.previous.get("stack") or {}).get("drift") or {}
        if not (isinstance(seen.action, Nothing) and resting(seen) and wanted(seen.app, body)) or seen.stack is None:
            return seen
        try:
            return self._step(wish, seen, seen.stack, body)
        except Waiting as error:
            return replace(seen, again=error.after)
        except Transient as error:
            if error.reason != Reason.AccessDenied:
                return replace(seen, again=RETRY)
            return replace(seen, drift=tried(body, REFUSED, error.message))
        except ReconcileError as error:
            return replace(seen, drift=tried(body, REFUSED, error.message))

    def _step(self, wish: Wish, seen: Seen, stack: StackObservation, body: Mapping[str, Any]) -> Seen:
        assert seen.app is not None  # noqa: S101  `resting` saw it
        stacks, called = self._world.stacks(seen.region), name(wish.owner, stack, body)
        change_set = self._world.change_set(seen.region, stack.name, called)
        decision = decide(wish, stack, body, change_set, excuses(seen.app, (seen.pins.get("counts") or {}).keys()))
        if isinstance(decision, Propose):
            stacks.revert(stack, called)
        elif isinstance(decision, Discard | Given):
            stacks.change_sets.discard(decision.change_set.id)
            self._world.doubt(seen.region, stack.name)
        if isinstance(decision, Given):
            return replace(seen, drift=tried(body, decision.state, decision.message), again=PLANNING)
        if isinstance(decision, Execute):
            return replace(seen, action=decision, drift=tried(body, DONE, f"put back by {decision.change_set.name}"))
        if isinstance(decision, Await) and decision.approval:
            return replace(seen, action=decision)
        return replace(seen, again=PLANNING)
