"""An app of 30 workloads of every kind, in one stack, changed one at a time."""

import json

import pytest

import large
from e2e.conftest import TEMPLATES
from fargate_operator import names
from fargate_operator.compiler import compile_app
from fargate_operator.facts import Facts, recall
from fargate_operator.parsing import parse_app
from harness import outside
from harness.absent_types import ABSENT, without

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

COUNTS = {"services": 12, "scheduledTasks": 6, "tasks": 6, "functions": 6}


def test_thirty_workloads_of_every_kind_become_ready_and_change_one_at_a_time(world):
    ecr = world.emulator.client("ecr")
    ecr.create_repository(repositoryName="app")
    ecr.put_image(repositoryName="app", imageManifest=json.dumps({"schemaVersion": 2}), imageTag="v1")
    spec = large.spec(**COUNTS)
    outside.make(world.emulator, json.dumps(spec))
    world.apply(**spec)
    first = world.ready()
    assert [len(first[field]) for field in COUNTS] == list(COUNTS.values())
    for field in COUNTS:
        key = next(iter(spec[field]))
        spec[field][key]["command"] = ["./other"]
        changed = change_set(world, first, spec)
        assert changed
        events = spec[field][key].get("events", {}).values()
        own = {names.route(event["httpApi"]["route"]) for event in events if "httpApi" in event}
        assert {name for name in changed - own if not name.startswith(names.identifier(key))} == set()
        before = template(world, first)
        world.apply(**spec)
        after = world.ready()
        assert (after["stack"]["id"], after["stack"]["status"]) == (first["stack"]["id"], "UPDATE_COMPLETE")
        assert {name for name, body in template(world, first).items() if before.get(name) != body} <= changed


def template(world, status):
    """The resources of the stack's template."""
    body = world.cloudformation.get_template(StackName=status["stack"]["id"])["TemplateBody"]
    return (json.loads(body) if isinstance(body, str) else body)["Resources"]


def change_set(world, status, spec):
    """The resources in the change set that CloudFormation makes of a new spec."""
    app = parse_app({"metadata": {"namespace": world.namespace, "name": "shop"}, "spec": spec})
    images = {name: one["uri"] for name, one in status["images"].items()}
    facts = recall({**status["pins"], "images": images}, Facts(status["accountId"], status["region"]))
    s3 = world.emulator.client("s3")
    body = without(compile_app(app, facts).body(), ABSENT)
    s3.put_object(Bucket=TEMPLATES, Key="change-set", Body=json.dumps(body).encode())
    named = {"StackName": status["stack"]["name"], "ChangeSetName": "look"}
    url = f"{world.emulator.endpoint}/{TEMPLATES}/change-set"
    world.cloudformation.create_change_set(**named, TemplateURL=url, Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"])
    world.wait(lambda: world.cloudformation.describe_change_set(**named)["Status"] == "CREATE_COMPLETE")
    changes = world.cloudformation.describe_change_set(**named)["Changes"]
    world.cloudformation.delete_change_set(**named)
    return {one["ResourceChange"]["LogicalResourceId"] for one in changes}
