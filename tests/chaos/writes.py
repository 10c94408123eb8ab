"""Which writes to AWS a story allows. Pure: from what people did and what went through the proxy."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.model import Done, unlike
from chaos.specs import Place, Spec, resources

STALE = 8.0  # seconds that one reconcile may take from its look at the object to its write: all is slow at times
UNMADE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"}
BRINGS = {"CreateStack", "UpdateStack"}
MENDS = {"ContinueUpdateRollback", "CancelUpdateStack"}
MOST_TRIES = 7  # of one template that failed: a reason that passes has 5, and each request to reconcile now 1; a story has one
MOST_RECOVERIES = 5  # of one rollback: 3, and the requests
READS = ("Describe", "List", "Get", "Head", "Batch", "Detect")


@dataclass(frozen=True, slots=True)
class Write:
    """A call that changes something. `was`: the stack's status before it, empty for none; `taken`: the emulator took it;
    `lost`: its answer was lost, and AWS would take the same request for the same token again, as the emulator does not.
    `spoilt`: the emulator got another template than was sent, so that the stack never had what this brings."""

    at: float
    service: str
    action: str
    stack: str = ""  # its name
    was: str = ""
    token: str = ""
    resources: Mapping[str, Any] | None = None
    taken: bool = True
    doomed: bool = False
    lost: bool = False
    spoilt: bool = False


def forbidden(place: Place, history: Sequence[Done], apps: Sequence[str], writes: Sequence[Write]) -> list[str]:
    """Every write that the story does not allow, a line each; then those that were made twice."""
    by_stack = {place.stack(app): app for app in apps}
    found = []
    for one in writes:
        app = by_stack.get(one.stack)
        told = f"{one.at:.2f} {one.action} {app or one.stack}"
        if app is None:
            found.append(f"{told}: of no app")
        else:
            found += [f"{told}: {wrong}" for wrong in _judged(place, [done for done in history if done.app == app], app, one)]
    return found + list(_repeated(writes))


def _judged(place: Place, history: Sequence[Done], app: str, write: Write) -> Iterator[str]:
    specs = list(_specs(history, write.at))
    live = [one for one in specs if one is not None and not one.suspend]
    if write.action in BRINGS:
        wanted = [resources(place, app, one) for one in live if one.flaw != "invalid"]
        if not live:
            yield f"it is {'suspended' if any(specs) else 'deleted'}"
        elif write.resources not in wanted:
            nearest = unlike(wanted[-1], write.resources) if wanted else "only invalid ones"
            yield f"it is of no spec of the time ({', '.join(one.told() for one in live)}): {nearest}"
    elif write.action == "DeleteStack":
        if not _may_go(history, write.at) and not (live and (write.was in UNMADE or not write.was)):
            yield f"nobody has asked for it; the stack was in {write.was or 'no state'}"
    elif write.action in MENDS:
        if not live:
            yield "it is suspended or deleted"
    else:
        yield "no story asks for that"


def _specs(history: Sequence[Done], at: float) -> Iterator[Spec | None]:
    """What the app asked for in the last STALE seconds before `at`."""
    for one, after in zip(history, [*(one.after for one in history[1:]), float("inf")], strict=True):
        if one.before <= at and after >= at - STALE:
            yield one.spec


def _may_go(history: Sequence[Done], at: float) -> bool:
    """Whether the app was deleted by then, with its stack."""
    for number, one in enumerate(history):
        if one.spec is None and one.before <= at:
            before = [done.spec for done in history[:number] if done.spec]
            after = history[number + 1].after if number + 1 < len(history) else float("inf")
            if before and not before[-1].retain and after >= at - STALE:
                return True
    return False


def _repeated(writes: Sequence[Write]) -> Iterator[str]:
    taken = [one for one in writes if one.taken]
    for (action, token), count in Counter((one.action, one.token) for one in taken if one.token and not one.lost).items():
        if count > 1:
            yield f"{action} with the token {token[:8]} took effect {count} times"
    last: dict[str, Write] = {}
    tries: Counter[str] = Counter()
    recoveries: Counter[str] = Counter()
    for one in taken:
        before = last.get(one.stack)
        if before and before.lost and (before.action, before.token) == (one.action, one.token):
            last[one.stack] = one
            continue  # the same request: to AWS they are one
        again = before is not None and one.action in BRINGS and before.resources == one.resources
        # where a fault has made another template of it, the emulator takes what AWS would find no update in
        if again and one.action == "UpdateStack" and before and not (before.doomed or before.spoilt or one.spoilt):
            yield f"{one.at:.2f} {one.action} {one.stack}: the stack had that already"
        tries[one.stack] = tries[one.stack] + 1 if again else 1 if one.action in BRINGS else tries[one.stack]
        recoveries[one.stack] = 0 if one.action in BRINGS else recoveries[one.stack] + (one.action == "ContinueUpdateRollback")
        if tries[one.stack] == MOST_TRIES + 1 and again:
            yield f"{one.at:.2f} {one.action} {one.stack}: it failed with that {MOST_TRIES} times already"
        if recoveries[one.stack] == MOST_RECOVERIES + 1:
            yield f"{one.at:.2f} {one.action} {one.stack}: its rollback was continued {MOST_RECOVERIES} times already"
        if one.action in BRINGS:
            last[one.stack] = one
        elif one.action == "DeleteStack" and one.was not in UNMADE:
            last.pop(one.stack, None)
