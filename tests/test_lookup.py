"""Where the facts of a reconcile come from: the status, the stack's own template, or AWS."""

from datetime import UTC, datetime

import pytest

from aws.test_resolve import ACCOUNT, SHOP, Account
from fargate_operator import names
from fargate_operator.compiler import input_digest
from fargate_operator.facts import ConfigMap, Copied, Count, Facts, Subnets, record
from fargate_operator.lookup import known_facts
from fargate_operator.observation import StackObservation
from fargate_operator.parsing import parse_app
from fargate_operator.seen import Seen
from test_model import manifest
from test_plan import OWNER

IMAGES = {"app": {"repository": SHOP, "tag": "v1"}}
SCALED = {"web": {"image": "app", "scaling": {"min": 1, "max": 9, "cpu": 60}}}
BEFORE = Facts(
    ACCOUNT,
    "eu-west-1",
    subnets={"default": Subnets("vpc-default", ("subnet-a",), ("zone-a",))},
    images={"app": f"{SHOP}@sha256:zero"},
    counts={"web": Count()},
    # of a cluster that is gone: what is there now is read in Kubernetes, and changes no pin
    config_maps={"config": ConfigMap("sha256:data")},
    copied={"secret": Copied("old-uid/1", ("KEY",))},
)


class World:
    """AWS, with a stack of the app's."""

    def __init__(self, made_from):
        self.clients = Account()
        self._stack = StackObservation("shop", "id", "UPDATE_COMPLETE", owner=OWNER, input_digest=input_digest(made_from, BEFORE))

    def stack(self, *_):
        return self._stack

    def stacks(self, _):
        return self

    def template(self, *_):
        return {"Metadata": {names.DOMAIN: record(BEFORE)}}


def app(**spec):
    return parse_app(manifest(images=IMAGES, **spec))


def known(spec, previous, *, reconcile_now=False):
    """Image and counts that a reconcile of `spec` knows, of a stack that was scaled."""
    seen = Seen(previous, 2, datetime(2026, 1, 1, tzinfo=UTC), "eu-west-1", ACCOUNT, "shop")
    found, _ = known_facts(World(app(services=SCALED)), seen, app(services=spec), OWNER, reconcile_now=reconcile_now)
    return found.images["app"].rsplit(":", 1)[1], found.counts


PINS = {"images": {"app": {"uri": f"{SHOP}@sha256:status"}}, "pins": {"counts": {"web": {}}}}
PLAIN = {"web": {"image": "app"}}


@pytest.mark.parametrize(
    ("spec", "previous", "expected"),
    [
        (SCALED, {"stack": {"id": "id"}, "observedGeneration": 2, **PINS}, ("status", {"web": Count()})),
        (PLAIN, {"stack": {"id": "id"}, "observedGeneration": 1, **PINS}, ("one", {"web": Count()})),
        (SCALED, {}, ("zero", {"web": Count()})),
        (PLAIN, {}, ("one", {"web": Count()})),
        # lost, and the first reconcile after that ended early
        (SCALED, {"observedGeneration": 2, "stack": {"name": "shop"}}, ("zero", {"web": Count()})),
        (PLAIN, {"observedGeneration": 2, "stack": {"name": "shop"}}, ("one", {"web": Count()})),
    ],
)
def test_pins_are_of_one_spec_and_counts_are_carried_on_wherever_they_were_recorded(spec, previous, expected):
    assert known(spec, previous) == expected


def test_reconcile_now_looks_images_up_and_carries_counts_on():
    for previous in ({"stack": {"id": "id"}, "observedGeneration": 2, **PINS}, {"observedGeneration": 2}):
        assert known(SCALED, previous, reconcile_now=True) == ("one", {"web": Count()})
