"""Short versions of `make pressure`: half of all calls throttled, AWS away and back, the API server away."""

import random
import time

import pytest

from bench.churn import WRITES, Apps, burst, condition, converged, spec
from e2e.conftest import World
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy, Trouble

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("pressure"), pytest.mark.timeout(240)]
READS, WRITTEN = 40.0, 10.0  # calls a second


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        rates = {"read_rate": str(READS), "write_rate": str(WRITTEN)}
        with OperatorProcess(plane, proxy.endpoint, health_interval="60s", **rates) as operator:
            yield World(plane, emulator, "default"), Apps(plane), proxy
            assert "Traceback" not in operator.log()


def told(apps, reason):
    return [condition(one, "Ready").get("reason") for one in apps.list()].count(reason)


def gone(world, apps):
    for item in apps.list():
        apps.delete(item["metadata"]["name"])
    world.wait(lambda: not apps.list(), 60)


def test_with_half_of_the_calls_throttled_every_app_converges_with_few_more_calls(place):
    world, apps, proxy = place
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    spent = []
    for share in (0.0, 0.5):
        proxy.reset()
        proxy.trouble = lambda _, share=share: Trouble("refuse", code="Throttling") if chance.random() < share else None
        for number in range(15):
            apps.create(f"app-{number}", spec(number, services=True))
        world.wait(lambda: sum(map(converged, apps.list())) == 15, 90)
        spent.append(len(proxy.calls))
        proxy.trouble = lambda _: None
        gone(world, apps)
    assert spent[1] <= 4 * spent[0], f"seed {seed}: {spent}"


@pytest.mark.parametrize("hangs", [False, True], ids=["cut off", "hanging"])
def test_after_aws_was_away_all_converge_under_the_rate(place, hangs):
    world, apps, proxy = place
    for number in range(10):
        apps.create(f"app-{number:02}", spec(number, services=True))
    world.wait(lambda: sum(map(converged, apps.list())) == 10, 60)
    proxy.reset()
    if hangs:
        proxy.latency = 3600.0
    else:
        proxy.trouble = lambda _: Trouble("reset")
    try:
        for number in range(10):
            apps.change(f"app-{number:02}", spec(number, 1, services=True))
        for number in range(10, 40):
            apps.create(f"app-{number:02}", spec(number, services=True))
        world.wait(lambda: told(apps, "AwsUnavailable") >= 36, 90)  # all but those that hang in one of the four workers
        before = len(proxy.calls)
        time.sleep(5)  # what is counted
        assert len(proxy.calls) - before <= 6
    finally:
        proxy.reset()
    world.wait(lambda: sum(map(converged, apps.list())) == 40, 60)
    calls = proxy.calls
    assert burst((call.at for call in calls if call.action in WRITES), WRITTEN) <= 2 * WRITTEN * 1.2
    assert burst((call.at for call in calls if call.action not in WRITES), READS) <= 2 * READS * 1.2
    gone(world, apps)
