"""`fargate-operator push`, as people run it: buildah builds, a registry on loopback takes the image, the operator deploys it."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from harness import packages
from harness.emulator import ACCOUNT, REGION, environ
from harness.operator import COMMAND
from harness.registry import Registry

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(300)]  # the first time it installs buildah

EXAMPLE = Path(__file__).parents[2] / "examples" / "images-from-source.yaml"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DOCKERFILE = """FROM scratch AS base
ARG GREETING
LABEL greeting=$GREETING
COPY {file} /

FROM base AS other
LABEL stage=other
"""
MANIFEST = """# What we run.
apiVersion: fargate-operator.dev/v1alpha1
kind: FargateApp
metadata: {{name: shop, namespace: {namespace}}}
spec:
  architecture: ARM64
  images:
    app:
      build: {{context: src, dockerfile: docker/Dockerfile, target: base, args: {{GREETING: "two words"}}}}   # ours
      tag: v1        # goes up with each release
    php:
      build: {{context: src, dockerfile: docker/Dockerfile}}
      tag: v1
  services:
    web: {{image: app, command: [/serve]}}
  functions:
    api: {{image: php, command: [handler]}}
"""


@pytest.fixture(scope="module")
def registry(emulator, tmp_path_factory):
    packages.ensure("buildah")
    with Registry(emulator.endpoint, tmp_path_factory.mktemp("registry")) as one:
        yield one


class Checkout:
    """A folder with a manifest and what is built, and the command run on it."""

    def __init__(self, folder, registry, emulator, plane=None):
        self.folder, self.file = folder, folder / "shop.yaml"
        self._environment = {**os.environ, **environ(emulator.endpoint), **registry.environ(), "KUBECONFIG": str(folder / "none")}
        if plane:
            self._environment["KUBECONFIG"] = str(plane.kubeconfig)
        (folder / "src" / "docker").mkdir(parents=True)
        self.write("hello")

    def write(self, text, file="hello"):
        (self.folder / "src" / "hello").write_text(text)
        (self.folder / "src" / "docker" / "Dockerfile").write_text(DOCKERFILE.format(file=file))

    def push(self, *arguments):
        command = [COMMAND, "push", self.file, "--builder", "buildah", *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(emulator, registry, tmp_path):
    one = Checkout(tmp_path, registry, emulator)
    one.file.write_text(MANIFEST.format(namespace="none"))
    return one


@pytest.fixture
def home(emulator):
    """A repository whose tags are pushed once."""
    ecr = emulator.client("ecr")
    ecr.create_repository(repositoryName="pushed", imageTagMutability="IMMUTABLE")
    yield f"{HOST}/pushed"
    ecr.delete_repository(repositoryName="pushed", force=True)


def pushed(done, home):
    """The digest that the command printed, as its one line."""
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(rf"{re.escape(home)}@(sha256:[0-9a-f]{{64}})\n", done.stdout)
    assert found, done.stdout
    return found[1]


def test_an_image_is_built_pushed_and_pinned_without_a_cluster(checkout, registry, home):
    before = checkout.file.read_text()
    done = checkout.push("--image", "app", "--repository", home, "--write")
    digest = pushed(done, home)
    assert registry.manifest("pushed", "v1")[0] == digest
    config = registry.config("pushed", digest)
    assert (config["os"], config["architecture"]) == ("linux", "arm64")
    labels = config["config"]["Labels"]
    assert (labels["greeting"], labels.get("stage")) == ("two words", None)
    assert f"none/shop: image app: building {home}:v1 for linux/arm64 with buildah" in done.stderr
    assert "FROM scratch" in done.stderr
    assert checkout.file.read_text() == before.replace("tag: v1        #", f"tag: v1@{digest}        #", 1)
    again = checkout.push("--image", "php", "--repository", home, "--tag", "v2")
    assert registry.manifest("pushed", "v2")[0] == pushed(again, home)
    assert registry.config("pushed", "v2")["config"]["Labels"]["stage"] == "other"


def test_a_tag_that_is_taken_is_told_and_another_one_helps(checkout, registry, home):
    first = pushed(checkout.push("--image", "app", "--repository", home), home)
    checkout.write("something else")
    refused = checkout.push("--image", "app", "--repository", home, "--write")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[-1].endswith(
        "pushed has the tag v1 already, and takes a tag only once: choose another with --tag"
    )
    assert "FROM" not in refused.stderr  # nothing was built in vain
    assert "tag: v1        #" in checkout.file.read_text()
    assert registry.manifest("pushed", "v1")[0] == first
    assert pushed(checkout.push("--image", "app", "--repository", home, "--tag", "v2"), home) != first


def test_a_build_that_fails_has_the_builders_words_and_pushes_nothing(checkout, registry, home):
    checkout.write("hello", file="nothing-of-that-name")
    count = len(registry.requests)
    done = checkout.push("--image", "app", "--repository", home, "--write")
    assert (done.returncode, done.stdout) == (1, "")
    *words, last = done.stderr.splitlines()
    assert any("nothing-of-that-name" in line for line in words)
    assert last == f"fargate-operator push: buildah could not build {home}:v1: its own words are above"
    assert [one for one in registry.requests[count:] if one.startswith(("PUT", "POST"))] == []


def test_a_repository_that_ecr_does_not_have_is_told(checkout):
    done = checkout.push("--image", "app", "--repository", f"{HOST}/nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith(
        f"ECR has no repository nowhere in {REGION}: apply the FargateApp, which makes it"
    )


def missing(world):
    one = world.condition("WorkloadsReady")
    return one["message"] if one.get("reason") == "ImageMissing" and "push it" in one["message"] else None


def test_what_is_pushed_starts_the_workloads_that_waited_for_it(world, emulator, registry, tmp_path):
    """From an empty registry to a running app, with the command that the condition names."""
    checkout = Checkout(tmp_path, registry, emulator, world.plane)
    checkout.file.write_text(MANIFEST.format(namespace=world.namespace))
    early = checkout.push()
    assert (early.returncode, early.stdout) == (2, "")
    assert f"the cluster has no FargateApp shop in the namespace {world.namespace}: apply it first" in early.stderr
    world.plane.kubectl("apply", "-f", str(checkout.file))
    message = world.wait(lambda: missing(world))
    for name in ("app", "php"):
        assert f"fargate-operator push shop.yaml --image {name}" in message
    homes = {name: one["repository"] for name, one in world.status()["images"].items()}
    digest = pushed(checkout.push("--image", "app"), homes["app"])
    status = world.wait(lambda: (one := world.status()).get("services", {}).get("web", {}).get("running") == 1 and one, 60)
    assert status["images"]["app"]["uri"] == f"{homes['app']}@{digest}"
    definition = world.ecs.describe_task_definition(taskDefinition=status["services"]["web"]["taskDefinitionArn"])
    assert [one["image"] for one in definition["taskDefinition"]["containerDefinitions"]] == [f"{homes['app']}@{digest}"]
    assert "--image php" in missing(world)
    done = checkout.push("--image", "php", "--write")
    other = pushed(done, homes["php"])
    world.wait(lambda: world.status()["images"]["php"].get("uri") == f"{homes['php']}@{other}", 60)
    status = world.ready()
    function = emulator.client("lambda").get_function(FunctionName=status["functions"]["api"]["functionArn"])
    assert function["Code"]["ImageUri"] == f"{homes['php']}@{other}"
    assert yaml.safe_load(checkout.file.read_text())["spec"]["images"]["php"]["tag"] == f"v1@{other}"
    world.plane.kubectl("apply", "-f", str(checkout.file))
    assert world.ready()["images"]["php"]["uri"] == f"{homes['php']}@{other}"  # what is pinned is what runs


def test_an_image_that_the_live_app_does_not_have_has_no_repository_yet(world, emulator, registry, tmp_path):
    checkout = Checkout(tmp_path, registry, emulator, world.plane)
    checkout.file.write_text(MANIFEST.format(namespace=world.namespace))
    world.apply()
    world.ready()
    done = checkout.push("--image", "app")
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert "image app: it has no repository yet: apply the FargateApp with this image" in line


BASES = {
    "public.ecr.aws/lambda/python:3.13": "ENV LAMBDA_TASK_ROOT=/var/task",
    "public.ecr.aws/docker/library/node:22-alpine": "ENV NODE_VERSION=22",
    "public.ecr.aws/docker/library/php:8.4-cli-alpine": "ENV PHP_VERSION=8.4",
}


@pytest.fixture(scope="module")
def bases(registry, emulator, tmp_path_factory):
    """What the example's Dockerfiles begin with: empty images of these names, where the builder keeps its own; no registry is asked."""
    folder = tmp_path_factory.mktemp("bases")
    environment = {**os.environ, **environ(emulator.endpoint), **registry.environ()}
    for name, line in BASES.items():
        (folder / "Dockerfile").write_text(f"FROM scratch\n{line}\nCOPY Dockerfile /\n")
        command = ["buildah", "bud", "--platform", "linux/arm64", "--tag", name, str(folder)]
        subprocess.run(command, env=environment, check=True, capture_output=True)


