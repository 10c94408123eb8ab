"""Images from source: what a spec says of them. Pure. What they make in the stack is in `fragments.repository` and `.project`."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fargate_operator.fragments.values import Arn, EnvironmentName, Strict, Text, Value, need, text

Platform = Literal["linux/amd64", "linux/arm64"]
PLATFORMS: dict[str | None, Platform] = {None: "linux/amd64", "X86_64": "linux/amd64", "ARM64": "linux/arm64"}
# nothing that could be read as another host or path than the one that the bounds are held against
GIT_URL = r"^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9_~+.-]+)+$"
GIT_REF = r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$"
PATH = r"^[^/-][^\n]*$"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

_PROJECT = "AWS::CodeBuild::Project"
RelativePath = Annotated[str, StringConstraints(strict=True, max_length=256, pattern=PATH)]


class Git(Strict):
    """Where the source is, for CodeBuild to build it."""

    url: Annotated[str, StringConstraints(strict=True, max_length=256, pattern=GIT_URL)] = need(
        "Of the repository, https:// and without a user name", aws=f"{_PROJECT} Source.Location"
    )
    ref: Annotated[str, StringConstraints(strict=True, max_length=256, pattern=GIT_REF)] | None = text(
        "Branch, tag or commit; a branch or tag that moves is built anew", default="the repository's HEAD", aws="SourceVersion"
    )
    connection_arn: Arn | None = text(
        "CodeConnections connection by which a private repository is read",
        default="none: it is public",
        aws=f"{_PROJECT} Source.Auth",
    )


class Build(Strict):
    """How an image is built; it goes to an ECR repository of the app's own."""

    context: RelativePath | None = text("Folder that is built, from the manifest's folder or the root of git", default=".")
    dockerfile: RelativePath | None = text("In the context", default="Dockerfile")
    target: Text | None = text("Stage to build", default="the last one")
    args: Annotated[dict[EnvironmentName, Value], Field(max_length=100)] | None = text(
        "Build arguments; they can be read in the image and in AWS: nothing secret", default="none"
    )
    platform: Platform | None = text("Of the image", default="from the architecture of the workloads that use it")
    git: Git | None = text(
        "Built by CodeBuild from here, as often as the ref moves", default="none: built and pushed by fargate-operator push",
        aws=_PROJECT,
    )  # fmt: skip


def platform_of(build: Build, architectures: Iterable[str | None]) -> Platform | None:
    """What to build for workloads of these architectures; None where one image cannot serve them all."""
    wanted = {PLATFORMS[one] for one in architectures} or {PLATFORMS[None]}
    return build.platform or (wanted.pop() if len(wanted) == 1 else None)


def is_commit(ref: str) -> bool:
    """Whether a ref is a whole commit id, which never moves."""
    return bool(_COMMIT.fullmatch(ref))
