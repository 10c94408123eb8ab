"""Images that are built, or whose tag is followed: which digest is there, and what is wrong where none is. At the edge."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fargate_operator import names
from fargate_operator.aws.registry import Found, Registry
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal, Transient
from fargate_operator.events import project, repository_of
from fargate_operator.facts import Facts, Running, recall
from fargate_operator.fragments.build import PLATFORMS, Git
from fargate_operator.fragments.ecr import ecr_image, repository
from fargate_operator.git_images import GitImages, source
from fargate_operator.model import App, Image
from fargate_operator.observation import ImageObservation, ImageTrouble, Owner, StackObservation
from fargate_operator.queue import Key
from fargate_operator.references import targets
from fargate_operator.withheld import lacking
from fargate_operator.world import World

FOLLOW = 60.0  # seconds between two looks at a tag that is followed


@dataclass(frozen=True, slots=True)
class Look:
    """What one turn knows before it looks at images: `last` is what was recorded, for whatever spec; `asked`: reconcile now."""

    key: Key
    region: str
    app: App
    stack: StackObservation | None  # the app's own, or None
    runs: StackObservation | None  # what is running: the app's own, or one that it is about to take over
    last: Facts
    asked: bool
    request: str  # the annotation's value, where `asked`


@dataclass(slots=True)
class _Answer:
    """What a turn has found out; filled image by image."""

    images: dict[str, str]
    platforms: dict[str, Mapping[str, str]]
    commits: dict[str, str] = field(default_factory=dict)
    seen: dict[str, ImageObservation] = field(default_factory=dict)

    def put(self, name: str, home: str, found: Found) -> None:
        self.images[name] = f"{home}@{found.digest}"
        self.platforms.pop(name, None)
        if found.platforms:
            self.platforms[name] = found.platforms


class Images:
    """Remembers of each followed tag when it was looked at. Without `git` nothing is built: what is deployed stays."""

    def __init__(self, world: World, clock: Callable[[], float] = time.monotonic, git: GitImages | None = None) -> None:
        self._world, self._git, self._clock = world, git, clock
        self._lock = threading.Lock()
        self._looked: dict[tuple[Key, str], float] = {}

    def look(self, look: Look, facts: Facts) -> tuple[Facts, Mapping[str, ImageObservation]]:
        """`facts` with the images that are built, and of each of these what there is to tell."""
        homes = repositories(look.app, look.stack)
        answer = _Answer(*pinned(look.app, facts, homes))
        images, platforms = pinned(look.app, look.last, homes)
        look = replace(look, last=replace(look.last, images=images, platforms=platforms))
        for name, image in sorted((look.app.spec.images or {}).items()):
            if image.build:
                answer.seen[name] = self._built(look, name, image, homes.get(name, ""), answer)
            elif image.follow and self._due(look, name):
                self._follow(name, image, answer)
                self._done(look, name)
        found = replace(facts, images=answer.images, platforms=answer.platforms, commits=answer.commits, repositories=homes)
        return replace(found, running=self._running(look, found)), answer.seen

    def hold(self, region: str, facts: Facts, digests: Mapping[str, set[str]]) -> None:
        """Before `digests`, by image, are deployed: let no lifecycle policy take them."""
        registry = Registry(self._world.clients, region)
        for name, found in sorted(digests.items()):
            home = facts.repositories[name]
            fresh = {facts.images.get(name, "").partition("@")[2], *facts.platforms.get(name, {}).values()}
            for digest in sorted(found):
                if not registry.hold(repository_name(home), digest) and digest in fresh:
                    gone = (
                        f"{name}: {home} has no image {digest} any more; push it again, or reconcile now to look its tag up again"
                    )
                    raise Terminal(Reason.ImageMissing, gone, outside=True)

    def again(self, key: Key, app: App | None) -> float | None:
        """Seconds until a git ref of the app is to be looked at."""
        return self._git.again(key, app.built()) if self._git and app else None

    def forget(self, key: Key) -> None:
        """Look anew at the next turn."""
        if self._git:
            self._git.forget(key)
        with self._lock:
            for one in [one for one in self._looked if one[0] == key]:
                del self._looked[one]

    def _built(self, look: Look, name: str, image: Image, home: str, answer: _Answer) -> ImageObservation:
        if not home:  # the stack will bring it
            return ImageObservation()
        if image.build and image.build.git:
            return self._from_git(look, name, image, image.build.git, home, answer)
        return self._pushed(look, name, image, home, answer)

    def _from_git(self, look: Look, name: str, image: Image, git: Git, home: str, answer: _Answer) -> ImageObservation:
        """An image that CodeBuild builds. What is deployed stays until something newer is there, whatever the spec says."""
        last = look.last if name in look.last.images else self._recorded(look)
        uri = answer.images.get(name) or last.images.get(name, "")
        if repository(uri) == home:
            answer.images[name] = uri
            answer.commits |= {name: last.commits[name]} if name in last.commits else {}
            if name not in answer.platforms and name in last.platforms:
                answer.platforms[name] = last.platforms[name]
        if self._git is None or look.app.spec.suspend:
            return ImageObservation(home)
        request = look.request if look.asked else ""
        one = source(look.key, look.region, look.app, look.stack, name, image, home, request)
        return replace(self._git.step(look.key, name, git, one, answer, asked=look.asked), repository=home)

    def _recorded(self, look: Look) -> Facts:
        """What the stack was made from, where the status does not tell."""
        if look.stack is None or look.stack.status in _NOTHING_RUNS:
            return look.last
        metadata = self._world.template(look.region, look.stack).get("Metadata") or {}
        return recall(metadata.get(names.DOMAIN) or {}, look.last)

    def _pushed(self, look: Look, name: str, image: Image, home: str, answer: _Answer) -> ImageObservation:
        """An image that somebody pushes: the digest of its tag."""
        if name in answer.images and not (image.follow and self._due(look, name)):
            return ImageObservation(home)
        tag, digest = image.tag_and_digest()
        found = Registry(self._world.clients, look.region).find(repository_name(home), tag, digest)
        self._done(look, name)
        if found:
            answer.put(name, home, found)
        if name in answer.images:
            return ImageObservation(home)
        return ImageObservation(home, trouble=never_pushed(look.app, name, image, home))

    def _follow(self, name: str, image: Image, answer: _Answer) -> None:
        ecr = ecr_image(image.written())
        if ecr is None:  # checked: it is one of ECR's
            return
        try:
            found = Registry(self._world.clients, ecr.region, ecr.account).find(ecr.name, ecr.tag)
        except Transient as error:
            if error.reason != Reason.AccessDenied or name not in answer.images:
                raise
            found = None  # somebody else's registry that lets us pull but not look: what is deployed stays
        if found:  # a tag that was taken away moves nothing
            answer.put(name, repository(image.written()), found)

    def _due(self, look: Look, name: str) -> bool:
        with self._lock:
            at = self._looked.get((look.key, name))
            return look.asked or at is None or self._clock() - at >= FOLLOW

    def _done(self, look: Look, name: str) -> None:
        with self._lock:
            self._looked[look.key, name] = self._clock()

    def _running(self, look: Look, facts: Facts) -> Running | None:
        """What the stack has, where an image is missing: it stays as it is."""
        if not lacking(look.app, facts) or look.runs is None or look.runs.status in _NOTHING_RUNS:
            return None
        template, outputs = self._world.template(look.region, look.runs), look.runs.outputs
        bodies = template.get("Outputs") or {}
        homes = {
            outputs[name]: _repository(body)
            for name, body in bodies.items()
            if name.startswith(names.IMAGES_OUTPUT) and name in outputs
        }
        return Running(template.get("Resources") or {}, bodies, homes)


_NOTHING_RUNS = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"}


def _repository(output: Mapping[str, Any]) -> str:
    """The logical ID that an output tells of."""
    return next(iter(targets(output)), "")


def pinned(app: App, facts: Facts, homes: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Mapping[str, str]]]:
    """The images and platforms that are known already: not those of a repository that is gone, nor for other processors."""
    images, platforms = dict(facts.images), dict(facts.platforms)
    for name in app.built():
        wanted = {PLATFORMS[one] for one in app.architectures(name).values()}
        strange = name in platforms and not wanted <= platforms[name].keys()
        if name in images and (strange or repository(images[name]) != homes.get(name)):
            del images[name]
            platforms.pop(name, None)
    return images, platforms


def heard(look: Look, account: str) -> frozenset[str]:
    """What events tell of the app's images by: the repositories whose tags it follows or waits for, and its projects."""
    outputs = look.stack.outputs if look.stack else {}
    found = {repository_of(one) for one in repositories(look.app, look.stack).values()}
    found |= {
        repository_of(repository(one.written())) for one in (look.app.spec.images or {}).values() if one.follow and not one.build
    }
    projects = (outputs.get(names.build_project_output(name), "").partition("/")[0] for name in look.app.built())
    found |= {project(look.region, account, one) for one in projects}
    return frozenset(one for one in found if one)


