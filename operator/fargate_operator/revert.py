"""decide: what becomes of putting drift back. Pure; it asks `approval.review`, as every change does that is looked at first.

Put back is what a detection has found, and no more: a change set that would do anything else is not carried out. It would reset
what AWS changes by itself, the weights of a rule by which ECS moves traffic say.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fargate_operator.actions import Action, Await, Execute, Propose, Update
from fargate_operator.approval import change_set_name, review
from fargate_operator.drift import Excuses, ResourceDrift, policy
from fargate_operator.model import App
from fargate_operator.observation import ChangeSet, Owner, StackObservation
from fargate_operator.plan import Wish

DONE, FAILED, REFUSED = "Done", "Failed", "Refused"


@dataclass(frozen=True, slots=True)
class Given:
    """Not put back: `state` is Done where there was nothing to do, which the next detection confirms, or Refused."""

    state: str
    message: str
    change_set: ChangeSet


def wanted(app: App | None, body: Mapping[str, Any]) -> bool:
    """Whether drift is to be put back: once for each detection. `body` is status.stack.drift."""
    wish = policy(app)
    tried = (body.get("revert") or {}).get("of") == body.get("checkedAt")
    return bool(wish and wish.revert and body.get("state") == "Drifted" and not tried)


def tried(body: Mapping[str, Any], state: str, message: str) -> dict[str, Any]:
    """status.stack.drift with what became of putting it back."""
    return {**body, "revert": {"state": state, "of": body["checkedAt"], "message": message}}


def name(owner: Owner, stack: StackObservation, body: Mapping[str, Any]) -> str:
    """The change set's name: the same drift of the same stack has the same one, for as long as it waits for approval."""
    return change_set_name(owner, stack, "revert", body.get("resources"), body.get("omitted"))


def decide(
    wish: Wish, stack: StackObservation, body: Mapping[str, Any], change_set: ChangeSet | None, excused: Excuses
) -> Action | Given:
    """What to do next about drift that is to be put back; `change_set` is the one of its name, if there is one."""
    if change_set is None:
        return Propose(create=False)
    action = review(wish, Update(stack.id), stack, change_set)
    if isinstance(action, Update):
        return Given(DONE, "CloudFormation finds nothing to put back", change_set)
    if change_set.status == "FAILED":
        return Given(REFUSED, change_set.reason, change_set)
    if isinstance(action, Execute) or (isinstance(action, Await) and action.approval):
        found = {one["logicalId"]: one.get("type", "") for one in body.get("resources") or ()}
        if body.get("omitted"):
            return Given(REFUSED, "more has drifted than can be told, which is not put back unseen", change_set)
        if more := sorted(set(_beyond(change_set, found, excused))):
            return Given(REFUSED, f"it would change more than what has drifted: {', '.join(more)}", change_set)
    return action


def _beyond(change_set: ChangeSet, found: Mapping[str, str], excused: Excuses) -> Iterable[str]:
    """What a change set would do beside putting back what was found, and beside what follows from that."""
    for one in change_set.changes:
        if one.action == "SyncWithActual" or one.caused:
            continue
        if one.logical_id not in found:
            yield one.logical_id
        drift = ResourceDrift(one.logical_id, one.type)
        yield from (f"{one.logical_id} {path}" for path in one.properties if excused.holds(drift, path))
