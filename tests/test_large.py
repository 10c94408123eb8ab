"""An app of 30 workloads of every kind: a change of one is a change of nothing else."""

import copy

import pytest

import large
from fargate_operator import names
from fargate_operator.compiler import compile_app
from fargate_operator.facts import Facts, Subnets
from fargate_operator.parsing import parse_app
from fargate_operator.references import targets

SPEC = large.spec(services=12, scheduledTasks=6, tasks=4, functions=8)
WORKLOADS = [(field, key) for field in ("services", "scheduledTasks", "tasks", "functions") for key in SPEC[field]]
SUBNETS = {"default": Subnets("vpc-1", ("subnet-1", "subnet-2"), ("a", "b"))}


def resources(spec, image="1"):
    app = parse_app({"metadata": {"namespace": "team-a", "name": "large", "generation": 1}, "spec": spec})
    images = dict.fromkeys(spec["images"], f"{large.IMAGE}@sha256:{image * 64}")
    return compile_app(app, Facts("123456789012", "eu-west-1", subnets=SUBNETS, images=images)).resources


REPLACED = {"AWS::ECS::TaskDefinition", "AWS::Lambda::Version"}  # what cannot be changed and is made anew, with another Ref


def touched(before, after):
    """What CloudFormation's change set would have: resources that differ, and those that refer to one that is replaced."""
    found = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    replaced = {name for name in found if after.get(name, {}).get("Type") in REPLACED}
    return found | {name for name, body in after.items() if targets(body) & replaced}


@pytest.fixture(scope="module")
def before():
    return resources(SPEC)


@pytest.mark.parametrize(("field", "key"), WORKLOADS)
def test_a_workloads_change_touches_its_own_resources_only(before, field, key):
    spec = copy.deepcopy(SPEC)
    spec[field][key]["command"] = ["./other"]
    found = touched(before, resources(spec))
    assert found
    assert {name for name in found if not name.startswith(names.identifier(key))} == set()


@pytest.mark.parametrize("field", ["services", "scheduledTasks", "tasks"])
def test_a_workload_more_or_less_leaves_the_others_alone(before, field):
    spec = copy.deepcopy(SPEC)
    key = next(iter(spec[field]))
    del spec[field][key]
    after = resources(spec)
    others = {names.identifier(one) for _, one in WORKLOADS if one != key}
    assert [name for name in touched(before, after) if any(name.startswith(one) for one in others)] == []


def test_a_new_image_reaches_every_workload_that_uses_it(before):
    found = touched(before, resources(SPEC, image="2"))
    missing = [key for _, key in WORKLOADS if not any(name.startswith(names.identifier(key)) for name in found)]
    assert missing == []
