"""Generated objects, valid and broken, through the real API server, before an operator that goes on as if nothing were."""

import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from e2e.conftest import World
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy
from inputs.broken import MIB, broken
from inputs.hostile import TEXTS
from inputs.schema import specs

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("faults")]

COUNT = 30  # of each sort
MOST_CALLS = 40  # of AWS for each object: what is created, and looked at again, takes some
BASE = {"images": {"app": {"uri": "example/app:1"}}, "services": {"web": {"image": "app"}}}
URL = "/apis/fargate-operator.dev/v1alpha1/namespaces/default/fargateapps"


def sample(strategy):
    """The same objects each time."""
    found = []
    chosen = settings(
        max_examples=COUNT, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    chosen(given(strategy)(lambda spec: found.append(json.dumps(spec))))()
    return [json.loads(one) for one in found]


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        with OperatorProcess(plane, proxy.endpoint, health_interval="300s") as operator:
            yield World(plane, emulator, "default"), operator, proxy


def create(world, name, spec):
    """What admission says against it; empty where it takes it."""
    head = {"apiVersion": "fargate-operator.dev/v1alpha1", "kind": "FargateApp", "metadata": {"name": name}}
    try:
        world.plane.kubectl(
            "create", "--raw", f"{URL}?fieldValidation=Strict", "-f", "-", stdin=json.dumps({**head, "spec": spec})
        )
    except RuntimeError as error:
        return str(error)
    return ""


def answered(world, name):
    """Ready's reason; None until there is one."""
    return world.condition("Ready", name).get("reason")


def test_whatever_the_api_server_takes_gets_a_condition_and_a_good_app_beside_it_gets_ready(place):
    world, operator, proxy = place
    process = operator.process.pid
    objects = {f"app-{number}": spec for number, spec in enumerate([*sample(specs()), *sample(broken())])}
    objects |= {f"text-{number}": {**BASE, "environment": {"A": text}} for number, text in enumerate(TEXTS)}
    refused = {name: told for name, spec in objects.items() if (told := create(world, name, spec))}
    taken = objects.keys() - refused.keys()
    assert all("spec" in told for told in refused.values())
    assert len(taken) > COUNT
    assert len(refused) > COUNT / 2
    world.apply("good")
    world.ready("good")
    for name in taken:
        world.wait(lambda name=name: answered(world, name), seconds=60)
    reasons = {name: answered(world, name) for name in taken}
    assert "InternalError" not in reasons.values()
    assert "InvalidSpec" in reasons.values()
    assert len(proxy.calls) < MOST_CALLS * len(objects)
    assert (operator.process.pid, operator.process.poll()) == (process, None)
    assert "Traceback" not in operator.log()


def test_an_object_of_a_mebibyte_gets_a_condition(place):
    world, operator, _ = place
    thing = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "${" * (MIB // 2)}}
    assert create(world, "huge", {**BASE, "resources": {"Thing": thing}}) == ""
    world.wait(lambda: answered(world, "huge"), seconds=60)
    assert "Traceback" not in operator.log()
