"""What a person has let go, and for which incident: annotations count only where they were set for what is wrong now. Pure.

An annotation is easily forgotten. Its value as it was while the stack was well (`before`) is of an older incident, or of none,
and counts only on reconcile-now. Each other value gives one try of its own (`tried`), and is in force for those that come anyway.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fargate_operator.actions import Create, Delete, Execute, Nothing, Propose, Recover, Recreate, Update
from fargate_operator.observation import StackObservation
from fargate_operator.plan import NEVER_UP, ROLLED_BACK, SETTLED
from fargate_operator.recovery import Named, named
from fargate_operator.seen import Seen, Status

SKIP, RETAIN = "skipRollback", "retain"  # the annotations, as the status calls them
MOST_VALUE = 1024  # characters of a value that count: an annotation may have 256 KiB
_WELL = SETTLED | ROLLED_BACK | NEVER_UP | {"DELETE_COMPLETE"}


def given(seen: Seen, name: str, *, now: bool) -> Named:
    """What an annotation names, and whether that counts; `now`: it is to be reconciled now."""
    text, marks = seen.asked.get(name, ""), _marks(seen.previous)
    known = seen.stack is not None and _stack(seen.previous).get("id") == seen.stack.id
    old = not known or (marks.get("before") or {}).get(name, "") == text
    return replace(named(text), old=old and not now, tried=(marks.get("tried") or {}).get(name, "") == text)


def remembered(seen: Seen) -> Mapping[str, Any]:
    """status.stack.annotations: the values of before the incident, and those that were tried in it."""
    marks, action, stack = _marks(seen.previous), seen.action, seen.stack
    if action is None:
        return marks  # it came to no plan
    name = SKIP if isinstance(action, Recover) and action.skip else RETAIN
    if (isinstance(action, Recover) and action.skip) or (isinstance(action, Delete | Recreate) and action.retain):
        if seen.error is not None:
            return marks
        before = {key: value for key, value in (marks.get("before") or {}).items() if key != name}
        return {"before": before, "tried": {**(marks.get("tried") or {}), name: seen.asked.get(name, "")}}
    rests = isinstance(action, Create | Update | Execute | Propose)  # which come only to a stack that is well, or is not there
    if rests or stack is None or stack.status in _WELL or stack.id != _stack(seen.previous).get("id"):
        return {"before": dict(seen.asked)} if seen.asked else {}
    return marks


def skipped(seen: Seen) -> list[str]:
    """What the rollback has left as the failed update had it, by logical ID, until something has set it right.

    That is an update of the stack that came to its end, a detection that finds no drift, or a person who has mended it, and
    says so by reconcile-now.
    """
    stack, known = seen.stack, [str(one) for one in _stack(seen.previous).get("skipped") or ()]
    if isinstance(seen.action, Recover) and seen.error is None:
        return sorted({*known, *seen.action.skip})
    if stack is None:
        return known if seen.action is None else []
    if stack.id != _stack(seen.previous).get("id") or stack.status in SETTLED or _mended(seen, stack):
        return []
    return known


def _mended(seen: Seen, stack: StackObservation) -> bool:
    if stack.status not in ROLLED_BACK or not isinstance(seen.action, Nothing) or seen.deleting:
        return False
    suspended = seen.app is not None and seen.app.spec.suspend is True
    asked = seen.reconcile_at not in ("", seen.previous.get("lastHandledReconcileAt", "")) and not suspended
    return asked or (seen.drift or {}).get("state") == "InSync"


def _stack(previous: Status) -> Mapping[str, Any]:
    found: Mapping[str, Any] = previous.get("stack") or {}
    return found


def _marks(previous: Status) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _stack(previous).get("annotations") or {}
    return found
