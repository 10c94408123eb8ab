"""By what an app is known elsewhere, so that nothing of it is remembered when it is gone. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fargate_operator.events import place
from fargate_operator.recovery import RECREATE
from fargate_operator.seen import Seen
from fargate_operator.turn import Turn


@dataclass(frozen=True, slots=True)
class Home:
    """Where its stack is, which object it was, and its services by ARN."""

    region: str
    stack_name: str
    uid: str
    services: frozenset[str]


def home_of(turn: Turn) -> Home:
    """As the object tells."""
    seen = turn.seen
    return Home(seen.region, seen.stack_name, str(turn.item["metadata"].get("uid", "")), service_arns(seen.previous))


def told(seen: Seen) -> str:
    """The id of the stack that the status tells of; "" where it has none, or none of this name."""
    known = str((seen.previous.get("stack") or {}).get("id", ""))
    return known if place(known) == (seen.region, seen.stack_name) else ""


def recorded(seen: Seen) -> str:
    """The same; "" where that one was to be made anew: there may be another of its name."""
    return told(seen) if (seen.previous.get("stack") or {}).get("undoing") != RECREATE else ""


def service_arns(status: Mapping[str, Any]) -> frozenset[str]:
    """The services of a status."""
    services = status.get("services")
    found = services.values() if isinstance(services, Mapping) else ()
    return frozenset(str(one["serviceArn"]) for one in found if isinstance(one, Mapping) and one.get("serviceArn"))
