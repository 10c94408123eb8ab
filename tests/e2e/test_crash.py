"""The operator is killed before and after each of its AWS calls in turn; the app always ends as its spec says."""

import pytest

from e2e.conftest import World
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("faults"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        with OperatorProcess(plane, proxy.endpoint, health_interval="5s", lease_duration="3s") as operator:
            yield World(plane, emulator, "default"), operator, proxy


class Killer:
    """Kills the operator once, at the first call of an action."""

    def __init__(self, operator, action):
        self._operator, self._action, self.done = operator, action, False

    def __call__(self, _service, action, _count):
        if not self.done and action == self._action:
            self.done = True
            self._operator.kill()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("action", ["DescribeStacks", "CreateStack", "ListStacks", "DescribeServices", "ListTasks"])
def test_killed_around_a_call_of_a_create(place, moment, action):
    world, operator, proxy = place
    name = f"{moment}-{action}".lower()
    killer = Killer(operator, action)
    getattr(proxy, moment)(killer)
    world.apply(name)
    world.wait(lambda: killer.done)
    operator.start()
    operator.until_ready()
    world.ready(name)
    found = [one for one in world.cloudformation.describe_stacks()["Stacks"] if f"-{name}-" in one["StackName"]]
    assert len(found) == 1
    world.delete(name)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("action", ["UpdateStack", "DeleteStack"])
def test_killed_around_an_update_or_a_delete(place, moment, action):
    world, operator, proxy = place
    name = f"{moment}-{action}".lower()
    world.apply(name)
    stack = world.ready(name)["stack"]
    killer = Killer(operator, action)
    getattr(proxy, moment)(killer)
    if action == "UpdateStack":
        world.apply(name, services={"web": {"image": "app", "desiredCount": 2}})
    else:
        world.delete(name, wait=False)
    world.wait(lambda: killer.done)
    operator.start()
    operator.until_ready()
    if action == "UpdateStack":
        after = world.ready(name)
        assert (after["stack"]["id"], after["services"]["web"]["running"]) == (stack["id"], 2)
    else:
        world.wait(lambda: world.app(name) is None)
        assert world.stack(stack["name"]) == "DELETE_COMPLETE"
