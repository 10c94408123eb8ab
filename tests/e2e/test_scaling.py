"""Scaling, end to end: no change of an app resets a service that was scaled from outside.

The emulator has no Application Auto Scaling; its resources are kept from it (`harness.absent_types`), and the test scales.
"""

import json

import pytest

from golden_cases import example

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

SCALING = {"min": 1, "max": 20, "cpu": 60}
BROKEN = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 999999}}}


def web(**more):
    return {"web": {"image": "app", **more}}


def scale(world, count):
    """What Application Auto Scaling would do."""
    status = world.status()
    world.ecs.update_service(cluster=status["clusterArn"], service=status["services"]["web"]["serviceArn"], desiredCount=count)


def desired(world):
    status = world.status()
    [service] = world.ecs.describe_services(cluster=status["clusterArn"], services=[status["services"]["web"]["serviceArn"]])[
        "services"
    ]
    return service["desiredCount"]


def scaled(world, count=7):
    """An app with scaling, which was scaled to `count` by nobody that the operator knows."""
    world.apply(services=web(scaling=SCALING))
    world.ready()
    scale(world, count)


def lose_status(world):
    patch = json.dumps({"status": None})
    arguments = ("patch", "fargateapp", "shop", "-n", world.namespace, "--subresource=status", "--type=merge", "-p", patch)
    world.plane.kubectl(*arguments)


def test_a_scaled_service_keeps_its_count_through_changes_and_when_scaling_is_taken_away(world):
    scaled(world)
    world.apply(services=web(scaling=SCALING, environment={"A": "1"}))
    world.ready()
    assert desired(world) == 7
    world.apply(services=web(environment={"A": "1"}))
    status = world.ready()
    assert desired(world) == 7
    assert status["pins"]["counts"] == {"web": {"kept": 7}}


def test_once_scaling_is_gone_a_count_that_was_set_from_outside_is_kept_until_the_spec_wants_another(world):
    scaled(world)
    world.apply(services=web())
    world.ready()
    scale(world, 5)
    world.apply(services=web(environment={"A": "2"}))
    world.ready()
    assert desired(world) == 5
    world.apply(services=web(environment={"A": "2"}, desiredCount=2))
    status = world.ready()
    assert desired(world) == 2
    assert "counts" not in status.get("pins", {})


def test_the_count_is_kept_though_the_status_was_lost(world):
    scaled(world)
    before = world.status()["stack"]["updatedAt"]
    lose_status(world)
    assert world.ready()["stack"]["updatedAt"] == before
    world.apply(services=web(), suspend=True)
    world.wait(lambda: world.condition("Ready").get("reason") == "Suspended")
    lose_status(world)
    world.apply(services=web())
    world.ready()
    assert desired(world) == 7


def test_a_faulty_spec_in_between_does_not_make_the_count_forgotten(world):
    scaled(world)
    world.apply(services={**web(), "w-eb": {"image": "app"}})
    world.stalled("InvalidSpec")
    world.apply(services=web())
    world.ready()
    assert desired(world) == 7


def test_an_update_that_takes_scaling_away_and_fails_reads_the_count_again_at_the_next_try(world):
    scaled(world)
    world.apply(services=web(), resources=BROKEN)
    world.stalled("UpdateFailed")
    scale(world, 9)
    world.apply(services=web(), resources=None)
    world.ready()
    assert desired(world) == 9


def test_scaling_that_is_set_anew_leaves_the_count_to_itself(world):
    scaled(world)
    world.apply(services=web())
    world.ready()
    world.apply(services=web(scaling=SCALING, environment={"A": "1"}))
    status = world.ready()
    assert desired(world) == 7
    assert status["pins"]["counts"] == {"web": {}}


REFUSED = {
    "min above max": (web(scaling={**SCALING, "min": 30}), "min cannot be above max"),
    "nothing to scale by": (web(scaling={"min": 1, "max": 2}), "at least one of cpu, memory"),
    "a bake time with Rolling": (web(deployment={"bakeTime": "5m"}), "bakeTime is for BlueGreen"),
    "a circuit breaker without": (
        web(port=80, http={}, deployment={"strategy": "Canary", "circuitBreaker": True}),
        "circuitBreaker is for Rolling",
    ),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_admission_refuses(world, wrong):
    services, words = REFUSED[wrong]
    with pytest.raises(RuntimeError, match=words):
        world.apply(services=services)


@pytest.mark.parametrize("case", ["scaled-service", "blue-green"])
def test_admission_takes_the_examples(world, case):
    manifest = example(case)
    manifest["metadata"]["namespace"] = world.namespace
    world.plane.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(manifest))
