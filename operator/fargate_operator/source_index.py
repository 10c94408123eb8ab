"""Which apps use which ConfigMaps and Secrets, and of which version each app last knew. No I/O.

It holds what apps refer to, and nothing of the other objects of the cluster.
"""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.fragments.environment_from import CONFIG_MAPS, SECRETS
from fargate_operator.queue import Key

Ref = tuple[str, str, str]  # kind, namespace, name
ABSENT = ""  # the version of an object that is not there


class SourceIndex:
    """Filled by what the watch of FargateApps tells, and by what reconciles have read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users: dict[Ref, set[Key]] = {}
        self._refs: dict[Key, frozenset[Ref]] = {}
        self._known: dict[Key, dict[Ref, str]] = {}
        self.wanted = {CONFIG_MAPS: threading.Event(), SECRETS: threading.Event()}  # set with the first reference

    def uses(self, key: Key, named: Iterable[tuple[str, str]], recorded: Mapping[tuple[str, str], str]) -> None:
        """An app refers to these, as (kind, name). `recorded` are the versions of its status: of use only the first time."""
        refs = frozenset((kind, key[0], name) for kind, name in named)
        with self._lock:
            self._drop(key, self._refs.get(key, frozenset()) - refs)
            for ref in refs:
                self._users.setdefault(ref, set()).add(key)
                self.wanted[ref[0]].set()
            if not refs:
                self._refs.pop(key, None)
                self._known.pop(key, None)
                return
            known = self._known.setdefault(key, {(kind, key[0], name): one for (kind, name), one in recorded.items()})
            self._known[key] = {ref: version for ref, version in known.items() if ref in refs}
            self._refs[key] = refs

    def forget(self, key: Key) -> None:
        """The app is gone."""
        self.uses(key, (), {})

    def read(self, key: Key, versions: Mapping[tuple[str, str], str]) -> None:
        """A reconcile of the app has read these."""
        with self._lock:
            if key in self._refs:
                found = {(kind, key[0], name): version for (kind, name), version in versions.items()}
                self._known[key] = {ref: version for ref, version in found.items() if ref in self._refs[key]}

    def changed(self, ref: Ref, version: str) -> set[Key]:
        """The apps that do not know this version yet."""
        with self._lock:
            return {key for key in self._users.get(ref, ()) if self._known.get(key, {}).get(ref) != version}

    def referred(self, kind: str, namespace: str | None) -> set[Ref]:
        """What apps refer to, of a kind and in a namespace; None: in all."""
        with self._lock:
            return {ref for ref in self._users if ref[0] == kind and namespace in (None, ref[1])}

    def _drop(self, key: Key, refs: Iterable[Ref]) -> None:
        for ref in refs:
            users = self._users.get(ref, set())
            users.discard(key)
            if not users:
                self._users.pop(ref, None)


def recorded(status: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """The versions that a status tells of (`facts.pins`)."""
    pins = status.get("pins") or {}
    maps, copied = pins.get("configMapVersions"), pins.get("copied")  # any JSON
    found = {(CONFIG_MAPS, name): str(version) for name, version in (maps.items() if isinstance(maps, Mapping) else ())}
    for name, one in copied.items() if isinstance(copied, Mapping) else ():
        found[SECRETS, name] = str(one.get("version")) if isinstance(one, Mapping) else ""
    return found
