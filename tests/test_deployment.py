"""Deployment strategies: what is refused, and what ECS is told."""

import pytest

from fargate_operator.fragments.deployment import Deployment, configuration
from test_model import faults

HTTP = {"port": 80, "http": {}}


def web(deployment, **more):
    return {"services": {"web": {"image": "app", "deployment": deployment, **more}}}


REFUSED = {
    "BlueGreen with nothing to move": ({"strategy": "BlueGreen"}, {}, "strategy", "needs http or connect"),
    "Canary with nothing to move": ({"strategy": "Canary"}, {"port": 80}, "strategy", "needs http or connect"),
    "BlueGreen with clients that stick": (
        {"strategy": "BlueGreen"},
        {"port": 80, "http": {"stickiness": "1h"}},
        "strategy",
        "cannot go with http.stickiness",
    ),
    "a circuit breaker with Linear": ({"strategy": "Linear", "circuitBreaker": True}, HTTP, "circuitBreaker", "is for Rolling"),
    "a bake time with Rolling": ({"bakeTime": "5m"}, {}, "bakeTime", "is for BlueGreen, Linear and Canary"),
    "a bake time over a day": ({"strategy": "BlueGreen", "bakeTime": "25h"}, HTTP, "bakeTime", "must be 0m to 24h"),
    "half a minute": ({"strategy": "BlueGreen", "bakeTime": "90s"}, HTTP, "bakeTime", "ECS counts whole minutes"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_a_deployment_is_refused_for(wrong):
    deployment, more, field, words = REFUSED[wrong]
    told = faults(**web(deployment, **more))
    assert words in told[f"spec.services.web.deployment.{field}"]


def test_a_second_target_group_and_another_services_first_may_not_have_one_name():
    blue = {"image": "app", "deployment": {"strategy": "BlueGreen"}, "port": 80, "http": {"path": "/a"}}
    services = {"web": blue, "webAlternate": {"image": "app", "port": 80, "http": {"path": "/b"}}}
    assert "makes WebAlternateTargetGroup twice" in faults(services=services)["spec"]


@pytest.mark.parametrize(
    ("deployment", "stated", "expected"),
    [
        (None, False, {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}),
        (None, True, {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}, "Strategy": "ROLLING"}),
        (
            Deployment(strategy="Rolling", circuit_breaker=False),
            False,
            {"DeploymentCircuitBreaker": {"Enable": False, "Rollback": False}, "Strategy": "ROLLING"},
        ),
        (Deployment(strategy="BlueGreen"), False, {"Strategy": "BLUE_GREEN", "BakeTimeInMinutes": 15}),
        (Deployment(strategy="Linear", bake_time="1h30m"), True, {"Strategy": "LINEAR", "BakeTimeInMinutes": 90}),
        (Deployment(strategy="Canary", bake_time="0s"), True, {"Strategy": "CANARY", "BakeTimeInMinutes": 0}),
    ],
)
def test_ecs_is_told_the_strategy(deployment, stated, expected):
    percents = {"MaximumPercent": 200, "MinimumHealthyPercent": 100}
    assert configuration(deployment, stated=stated) == {**percents, **expected}
