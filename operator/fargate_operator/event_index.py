"""Which app an event is about: what each has registered of what AWS tells of. No I/O."""

import threading
from collections.abc import Iterable

from fargate_operator.queue import Key


class EventIndex:
    """Plain strings: ARNs, and what `events.project` and `events.repository` give. Any number of apps may share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users: dict[str, set[Key]] = {}
        self._known: dict[Key, dict[str, frozenset[str]]] = {}  # by what they were registered as

    def register(self, key: Key, kind: str, identifiers: Iterable[str]) -> None:
        """The app wants to be told of these instead of what it registered as the same kind before, such as ``stack``."""
        found = frozenset(one for one in identifiers if one)
        with self._lock:
            known = self._known.setdefault(key, {})
            if known.get(kind) == found:
                return
            self._drop(key)
            known[kind] = found
            for one in frozenset[str]().union(*known.values()):
                self._users.setdefault(one, set()).add(key)

    def forget(self, key: Key) -> None:
        """The app is gone."""
        with self._lock:
            self._drop(key)
            self._known.pop(key, None)

    def of(self, identifiers: Iterable[str]) -> frozenset[Key]:
        """Whose the first of these is that is anybody's."""
        with self._lock:
            for one in identifiers:
                if users := self._users.get(one):
                    return frozenset(users)
        return frozenset()

    def _drop(self, key: Key) -> None:
        for one in frozenset[str]().union(*self._known.get(key, {}).values()):
            users = self._users[one]
            users.discard(key)
            if not users:
                del self._users[one]
