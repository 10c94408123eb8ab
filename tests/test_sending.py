"""Which values of Secrets go with a write, and when nothing is asked for them: the reconciler's and the comparison's own code."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from fargate_operator import names
from fargate_operator.comparison import Comparison
from fargate_operator.observation import ChangeSet, Owner, StackObservation
from fargate_operator.reconciler import Reconciler
from fargate_operator.settings import Settings
from fargate_operator.source_index import SourceIndex
from fargate_operator.sources import Sources
from fargate_operator.turn import Identity
from test_detection import ACCOUNT, HEALTH, REGION, Cluster, Pages
from test_sources import Objects

FROM = [{"secretRef": {"name": "secret"}}]
PARAMETER = names.secret_parameter("secret", "KEY")
OWN, OTHER = Owner("here", "team", "shop"), Owner("elsewhere", "team", "shop")
TEMPLATE = {  # of another installation, whose Secret happens to have the same name and version
    "Parameters": {PARAMETER: {}},
    "Resources": {names.COPIED_SECRET: {"Metadata": {names.DOMAIN: {"secret": "uid/7"}}}},
}


class World:
    """AWS with one stack, which counts what is asked; `orders` are what was sent."""

    def __init__(self, stack=None):
        self.there, self.asked, self.orders = stack, [], []
        self.region, self.clients = REGION, self

    def get(self, *_):
        return self

    def get_paginator(self, operation):
        return Pages(operation)

    def count(self, _):
        return 1

    def forget_services(self, *_):
        """Nothing."""

    def account(self, _):
        return ACCOUNT, "aws"

    def stack(self, *_):
        return self.there

    def put(self, _, stack):
        return stack

    def doubt(self, *_):
        """Nothing."""

    def change_set(self, *_):
        return None

    def stacks(self, _):
        found = ChangeSet("id", "name", "CREATE_COMPLETE", "AVAILABLE")
        sets = SimpleNamespace(describe=lambda *_: found, discard=lambda _: None)
        return SimpleNamespace(template=self._template, propose=self._propose, create=self._write, update=self._write,
                               recover=lambda *_: self.asked.append("recover"), change_sets=sets,
                               events=SimpleNamespace(failure=lambda _: None), last_operation=lambda _: [])  # fmt: skip

    def _template(self, _):
        self.asked.append("template")
        return TEMPLATE

    def _write(self, order, *_):
        self.orders.append(order)
        return "arn:shop"

    def _propose(self, order, *_, **__):
        self._write(order)
        return "id", "arn:shop"


@pytest.fixture
def objects():
    one = Objects()
    one.there["secrets", "team", "secret"], one.versions["secrets", "team", "secret"] = {"KEY": b"value"}, "uid/7"
    return one


def stack(owner, status="UPDATE_COMPLETE", **more):
    return StackObservation("shop", "arn:shop", status, owner=owner, updated_at=datetime(2026, 1, 1, tzinfo=UTC), **more)


def reconciled(objects, there, **spec):
    kube, world = Cluster(), World(there)
    kube.apply("shop", environmentFrom=FROM, stackName="shop", **spec)
    follower = SimpleNamespace(follow=lambda *_: None, rests=lambda *_: None)
    sources = Sources(objects, SourceIndex())
    Reconciler(kube, world, follower, Identity("here"), HEALTH, sources=sources).reconcile(("team", "shop"))
    return world


def sent(world):
    [order] = world.orders
    return dict(order.parameters.values), order.parameters.previous


def test_what_the_apps_own_stack_has_is_not_sent_again(objects):
    world = reconciled(objects, stack(OWN))
    assert sent(world) == ({}, {PARAMETER})


@pytest.mark.parametrize("owner", [None, OTHER])
def test_of_a_stack_that_is_adopted_nothing_counts_as_sent_before(objects, owner):
    world = reconciled(objects, stack(owner, adoptable_by="team/shop"), adoption="Adopt")
    assert sent(world) == ({PARAMETER: '"value"'}, frozenset())
    assert world.asked == []


def test_where_no_template_is_sent_nothing_is_asked(objects):
    world = reconciled(objects, stack(OWN, "UPDATE_ROLLBACK_FAILED"))
    assert world.asked == ["recover"]
    assert [what for what, _ in objects.reads].count("whole") == 1  # its keys


@pytest.fixture
def compared(objects, monkeypatch):
    """Compares an app of this spec with a stack; the world that was asked."""

    def run(there, **spec):
        kube, world = Cluster(), World(there)
        kube.apply("shop", stackName="shop", **spec)
        one = Comparison(Settings(installation_id="here"))
        monkeypatch.setattr(one, "_world", world)
        one.__dict__["_sources"] = Sources(objects, SourceIndex())
        item = kube.items["team", "shop"]
        one.changes({**item, "apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp"}, "team")
        return world

    return run


def test_a_comparison_takes_nothing_of_a_stack_that_is_not_the_apps(compared):
    world = compared(stack(None, adoptable_by="team/shop"), environmentFrom=FROM, adoption="Adopt")
    assert sent(world) == ({PARAMETER: '"value"'}, frozenset())
    assert world.asked == []


def test_a_comparison_sees_that_the_last_source_is_gone(compared, monkeypatch):
    recorded = {"copied": {"secret": {"version": "uid/7", "keys": ["KEY"]}}}
    found = stack(OWN, input_digest="sha256:old", template_digest="sha256:old")
    monkeypatch.setattr(World, "template", lambda *_: {"Metadata": {names.DOMAIN: recorded}}, raising=False)
    [order] = compared(found).orders
    assert names.COPIED_SECRET not in order.template.resources
    assert order.template.parameters == {}