def stacks_of(app: App, owner: Owner, stack: StackObservation | None) -> tuple[StackObservation | None, StackObservation | None]:
    """Of the stack of the app's name: it, where it is the app's own, and it, where what runs in it is or becomes the app's."""
    there = stack if stack and stack.status != "DELETE_COMPLETE" else None
    mine = there if there and there.owner == owner else None
    taken = app.spec.adoption == "Adopt" and there and there.offered_to(owner)
    return mine, mine or (there if taken else None)


def repositories(app: App, stack: StackObservation | None) -> dict[str, str]:
    """The URI of each image's repository, as far as the stack has come."""
    outputs = stack.outputs if stack else {}
    found = {name: outputs.get(names.repository_output(name), "") for name in app.built()}
    return {name: uri for name, uri in found.items() if uri}


def repository_name(uri: str) -> str:
    """``<registry>/<name>`` without the registry."""
    return uri.partition("/")[2]


def never_pushed(app: App, name: str, image: Image, home: str) -> ImageTrouble:
    """What to do about an image that is not there."""
    tag, digest = image.tag_and_digest()
    what = f"{tag}@{digest[:19]}…" if digest else f"the tag {tag}"
    how = f"fargate-operator push {app.name}.yaml --image {name}"
    return ImageTrouble(Reason.ImageMissing, f"{home} has no image of {what}; push it: {how}")
