"""By what an app is known elsewhere, so that nothing of it is remembered when it is gone. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def service_arns(status: Mapping[str, Any]) -> frozenset[str]:
    """The services of a status."""
    services = status.get("services")
    found = services.values() if isinstance(services, Mapping) else ()
    return frozenset(str(one["serviceArn"]) for one in found if isinstance(one, Mapping) and one.get("serviceArn"))
