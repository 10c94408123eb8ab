"""Why an operation on a stack failed: the first cause among its events, never what only followed from it. Pure.

CloudFormation cancels what it works on when something fails, and rolls back: those events tell of the cascade. An automatic
rollback is an operation of its own by its OperationId: the ids of the stack's own events are followed, not only the newest.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fargate_operator.messages import FIRST, LOG, MORE, details, headline
from fargate_operator.observation import Failure
from fargate_operator.wordings import brief, trimmed

LEAST = 25  # characters that a resource's name has in the first line, however long the reason is
MOST_OTHERS = 5  # resources that are named beside the first
_BEGINS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"}
_TURNS = {"ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS"}
_ROLLBACK_FAILED = {"ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"}
_CASCADE = re.compile(r"^Resource \w+ cancelled", re.IGNORECASE)
_EMPTY = re.compile(
    r"^(?:User Initiated|Transformation succeeded|Rollback complete|Eventual consistency check .*)?\.?$", re.IGNORECASE
)
_LISTS = re.compile(r"\bThe following resource\(s\) failed to \w+: \[([^\]]*)\]\.?", re.IGNORECASE)
_VALIDATION = re.compile(r"DescribeEvents|^Validation failure detected", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Event:
    """A stack's event; `own` where it is of the stack itself, `late` where the work is done and only looked after."""

    at: datetime
    logical_id: str
    status: str
    reason: str = ""
    type: str = ""
    physical_id: str = ""
    operation: str = ""
    own: bool = False
    late: bool = False


def begins(event: Event) -> bool:
    """Whether an operation that somebody asked for begins with it. A rollback goes with what it takes back."""
    return event.own and event.status in _BEGINS and not event.late


def last_operation(newest_first: Iterable[Event]) -> list[Event]:
    """The events of the last operation with its rollback, the oldest first. What an earlier one still says is left out."""
    taken: list[Event] = []
    for event in newest_first:
        taken.append(event)
        if begins(event):
            break
    ids = {one.operation for one in taken if one.own and one.operation}
    return [one for one in reversed(taken) if not ids or not one.operation or one.operation in ids]


def first(operation: Sequence[Event], status: str) -> Failure | None:
    """The first cause; of a rollback that failed what stands in its way, before what it was for. `status` is the stack's."""
    turn = next((n for n, one in enumerate(operation) if one.own and one.status in _TURNS), len(operation))
    cause = _cause(operation[: turn + 1])
    began = operation[0].at if operation else None
    if cause:
        cause = replace(cause, began=began)
    if status not in _ROLLBACK_FAILED:
        return cause
    back = max((n for n, one in enumerate(operation) if one.own and one.status in _TURNS), default=turn)
    obstacle = _cause(operation[back + 1 :])
    return replace(obstacle, began=began, back=True, before=cause) if obstacle else cause


def _cause(events: Sequence[Event]) -> Failure | None:
    failed = [one for one in events if not one.own and _failed(one)]
    if failed:
        found = failed[0]
        others = dict.fromkeys(one.logical_id for one in failed if one.logical_id != found.logical_id)
        return Failure(found.logical_id, found.type, found.reason, found.physical_id, others=tuple(others))
    told = [one for one in events if one.own and not _EMPTY.match(one.reason) and not begins(one)]
    told = [one for one in told if _LISTS.sub("", one.reason).strip()]
    if not told:
        return None
    return Failure("", "", _LISTS.sub("", told[0].reason).strip(), validation=bool(_VALIDATION.search(told[0].reason)))


def _failed(event: Event) -> bool:
    return event.status.endswith("_FAILED") and not _CASCADE.match(event.reason.strip())


def told(failure: Failure | None) -> str:
    """``WebService (AWS::ECS::Service): reason``, and below it what AWS said, where that is more."""
    if failure is None:
        return ""
    said = failure.reason if failure.cause else trimmed(failure.reason)
    short = headline(failure.cause) if failure.cause else brief(said)
    where = f"{failure.logical_id} ({failure.resource_type})" if failure.resource_type else failure.logical_id
    lines = [headed(failure, short)]
    lines += [where] if where and not lines[0].startswith(where) else []
    lines += details(failure.cause) if failure.cause else ([said] if said != short else [])
    if failure.others:
        names = ", ".join(failure.others[:MOST_OTHERS]) + (", …" if len(failure.others) > MOST_OTHERS else "")
        lines.insert(_before_log(lines), f"failed as well: {names}")
    if failure.before:
        lines.append(f"what was rolled back: {told(failure.before)}")
    return "\n".join(lines)


def headed(failure: Failure, short: str) -> str:
    """Where, and why, in a first line that has room for the why: the type goes before it does, then the end of the name."""
    name, kind = failure.logical_id, failure.resource_type
    if not name:
        return short
    room = max(LEAST, FIRST - len(short) - 2)
    ways = [*([f"{name} ({kind})", f"{name} ({kind.rpartition('::')[2]})"] if kind else []), name]
    where = next((one for one in ways if len(one) <= room), "") or f"{name[: room - len(MORE)]}{MORE}"
    return f"{where}: {short}"


def _before_log(lines: Sequence[str]) -> int:
    return next((n for n, line in enumerate(lines) if line.startswith(LOG)), len(lines))