@pytest.mark.usefixtures("bases")
def test_three_runtimes_are_built_from_their_dockerfiles_and_run(world, emulator, registry, tmp_path):
    """The example, by its own file: applied, built and pushed, Ready."""
    checkout = Checkout(tmp_path, registry, emulator, world.plane)
    checkout.file = EXAMPLE
    world.apply(**{"images": None, "services": None, **yaml.safe_load(EXAMPLE.read_text())["spec"]}, name="from-source")
    world.wait(lambda: world.condition("WorkloadsReady", "from-source").get("reason") == "ImageMissing")
    homes = {name: one["repository"] for name, one in world.status("from-source")["images"].items()}
    done = checkout.push("--namespace", world.namespace)
    assert done.returncode == 0, done.stderr
    printed = dict(line.split("@") for line in done.stdout.splitlines())
    assert printed.keys() == set(homes.values())
    status = world.ready("from-source")
    assert {one["uri"] for one in status["images"].values()} == set(done.stdout.splitlines())
    node = registry.config(homes["node"].partition("/")[2], printed[homes["node"]])
    assert (node["config"]["Cmd"], "PORT=8080" in node["config"]["Env"]) == (
        ["node", "/app/server.js"],
        True,
    )  # the stage and its argument
    world.delete("from-source")
