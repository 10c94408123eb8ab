"""Images with `build.git`: from a ref to a commit, to one build, to the digest that is deployed. At the edge: it asks AWS.

Never waits for a build. What is remembered here only spares calls: all of it can be lost, what CodeBuild and ECR have decides.
What runs stays what it is until something newer is there.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from fargate_operator import names
from fargate_operator.aws.builds import Builds
from fargate_operator.aws.registry import Found, Registry
from fargate_operator.build_report import empty, failed, under_way
from fargate_operator.building import (
    RUNNING,
    SUCCEEDED,
    BuildObservation,
    Deploy,
    Empty,
    Failed,
    Follow,
    Start,
    Wanted,
    decide,
    mark,
)
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal
from fargate_operator.fragments.build import Git, platform_of
from fargate_operator.fragments.project import build_key, build_tag
from fargate_operator.model import App, Image
from fargate_operator.observation import ImageObservation, ImageTrouble, StackObservation
from fargate_operator.queue import Key
from fargate_operator.refs import Known, Refs
from fargate_operator.world import World

PATIENCE = 3  # failures in a row of a repository's host until they are told, where an image of it is deployed


class Answer(Protocol):
    """Where the image goes that is to run."""

    commits: dict[str, str]

    def put(self, name: str, home: str, found: Found) -> None:
        """The image is there."""


@dataclass(frozen=True, slots=True)
class Source:
    """An image of an app, by what its spec says; `request` is the request to reconcile now that this turn has to handle."""

    app: Key
    name: str
    region: str
    home: str
    project: str
    key: str
    tag: str
    git: Git
    request: str

    def tag_of(self, commit: str) -> str:
        """Under which a build pushes."""
        return build_tag(self.tag, commit, self.key)


@dataclass(slots=True)
class _Memo:
    """What was found out last of an image, for the commit (empty with a connection) and key that were wanted."""

    of: tuple[str, str] = ("", "")
    settled: bool = False  # deployed, or failed for good: nothing to ask of AWS before something else is wanted
    build: str = ""
    following: bool = False
    trouble: ImageTrouble | None = None
    at: float = 0.0
    told: tuple[str, ImageTrouble] | None = None  # a failed build's id, and what its log said
    again: float | None = None


def source(
    key: Key, region: str, app: App, stack: StackObservation | None, name: str, image: Image, home: str, request: str
) -> Source | None:
    """None where the stack has no project that builds what the spec says, or none yet."""
    build, (tag, _) = image.build, image.tag_and_digest()
    platform = platform_of(build, app.architectures(name).values()) if build else None
    if build is None or build.git is None or platform is None or stack is None:
        return None
    project, _, made = stack.outputs.get(names.build_project_output(name), "").partition("/")
    wanted = build_key(build, platform, tag)
    if not project or made != wanted:
        return None
    return Source(key, name, region, home, project, wanted, tag, build.git, request)


class GitImages:
    """Follows the refs and builds of all apps."""

    def __init__(self, world: World, refs: Refs, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._world, self._refs, self._interval, self._clock = world, refs, interval, clock
        self._lock = threading.Lock()
        self._memos: dict[tuple[Key, str], _Memo] = {}

    def step(self, key: Key, name: str, git: Git, one: Source | None, answer: Answer, *, asked: bool) -> ImageObservation:
        """What there is to tell of an image; what is to be deployed goes into `answer`, which has what is deployed."""
        memo = self._memo(key, name)
        home = one.home if one else ""
        if git.connection_arn:
            memo.again = self._interval
            return self._built(one, memo, answer, "") if one else ImageObservation(home)
        known = self._refs.look(git.url, git.ref or "", asked=asked)
        memo.again = None if known.again == float("inf") else known.again
        trouble = lost(git, known, deployed=name in answer.commits)
        if one is None or known.missing or not known.commit:
            return ImageObservation(home, trouble=trouble)
        found = self._built(one, memo, answer, known.commit)
        return found if found.trouble else ImageObservation(home, found.build, trouble)

    def again(self, key: Key, images: Iterable[str]) -> float | None:
        """Seconds until one of an app's images is to be looked at; None: when something else calls for it."""
        found = [memo.again for name in images if (memo := self._memos.get((key, name))) and memo.again is not None]
        return min(found, default=None)

    def forget(self, key: Key) -> None:
        """Remember nothing of an app."""
        with self._lock:
            for one in [one for one in self._memos if one[0] == key]:
                del self._memos[one]

    def _memo(self, key: Key, name: str) -> _Memo:
        with self._lock:
            return self._memos.setdefault((key, name), _Memo())

    def _built(self, one: Source, memo: _Memo, answer: Answer, commit: str) -> ImageObservation:
        wanted = Wanted(commit, one.key, mark(one.request))
        if memo.of != (commit, one.key):
            memo.of, memo.settled, memo.trouble = (commit, one.key), False, None
            memo.build = memo.build if memo.following else ""
        if self._rests(memo, wanted):
            return ImageObservation(one.home, memo.build, memo.trouble)
        try:
            memo.trouble = self._decided(one, memo, answer, wanted)
        except Terminal as error:  # the project went by hand, too many builds are queued: what else the app has goes on
            return ImageObservation(one.home, memo.build, ImageTrouble(Reason.BuildFailed, f"CodeBuild refuses: {error.message}"))
        memo.at = self._clock()
        return ImageObservation(one.home, memo.build, memo.trouble)

    def _rests(self, memo: _Memo, wanted: Wanted) -> bool:
        if not memo.settled:
            return False
        if wanted.commit:
            return memo.trouble is None or not wanted.asked
        return not wanted.asked and self._clock() - memo.at < self._interval

    def _decided(self, one: Source, memo: _Memo, answer: Answer, wanted: Wanted) -> ImageTrouble | None:
        builds = Builds(self._world.clients, one.region)
        followed = builds.read([memo.build]) if memo.following else []
        if followed and followed[0].status == RUNNING:
            return under_way(followed[0], wanted.commit)
        memo.following = False
        memo.build = memo.build if followed and followed[0].commit == wanted.commit else ""
        found = {wanted.commit: self._find(one, wanted.commit)} if wanted.commit else {}
        listed = [] if any(found.values()) else builds.newest(one.project)
        if ended := _ended(wanted, listed):  # it pushed before it ended
            found[ended] = self._find(one, ended)
        decision = decide(wanted, listed, frozenset(commit for commit, there in found.items() if there))
        if isinstance(decision, Start):
            decision = Follow(builds.start(one.project, wanted, decision.token))
        if isinstance(decision, Follow):
            memo.build, memo.following, memo.settled = decision.build.id, True, False
            return under_way(decision.build, wanted.commit)
        memo.settled = True
        if isinstance(decision, Deploy) and (image := found[decision.commit]):
            answer.put(one.name, one.home, image)
            answer.commits[one.name] = decision.commit
            memo.build = decision.build or memo.build
            return None
        assert isinstance(decision, Failed | Empty)  # noqa: S101  of what is deployed there is an image
        memo.build = decision.build.id
        if isinstance(decision, Empty):
            return empty(decision.build, one.tag_of(decision.build.commit))
        return _told(builds, memo, decision.build)

    def _find(self, one: Source, commit: str) -> Found | None:
        return Registry(self._world.clients, one.region).find(one.home.partition("/")[2], one.tag_of(commit))


