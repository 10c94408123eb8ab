"""kopf's watch: what it says only triggers. Nothing is written by kopf, and nothing is decided here."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import kopf

from fargate_operator.crd import GROUP, PLURAL, VERSION
from fargate_operator.fragments.environment_from import named_in
from fargate_operator.previous import sound
from fargate_operator.queue import Key, Queue
from fargate_operator.recovery import RETAIN, SKIP
from fargate_operator.seen import condition
from fargate_operator.source_index import SourceIndex, recorded
from fargate_operator.standing import Standing
from fargate_operator.turn import ABANDON, APPROVE, NOW, request


class Endless:
    """kopf's retries of one request: for ever, as often as it iterates."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.5, 1, 2, 5)
        while True:
            yield 10


class Watch:
    """Puts the key of each object that asks for something new on the queue."""

    def __init__(
        self,
        queue: Queue,
        health_interval: float,
        index: SourceIndex | None = None,
        *,
        standing: Standing | None = None,
        ready: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._queue, self._health, self._index = queue, health_interval, index or SourceIndex()
        self._standing, self._ready = standing or Standing(), ready
        self._marks: dict[Key, tuple[Any, ...]] = {}

    def register(self, registry: kopf.OperatorRegistry) -> None:
        """Hook into kopf."""
        kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)(self._event)

    def keys(self) -> set[Key]:
        """The objects that are known."""
        return set(self._marks)

    def uids(self) -> dict[Key, str]:
        """Which objects those are."""
        return {key: str(mark[0]) for key, mark in dict(self._marks).items()}

    def forget(self, key: Key) -> None:
        """An object that is gone without a word."""
        self._marks.pop(key, None)
        self._index.forget(key)
        self._standing.forget(key)

    async def _event(self, event: Mapping[str, Any], **_: Any) -> None:
        body = event["object"]
        metadata = body["metadata"]
        key = (metadata["namespace"], metadata["name"])
        if event["type"] == "DELETED":
            self.forget(key)
            self._queue.add(key, urgent=True)  # it may have gone without the operator's leave: what is remembered of it goes, too
            return
        self._index.uses(key, named_in(body.get("spec")), recorded(sound(body.get("status"))))
        if (took := self._standing.saw(key, body, new=event["type"] == "ADDED")) is not None:
            self._ready(took)
        annotations = metadata.get("annotations") or {}
        mark = (
            metadata["uid"],
            metadata.get("generation"),
            metadata.get("deletionTimestamp"),
            annotations.get(NOW),
            annotations.get(ABANDON),
            annotations.get(APPROVE),
            annotations.get(SKIP),
            annotations.get(RETAIN),
        )
        if self._marks.get(key) == mark:
            return  # our own status, most of the time
        first = key not in self._marks
        self._marks[key] = mark
        # at start thousands of steady apps come at once: their health is asked spread over the interval
        spread = self._health * random.random() if first and steady(body) else 0.0  # noqa: S311  no secret
        # what was there before the operator began came no later than what comes now, but nobody has just changed it
        self._queue.add(key, spread, urgent=not first or event["type"] == "ADDED")


def steady(body: Mapping[str, Any]) -> bool:
    """Whether nothing is to do but to look after it."""
    metadata, status = body["metadata"], sound(body.get("status"))
    return bool(
        condition(status, "Ready").get("status") == "True"
        and status.get("observedGeneration") == metadata.get("generation")
        and not metadata.get("deletionTimestamp")
        and request(metadata) == status.get("lastHandledReconcileAt", "")
    )
