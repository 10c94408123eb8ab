"""What a reconcile looks at anew for the sake of an event, and what is no news."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from fargate_operator.detection import Detections
from fargate_operator.events import hint
from fargate_operator.observation import StackObservation
from fargate_operator.pace import Outcome
from fargate_operator.reconciler import Reconciler
from fargate_operator.seen import Seen
from fargate_operator.turn import Identity
from harness import events
from harness.emulator import REGION

SHOP = ("team", "shop")
NAME = "team-shop-123456"


class World:
    """What is known of one stack."""

    def __init__(self, status):
        self.stack = StackObservation(NAME, events.STACK, status)
        self.doubted = []

    def known(self, region, name):
        return self.stack if (region, name) == (REGION, NAME) else None

    def doubt(self, region, name):
        self.doubted.append((region, name))


@pytest.mark.parametrize(
    ("known", "event", "news", "stack", "services"),
    [
        ("UPDATE_IN_PROGRESS", events.stack("UPDATE_COMPLETE"), True, True, False),
        ("UPDATE_IN_PROGRESS", events.stack("UPDATE_IN_PROGRESS"), False, False, False),
        ("UPDATE_IN_PROGRESS", events.stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), False, False, False),
        ("UPDATE_COMPLETE", events.stack("UPDATE_COMPLETE"), True, True, False),  # of an update that nobody told of
        ("UPDATE_COMPLETE", events.stack("DELETE_IN_PROGRESS"), True, True, False),  # by somebody else
        ("UPDATE_COMPLETE", events.stopped(), True, False, True),
        ("UPDATE_COMPLETE", events.service("SERVICE_TASK_PLACEMENT_FAILURE"), True, False, True),
        ("UPDATE_COMPLETE", events.deployment("SERVICE_DEPLOYMENT_FAILED"), True, False, True),
        ("UPDATE_COMPLETE", events.build("FAILED"), True, False, False),
        ("UPDATE_COMPLETE", events.push(), True, False, False),
    ],
)
def test_an_event_puts_in_doubt_what_it_tells_of(known, event, news, stack, services):
    world = World(known)
    none = SimpleNamespace()
    reconciler = Reconciler(none, world, none, Identity("here"), 300.0, detections=Detections(world), sources=none)
    read = Seen({}, 1, datetime(2026, 1, 1, tzinfo=UTC), services={}, again=10.0)
    reconciler._looks.paced(SHOP, read, Outcome(300.0))
    assert reconciler.doubt(SHOP, hint(json.dumps(event))) is news
    assert world.doubted == ([(REGION, NAME)] if stack else [])
    assert (reconciler._looks.services(SHOP, read) is None) is services
