"""What people are told of builds: why one failed, in its own last words, without what looks like a secret. Pure."""

import re
from collections.abc import Sequence

from fargate_operator.building import BuildObservation
from fargate_operator.conditions import Reason
from fargate_operator.fragments.project import NO_DOCKERFILE
from fargate_operator.masking import masked
from fargate_operator.messages import LOG
from fargate_operator.observation import ImageTrouble

MOST_LINE, MOST_LOG, MOST_CONTEXT = 300, 600, 300  # characters: a condition's message ends at 1,024, and may tell of more
_PLACE = re.compile(re.escape(NO_DOCKERFILE) + r"\s+(\S.*)")


def failed(build: BuildObservation, log: Sequence[str]) -> ImageTrouble:
    """A build that did not end well; `log` are its last lines."""
    commit = build.commit[:12] or "the ref"
    if missing := next((found for line in log if (found := _PLACE.search(line))), None):
        message = f"{commit} has no file {missing[1].strip()}; set build.context and build.dockerfile"
        return ImageTrouble(Reason.DockerfileMissing, message, stalled=True)
    told = f"{_what(build, commit)}; {build.id}"
    return ImageTrouble(Reason.BuildFailed, "\n".join([told, *(f"{LOG}{line}" for line in last(log))]), stalled=True)


def empty(build: BuildObservation, tag: str) -> ImageTrouble:
    """A build that ended well, whose image is not there."""
    what = f"the build of {build.commit[:12] or 'the ref'} ended well, but the repository has no image of the tag {tag}"
    return ImageTrouble(Reason.BuildFailed, f"{what}; {build.id}", stalled=True)


def under_way(build: BuildObservation, commit: str) -> ImageTrouble:
    """A build that goes on; `commit` is what is to be built."""
    what = (build.commit or commit)[:12] or "the ref"
    phase = f" ({build.phase})" if build.phase else ""
    after = f", {commit[:12]} comes after it" if build.commit and commit and build.commit != commit else ""
    return ImageTrouble(Reason.Building, f"{what} is being built{phase}{after}; {build.id}", working=True)


def _what(build: BuildObservation, commit: str) -> str:
    ended = {"STOPPED": "was stopped", "TIMED_OUT": "took too long", "FAULT": "broke off in CodeBuild"}.get(
        build.status, "failed"
    )
    if not build.failures:
        return f"the build of {commit} {ended}"
    phase = build.failures[0]
    because = masked("; ".join(phase.messages)[:MOST_CONTEXT])
    return f"the build of {commit} {ended} in {phase.name}" + (f": {' '.join(because.split())}" if because else "")


def last(log: Sequence[str]) -> list[str]:
    """As many of the last lines as fit."""
    lines: list[str] = []
    left = MOST_LOG
    for line in reversed(masked("\n".join(line[:MOST_LINE] for line in log)).splitlines()):
        left -= len(line) + 1
        if left < 0:
            break
        lines.append(line)
    return lines[::-1]
