"""The real reconciler over an API server in a dict and an AWS behind real clients, driven through time that is made up."""

import copy
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fargate_operator.follower import Follower
from fargate_operator.git_images import GitImages
from fargate_operator.kube import FINALIZER
from fargate_operator.main import DEEPEST
from fargate_operator.queue import BASE, MOST
from fargate_operator.reconciler import Identity, Reconciler
from fargate_operator.refs import Refs, Unreachable
from fargate_operator.source_index import SourceIndex
from fargate_operator.sources import Sources
from fargate_operator.world import World
from inputs.aws import Aws, WireClients
from inputs.path import NOW
from inputs.schema import status_faults
from test_sources import Objects

MOST_STATUS = 2**20  # characters
PERIOD = 600.0  # seconds


class Cluster:
    """The API server: it refuses a status that is not of the schema, and counts what it is asked."""

    def __init__(self, item: dict[str, Any], objects: Objects | None = None) -> None:
        self.item: dict[str, Any] | None = copy.deepcopy(item)
        self.objects = objects or Objects()
        self.events: list[tuple[str, str]] = []
        self.writes = 0

    def get(self, _: Any) -> Any:
        return copy.deepcopy(self.item)

    def put_status(self, item: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(status, ensure_ascii=False)
        text.encode()
        assert len(text) < MOST_STATUS
        faults = status_faults(status)
        assert not faults, faults
        self.writes += 1
        assert self.item is not None
        self.item["status"] = json.loads(text)
        return {**item, "status": status}

    def set_finalizer(self, item: dict[str, Any], *, present: bool) -> dict[str, Any]:
        assert self.item is not None
        others = [one for one in item["metadata"].get("finalizers") or () if one != FINALIZER]
        self.item["metadata"]["finalizers"] = [*others, FINALIZER] if present else others
        if self.item["metadata"].get("deletionTimestamp") and not self.item["metadata"]["finalizers"]:
            self.item = None
        return copy.deepcopy(self.item or item)

    def forget(self, uid: str) -> None:
        """Nothing is remembered."""

    def tell(self, _: Any, note: Any) -> None:
        note.message.encode()
        self.events.append((note.reason, note.message))


@dataclass(slots=True)
class Operated:
    """What came of ten minutes of an object."""

    cluster: Cluster
    aws: Aws
    turns: list[float]  # when

    @property
    def status(self) -> dict[str, Any]:
        return (self.cluster.item or {}).get("status") or {}

    def condition(self, kind: str) -> dict[str, Any]:
        return next((one for one in self.status.get("conditions", ()) if one["type"] == kind), {})


def _unreachable(*_: str) -> str:
    raise Unreachable("no network in tests")


@contextmanager
def _deep() -> Iterator[None]:
    """Python's limit as the operator has it, for as long as it is at work: elsewhere it would end the process."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(DEEPEST)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


@_deep()
def operate(item: dict[str, Any], aws: Aws | None = None, objects: Objects | None = None, seconds: float = PERIOD) -> Operated:
    """Run the object's turns as the queue and the follower would bring them. What a turn raises comes through."""
    aws, cluster, elapsed = aws or Aws(), Cluster(item, objects), 0.0
    world = World(WireClients(aws))
    due: list[float] = []

    def ended(_: Any, region: str, name: str) -> None:
        world.doubt(region, name)
        due.append(elapsed + 2.0)

    follower = Follower(lambda _: frozenset(), ended, 0.0)
    git = GitImages(world, Refs(60.0, _unreachable), 60.0)
    reconciler = Reconciler(cluster, world, follower, Identity("here"), 300.0, sources=Sources(cluster.objects, SourceIndex()),
                            git=git, clock=lambda: NOW + timedelta(seconds=elapsed))  # fmt: skip
    metadata, failures = item["metadata"], 0
    done, due = Operated(cluster, aws, []), [0.0]
    while due and (elapsed := min(due)) <= seconds and cluster.item is not None:
        done.turns.append(elapsed)
        due.clear()
        outcome = reconciler.reconcile((metadata["namespace"], metadata["name"]))
        failures = failures + 1 if outcome.failed else 0
        after = min(MOST, BASE * 2.0 ** (failures - 1)) if outcome.failed else outcome.after
        due += [] if after is None else [elapsed + after]
        for region in list(follower._stacks):
            follower._sweep(region)
    return done
