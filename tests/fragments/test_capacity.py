"""What Spot changes in a template: the strategy, the time to stop, and when the load balancer is done with a task."""

from dataclasses import replace

import pytest

from balanced import found, web
from fargate_operator.compiler import compile_app, input_digest
from fargate_operator.facts import Fallback
from fargate_operator.parsing import parse_app
from test_model import manifest

IMAGES = {"app": {"uri": "example/app:1"}, "agent": {"uri": "example/agent:1"}}
FALLEN = {"web": Fallback(True, "2026-01-02T03:04:05Z", "2026-01-02T03:19:05Z", 1, "no capacity")}
RETURNED = {"web": Fallback(False, "2026-01-02T03:19:05Z", "2026-01-02T04:19:05Z", 1, "no capacity")}


def app(**spec):
    return parse_app(manifest(images=IMAGES, **spec))


def resources(spot=(), **spec):
    one = app(**spec)
    return compile_app(one, replace(found(one), spot=dict(spot))).resources


def timeouts(made, task):
    return {one["Name"]: one.get("StopTimeout") for one in made[task]["Properties"]["ContainerDefinitions"]}


def delay(made):
    attributes = made["WebTargetGroup"]["Properties"]["TargetGroupAttributes"]
    return next(one["Value"] for one in attributes if one["Key"] == "deregistration_delay.timeout_seconds")


@pytest.mark.parametrize(
    ("fields", "own", "sidecar"),
    [
        ({}, None, None),
        ({"spot": True}, 120, 120),
        ({"capacity": {}}, 120, 120),
        ({"capacity": {"spotWeight": 0}}, None, None),
        ({"spot": True, "stopTimeout": "45s"}, 45, 120),
        ({"stopTimeout": "45s"}, 45, None),
        ({"spot": True, "overrides": {"container": {"StopTimeout": 7}}}, 7, 120),
    ],
)
@pytest.mark.parametrize("kind", ["services", "scheduledTasks"])
def test_on_spot_containers_have_two_minutes_to_stop_unless_they_say_otherwise(kind, fields, own, sidecar):
    needed = {"schedule": "rate(1 hour)"} if kind == "scheduledTasks" else {}
    job = {"image": "app", "sidecars": {"agent": {"image": "agent"}}, **needed, **fields}
    made = resources(**{"services": {}, kind: {"job": job}})
    assert timeouts(made, "JobTask") == {"job": own, "agent": sidecar}


@pytest.mark.parametrize(
    ("fields", "http", "seconds"),
    [
        ({}, {}, "60"),
        ({"spot": True}, {}, "60"),
        ({"spot": True, "stopTimeout": "45s"}, {}, "45"),
        ({"spot": True, "stopTimeout": "90s"}, {}, "60"),
        ({"spot": True, "stopTimeout": "45s"}, {"deregistrationDelay": "80s"}, "80"),
        ({"stopTimeout": "45s"}, {}, "60"),
    ],
)
def test_the_load_balancer_is_done_with_a_task_before_spot_takes_it(fields, http, seconds):
    made = resources(services={"web": {**web(**http), **fields}})
    assert delay(made) == seconds


ON_DEMAND, SPOT = {"CapacityProvider": "FARGATE", "Weight": 1}, {"CapacityProvider": "FARGATE_SPOT", "Weight": 1}
EXISTING = {"cluster": {"existing": "arn:aws:ecs:eu-west-1:123456789012:cluster/shared"}}


@pytest.mark.parametrize(
    ("fields", "spec", "spot", "strategy"),
    [
        ({"spot": True}, {}, {}, [SPOT]),
        ({"spot": True}, {}, FALLEN, [ON_DEMAND]),
        ({"spot": True}, {}, RETURNED, [SPOT]),
        ({"spot": True}, EXISTING, FALLEN, [ON_DEMAND]),
        ({"capacity": {"onDemandBase": 2, "onDemandWeight": 0}}, {}, FALLEN, [ON_DEMAND]),
        ({"capacity": {"spotWeight": 0}}, {}, FALLEN, [{**ON_DEMAND, "Base": 0}, {**SPOT, "Weight": 0}]),
        ({}, EXISTING, FALLEN, None),  # it has a launch type
    ],
)
def test_a_service_that_has_fallen_back_runs_on_demand_whatever_its_mix(fields, spec, spot, strategy):
    made = resources(spot, services={"web": {"image": "app", **fields}}, **spec)
    assert made["WebService"]["Properties"].get("CapacityProviderStrategy") == strategy


def test_a_fallback_is_another_input_and_stands_in_the_metadata():
    one = app(services={"web": {"image": "app", "spot": True}})
    known = found(one)
    fallen = replace(known, spot=FALLEN)
    assert input_digest(one, known) != input_digest(one, fallen)
    [recorded] = compile_app(one, fallen).metadata.values()
    assert recorded["spot"]["web"]["until"] == "2026-01-02T03:19:05Z"


@pytest.mark.parametrize(
    ("fields", "forced"),
    [
        ({}, False),
        ({"spot": True}, True),
        ({"capacity": {"onDemandBase": 1}}, True),
        ({"capacity": {"spotWeight": 0}}, False),
        ({"spot": True, "overrides": {"service": {"CapacityProviderStrategy": []}}}, False),
        ({"spot": True, "overrides": {"service": {"DeploymentController": {"Type": "EXTERNAL"}}}}, False),
    ],
)
@pytest.mark.parametrize("spot", [{}, FALLEN])
def test_a_service_that_may_leave_spot_beside_its_template_takes_every_update(fields, forced, spot):
    made = resources(spot, services={"web": {"image": "app", **fields}})["WebService"]["Properties"]
    assert made.get("ForceNewDeployment") == ({"EnableForceNewDeployment": True} if forced else None)
