"""The operator and the API server go away at bad moments; nothing is lost, doubled or left behind."""

import random
import time

import pytest

from e2e.conftest import World
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("faults")]


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator:
        plane.install()
        with OperatorProcess(plane, emulator.endpoint, health_interval="3s", lease_duration="3s") as operator:
            yield World(plane, emulator, "default"), operator


def test_killed_again_and_again_the_operator_ends_with_what_the_specs_say(place):
    world, operator = place
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    names = [f"app-{number}" for number in range(6)]
    for name in names:
        world.apply(name)
    for count in (2, 3):
        for _ in range(4):
            time.sleep(rng.uniform(0.0, 1.5))
            operator.kill()
            operator.start()
        for name in names:
            world.apply(name, services={"web": {"image": "app", "desiredCount": count}})
    operator.until_ready()
    for name in names:
        world.wait(lambda name=name: world.status(name).get("services", {}).get("web", {}).get("running") == 3, seconds=40)
    stacks = world.cloudformation.describe_stacks()["Stacks"]
    assert sorted(one["StackName"].rsplit("-", 1)[0] for one in stacks) == [f"default-{name}" for name in names], seed
    for name in names:
        world.delete(name, wait=False)
    for _ in range(3):
        time.sleep(rng.uniform(0.0, 1.0))
        operator.kill()
        operator.start()
    operator.until_ready()
    world.wait(lambda: not world.plane.get("fargateapps", "-n", "default")["items"], seconds=40)
    assert world.cloudformation.describe_stacks()["Stacks"] == [], seed


def test_the_api_server_restarts_and_work_goes_on(place):
    world, operator = place
    world.apply("before")
    world.ready("before")
    world.plane.stop_apiserver()
    time.sleep(8)  # longer than the lease: the operator stops itself
    world.plane.start_apiserver()
    if operator.process.poll() is not None:
        operator.start()  # as a Deployment would
    operator.until_ready()
    world.apply("after")
    world.ready("after")
    world.ready("before")


def test_an_object_nested_as_deep_as_the_api_server_takes_it_is_refused_and_harms_nobody(place):
    world, operator = place
    depth = 9_900
    text = '{"Fn::Base64":' * depth + '"x"' + "}" * depth
    spec = '"resources": {"Thing": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": ' + text + "}}}"
    head = '"apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp", "metadata": {"name": "deep"}'
    url = "/apis/fargate-operator.dev/v1alpha1/namespaces/default/fargateapps"
    world.plane.kubectl("create", "--raw", url, "-f", "-", stdin=f'{{{head}, "spec": {{{spec}}}}}')
    asked = ("get", "fargateapp", "deep", "-o", "jsonpath={.status.conditions}")  # Python's JSON does not go that deep here
    world.wait(lambda: "is nested deeper than" in world.plane.kubectl(*asked).stdout)
    operator.kill()
    operator.start()
    operator.until_ready()
    world.apply("shallow")
    world.ready("shallow")
    world.delete("deep")
    world.delete("shallow")


def test_no_second_operator_works_while_the_first_does(place):
    world, first = place
    second = OperatorProcess(world.plane, world.emulator.endpoint, lease_duration="3s")
    second.start()
    try:
        time.sleep(6)
        assert first.process.poll() is None
        assert "at work" not in second.log()
        first.process.terminate()
        second.until_ready()
        assert first.process.wait(20) == 0
    finally:
        second.__exit__()
        first.start()
        first.until_ready()
