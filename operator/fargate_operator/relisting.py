"""Objects that went without a word: forced out of the API while nobody watched. At the edge: it lists."""

import logging
from collections.abc import Callable

from fargate_operator.kube import Kube
from fargate_operator.queue import Key
from fargate_operator.watch import Watch

log = logging.getLogger("fargate_operator")


class Relist:
    """`add` puts a key on the queue, so that a reconcile finds the object gone and forgets it."""

    def __init__(self, kube: Kube, namespaces: tuple[str, ...], watch: Watch, add: Callable[[Key], object]) -> None:
        self._kube, self._namespaces, self._watch, self._add = kube, namespaces, watch, add

    def told(self) -> bool:
        """Whether the watch has told of all that there is."""
        return self._kube.keys(self._namespaces) <= self._watch.keys()

    def look(self) -> None:
        """Compares with what was known before the list: what came while it was read is in no page of it."""
        before = self._watch.uids()
        there = self._kube.keys(self._namespaces)
        for key in sorted(before.keys() - there):
            if self._watch.uids().get(key) != before[key]:
                continue  # made anew meanwhile, or the watch has told that it went
            self._watch.forget(key)
            log.warning("%s/%s was taken away by force; its stack, if there is one, stays", *key)
            self._add(key)
