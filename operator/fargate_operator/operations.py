"""What a stack's events tell of its last operation: what is under way in it, and what failed to go. Pure.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fargate_operator.observation import Piece

BEGINS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"})
SERVICE = "AWS::ECS::Service"
_SLOW = ("AWS::CloudFront::", "AWS::DocDB::", "AWS::EKS::", "AWS::ElastiCache::", "AWS::MSK::", "AWS::Neptune::",
         "AWS::OpenSearchService::", "AWS::RDS::", "AWS::Redshift::")  # fmt: skip
_ROLLS_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class StackEvent:
    """One event; `own`: of the stack itself, `token`: the ClientRequestToken of the operation that it is part of.

    Events are held with the newest first, as AWS tells them.
    """

    piece: Piece
    at: datetime
    own: bool = False
    token: str = ""

    @property
    def begins(self) -> bool:
        """Whether an operation begins with it; a rollback is part of the one that failed."""
        return self.own and self.piece.status in BEGINS


def mark(uid: str, template_digest: str) -> str:
    """What a ClientRequestToken ends in that the operator sends with a template: of which object, and which template."""
    return "-" + hashlib.sha256(f"{uid} {template_digest}".encode()).hexdigest()[:24]


def begun_by(events: Iterable[StackEvent], uid: str, template_digest: str) -> bool:
    """Whether the operation is the CreateStack or UpdateStack by which the operator has sent this very template for the object.

    All events of an operation have its token. What was looked at first, by a change set, has another: somebody may have approved
    it.
    """
    token = next((one.token for one in events if one.token), "")
    return bool(uid and template_digest) and token.endswith(mark(uid, template_digest))


def slow(pieces: Sequence[Piece]) -> bool:
    """Whether what is waited for may take most of an hour in good order, and no service is among it."""
    return any(one.type.startswith(_SLOW) for one in pieces) and not any(one.type == SERVICE for one in pieces)


def newest(events: Iterable[StackEvent]) -> tuple[Piece, ...]:
    """Each resource by its newest event, the newest first."""
    found: dict[str, Piece] = {}
    for one in events:
        if not one.own:
            found.setdefault(one.piece.logical_id, one.piece)
    return tuple(found.values())


def under_way(events: Iterable[StackEvent]) -> tuple[Piece, ...]:
    """What CloudFormation waits for."""
    return tuple(one for one in newest(events) if one.status.endswith("_IN_PROGRESS"))


def stuck(status: str, events: Sequence[StackEvent]) -> tuple[Piece, ...]:
    """What stands in the way of a deletion or rollback that failed, of the operation's events; `status` is the stack's.

    ContinueUpdateRollback skips only what failed in the rollback: an update that was cut off ends in UPDATE_FAILED as well. See
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html.
    """
    if status == "DELETE_FAILED":
        return _in("DELETE_FAILED", events)
    began = [at for at, one in enumerate(events) if one.own and one.piece.status == _ROLLS_BACK]
    return _in("UPDATE_FAILED", events[: began[-1]]) if began else ()


def _in(status: str, events: Sequence[StackEvent]) -> tuple[Piece, ...]:
    return tuple(sorted((one for one in newest(events) if one.status == status), key=lambda one: one.logical_id))
