"""What people are told of builds: why one failed, in its own last words, without what looks like a secret. Pure."""

import re
from collections.abc import Sequence

from fargate_operator.building import BuildObservation
from fargate_operator.conditions import Reason
from fargate_operator.fragments.project import NO_DOCKERFILE
from fargate_operator.observation import ImageTrouble

MOST_LINE, MOST_LOG, MOST_CONTEXT = 300, 1200, 300  # characters: a condition's message ends at 2,000, and may tell of more
_PLACE = re.compile(re.escape(NO_DOCKERFILE) + r"\s+(\S.*)")


def failed(build: BuildObservation, log: Sequence[str]) -> ImageTrouble:
    """A build that did not end well; `log` are its last lines."""
    commit = build.commit[:12] or "the ref"
    if missing := next((found for line in log if (found := _PLACE.search(line))), None):
        message = f"{commit} has no file {missing[1].strip()}; set build.context and build.dockerfile"
        return ImageTrouble(Reason.DockerfileMissing, message, stalled=True)
    told = f"{_what(build, commit)}; {build.id}"
    return ImageTrouble(Reason.BuildFailed, "\n".join([told, *last(log)]), stalled=True)


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


_SECRETS = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", re.DOTALL), "****"),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b"), "****"),
    (re.compile(r"\b(gh[pousr]_|github_pat_|glpat-|xox[abp]-|npm_|pypi-)[A-Za-z0-9_-]{10,}"), "****"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?"), "****"),
    (re.compile(r"(?i)(://)[^/\s:@]+:[^/\s@]+@"), r"\1****@"),
    (re.compile(r"(?i)\b(authorization\s*:\s*(?:basic|bearer)\s+)\S+"), r"\1****"),
    (re.compile(r"(?i)(?<![\w-])([\w-]*(?:password|passwd|secret|token|api_?key|access_?key|credential)s?[\w-]*[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|\S+)"),
     r"\1****"),
)  # fmt: skip


def masked(text: str) -> str:
    """A build's own words without what looks like a secret."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text
