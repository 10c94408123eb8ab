"""SIGTERM: the process ends with 0 within 10 seconds, whatever hangs, and the next operator goes on; nothing is lost or doubled."""

import time

import pytest

from e2e.conftest import World
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("shutdown"), pytest.mark.timeout(180)]
LONGEST = 10.0  # seconds


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        with OperatorProcess(plane, proxy.endpoint, health_interval="5s", lease_duration="4s") as operator:
            yield World(plane, emulator, "default"), operator, proxy


def terminated(operator):
    """The seconds it took."""
    began = time.monotonic()
    operator.process.terminate()
    assert operator.process.wait(LONGEST + 5) == 0, operator.log()[-3000:]
    return time.monotonic() - began


def arrived(world, proxy, action):
    world.wait(lambda: any(call.action == action for call in proxy.calls))


def went_well(proxy, action):
    """How many such calls the emulator has answered well."""
    done = []
    proxy.overlay("cloudformation", action, lambda _, status, body: (done.append(status), (status, body))[1])
    return done


def test_with_nothing_to_do_it_ends_at_once_and_lets_go_of_the_lease(place):
    world, operator, proxy = place
    proxy.reset()
    world.apply("idle")
    world.ready("idle")
    assert terminated(operator) < 5
    leases = world.plane.get("leases", "--all-namespaces")["items"]
    assert not [one for one in leases if one["metadata"]["name"] == "fargate-operator"]
    operator.start()
    operator.until_ready()
    world.delete("idle")


@pytest.mark.parametrize("action", ["CreateStack", "UpdateStack", "DeleteStack"])
def test_an_answer_that_does_not_come_holds_up_no_end(place, action):
    world, operator, proxy = place
    name = f"hangs-{action}".lower()
    if action != "CreateStack":
        world.apply(name)
        world.ready(name)
    proxy.reset()
    done = went_well(proxy, action)
    proxy.held = frozenset({action})
    if action == "DeleteStack":
        world.delete(name, wait=False)
    else:
        world.apply(name, services={"web": {"image": "app", "desiredCount": 2}})
    try:
        arrived(world, proxy, action)
        assert terminated(operator) < LONGEST
    finally:
        proxy.held = frozenset()
    operator.start()
    operator.until_ready()
    if action == "DeleteStack":
        world.wait(lambda: world.app(name) is None)
    else:
        assert world.ready(name)["services"]["web"]["running"] == 2
        assert done.count(200) == 1
        world.delete(name)
    assert not [one for one in world.cloudformation.describe_stacks()["Stacks"] if f"-{name}-" in one["StackName"]]


def test_an_aws_that_hangs_altogether_holds_up_no_end(place):
    world, operator, proxy = place
    proxy.reset()
    names = [f"all-{number}" for number in range(6)]  # more than there are workers
    for name in names:
        world.apply(name)
    world.ready(names[0])
    proxy.latency, before = 3600.0, len(proxy.calls)
    try:
        for name in names:
            world.apply(name, services={"web": {"image": "app", "desiredCount": 2}})
        world.wait(lambda: len(proxy.calls) >= before + 4)  # one of each worker
        assert terminated(operator) < LONGEST
    finally:
        proxy.reset()
    operator.start()
    operator.until_ready()
    for name in names:
        world.ready(name)
        world.delete(name, wait=False)
    world.wait(lambda: not world.plane.get("fargateapps", "-n", "default")["items"])


def test_an_api_server_that_hangs_while_a_status_is_put_holds_up_no_end(place):
    world, operator, proxy = place
    proxy.reset()
    done = went_well(proxy, "CreateStack")
    proxy.held = frozenset({"CreateStack"})
    world.apply("unwritten")
    arrived(world, proxy, "CreateStack")
    world.plane.hang_apiserver()
    try:
        proxy.held = frozenset()
        world.wait(lambda: done == [200])
        assert terminated(operator) < LONGEST
    finally:
        world.plane.hang_apiserver(hangs=False)
    operator.start()
    operator.until_ready()
    world.ready("unwritten")
    assert done == [200]
    world.delete("unwritten")
