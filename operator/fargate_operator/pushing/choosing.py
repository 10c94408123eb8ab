"""Which images of a file are built here, and what they are called. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fargate_operator.fragments.build import Build, platform_of
from fargate_operator.model import App, Image
from fargate_operator.settings import Unusable

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image to build: `document` is its app's place in the file, from 0; `tag` is without a digest."""

    document: int
    app: App
    name: str
    image: Image
    build: Build
    tag: str

    def __str__(self) -> str:
        return f"{self.app.namespace}/{self.app.name}: image {self.name}"


def wanted(file: str, apps: Iterable[tuple[int, App]], named: str, tag: str) -> list[Wanted]:
    """Every image with `build` that CodeBuild does not build, or those of a name; Unusable where none is to be built."""
    held = list(apps)
    if tag and not _TAG.fullmatch(tag):
        raise Unusable(f"--tag: {tag!r} is no tag: letters, digits, dots, hyphens and underscores, 128 at most")
    found = list(_found(held, named, tag))
    if not found:
        raise Unusable(f"{file}: {_none(held, named)}")
    if missing := [one for one in found if not one.tag]:
        raise Unusable(f"{missing[0]} has no tag: give --tag, or write one at spec.images.{missing[0].name}.tag")
    return found


def _found(apps: Iterable[tuple[int, App]], named: str, tag: str) -> Iterator[Wanted]:
    for document, app in apps:
        for name, (image, build) in app.built().items():
            if name == named if named else build.git is None:
                yield Wanted(document, app, name, image, build, tag or image.tag_and_digest()[0])


def _none(apps: Iterable[tuple[int, App]], named: str) -> str:
    """Why there is nothing to build."""
    images = {name: image for _, app in apps for name, image in sorted((app.spec.images or {}).items())}
    built = [name for name, image in images.items() if image.build]
    there = f"; those with build are: {', '.join(built)}" if built else "; no image has build"
    if named in images:
        return f"the image {named} has no build{there}"
    if named:
        return f"there is no image {named}{there}"
    return f"every image with build is built by CodeBuild; name one with --image: {', '.join(built)}" if built else there[2:]


def platform(one: Wanted) -> str:
    """Of the workloads that use the image, unless the build says one; Unusable where one image cannot serve them all."""
    architectures = one.app.architectures(one.name)
    if found := platform_of(one.build, architectures.values()):
        return found
    users = ", ".join(f"{place} on {architecture or 'X86_64'}" for place, architecture in sorted(architectures.items()))
    raise Unusable(
        f"{one} is built for one platform, but used by {users}; give them an image each, or push a list by other means"
    )
