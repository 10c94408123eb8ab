"""The faults of AWS and of the API server that are on just now, as the two proxies ask for them, and how many calls each has hit."""

import random
import re
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

from chaos.schedule import Fault
from chaos.stack_faults import StackFaults
from harness.calls import Call
from harness.proxy import Trouble

SKEW = 300.0  # seconds
_ANSWERED = {"cloudformation", "ecs"}  # the clocks that the operator reads
_XML_TIME = re.compile(rb"(?<=>)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?(?=<)")
_JSON_TIME = re.compile(rb'("(?:created|started|stopped|updated|stopping|lastStatus)\w*At": ?)(\d{10}(?:\.\d+)?)')


class Weather:
    """`aws` and `api` say what is to go wrong with a call; both are asked in the threads of the proxies."""

    def __init__(self, stacks: StackFaults) -> None:
        self._stacks = stacks
        self._lock = threading.Lock()
        self._on: tuple[Fault, ...] = ()
        self._rng = random.Random()
        self.hits: Counter[str] = Counter()

    def begin(self, seed: int) -> None:
        """Of another story."""
        with self._lock:
            self._on, self._rng, self.hits = (), random.Random(seed), Counter()

    def set(self, faults: tuple[Fault, ...]) -> None:
        """These are on from now on, and no others."""
        with self._lock:
            self._on = faults

    def hit(self, kind: str, count: int = 1) -> None:
        """It has hit something."""
        with self._lock:
            self.hits[kind] += count

    # what AwsProxy asks

    def request(self, call: Call, body: bytes) -> tuple[Trouble | None, bytes]:
        trouble = self._struck(lambda fault: _aws(fault, call, self._rng))
        if trouble is None or trouble.kind in {"lost", "slow"}:
            body = self._stacks.request(call, body, lost=trouble is not None and trouble.kind == "lost")
        return trouble, body

    def answer(self, call: Call, sent: bytes, status: int, body: bytes) -> tuple[int, bytes]:
        self._stacks.answer(call, sent, status)
        skew = next((one.kind for one in self._on if one.kind.startswith("AWS clock")), "")
        if not skew or call.service not in _ANSWERED:
            return status, body
        self.hit(skew)
        return status, _shifted(body, SKEW if skew.endswith("ahead") else -SKEW)

    # what KubeProxy asks

    def api(self, method: str, _path: str, watching: bool) -> Trouble | None:  # noqa: FBT001
        return None if watching else self._struck(lambda fault: _api(fault, method, self._rng))

    def _struck(self, of) -> Trouble | None:
        with self._lock:
            for fault in self._on:
                trouble = of(fault) if self._rng.random() < fault.share else None
                if trouble:
                    self.hits[fault.kind] += 1
                    return trouble
        return None


def _aws(fault: Fault, call: Call, rng: random.Random) -> Trouble | None:
    plain = call.protocol == "json"
    if fault.kind == "access denied":
        return Trouble("refuse", 403 if not plain else 400, _of("AccessDenied", plain)) if call.action == fault.about else None
    return {
        "throttled": Trouble("refuse", 400, _of("Throttling", plain), "Rate exceeded"),
        "AWS 500": Trouble("refuse", 500, "InternalFailure"),
        "AWS 503": Trouble("refuse", 503, "ServiceUnavailable"),
        "answer lost": Trouble("lost", after=rng.choice((0.0, 0.0, 1.5))),
        "connection reset": Trouble("reset"),
        "AWS slow": Trouble("slow", after=rng.uniform(0.2, 1.2)),
        "credentials expired": Trouble("refuse", 403 if not plain else 400, _of("ExpiredToken", plain)),
    }.get(fault.kind)


def _of(code: str, plain: bool) -> str:  # noqa: FBT001
    return f"{code}Exception" if plain else code


def _api(fault: Fault, method: str, rng: random.Random) -> Trouble | None:
    if fault.kind == "API 409" and method == "GET":
        return None
    return {
        "API slow": Trouble("slow", after=rng.uniform(0.1, 0.8)),
        "API 409": Trouble("refuse", 409),
        "API 429": Trouble("refuse", 429),
        "API 500": Trouble("refuse", 500),
        "API answer lost": Trouble("lost"),
    }.get(fault.kind)


def _shifted(body: bytes, seconds: float) -> bytes:
    def xml(match: re.Match[bytes]) -> bytes:
        moment = datetime.fromisoformat(match[0].decode().removesuffix("Z")) + timedelta(seconds=seconds)
        return moment.isoformat(timespec="milliseconds").encode() + b"Z"

    def number(match: re.Match[bytes]) -> bytes:
        return match[1] + str(float(match[2]) + seconds).encode()

    return _JSON_TIME.sub(number, _XML_TIME.sub(xml, body))


def clock() -> float:
    """Seconds, by the clock that writes and changes are told by."""
    return time.monotonic()
