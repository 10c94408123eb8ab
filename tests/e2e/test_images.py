"""Images that are built: repositories first, then the workloads as their images come; what runs stays, whatever goes missing."""

import hashlib
import json
import re

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

BUILT = {name: {"build": {}, "tag": "v1"} for name in ("node", "php", "python")}
EVERYTHING = {
    "images": BUILT,
    "services": {"web": {"image": "node"}, "api": {"image": "python"}},
    "scheduledTasks": {"report": {"image": "php", "schedule": "rate(1 hour)"}},
    "functions": {"hello": {"image": "python", "command": ["handler.main"]}},
    "resources": {
        "Jobs": {"Type": "AWS::SQS::Queue"},
        "Watch": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "WebService"}}},
    },
    "outputs": {"Service": {"Value": {"Ref": "WebService"}}, "Queue": {"Value": {"Ref": "Jobs"}}},
}


class Registry:
    """The repositories of an app's images."""

    def __init__(self, world, name="shop"):
        self._world, self._name, self._ecr = world, name, world.emulator.client("ecr")

    def repository(self, image):
        return self._world.status(self._name)["images"][image]["repository"].partition("/")[2]

    def push(self, image, tag="v1", content=""):
        manifest = json.dumps({"schemaVersion": 2, "image": image, "tag": tag, "content": content})
        self._ecr.put_image(repositoryName=self.repository(image), imageManifest=manifest, imageTag=tag)
        return "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()

    def remove(self, image, *tags):
        self._ecr.batch_delete_image(repositoryName=self.repository(image), imageIds=[{"imageTag": tag} for tag in tags])

    def tags(self, image):
        """Digest → its tags."""
        details = self._ecr.describe_images(repositoryName=self.repository(image))["imageDetails"]
        return {one["imageDigest"]: set(one["imageTags"]) for one in details}


def missing(world, *images, name="shop"):
    """Until just these images are what is missing."""

    def told():
        one = world.condition("WorkloadsReady", name)
        lacking = set(re.findall(r"(?:^|; )(\w+): \d+\.dkr", one["message"])) if one.get("reason") == "ImageMissing" else set()
        return one if lacking == set(images) and lacking else None

    return world.wait(told)


def deployed(world, service):
    arn = world.status()["services"][service]["taskDefinitionArn"]
    definition = world.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return definition["containerDefinitions"][0]["image"].partition("@")[2]


def test_the_stack_comes_up_without_what_lacks_its_image_which_joins_as_the_images_come(world):
    world.apply(**EVERYTHING)
    told = missing(world, "node", "php", "python")["message"]
    assert [f"fargate-operator push shop.yaml --image {name}" in told for name in BUILT] == [True] * 3
    assert "services.web waits for it" in told
    assert "functions.hello, services.api wait for it" in told
    status = world.status()
    assert status["outputs"].keys() == {"Queue"}
    assert world.ecs.list_services(cluster=status["clusterArn"])["serviceArns"] == []
    registry = Registry(world)
    first = registry.push("node")
    missing(world, "php", "python")
    assert world.wait(lambda: world.status()["services"]["web"].get("running"))
    assert deployed(world, "web") == first
    assert world.status()["outputs"].keys() == {"Queue", "Service"}
    registry.push("python")
    assert "scheduledTasks.report waits" in missing(world, "php")["message"]
    assert world.wait(lambda: world.status()["functions"]["hello"].get("functionArn"))
    registry.push("php")
    status = world.ready()
    assert {name: one["uri"].partition("@")[0] for name, one in status["images"].items()} == {
        name: one["repository"] for name, one in status["images"].items()
    }
    assert registry.tags("node") == {first: {"v1", f"deployed-{first[7:23]}"}}
    world.delete()
    assert world.emulator.client("ecr").describe_repositories()["repositories"] == [
        one
        for one in world.emulator.client("ecr").describe_repositories()["repositories"]
        if world.namespace not in one["repositoryName"]
    ]


def test_what_runs_stays_when_its_image_goes_or_never_comes(world):
    world.apply(images={"app": {"build": {}, "tag": "v1"}})
    missing(world, "app")
    registry = Registry(world)
    first = registry.push("app")
    world.ready()
    world.apply(images={"app": {"build": {}, "tag": "v2"}}, services={"web": {"image": "app", "environment": {"A": "1"}}})
    told = missing(world, "app")["message"]
    assert "the tag v2" in told
    assert "wait" not in told
    assert deployed(world, "web") == first
    registry.remove("app", "v1")
    world.apply(images={"app": {"build": {}, "tag": "v1"}}, services={"web": {"image": "app"}})
    missing(world, "app")
    assert deployed(world, "web") == first
    world.wait(lambda: world.condition("StackReady")["status"] == "True")
    registry.push("app", content="again")
    world.ready()
    assert deployed(world, "web") != first
    world.delete()


