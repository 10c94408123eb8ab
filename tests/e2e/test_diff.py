"""`fargate-operator diff`, as people run it."""

import json
import os
import subprocess

import pytest
import yaml

from harness.emulator import environ
from harness.operator import COMMAND

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

JOBS = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "diff-jobs", "DelaySeconds": 1}}
OTHER = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "diff-others"}}


@pytest.fixture
def diff(world, proxy, tmp_path):
    """Runs the command on a spec of the app shop, or on what else is given."""

    def run(*arguments, text=None, **spec):
        file = tmp_path / "shop.yaml"
        base = {"images": {"app": {"uri": "example/app:1"}}, "services": {"web": {"image": "app"}}}
        manifest = {
            "apiVersion": "fargate-operator.dev/v1alpha1",
            "kind": "FargateApp",
            "metadata": {"name": "shop", "namespace": world.namespace},
            "spec": {**base, **spec},
        }
        file.write_text(text or yaml.safe_dump(manifest))
        environment = {**os.environ, **environ(proxy.endpoint), "KUBECONFIG": str(world.plane.kubeconfig)}
        return subprocess.run([COMMAND, "diff", file, *arguments], env=environment, capture_output=True, text=True, check=False)

    return run


def sets(world):
    return world.cloudformation.list_change_sets(StackName=world.status()["stack"]["name"])["Summaries"]


def test_it_shows_what_goes_and_what_comes_and_leaves_nothing_behind(world, diff):
    new = diff(resources={"Jobs": JOBS})
    assert new.returncode == 2
    assert "  + WebService" in new.stdout
    world.apply(resources={"Jobs": JOBS, "Other": OTHER})
    status = world.ready()
    same = diff(resources={"Jobs": JOBS, "Other": OTHER})
    assert (same.returncode, same.stderr) == (0, "")
    title = f"{world.namespace}/shop: stack {status['stack']['name']} in eu-west-1"
    assert same.stdout.splitlines() == [title, "  nothing changes"]
    renamed = {**JOBS, "Properties": {**JOBS["Properties"], "QueueName": "diff-renamed"}}
    topic = {"Type": "AWS::SNS::Topic"}
    other = diff(resources={"Jobs": renamed, "News": topic})
    assert (other.returncode, other.stderr) == (2, "")
    assert other.stdout.splitlines() == [
        title,
        "  - Other  AWS::SQS::Queue",
        "  ± Jobs   AWS::SQS::Queue  replaced: QueueName",
        "  + News   AWS::SNS::Topic",
        "  1 removed, 1 replaced, 1 added",
    ]
    assert sets(world) == []
    assert world.ready()["stack"] == status["stack"]
    painted = diff("--color", "always", resources={"Jobs": renamed, "Other": OTHER})
    assert "\x1b[31m  ± Jobs" in painted.stdout


def test_configuration_from_the_cluster_counts(world, diff):
    spec = {"environmentFrom": [{"configMapRef": {"name": "conf"}}]}
    conf = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf", "namespace": world.namespace}}
    world.plane.apply({**conf, "data": {"A": "1"}})
    world.apply(**spec)
    world.ready()
    world.apply(**spec, suspend=True)
    assert diff(**spec).returncode == 0
    world.plane.apply({**conf, "data": {"A": "2"}})
    changed = diff(**spec)
    assert (changed.returncode, changed.stderr) == (2, "")
    assert "WebTask" in changed.stdout
    missing = diff(environmentFrom=[{"configMapRef": {"name": "none"}}])
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "there is no ConfigMap none" in missing.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"services": {"web": {"image": "none", "cpu": 3}}}, "spec.services.web.image: 'none' is not in spec.images"),
        ({"text": "{"}, "not YAML"),
        ({"text": json.dumps({"kind": "List"})}, "holds no FargateApp"),
    ],
)
def test_what_cannot_be_told_is_said_on_standard_error(diff, given, words):
    done = diff(**given)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stack_of_somebody_else_is_not_shown(world, diff):
    world.apply()
    world.ready()
    done = diff("--installation-id", "another", stackName=world.status()["stack"]["name"])
    assert done.returncode == 1
    assert "is not of this app" in done.stderr


def test_wrong_arguments_do_not_look_like_changes(diff):
    assert diff("--colour", "always").returncode == 1
