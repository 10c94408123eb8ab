"""How long a service that could not have Spot capacity stays on demand, and when that is forgotten. Pure.

                 no capacity                          until
    on Spot ───────────────────► on demand ─────────────────────► on Spot, watched ──────► on Spot
                                     ▲        cool-down               │        until: forgotten
                                     └────────────────────────────────┘
                                       no capacity: twice the cool-down

Capacity-provider weights do not fall back by themselves: ECS tries the same provider again for as long as it takes.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fargate_operator.facts import Fallback
from fargate_operator.fragments.capacity import immovable, may_be_interrupted
from fargate_operator.model import App
from fargate_operator.seen import timestamp

COOLDOWN, LONGEST = 900.0, 21600.0  # seconds on demand: the first time, and at most
QUIET = 4  # cool-downs, of the first time, that Spot must go well at least until the repeats are forgotten
MOST_REASON = 200  # characters
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def wanting(app: App) -> frozenset[str]:
    """The services that the spec lets run on Spot; not those whose capacity an override sets: that is the author's own affair.

    Nor those that an override gives another deployment controller than ECS's: UpdateService cannot move them.
    """
    shared = app.spec.overrides
    found = set()
    for key, one in (app.spec.services or {}).items():
        own = [over.service for over in (shared, one.overrides) if over and over.service]
        overridden = any(immovable(over) for over in own)
        if may_be_interrupted(one.capacity, spot=one.spot) and not overridden:
            found.add(key)
    return frozenset(found)


def carried(app: App, recorded: Mapping[str, Fallback]) -> dict[str, Fallback]:
    """What is still of use: of services that want Spot."""
    wanted = wanting(app)
    return {key: one for key, one in recorded.items() if key in wanted}


def moved_beside(app: App) -> bool:
    """Whether the template says Spot all the time: with approval a person would be asked to approve what has happened already.

    Nor is a change set that waits for a person to become another one in the midst of it.
    """
    return app.spec.changes is not None and app.spec.changes.approval not in (None, "Automatic")


def in_template(app: App, known: Mapping[str, Fallback]) -> Mapping[str, Fallback]:
    """What the template is made from."""
    return {} if moved_beside(app) else known


def cooldown(repeats: int, base: float) -> float:
    """Seconds on demand: `base`, twice that the next time, and so on, at most 6 h (or `base`, where that is more)."""
    return min(max(LONGEST, base), base * 2.0 ** min(repeats - 1, 32))


def fallen(before: Fallback | None, now: datetime, base: float, reason: str) -> Fallback:
    """On demand from now on; where it is that already, as it was."""
    if before and before.on_demand:
        return before
    repeats = before.repeats + 1 if before else 1
    until = now + timedelta(seconds=cooldown(repeats, base))
    return Fallback(True, _written(now), _written(until), repeats, reason[:MOST_REASON])


def due(known: Mapping[str, Fallback], now: datetime, base: float) -> dict[str, Fallback]:
    """As time has it: who has been on demand long enough goes back, who did well on Spot for long enough is forgotten."""
    return {key: after for key, one in known.items() if (after := _due(one, now, base)) is not None}


def _due(one: Fallback, now: datetime, base: float) -> Fallback | None:
    if now < moment(one.until):
        return one
    if not one.on_demand:
        return None
    quiet = max(2 * cooldown(one.repeats, base), QUIET * base)
    back = timestamp(now) or ""  # rounded down: a word of ECS within this very second is one of the time on Spot
    return replace(one, on_demand=False, since=back, until=_written(now + timedelta(seconds=quiet)))


def left(known: Iterable[Fallback], now: datetime) -> float | None:
    """Seconds until the first goes back to Spot; None: none is on demand."""
    return min((max(0.0, (moment(one.until) - now).total_seconds()) for one in known if one.on_demand), default=None)


def moment(written: str) -> datetime:
    """The time; long ago where it cannot be read."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return _NEVER
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _written(at: datetime) -> str:
    """To the second, and never earlier than it is: what is over in this second is not over yet."""
    whole = at if at.microsecond == 0 else at + timedelta(seconds=1)
    return timestamp(whole) or ""
