"""What the status, the conditions and Events tell of Spot, and what is recorded of it from turn to turn. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.conditions import Reason
from fargate_operator.facts import Facts, Fallback, recall, record
from fargate_operator.fallback import wanting
from fargate_operator.seen import Seen, Status
from fargate_operator.spot import ON_DEMAND, Interruptions, runs_on

_NOWHERE = Facts("", "")


def recorded(status: Status) -> Mapping[str, Fallback]:
    """The fallbacks of a status."""
    return recall(status.get("pins") or {}, _NOWHERE).spot


def fallbacks(seen: Seen) -> Mapping[str, Fallback]:
    """The fallbacks as this turn leaves them; where it did not come that far, as they were."""
    return recorded(seen.previous) if seen.spot is None else seen.spot


def interruptions(status: Status) -> dict[str, Interruptions]:
    """What a status has counted."""
    found = (status.get("pins") or {}).get("interrupted")
    return {key: _interruptions(one) for key, one in found.items()} if isinstance(found, Mapping) else {}


def _interruptions(one: Any) -> Interruptions:
    body = one if isinstance(one, Mapping) else {}
    count, seen = body.get("count"), body.get("seen")
    return Interruptions(
        count if isinstance(count, int) else 0,
        str(body.get("last", "")),
        str(body.get("burst", "")),
        tuple(map(str, seen)) if isinstance(seen, list) else (),
    )


def pins(seen: Seen) -> dict[str, Any]:
    """`status.pins` with what is recorded of Spot; the stack may be gone, and this stays."""
    found: dict[str, Any] = {name: value for name, value in seen.pins.items() if name not in {"images", "commits", "spot"}}
    wanted = wanting(seen.app) if seen.app else frozenset()
    known = interruptions(seen.previous) if seen.interrupted is None else seen.interrupted
    counted = {key: one for key, one in known.items() if key in wanted and one.count}
    parts = {
        "spot": record(Facts("", "", spot=fallbacks(seen))).get("spot"),
        "interrupted": {
            key: {"count": one.count, "last": one.last, "burst": one.burst, "seen": list(one.seen)}
            for key, one in counted.items()
        },
    }
    return found | {name: value for name, value in parts.items() if value}


def told(key: str, seen: Seen, previous: Status) -> dict[str, Any]:
    """status.services.<key>.spot; empty where the service does not want Spot."""
    if seen.app is None or key not in wanting(seen.app):
        return {}
    fallback = fallbacks(seen).get(key)
    service = (seen.services or {}).get(key)
    counted = (interruptions(seen.previous) if seen.interrupted is None else seen.interrupted).get(key) or Interruptions()
    moved = ON_DEMAND if fallback and fallback.on_demand else ""
    body: dict[str, Any] = {
        "capacity": (runs_on(service.strategy) if service else "") or moved or (previous.get("spot") or {}).get("capacity", ""),
        "interruptions": counted.count,
        "lastInterruptedAt": counted.last,
    }
    if fallback and fallback.on_demand:
        body |= {"until": fallback.until, "message": fallback.reason}
    return {name: value for name, value in body.items() if value != ""}


def recovering(seen: Seen) -> list[str]:
    """What runs on demand for a time, for the message of WorkloadsReady."""
    return [_recovering(key, one) for key, one in sorted(fallbacks(seen).items()) if one.on_demand]


def _recovering(key: str, one: Fallback) -> str:
    return f"{key}: on demand until {one.until}: {one.reason}"


def news(old: Status, new: Status) -> Iterable[tuple[str, Reason, str]]:
    """Type, reason and message of the Events that tell of it: to on demand, back on Spot, and one for each burst."""
    before, after = recorded(old), recorded(new)
    for key, one in sorted(after.items()):
        if one.on_demand and not (key in before and before[key].on_demand):
            yield "Warning", Reason.SpotUnavailable, _recovering(key, one)
    for key in sorted(new.get("services") or {}):
        was, now = (_capacity(status, key) for status in (old, new))
        if was == ON_DEMAND and now not in ("", ON_DEMAND):
            watched = f"; the cool-downs before are remembered until {after[key].until}" if key in after else ""
            yield "Normal", Reason.SpotRestored, f"{key}: on Spot again{watched}"
    earlier = interruptions(old)
    for key, counts in sorted(interruptions(new).items()):
        known = earlier.get(key, Interruptions())
        if counts.burst != known.burst:
            count = counts.count - known.count
            told = f"{key}: Spot takes back {count} task{'s' if count > 1 else ''} as of {counts.burst}; ECS starts others"
            yield "Warning", Reason.SpotInterrupted, told


def _capacity(status: Status, key: str) -> str:
    return str((((status.get("services") or {}).get(key) or {}).get("spot") or {}).get("capacity", ""))


def excused(seen: Seen) -> frozenset[str]:
    """Logical IDs of the services whose CapacityProviderStrategy is not the template's on purpose."""
    return frozenset(names.service(key) for key in fallbacks(seen))