def test_what_runs_is_not_taken_away_by_what_it_comes_to_need(world):
    world.apply(services={"web": {"image": "app"}}, resources={"Jobs": {"Type": "AWS::SQS::Queue"}})
    before = world.ready()
    images = {"app": {"uri": "example/app:1"}, "agent": {"build": {}, "tag": "v1"}}
    services = {"web": {"image": "app", "sidecars": {"agent": {"image": "agent"}}}, "api": {"image": "app"}}
    jobs = {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "for", "Value": {"Ref": "WebService"}}]}}
    world.apply(images=images, services=services, resources={"Jobs": jobs})
    assert "services.web" not in missing(world, "agent")["message"]
    after = world.wait(lambda: (one := world.status())["services"]["api"].get("running") and one)
    web = {name: before["services"]["web"][name] for name in ("serviceArn", "taskDefinitionArn", "taskArns")}
    assert {name: after["services"]["web"][name] for name in web} == web
    Registry(world).push("agent")
    assert world.ready()["services"]["web"]["taskDefinitionArn"] != web["taskDefinitionArn"]
    world.delete()


def test_an_image_that_another_takes_the_place_of_stays_until_that_is_there(world):
    world.apply()
    world.ready()
    world.apply(images={"other": {"build": {}, "tag": "v1"}}, services={"web": {"image": "other"}})
    missing(world, "other")
    arn = world.status()["services"]["web"]["taskDefinitionArn"]
    image = world.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"][0]["image"]
    assert image == "example/app:1"
    digest = Registry(world).push("other")
    world.ready()
    assert deployed(world, "web") == digest
    world.delete()


def test_a_tag_that_is_followed_rolls_its_workloads_and_one_that_is_not_does_not(world):
    followed, fixed = {"build": {}, "tag": "latest", "follow": True}, {"build": {}, "tag": "v1"}
    services = {"web": {"image": "app"}, "still": {"image": "fixed"}}
    world.apply(images={"app": followed, "fixed": fixed}, services=services)
    missing(world, "app", "fixed")
    registry = Registry(world)
    registry.push("app", "latest"), registry.push("fixed")
    before = world.ready()
    newer = registry.push("app", "latest", "newer")
    world.annotate("reconcile.fluxcd.io/requestedAt=1")
    world.wait(lambda: world.status().get("lastHandledReconcileAt") == "1" and world.ready() and deployed(world, "web") == newer)
    after = world.status()["services"]
    assert after["still"]["taskDefinitionArn"] == before["services"]["still"]["taskDefinitionArn"]
    assert after["web"]["taskDefinitionArn"] != before["services"]["web"]["taskDefinitionArn"]
    world.delete()


def test_with_retain_the_images_stay(world):
    world.apply(images={"app": {"build": {}, "tag": "v1"}}, deletionPolicy="Retain")
    missing(world, "app")
    registry = Registry(world)
    registry.push("app")
    world.ready()
    repository = registry.repository("app")
    world.delete()
    assert len(world.emulator.client("ecr").describe_images(repositoryName=repository)["imageDetails"]) == 1


def test_an_image_for_another_processor_is_a_fault_and_nothing_is_touched(world):
    world.apply(images={"app": {"build": {}, "tag": "v1"}})
    missing(world, "app")
    registry = Registry(world)
    child = registry.push("app", "child")
    entry = {"digest": child, "platform": {"os": "linux", "architecture": "arm64"}}
    world.emulator.client("ecr").put_image(
        repositoryName=registry.repository("app"),
        imageManifest=json.dumps({"schemaVersion": 2, "manifests": [entry]}),
        imageManifestMediaType="application/vnd.oci.image.index.v1+json",
        imageTag="v1",
    )
    told = world.stalled("InvalidSpec")
    assert told.startswith("spec.services.web.image: the image app is built for linux/arm64, not for linux/amd64")
    world.apply(images={"app": {"build": {}, "tag": "v1"}}, architecture="ARM64")
    world.ready()
    assert deployed(world, "web") == child
    world.delete()