def _ended(wanted: Wanted, builds: list[BuildObservation]) -> str:
    """The commit of the newest build of what is wanted, where it has ended well."""
    mine = [one for one in builds if one.key == wanted.key and wanted.commit in ("", one.commit)]
    return mine[0].commit if mine and mine[0].status == SUCCEEDED else ""


def _told(builds: Builds, memo: _Memo, build: BuildObservation) -> ImageTrouble:
    """The log of a failed build is read once."""
    if memo.told is None or memo.told[0] != build.id:
        memo.told = build.id, failed(build, builds.log(build))
    return memo.told[1]


def lost(git: Git, known: Known, *, deployed: bool) -> ImageTrouble | None:
    """What is wrong with a ref; a host that is away for a moment is no trouble where its image runs."""
    if known.missing:
        digits = "; a commit needs all of its 40 digits" if set(git.ref or "x") <= set("0123456789abcdef") else ""
        what = f"has no branch or tag {git.ref}{digits}" if git.ref else "has no commit yet"
        return ImageTrouble(Reason.RefNotFound, f"{git.url} {what}", stalled=True)
    if known.unreachable and (known.failures >= PATIENCE or not deployed):
        return ImageTrouble(Reason.RepositoryUnreachable, f"{git.url} cannot be read: {known.unreachable}")
    return None
