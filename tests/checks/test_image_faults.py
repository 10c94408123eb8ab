"""What is wrong with an image, all of it at once."""

import pytest

from fargate_operator.errors import InvalidSpec
from fargate_operator.parsing import parse_app
from test_model import manifest

GIT = {"url": "https://github.com/acme/shop.git"}
DIGEST = "@sha256:" + "a" * 64
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop"


def faults(image, **spec):
    given = {"services": {"web": {"image": "app"}}, **spec}
    try:
        parse_app(manifest(images={"app": image}, **given))
    except InvalidSpec as error:
        return {one.path.removeprefix("spec.images.app").lstrip("."): one.message for one in error.faults}
    return {}


@pytest.mark.parametrize(
    ("image", "path", "told"),
    [
        ({"build": {}, "tag": "v1", "uri": "x"}, "", "has both build and uri"),
        ({"build": {}, "tag": "v1", "repository": "x"}, "", "has both build and repository"),
        ({"repository": "x"}, "", "must be either repository and tag, or uri, or build"),
        ({}, "", "must be either repository and tag, or uri, or build"),
        ({"build": {}}, "tag", "is required with build"),
        ({"build": {}, "tag": "v1@sha256:abc"}, "tag", "must be a tag"),
        ({"build": {"git": GIT}, "tag": f"v1{DIGEST}"}, "tag", "cannot be pinned to a digest"),
        ({"build": {"git": GIT}, "tag": "v" * 60}, "tag", "has 60 characters"),
        ({"uri": "x", "keep": 3}, "keep", "goes with build only"),
        ({"build": {}, "tag": "v1", "keep": 1}, "keep", "greater than or equal to 2"),
        ({"build": {"git": GIT}, "follow": True}, "follow", "the ref is followed anyway"),
        ({"build": {}, "tag": f"v1{DIGEST}", "follow": True}, "follow", "pinned to a digest"),
        ({"uri": f"{ECR}{DIGEST}", "follow": True}, "follow", "pinned to a digest"),
        ({"uri": "docker.io/library/php:8", "follow": True}, "follow", "needs an image in ECR"),
        ({"build": {"context": "../up"}, "tag": "v1"}, "build.context", "must stay below the folder"),
        ({"build": {"dockerfile": "a/../../b"}, "tag": "v1"}, "build.dockerfile", "must stay below the folder"),
        ({"build": {"context": "/abs"}, "tag": "v1"}, "build.context", "begins with neither"),
        ({"build": {"context": "-f"}, "tag": "v1"}, "build.context", "begins with neither"),
        ({"build": {"dockerfile": "${Table}"}, "tag": "v1"}, "build.dockerfile", "before the stack is there"),
        ({"build": {"git": {"url": "git@github.com:acme/shop.git"}}}, "build.git.url", "must be https://"),
        ({"build": {"git": {"url": "https://me:secret@github.com/acme/shop.git"}}}, "build.git.url", "must be https://"),
        ({"build": {"git": {**GIT, "ref": "--upload-pack=x"}}}, "build.git.ref", "must be a branch"),
        ({"build": {"platform": "linux/386"}, "tag": "v1"}, "build.platform", "linux/amd64"),
        ({"build": {"args": {"A B": "x"}}, "tag": "v1"}, "build.args.A B", "pattern"),
    ],
)
def test_a_fault_names_the_field(image, path, told):
    found = faults(image)
    assert list(found) == [path]
    assert told in found[path]


def test_a_platform_that_does_not_fit_its_workloads_is_a_fault():
    found = faults({"build": {"platform": "linux/arm64"}, "tag": "v1"})
    assert found == {
        "build.platform": "is linux/arm64, but spec.services.web runs on X86_64; set its architecture, or leave platform out"
    }
    assert faults({"build": {"platform": "linux/arm64"}, "tag": "v1"}, architecture="ARM64") == {}


def test_codebuild_builds_for_one_processor_only():
    both = {"services": {"web": {"image": "app"}, "arm": {"image": "app", "architecture": "ARM64"}}}
    assert (
        "is used by spec.services.arm on ARM64, spec.services.web on X86_64"
        in faults({"build": {"git": GIT}}, **both)["build.git"]
    )
    assert faults({"build": {}, "tag": "v1"}, **both) == {}


@pytest.mark.parametrize(
    "image",
    [
        {"build": {}, "tag": "v1"},
        {"build": {}, "tag": f"v1{DIGEST}"},
        {"build": {"git": GIT}},
        {"build": {"git": {**GIT, "ref": "refs/heads/feature/x-1"}}, "tag": "v3", "keep": 10, "follow": False},
        {"repository": ECR, "tag": f"v1{DIGEST}"},
        {"repository": ECR, "tag": "v1", "follow": True},
        {"uri": f"{ECR}:v1", "follow": True},
    ],
)
def test_what_is_right_has_no_fault(image):
    assert faults(image) == {}
