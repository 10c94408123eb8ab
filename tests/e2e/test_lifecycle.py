"""An app's whole life, on a real API server and the AWS emulator."""

import json
import time

import pytest
import yaml

from golden_cases import example
from harness.emulator import ACCOUNT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

BROKEN = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 999999}}}


def test_an_app_is_created_and_its_arns_come_back(world):
    world.apply(
        tasks={"migrate": {"image": "app"}},
        scheduledTasks={"report": {"image": "app", "schedule": "rate(1 hour)"}},
        resources={"Topic": {"Type": "AWS::SNS::Topic"}},
        outputs={"TopicArn": {"Value": "${Topic}"}},
    )
    status = world.ready()
    web = status["services"]["web"]
    assert (web["desired"], web["running"], len(web["taskArns"])) == (1, 1, 1)
    assert web["serviceArn"].startswith(f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/")
    assert ":task-definition/migrate:" in status["tasks"]["migrate"]["taskDefinitionArn"]
    assert status["scheduledTasks"]["report"]["scheduleArn"].startswith("arn:aws:scheduler:")
    assert status["outputs"]["TopicArn"].startswith("arn:aws:sns:")
    assert status["clusterArn"].startswith("arn:aws:ecs:")
    assert status["network"]["assignPublicIp"] is True
    assert (status["accountId"], status["region"]) == (ACCOUNT, "eu-west-1")
    assert {one["type"] for one in status["conditions"]} == {"Ready", "SpecValid", "StackReady", "WorkloadsReady"}


def test_the_ancestors_example_becomes_ready_with_its_images_digests(world):
    spec = example("three-runtimes")["spec"]
    ecr = world.emulator.client("ecr")
    for name in spec["images"]:
        ecr.create_repository(repositoryName=name)
        ecr.put_image(repositoryName=name, imageManifest=json.dumps({"schemaVersion": 2, "name": name}), imageTag="v1")
    world.apply(**spec)
    status = world.ready()
    assert "@sha256:" in status["images"]["python"]["uri"]
    assert status["functions"]["hello"]["functionArn"].startswith("arn:aws:lambda:")
    assert status["httpApi"]["url"].startswith("https://")
    assert len(status["services"]["service-task-1"]["taskArns"]) == 2
    # the tag moves, the spec does not: the pin stays
    ecr.put_image(repositoryName="python", imageManifest=json.dumps({"schemaVersion": 2, "name": "new"}), imageTag="v1")
    time.sleep(6)
    assert world.status()["images"] == status["images"]


def test_a_lost_status_comes_back_and_the_stack_keeps_its_pins(world):
    ecr = world.emulator.client("ecr")
    ecr.create_repository(repositoryName="lost")
    ecr.put_image(repositoryName="lost", imageManifest=json.dumps({"schemaVersion": 2}), imageTag="v1")
    repository = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/lost"
    world.apply(images={"app": {"repository": repository, "tag": "v1"}})
    before = world.ready()
    ecr.put_image(repositoryName="lost", imageManifest=json.dumps({"schemaVersion": 2, "new": True}), imageTag="v1")
    patch = json.dumps({"status": None})
    arguments = ("patch", "fargateapp", "shop", "-n", world.namespace, "--subresource=status", "--type=merge", "-p", patch)
    world.plane.kubectl(*arguments)
    after = world.ready()
    assert (after["stack"]["updatedAt"], after["images"]) == (before["stack"]["updatedAt"], before["images"])


def test_a_changed_spec_updates_the_stack_and_removed_services_leave_the_status(world):
    world.apply(services={"web": {"image": "app"}, "old": {"image": "app"}})
    before = world.ready()
    world.apply(services={"web": {"image": "app", "desiredCount": 2}})
    after = world.ready()
    assert after["stack"]["id"] == before["stack"]["id"]
    assert after["stack"]["status"] == "UPDATE_COMPLETE"
    assert list(after["services"]) == ["web"]
    assert after["services"]["web"]["running"] == 2


def test_a_failed_create_says_why_is_not_repeated_and_recovers(world):
    world.apply(resources=BROKEN)
    message = world.stalled("CreateFailed")
    assert "Queue (AWS::SQS::Queue)" in message
    stack = world.status()["stack"]
    assert (stack["status"], stack["failures"]) == ("ROLLBACK_COMPLETE", 1)
    world.apply()
    assert world.ready()["stack"]["status"] == "CREATE_COMPLETE"


def test_a_failed_update_is_rolled_back_says_why_and_recovers(world):
    world.apply()
    before = world.ready()
    world.apply(resources=BROKEN)
    assert "Queue (AWS::SQS::Queue)" in world.stalled("UpdateFailed")
    rolled_back = world.status()
    assert rolled_back["stack"]["status"] == "UPDATE_ROLLBACK_COMPLETE"
    assert rolled_back["services"]["web"]["running"] == 1
    world.apply(services={"web": {"image": "app", "desiredCount": 2}}, resources=None)
    assert world.ready()["stack"]["id"] == before["stack"]["id"]


def test_the_same_failure_is_tried_again_on_reconcile_now_only(world):
    world.apply(resources=BROKEN)
    world.stalled("CreateFailed")
    failed_first = world.status()["stack"]["id"]
    time.sleep(5)
    assert world.status()["stack"]["id"] == failed_first
    world.annotate("reconcile.fluxcd.io/requestedAt=now")
    world.wait(lambda: world.status()["stack"].get("id") not in (None, failed_first))
    world.stalled("CreateFailed")
    assert world.status()["lastHandledReconcileAt"] == "now"


def test_deleting_the_object_deletes_the_stack(world):
    world.apply()
    name = world.ready()["stack"]["name"]
    world.delete()
    assert world.app() is None
    assert world.stack(name) == "DELETE_COMPLETE"


def test_retain_keeps_the_stack_and_a_new_object_of_the_name_owns_it_again(world):
    world.apply(deletionPolicy="Retain")
    before = world.ready()["stack"]
    world.delete()
    assert world.stack(before["name"]) == "CREATE_COMPLETE"
    world.apply()
    assert world.ready()["stack"]["id"] == before["id"]


def test_termination_protection_stalls_a_deletion(world):
    world.apply(terminationProtection=True)
    name = world.ready()["stack"]["name"]
    world.delete(wait=False)
    world.stalled("TerminationProtected")
    assert world.stack(name) == "CREATE_COMPLETE"


def test_termination_protection_is_switched_by_the_object_while_it_lives(world):
    def protected():
        return world.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["EnableTerminationProtection"]

    world.apply()
    name = world.ready()["stack"]["name"]
    assert not protected()
    world.apply(terminationProtection=True)
    world.wait(protected)
    world.apply(terminationProtection=False)
    world.wait(lambda: not protected())
    world.delete()
    assert world.stack(name) == "DELETE_COMPLETE"


def test_a_suspended_app_is_not_touched_and_says_so(world):
    world.apply()
    before = world.ready()
    world.apply(suspend=True, services={"web": {"image": "app", "desiredCount": 3}})
    world.wait(lambda: world.condition("Ready").get("reason") == "Suspended")
    assert world.status()["stack"]["templateDigest"] == before["stack"]["templateDigest"]
    world.apply(services={"web": {"image": "app", "desiredCount": 3}})
    assert world.ready()["services"]["web"]["running"] == 3


def test_somebody_elses_stack_is_never_touched_nor_told_of(world):
    outputs = {name: {"Value": "somebody's"} for name in ("Url", "ClusterArn", "WebServiceArn")}
    body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs})
    world.cloudformation.create_stack(StackName=f"{world.namespace}-taken", TemplateBody=body)
    world.apply(stackName=f"{world.namespace}-taken", outputs={"Url": {"Value": "mine"}})
    assert "is not touched" in world.stalled("StackNameTaken")
    assert "somebody's" not in json.dumps(world.status())
    world.delete()
    assert world.stack(f"{world.namespace}-taken") == "CREATE_COMPLETE"


