"""Services as they were read last, until they are due again: a turn that comes for the sake of drift costs no ECS read. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fargate_operator.observation import ServiceObservation
from fargate_operator.pace import Outcome
from fargate_operator.queue import Key
from fargate_operator.seen import Seen


@dataclass(frozen=True, slots=True)
class Look:
    """What was read, of which stack and spec, and until when it is good."""

    services: Mapping[str, ServiceObservation]
    of: tuple[Any, ...]
    until: datetime


class Looks:
    """Held only while something else than services is to be looked at earlier."""

    def __init__(self) -> None:
        self._held: dict[Key, Look] = {}
        self._doubted: set[Key] = set()  # by another thread

    def doubt(self, key: Key) -> None:
        """Something has happened to its services: they are read at the next need, by a turn that is under way or the next."""
        self._doubted.add(key)

    def services(self, key: Key, seen: Seen) -> Mapping[str, ServiceObservation] | None:
        """None: read them."""
        if key in self._doubted:
            self._doubted.discard(key)  # before they are read: a doubt that comes meanwhile counts
            self._held.pop(key, None)
        look = self._held.get(key)
        return look.services if look and look.of == _of(seen) and seen.now < look.until else None

    def paced(self, key: Key, seen: Seen, services: Outcome) -> Outcome:
        """When to come again; `services` is when to come for their sake, had they been read just now."""
        look = self._held.pop(key, None)
        if services.after is None or services.failed:
            return services
        left = services.after
        if look and look.services is seen.services:
            left = min(left, max(0.0, (look.until - seen.now).total_seconds()))
        if seen.again is None or seen.again >= left:
            return Outcome(left)
        if seen.services is not None:
            self._held[key] = Look(seen.services, _of(seen), seen.now + timedelta(seconds=left))
        return Outcome(seen.again)

    def forget(self, key: Key) -> None:
        """It is not to be looked after any more."""
        self._held.pop(key, None)
        self._doubted.discard(key)


def _of(seen: Seen) -> tuple[Any, ...]:
    stack = seen.stack
    return seen.generation, stack and (stack.id, stack.status, stack.updated_at), seen.reconcile_at
