"""What is to be done about the build of an image: started, followed, deployed. Pure, total.

One build for one commit and key: what CodeBuild has decides, so that a lost status, or an operator that was killed after it had
started one, starts no second. See https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

RUNNING, SUCCEEDED = "IN_PROGRESS", "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of a build that did not end well, and what CodeBuild says of it."""

    name: str
    status: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildObservation:
    """A build as BatchGetBuilds told it. `status` is a botocore StatusType.

    `commit` is what it builds, as far as that is known; `key` is `project.build_key` of the spec that it builds by; `asked` the
    `mark` of the request for which it was started anew.
    """

    id: str
    status: str
    phase: str = ""
    commit: str = ""
    key: str = ""
    asked: str = ""
    failures: tuple[Phase, ...] = ()
    group: str = ""
    stream: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The commit that is to run, by the `key` of the spec. `commit` is empty where only CodeBuild can read the repository.

    `asked` is the `mark` of a request to reconcile now that was not handled yet; else empty.
    """

    commit: str
    key: str
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Deploy:
    """What was built of the commit runs, or is to run now."""

    commit: str
    build: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """A build; `token` is the same as long as nothing has become of it."""

    token: str


@dataclass(frozen=True, slots=True)
class Follow:
    """A build is under way; of an image one at a time."""

    build: BuildObservation


@dataclass(frozen=True, slots=True)
class Failed:
    """The commit was built in vain, and is not built again by itself."""

    build: BuildObservation


@dataclass(frozen=True, slots=True)
class Empty:
    """The build ended well, and its repository has nothing of it."""

    build: BuildObservation


Decision = Deploy | Start | Follow | Failed | Empty


def decide(wanted: Wanted, builds: Sequence[BuildObservation], pushed: frozenset[str]) -> Decision:
    """`builds` are the project's, the newest first; `pushed` the commits of which the repository has an image by this key."""
    if wanted.commit and wanted.commit in pushed:
        return Deploy(wanted.commit, next((one.id for one in _of(wanted, builds) if one.status == SUCCEEDED), ""))
    running = [one for one in builds if one.status == RUNNING]
    if running:
        return Follow(running[0])
    mine = _of(wanted, builds)
    again = bool(wanted.asked) and bool(mine) and mine[0].asked != wanted.asked
    if not mine or (again and (mine[0].status != SUCCEEDED or not wanted.commit)):
        return Start(_token(wanted, mine))
    newest = mine[0]
    if newest.status != SUCCEEDED:
        return Failed(newest)
    if newest.commit and newest.commit in pushed:  # a build may not tell of which commit it was
        return Deploy(newest.commit, newest.id)
    return Start(_token(wanted, mine)) if again else Empty(newest)


def mark(request: str) -> str:
    """What a build carries of the annotation for which it was started; empty for none."""
    return hashlib.sha256(request.encode()).hexdigest()[:16] if request else ""


def _of(wanted: Wanted, builds: Sequence[BuildObservation]) -> list[BuildObservation]:
    return [one for one in builds if one.key == wanted.key and wanted.commit in ("", one.commit)]


def _token(wanted: Wanted, before: Sequence[BuildObservation]) -> str:
    last = before[0].id if before else ""
    return hashlib.sha256(f"{wanted.commit}\n{wanted.key}\n{wanted.asked}\n{last}".encode()).hexdigest()
