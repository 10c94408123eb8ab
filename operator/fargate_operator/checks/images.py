"""What is wrong with images, their builds first of all. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.fragments.build import PLATFORMS, Build, Git
from fargate_operator.fragments.ecr import ecr_image
from fargate_operator.model import App, Image

_UP = re.compile(r"(^|/)\.\.(/|$)")
_CONNECTION = re.compile(r"arn:[a-z-]+:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[A-Za-z0-9-]+")
_COMMIT_TAG = 128 - len("-") - 64 - len("-") - 8  # what a commit and the digest of the build leave of a tag


def image_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """Every fault of `spec.images`."""
    for name, image in (app.spec.images or {}).items():
        path = f"spec.images.{name}"
        if wrong := _either(image):
            yield Fault(path, wrong)
            continue
        yield from (Fault(f"{path}.{field}" if field else path, message) for field, message in _image(image))
        if image.build:
            yield from _build(app, name, f"{path}.build", image.build)


def _either(image: Image) -> str:
    if image.build and (image.uri or image.repository):
        return f"has both build and {'uri' if image.uri else 'repository'}; give one: build makes a repository of its own"
    whole = image.uri is not None and image.repository is None and image.tag is None
    parts = image.uri is None and image.repository is not None and image.tag is not None
    return "" if image.build or whole or parts else "must be either repository and tag, or uri, or build"


def _image(image: Image) -> Iterable[tuple[str, str]]:
    tag, digest = image.tag_and_digest()
    git = image.build.git if image.build else None
    if image.build and not git and not tag:
        yield "tag", "is required with build, unless build.git says where the source is"
    if git and digest:
        yield "tag", "cannot be pinned to a digest while build.git builds the image; to stay at a commit name it in build.git.ref"
    if git and len(tag) > _COMMIT_TAG:
        yield "tag", f"has {len(tag)} characters; with build.git, whose commit comes behind it, {_COMMIT_TAG} are allowed"
    if image.keep is not None and not image.build:
        yield "keep", "goes with build only; who keeps another repository says how long"
    if image.follow:
        yield from _follow(image, digest, git=bool(git))


def _follow(image: Image, digest: str, *, git: bool) -> Iterable[tuple[str, str]]:
    if git:
        yield "follow", "goes with images that are pushed; with build.git the ref is followed anyway"
    elif digest or "@" in (image.uri or ""):
        yield "follow", "needs a tag that can move; this image is pinned to a digest"
    elif not image.build and not ecr_image(image.written()):
        yield "follow", "needs an image in ECR, whose tags can be looked at"


def _build(app: App, name: str, path: str, build: Build) -> Iterable[Fault]:
    yield from _words(path, build)
    if build.git:
        yield from _git(f"{path}.git", build.git)
    architectures = app.architectures(name)
    for place, architecture in sorted(architectures.items()):
        if build.platform and PLATFORMS[architecture] != build.platform:
            right = "set its architecture, or leave platform out"
            yield Fault(f"{path}.platform", f"is {build.platform}, but {place} runs on {architecture or 'X86_64'}; {right}")
    if build.git and not build.platform and len({PLATFORMS[one] for one in architectures.values()}) > 1:
        users = ", ".join(f"{place} on {one or 'X86_64'}" for place, one in sorted(architectures.items()))
        yield Fault(f"{path}.git", f"builds for one platform, but the image is used by {users}; give them an image each")


def _words(path: str, build: Build) -> Iterable[Fault]:
    for field, value in (("context", build.context), ("dockerfile", build.dockerfile)):
        if value and _UP.search(value):
            yield Fault(f"{path}.{field}", "must stay below the folder that is built from; it has ..")
    args = {f"args.{name}": value for name, value in (build.args or {}).items()}
    for field, value in {"context": build.context, "dockerfile": build.dockerfile, "target": build.target, **args}.items():
        if value and "${" in value:
            yield Fault(f"{path}.{field}", "is needed before the stack is there, which is what ${…} refers to; write it out")


def _git(path: str, git: Git) -> Iterable[Fault]:
    if re.search(r"/\.\.?(/|$)", git.url):
        yield Fault(f"{path}.url", "must say where the repository is without . and ..")
    if re.search(r"\.\.|//|\.lock(/|$)|/\.|[/.]$", git.ref or ""):
        yield Fault(f"{path}.ref", f"{git.ref!r} is no name that git gives a branch or tag")
    if git.connection_arn and not _CONNECTION.fullmatch(git.connection_arn):
        yield Fault(
            f"{path}.connectionArn", "must be the ARN of a connection, arn:aws:codeconnections:<region>:<account>:connection/<id>"
        )
    if git.connection_arn and not git.ref:
        yield Fault(f"{path}.ref", "is required with connectionArn: a webhook builds what is pushed to it, and nothing else")
