"""Stacks that are stuck: what stands in the way, what of it a person has named in an annotation, and what they are told. Pure.

`plan` decides. Nothing is skipped or left behind but what was named, and of that only what really failed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fargate_operator import names
from fargate_operator.actions import Action, Cancel, Delete, Recover, Recreate
from fargate_operator.messages import headline
from fargate_operator.observation import Piece, StackObservation
from fargate_operator.wordings import brief, trimmed

SKIP = f"{names.DOMAIN}/skip-rollback"
RETAIN = f"{names.DOMAIN}/retain"
CANCEL, RECREATE = "Cancel", "Recreate"  # what the operator itself undoes, so that its end is no failure: status.stack.undoing
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
MOST = 3  # resources that a message tells of: an Event ends at 1,024 characters
MOST_REASON = 160  # characters of each one's reason


@dataclass(frozen=True, slots=True)
class Named:
    """The logical IDs of an annotation, and what in it is none.

    `old`: it was there before what is wrong now, and does not count. `tried`: it has had its try (`incidents`).
    """

    names: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    old: bool = False
    tried: bool = False


NONE = Named()


def named(text: str) -> Named:
    """``WebService, Other``."""
    words = sorted({word.strip() for word in text.split(",")} - {""})
    right = tuple(word for word in words if _LOGICAL_ID.fullmatch(word))
    return Named(right, tuple(word[:40] for word in words if word not in right))


def chosen(stack: StackObservation, given: Named) -> tuple[str, ...]:
    """What is to be passed over: named for this very incident, and in the way."""
    if given.old:
        return ()
    return tuple(one for one in given.names if one in {piece.logical_id for piece in stack.pieces})


def undeletable(stack: StackObservation, given: Named, reason: str) -> str:
    """Why a stack cannot be deleted, and how what is in the way can be let go."""
    return _told(
        f"the stack cannot be deleted: {_pieces(stack.pieces) or reason}",
        f"mend that, or leave it behind in AWS with the annotation {RETAIN}={_list(stack.pieces)}"
        if stack.pieces
        else "mend that",
        *_faults(stack, given, RETAIN),
    )


def stuck(stack: StackObservation, given: Named, reason: str) -> str:
    """Why a rollback fails, and how what is in the way can be skipped."""
    skip = (
        f"mend that and reconcile now; or have it left as it is with the annotation {SKIP}={_list(stack.pieces)}, after which "
        "the stack's template and what there is differ until an update sets it right"
    )
    return _told(
        f"the rollback of an update failed: {_pieces(stack.pieces) or reason}",
        skip if stack.pieces else "mend that and reconcile now",
        *_faults(stack, given, SKIP),
    )


def still(stack: StackObservation, since: str, troubles: Mapping[str, str], *, alone: bool) -> str:
    """What an operation without progress waits for. `troubles` by logical ID; `alone`: a new spec needs nobody's approval."""
    pieces = [
        f"{one.logical_id} ({one.type})"
        + (f": {headline(told)[:MOST_REASON]}" if (told := troubles.get(one.logical_id) or one.reason) else "")
        for one in stack.pieces[:MOST]
    ]
    more = f"; and {len(stack.pieces) - MOST} more" if len(stack.pieces) > MOST else ""
    waits = f"it waits for {'; '.join(pieces)}{more}" if pieces else "CloudFormation does not tell for what"
    hint = _WAYS_OUT.get(stack.status, "") if alone else ""
    return f"{stack.status}: no event of the stack since {since}; {waits}{hint}"


_WAYS_OUT = {
    "CREATE_IN_PROGRESS": "; with another spec the stack, which never came up, is deleted and made again",
    "UPDATE_IN_PROGRESS": "; with another spec the update is cancelled",
}


def instead(action: Action) -> str:
    """Why something is undone, where that is not plain."""
    if isinstance(action, Cancel):
        return "the update made no progress, and is wished no longer"
    named_by = action.skip if isinstance(action, Recover) else action.retain if isinstance(action, Delete | Recreate) else ()
    return f"without {', '.join(named_by)}" if named_by else ""


def passed_over(stack: StackObservation, logical_ids: Iterable[str]) -> str:
    """``Bucket (AWS::S3::Bucket, shop-bucket)``, so that it can be found afterwards."""
    pieces = {one.logical_id: one for one in stack.pieces}
    return ", ".join(f"{one} ({pieces[one].type}, {pieces[one].physical_id or 'without a name'})" for one in logical_ids)


def left(logical_ids: Sequence[str]) -> str:
    """What a stack's template is wrong about after a rollback that was told to skip it."""
    more = f" and {len(logical_ids) - 2 * MOST} more" if len(logical_ids) > 2 * MOST else ""
    return (
        f"a rollback has skipped {', '.join(logical_ids[: 2 * MOST])}{more}: the stack's template and what there is differ. A "
        "spec that changes that sets it right, or fails for it; or mend it by hand, and reconcile now"
    )


def _told(*parts: str) -> str:
    return "\n".join(parts)  # what it is in the first line, which is all that lists show


def _pieces(pieces: tuple[Piece, ...]) -> str:
    told = [f"{one.logical_id} ({one.type}): {brief(trimmed(one.reason)) or one.status}" for one in pieces[:MOST]]
    return "\n".join(told) + (f"\nand {len(pieces) - MOST} more" if len(pieces) > MOST else "")


def _list(pieces: tuple[Piece, ...]) -> str:
    return ",".join(one.logical_id for one in pieces[: 2 * MOST]) + (",…" if len(pieces) > 2 * MOST else "")


def _faults(stack: StackObservation, given: Named, annotation: str) -> list[str]:
    """What an annotation names to no avail."""
    if given.old and given.names:
        return [f"{annotation} was there before, and does not count: give it another value, or reconcile now"]
    idle = [one for one in given.names if one not in chosen(stack, given)]
    told = [f"{annotation}: {', '.join(map(repr, given.wrong[:MOST]))} is no logical ID"] if given.wrong else []
    return [*told, *([f"{annotation}: {', '.join(idle[:MOST])} did not fail"] if idle else [])]
