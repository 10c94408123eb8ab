"""What each builder is called with."""

import json
from pathlib import Path

import pytest

from fargate_operator.pushing.builders import BUILDERS, Recipe

REFERENCE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:v1"
PLAIN = Recipe(REFERENCE, Path("/src"), Path("/src/Dockerfile"), "linux/arm64")
FULL = Recipe(
    REFERENCE,
    Path("/src"),
    Path("/src/php/Dockerfile"),
    "linux/amd64",
    target="runtime",
    args={"B": "two words", "A": "--privileged"},
)
FILE = Path("/tmp/digest")
DIGEST = "sha256:" + "a" * 64

COMMON = ("--platform=linux/arm64", f"--tag={REFERENCE}", "--file=/src/Dockerfile", "/src")
BUILDX = ("docker", "buildx", "build", "--push", "--provenance=false", "--sbom=false", "--metadata-file=/tmp/digest")


@pytest.mark.parametrize(
    ("name", "build", "push"),
    [
        ("docker", BUILDX, ()),
        ("podman", ("podman", "build"), ("podman", "push", "--digestfile=/tmp/digest", REFERENCE)),
        ("buildah", ("buildah", "bud"), ("buildah", "push", "--digestfile=/tmp/digest", REFERENCE)),
        ("nerdctl", ("nerdctl", "build"), ("nerdctl", "push", "--platform=linux/arm64", REFERENCE)),
        ("finch", ("finch", "build"), ("finch", "push", "--platform=linux/arm64", REFERENCE)),
    ],
)
def test_an_image_is_built_and_pushed_for_its_platform(name, build, push):
    assert BUILDERS[name].build(PLAIN, FILE) == (*build, *COMMON)
    assert BUILDERS[name].push(PLAIN, FILE) == push


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=str)
def test_every_builder_is_asked_for_target_and_arguments_alike(builder):
    assert builder.build(FULL, FILE)[-7:] == (
        "--platform=linux/amd64",
        f"--tag={REFERENCE}",
        "--file=/src/php/Dockerfile",
        "--target=runtime",
        "--build-arg=A=--privileged",
        "--build-arg=B=two words",
        "/src",
    )


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=str)
def test_the_password_is_no_argument(builder):
    registry, _, _ = REFERENCE.partition("/")
    assert builder.login(registry) == (builder.name, "login", "--username=AWS", "--password-stdin", registry)


def test_only_buildx_is_told_to_leave_attestations_out():
    """nerdctl makes one of provenance when it is told not to."""
    told = {name: [one for one in builder.build(PLAIN, FILE) if "provenance" in one] for name, builder in BUILDERS.items()}
    assert {name for name, words in told.items() if words} == {"docker"}


def test_they_are_tried_in_this_order():
    assert list(BUILDERS) == ["docker", "podman", "buildah", "nerdctl", "finch"]


@pytest.mark.parametrize(
    ("name", "written", "digest"),
    [
        ("docker", json.dumps({"containerimage.digest": DIGEST, "image.name": REFERENCE}), DIGEST),
        ("docker", json.dumps({"image.name": REFERENCE}), ""),
        ("docker", json.dumps([DIGEST]), ""),
        ("docker", json.dumps({"containerimage.digest": 1}), ""),
        ("docker", "", ""),
        ("podman", f"{DIGEST}\n", DIGEST),
        ("buildah", DIGEST, DIGEST),
        ("buildah", f"{DIGEST} and more", ""),
        ("buildah", "", ""),
    ],
)
def test_the_digest_is_read_from_what_the_builder_wrote(name, written, digest):
    assert BUILDERS[name].digest(written) == digest
