"""The operator is killed at any moment while an app's images come: the workloads join when theirs are there, each once."""

import pytest

from e2e.conftest import World
from e2e.test_crash import Killer
from e2e.test_images import Registry, missing
from harness.controlplane import ControlPlane
from harness.empty_on_delete import EmptyOnDelete
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("faults"), pytest.mark.timeout(240)]
BUILT = {"images": {name: {"build": {}, "tag": "v1"} for name in ("one", "two")}}
SERVICES = {"services": {"web": {"image": "one"}, "api": {"image": "two"}}}


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        EmptyOnDelete(proxy)
        plane.install()
        with OperatorProcess(plane, proxy.endpoint, health_interval="3s", lease_duration="3s") as operator:
            yield World(plane, emulator, "default"), operator, proxy


def killed(operator, killer, world):
    world.wait(lambda: killer.done)
    operator.start()
    operator.until_ready()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("action", ["CreateStack", "DescribeImages"])
def test_killed_before_any_image_is_there(place, moment, action):
    world, operator, proxy = place
    name = f"{moment}-{action}".lower()
    killer = Killer(operator, action)
    getattr(proxy, moment)(killer)
    world.apply(name, **BUILT, **SERVICES)
    killed(operator, killer, world)
    missing(world, "one", "two", name=name)
    registry = Registry(world, name)
    registry.push("one"), registry.push("two")
    world.ready(name)
    world.delete(name)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("action", ["BatchGetImage", "PutImage", "UpdateStack", "GetTemplate"])
def test_killed_when_an_image_has_come(place, moment, action):
    world, operator, proxy = place
    name = f"{moment}-{action}".lower()
    world.apply(name, **BUILT, **SERVICES)
    missing(world, "one", "two", name=name)
    killer = Killer(operator, action)
    getattr(proxy, moment)(killer)
    registry = Registry(world, name)
    registry.push("one")
    killed(operator, killer, world)
    missing(world, "two", name=name)
    world.wait(lambda: world.status(name)["services"]["web"].get("running"))
    registry.push("two")
    status = world.ready(name)
    assert {one["running"] for one in status["services"].values()} == {1}
    world.delete(name)
