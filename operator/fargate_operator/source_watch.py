"""Watches ConfigMaps and Secrets, by their metadata, and says which apps have to look at them anew.

A thread for each kind (and namespace, where the operator has some of its own), which begins when some app refers to one and all
apps are known that there were at the start: those are the ones whose reconcile may come late. It knows nothing of AWS and decides
nothing: the reconcile reads the objects themselves.
"""

import logging
import random
import threading
from collections.abc import Callable

from fargate_operator.errors import ReconcileError
from fargate_operator.kube_objects import Forbidden, Gone, Objects
from fargate_operator.queue import Key
from fargate_operator.source_index import ABSENT, SourceIndex

log = logging.getLogger(__name__)
BASE, MOST = 1.0, 60.0  # seconds of backoff
FORBIDDEN = 300.0  # seconds until it is tried again


class SourceWatch(threading.Thread):
    """One kind, in one namespace or (None) in all; calls `changed` with the key of each app that uses what has changed.

    `listed` is set when the index knows every app that there was at the start.
    """

    def __init__(
        self,
        objects: Objects,
        index: SourceIndex,
        kind: str,
        namespace: str | None,
        changed: Callable[[Key], None],
        *,
        listed: threading.Event,
        stopped: threading.Event | None = None,
    ) -> None:
        super().__init__(name=f"{kind}-{namespace or 'all'}", daemon=True)
        self._objects, self._index, self._kind, self._namespace, self._changed = objects, index, kind, namespace, changed
        self._listed, self._stopped = listed, stopped or threading.Event()
        self._failures = 0
        self._told = ""

    def run(self) -> None:
        self._index.wanted[self._kind].wait()
        self._listed.wait()
        pause = 0.0
        while not self._stopped.wait(pause):
            pause = self.once()

    def stop(self) -> None:
        """End when the API server's next word comes."""
        self._stopped.set()

    def once(self) -> float:
        """List, then follow for as long as it goes; the seconds to wait before it is done again."""
        try:
            since = self.relist()
            self._told = ""
            while not self._stopped.is_set():
                since = self._follow(since)
        except Gone:
            log.debug("%s: the version to follow from is too old", self._kind)
        except Forbidden as error:
            self._tell(f"{error.message}; apps are looked at each health interval instead")
            return FORBIDDEN
        except ReconcileError as error:
            self._tell(error.message)
        except Exception:
            log.exception("watching %s", self._kind)
        return self._pause()

    def _pause(self) -> float:
        """Longer from time to time until an event or a bookmark comes: only that is a sign that following gets anywhere."""
        self._failures += 1
        return min(MOST, BASE * 2.0 ** min(self._failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311  no secret

    def relist(self) -> str:
        """Compare all that there is with what the apps know; the version to follow from."""
        referred = self._index.referred(self._kind, self._namespace)
        found, since = dict.fromkeys(referred, ABSENT), ""
        for (namespace, name, version), since in self._objects.list(self._kind, self._namespace):  # noqa: B007
            if (ref := (self._kind, namespace, name)) in found:
                found[ref] = version
        for ref, version in sorted(found.items()):
            self._look(*ref[1:], version)
        return since

    def _follow(self, since: str) -> str:
        """Until the API server ends the watch, falls silent or is away; the version to go on from, so that nothing is missed."""
        try:
            for kind, (namespace, name, version), latest in self._objects.watch(self._kind, self._namespace, since):
                since, self._failures = latest, 0
                if name:
                    self._look(namespace, name, ABSENT if kind == "DELETED" else version)
                if self._stopped.is_set():
                    break
        except Forbidden:
            raise
        except ReconcileError as error:
            log.debug("%s", error.message)
        self._stopped.wait(self._pause())  # after an end that was in order, too: it may have come at once
        return since

    def _look(self, namespace: str, name: str, version: str) -> None:
        for key in self._index.changed((self._kind, namespace, name), version):
            log.debug("%s/%s uses %s/%s of %s, which has changed", *key, namespace, name, self._kind)
            self._changed(key)

    def _tell(self, message: str) -> None:
        """Once, until it goes well again."""
        if message != self._told:
            log.warning("%s", message)
        self._told = message