def test_two_apps_of_one_name_in_two_namespaces_have_a_stack_each(world, plane):
    plane.kubectl("create", "namespace", f"{world.namespace}-b")
    other = type(world)(plane, world.emulator, f"{world.namespace}-b")
    world.apply()
    other.apply()
    assert world.ready()["stack"]["id"] != other.ready()["stack"]["id"]


def test_a_stopped_task_makes_ready_false_within_a_health_interval(world):
    world.apply()
    status = world.ready()
    world.ecs.stop_task(cluster=status["clusterArn"], task=status["services"]["web"]["taskArns"][0], reason="out of memory")
    world.wait(lambda: world.condition("Ready").get("status") == "False", seconds=6)
    ready = world.condition("Ready")
    assert ready["reason"] == "TasksNotRunning"
    assert ready["message"].startswith("web: 0 of 1 tasks run")


def test_a_recreated_app_never_shows_the_old_ones_status(world):
    world.apply(outputs={"Old": {"Value": "x"}})
    old = world.ready()
    world.delete()
    world.apply()
    fresh = world.status()
    assert "outputs" not in fresh
    assert world.ready()["stack"]["id"] != old["stack"]["id"]


def test_faults_that_admission_cannot_see_stall_the_app_and_name_their_fields(world):
    world.apply(services={"web": {"image": "app"}, "w-eb": {"image": "app", "memory": 1024, "cpu": 256}}, cpu=512, memory=1024)
    message = world.stalled("InvalidSpec")
    assert "spec.services.web: collides with spec.services.w-eb" in message


