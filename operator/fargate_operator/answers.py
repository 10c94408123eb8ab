"""Answers that are shared by all who ask: each is asked for once in its lifetime, however many ask at the same moment. Pure.

Thread-safe, and bounded: beyond `most` the oldest go. A failure is no answer: all who wait for it get it, the next one asks anew.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
Ask = Callable[[list[K]], Mapping[K, V]]


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    value: V
    at: float


class Answers(Generic[K, V]):
    """`lifetime` tells for how many seconds an answer is good."""

    def __init__(
        self, lifetime: Callable[[K, V], float], most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lifetime, self._most, self._clock = lifetime, most, clock
        self._lock = threading.Lock()
        self._entries: dict[K, _Entry[V]] = {}  # the oldest first
        self._asking: dict[K, Future[V]] = {}

    def look(self, keys: Iterable[K], ask: Ask[K, V], *, younger: float = float("inf")) -> dict[K, V]:
        """The answers, none older than `younger` seconds; `ask` gets the keys that have none, and must answer each."""
        found: dict[K, V] = {}
        mine: dict[K, Future[V]] = {}
        others: dict[K, Future[V]] = {}
        with self._lock:
            for key in dict.fromkeys(keys):
                entry = self._entries.get(key)
                if entry and self._clock() - entry.at < min(younger, self._lifetime(key, entry.value)):
                    found[key] = entry.value
                elif key in self._asking:
                    others[key] = self._asking[key]
                else:
                    mine[key] = self._asking[key] = Future()
        if mine:
            found |= self._answered(mine, ask)
        return found | {key: future.result() for key, future in others.items()}

    def drop(self, unwanted: Callable[[V], bool]) -> None:
        """Such answers are asked for anew at the next look."""
        with self._lock:
            for key in [key for key, entry in self._entries.items() if unwanted(entry.value)]:
                del self._entries[key]

    def _answered(self, mine: dict[K, "Future[V]"], ask: Ask[K, V]) -> dict[K, V]:
        try:
            answers = ask(list(mine))
            found = {key: answers[key] for key in mine}
        except BaseException as error:
            with self._lock:
                for key, future in mine.items():
                    del self._asking[key]
                    future.set_exception(error)
            raise
        with self._lock:
            for key, future in mine.items():
                self._entries.pop(key, None)
                self._entries[key] = _Entry(found[key], self._clock())
                del self._asking[key]
                future.set_result(found[key])
            while len(self._entries) > self._most:
                del self._entries[next(iter(self._entries))]
        return found
