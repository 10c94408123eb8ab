"""review: what becomes of a change that is looked at before it is made. Pure; the second half of `plan`.

A change set's name comes from what it is made of: the template and the stack as it was seen. Another spec, or a stack that has
changed since, asks for another name, so that an approval, which names a change set by its id, is never one of something else.
"""

import hashlib
from collections.abc import Iterable

from fargate_operator.actions import Action, Await, Create, Discard, Execute, Halt, Propose
from fargate_operator.conditions import Reason
from fargate_operator.observation import Change, ChangeSet, Owner, StackObservation
from fargate_operator.plan import Wish

# A new revision or version beside the old one, which nobody misses: each change of a task definition is such a replacement.
_VERSION = "AWS::Lambda::Version"  # of which the one before goes with each new one
HARMLESS = frozenset({"AWS::ECS::TaskDefinition", _VERSION})
UNDER_WAY = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS", "DELETE_PENDING", "DELETE_IN_PROGRESS"})
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


def review(wish: Wish, change: Action, stack: StackObservation | None, change_set: ChangeSet | None) -> Action:
    """What to do about a Create or Update that goes by a change set; `change_set` is the one of its name, if there is one."""
    create = isinstance(change, Create)
    if change_set is None:
        return Propose(create)
    if change_set.status in UNDER_WAY:
        return Await(change_set, approval=False)
    if change_set.status == "FAILED":
        if any(words in change_set.reason for words in NO_CHANGES) and not _foreign(wish, stack):
            return change  # outputs at most: no resource to show
        return Discard(change_set) if wish.reconcile_now else Halt(Reason.ChangeSetFailed, change_set.reason)
    if change_set.execution == "EXECUTE_IN_PROGRESS":
        return Await(change_set, approval=False)
    if change_set.execution != "AVAILABLE":
        return Discard(change_set)
    if wish.approved == change_set.id or not _must_be_approved(wish, stack, change_set):
        return Execute(change_set, create)
    return Await(change_set, approval=True)


def _must_be_approved(wish: Wish, stack: StackObservation | None, change_set: ChangeSet) -> bool:
    if wish.approval == "Manual" or any(one.action == "Import" for one in change_set.changes):
        return True
    if _foreign(wish, stack):
        return True
    return wish.approval == "OnReplacement" and any(destructive(one) for one in change_set.changes)


def _foreign(wish: Wish, stack: StackObservation | None) -> bool:
    """Whether the stack was somebody else's until now."""
    return stack is not None and stack.status != "REVIEW_IN_PROGRESS" and stack.owner != wish.owner


def destructive(change: Change) -> bool:
    """Whether something that is there goes, or may go: it is removed or replaced."""
    if change.action == "Remove":
        return change.type != _VERSION
    return change.action == "Dynamic" or (change.replacement in {"True", "Conditional"} and change.type not in HARMLESS)


def in_order(changes: Iterable[Change]) -> list[Change]:
    """The changes as a person wants to read them: what goes first."""
    rank = {"Remove": 0, "Modify": 1, "Dynamic": 2, "Import": 3, "Add": 4}
    return sorted(changes, key=lambda one: (not destructive(one), rank.get(one.action, 5), one.logical_id))


def told(changes: Iterable[Change]) -> str:
    """``removes Table; replaces Queue; modifies 2, adds 1``: what goes by name, the rest counted."""
    listed = in_order(changes)
    removed = [one.logical_id for one in listed if destructive(one) and one.action == "Remove"]
    replaced = [one.logical_id for one in listed if destructive(one) and one.action != "Remove"]
    parts = [f"{verb} {_some(names)}" for verb, names in (("removes", removed), ("replaces", replaced)) if names]
    rest = [one.action for one in listed if not destructive(one)]
    verbs = (("Modify", "modifies"), ("Dynamic", "may modify"), ("Import", "imports"), ("Add", "adds"), ("Remove", "drops"))
    counts = [f"{verb} {rest.count(action)}" for action, verb in verbs if action in rest]
    return "; ".join([*parts, ", ".join(counts)] if counts else parts) or "changes outputs only"


def _some(names: list[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def prefix(owner: Owner) -> str:
    """What the names of an owner's change sets begin with: a stack that waits for its first one carries no tags yet."""
    seed = f"{owner.installation}\0{owner.namespace}\0{owner.name}"
    return f"fargate-operator-{hashlib.sha256(seed.encode()).hexdigest()[:12]}-"


def change_set_name(owner: Owner, stack: StackObservation | None, *made_of: object) -> str:
    """The name of the change set that brings something, the template's digest among it, to the stack as it was seen."""
    there = stack is not None and stack.status != "REVIEW_IN_PROGRESS"
    seen = f"{stack.id} {stack.updated_at} {stack.owner}" if stack is not None and there else ""
    return prefix(owner) + hashlib.sha256(f"{made_of} {seen}".encode()).hexdigest()[:24]