def test_an_event_tells_of_each_transition_once(world, plane):
    world.apply()
    world.ready()
    events = [one for one in plane.get("events", "-n", world.namespace)["items"] if one["reason"] == "Succeeded"]
    assert [(one["type"], one["message"]) for one in events] == [("Normal", "1 service")]


REFUSED = {
    "an unknown field": ({"bogus": 1}, "bogus"),
    "a tag that cannot be followed": (
        {"images": {"app": {"uri": "example/app:1", "follow": True}}},
        "follow goes with images in ECR",
    ),
    "build beside uri": (
        {"images": {"app": {"uri": "example/app:1", "build": {}}}},
        "either repository and tag, or uri, or build",
    ),
    "build without a tag": ({"images": {"app": {"build": {}}}}, "build without git needs a tag"),
    "an interval that costs too much": ({"drift": {"policy": "Warn", "interval": "9m"}}, "interval must be 10m to 168h"),
    "an image that is not in images": (
        {"services": {"web": {"image": "nope"}}},
        "each image of services must be a name in images",
    ),
    "a wrong schedule": ({"scheduledTasks": {"a": {"image": "app", "schedule": "daily"}}}, "schedule"),
    "a wrong pair": ({"cpu": 256, "memory": 4096}, "not a pair that Fargate has"),
    "a wrong pair with a string": ({"services": {"web": {"image": "app", "cpu": 1024, "memory": "1GB"}}}, "not a pair"),
    "spot and capacity": (
        {"services": {"web": {"image": "app", "spot": True, "capacity": {"spotWeight": 1}}}},
        "exclude each other",
    ),
    "an enum": ({"architecture": "SPARC"}, "X86_64"),
    "a reserved tag": ({"tags": {"fargate-operator.dev/name": "x"}}, "tags may not start with"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_admission_refuses(world, wrong):
    spec, words = REFUSED[wrong]
    with pytest.raises(RuntimeError, match=words):
        world.apply(**spec)


@pytest.mark.parametrize(
    ("old", "new"), [({"region": "eu-west-1"}, {"region": "eu-west-2"}), ({}, {"region": "eu-west-1"}), ({"stackName": "a"}, {})]
)
def test_region_and_stack_name_are_immutable(world, old, new):
    world.apply(**old, suspend=True)
    with pytest.raises(RuntimeError, match="is immutable"):
        world.apply(**new, suspend=True)


@pytest.mark.parametrize("case", ["one-image", "three-runtimes", "everything"])
def test_admission_takes_every_example(world, case):
    manifest = example(case)
    manifest["metadata"]["namespace"] = world.namespace
    world.plane.kubectl("apply", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(manifest))
