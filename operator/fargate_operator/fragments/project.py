"""The CodeBuild project of an image with `build.git`: it builds one commit and pushes it to the image's repository. Pure.

The commit comes with each build in FARGATE_COMMIT; with a connection, whose repository only CodeBuild can read, it is what
CodeBuild itself makes of the ref. See https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html.
"""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from fargate_operator import names
from fargate_operator.fragments.build import Build, Git, Platform
from fargate_operator.fragments.iam import Iam, build_role
from fargate_operator.fragments.scope import tag_list
from fargate_operator.template import Resource, canonical, digest

COMMIT, KEY = "FARGATE_COMMIT", "FARGATE_BUILD"
_REGISTRY = '"$(echo "$FARGATE_REPOSITORY" | cut -d/ -f1)"'
NO_DOCKERFILE = "fargate-operator: the source has no file"
_ENVIRONMENTS: dict[Platform, dict[str, str]] = {
    "linux/amd64": {"Type": "LINUX_CONTAINER", "Image": "aws/codebuild/amazonlinux-x86_64-standard:5.0"},
    "linux/arm64": {"Type": "ARM_CONTAINER", "Image": "aws/codebuild/amazonlinux-aarch64-standard:3.0"},
}
_HOSTS = {"github.com": "GITHUB", "bitbucket.org": "BITBUCKET", "gitlab.com": "GITLAB"}


def build_key(build: Build, platform: Platform) -> str:
    """Eight hex digits of all that tells two builds of one commit apart."""
    what = build.model_dump(mode="json", exclude_none=True, exclude={"git"})
    source = [build.git.url, build.git.connection_arn] if build.git else []
    return digest([what, platform, source]).rpartition(":")[2][:8]


def build_tag(tag: str, commit: str, key: str) -> str:
    """The tag of what one build pushes: ``<tag>-<commit>-<key>``."""
    return "-".join(part for part in (tag, commit, key) if part)


def project_resources(
    name: str, tag: str, build: Build, git: Git, platform: Platform, iam: Iam, days: int, tags: Mapping[str, str]
) -> Iterable[Resource]:
    """The project, its log group, and a role that can write to these, push to this repository, and nothing else."""
    listed = tag_list(tags)
    labelled = {"Tags": listed} if listed else {}
    yield Resource(names.build_logs(name), "AWS::Logs::LogGroup", {"RetentionInDays": days, **labelled})
    yield build_role(names.build_role(name), _statements(name, git), iam, listed)
    properties: dict[str, Any] = {
        "Description": f"Builds the image {name}",
        "ServiceRole": {"Fn::GetAtt": [names.build_role(name), "Arn"]},
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "Cache": {"Type": "LOCAL", "Modes": ["LOCAL_DOCKER_LAYER_CACHE", "LOCAL_SOURCE_CACHE"]},
        "Environment": {
            **_ENVIRONMENTS[platform],
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "PrivilegedMode": True,  # Docker runs in it
            "EnvironmentVariables": [
                {"Name": KEY, "Value": build_key(build, platform)},
                {"Name": "FARGATE_REPOSITORY", "Value": {"Fn::GetAtt": [names.repository(name), "RepositoryUri"]}},
            ],
        },
        "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": {"Ref": names.build_logs(name)}}},
        "Source": {**_source(git), "BuildSpec": canonical(_buildspec(tag, build, git, platform))},
        "TimeoutInMinutes": 60,
        "QueuedTimeoutInMinutes": 60,
        **labelled,
    }
    if git.ref and source_type(git) != "NO_SOURCE":
        properties["SourceVersion"] = git.ref
    yield Resource(names.build_project(name), "AWS::CodeBuild::Project", properties)


def source_type(git: Git) -> str:
    """CodeBuild's name for where the source is; NO_SOURCE: the build fetches it by itself."""
    host = (urlsplit(git.url).hostname or "").lower()
    if git.connection_arn:
        return _HOSTS.get(host) or ("GITLAB_SELF_MANAGED" if "gitlab" in host else "GITHUB_ENTERPRISE")
    return "GITHUB" if host == "github.com" else "NO_SOURCE"


def _source(git: Git) -> dict[str, Any]:
    type_ = source_type(git)
    if type_ == "NO_SOURCE":
        return {"Type": type_}
    body: dict[str, Any] = {"Type": type_, "Location": git.url, "GitCloneDepth": 1}
    return {**body, "Auth": {"Type": "CODECONNECTIONS", "Resource": git.connection_arn}} if git.connection_arn else body


def _buildspec(tag: str, build: Build, git: Git, platform: Platform) -> dict[str, Any]:
    """Nothing of the spec goes into the shell but in quotes."""
    context = build.context or "."
    path = shlex.quote(f"./{context}/{build.dockerfile or 'Dockerfile'}")
    fetch = [
        "git init --quiet .",
        f"git remote add origin {shlex.quote(git.url)}",
        f'git fetch --quiet --depth 1 origin "${COMMIT}" || git fetch --quiet origin',
        f'git checkout --quiet --detach "${COMMIT}"',
    ]
    args = " ".join(f"--build-arg {shlex.quote(f'{name}={value}')}" for name, value in sorted((build.args or {}).items()))
    target = f"--target={shlex.quote(build.target)}" if build.target else ""
    prefix = f"{tag}-" if tag else ""
    words = [
        "docker buildx build --progress=plain --provenance=false --sbom=false --push",
        f"--platform={platform}",
        f"--file={path}",
        target,
        args,
        '--tag="$FARGATE_REPOSITORY:$FARGATE_TAG"',
        shlex.quote(f"./{context}"),
    ]
    return {
        "version": 0.2,
        "phases": {
            "pre_build": {
                "commands": [
                    f'test -n "${COMMIT}" || export {COMMIT}="$CODEBUILD_RESOLVED_SOURCE_VERSION"',
                    *(fetch if source_type(git) == "NO_SOURCE" else ()),
                    f"test -f {path} || {{ echo {shlex.quote(NO_DOCKERFILE)} {path}; exit 1; }}",
                    f"aws ecr get-login-password | docker login --username AWS --password-stdin {_REGISTRY}",
                ]
            },
            "build": {
                "commands": [
                    f'export FARGATE_TAG={shlex.quote(prefix)}"${COMMIT}-${KEY}"',
                    " ".join(word for word in words if word),
                ]
            },
        },
    }


def _statements(name: str, git: Git) -> list[dict[str, Any]]:
    logs = {"Fn::GetAtt": [names.build_logs(name), "Arn"]}
    push = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    ]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": logs},
        {"Effect": "Allow", "Action": push, "Resource": {"Fn::GetAtt": [names.repository(name), "Arn"]}},
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    ]
    if git.connection_arn:
        actions = [f"codeconnections:{one}" for one in ("GetConnection", "GetConnectionToken", "UseConnection")]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": git.connection_arn})
    return statements
