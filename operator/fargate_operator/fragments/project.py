"""The CodeBuild project of an image with `build.git`: it builds one commit and pushes it to the image's repository. Pure.

The commit comes with each build in FARGATE_COMMIT, and the build fetches it as anybody can: by CodeBuild's own access to a host,
the account's stored credentials, it could read what nobody allowed the author. With a connection, whose repository only
CodeBuild can read, the commit is what CodeBuild itself makes of the ref, and a webhook tells it of pushes. See
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from fargate_operator import names
from fargate_operator.fragments.build import Build, Git, Platform, is_commit
from fargate_operator.fragments.iam import Iam, build_role
from fargate_operator.fragments.scope import tag_list
from fargate_operator.template import Resource, canonical, digest

COMMIT, KEY, ASKED = "FARGATE_COMMIT", "FARGATE_BUILD", "FARGATE_ASKED"
_REGISTRY = '"$(echo "$FARGATE_REPOSITORY" | cut -d/ -f1)"'
_THERE = 'docker manifest inspect "$FARGATE_REPOSITORY:$FARGATE_TAG" >/dev/null 2>&1'
NO_DOCKERFILE = "fargate-operator: the source has no file"
_ENVIRONMENTS: dict[Platform, dict[str, str]] = {
    "linux/amd64": {"Type": "LINUX_CONTAINER", "Image": "aws/codebuild/amazonlinux-x86_64-standard:5.0"},
    "linux/arm64": {"Type": "ARM_CONTAINER", "Image": "aws/codebuild/amazonlinux-aarch64-standard:3.0"},
}
_HOSTS = {"github.com": "GITHUB", "bitbucket.org": "BITBUCKET", "gitlab.com": "GITLAB"}


def build_key(build: Build, platform: Platform, tag: str) -> str:
    """Eight hex digits of all that tells two builds of one commit apart, and with a connection of the ref, too."""
    what = build.model_dump(mode="json", exclude_none=True, exclude={"git"})
    git = build.git
    source = [git.url, *([git.connection_arn, git.ref] if git.connection_arn else [])] if git else []
    return digest([what, platform, tag, source]).rpartition(":")[2][:8]


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
        "Name": {
            "Fn::Sub": f"${{AWS::StackName}}-{names.build_project_name(name)}"
        },  # by which the operator's rights are bounded
        "Description": f"Builds the image {name}",
        "ServiceRole": {"Fn::GetAtt": [names.build_role(name), "Arn"]},
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "Cache": {
            "Type": "LOCAL",
            "Modes": ["LOCAL_DOCKER_LAYER_CACHE", *(["LOCAL_SOURCE_CACHE"] if git.connection_arn else [])],
        },
        "Environment": {
            **_ENVIRONMENTS[platform],
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "PrivilegedMode": True,  # Docker runs in it
            "EnvironmentVariables": [
                {"Name": KEY, "Value": build_key(build, platform, tag)},
                {"Name": "FARGATE_REPOSITORY", "Value": {"Fn::GetAtt": [names.repository(name), "RepositoryUri"]}},
            ],
        },
        "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": {"Ref": names.build_logs(name)}}},
        "Source": {**_source(git), "BuildSpec": canonical(_buildspec(tag, build, git, platform))},
        "TimeoutInMinutes": 60,
        "QueuedTimeoutInMinutes": 60,
        **labelled,
    }
    if git.connection_arn:
        properties |= {"SourceVersion": git.ref} if git.ref else {}
        properties |= _webhook(git)
    yield Resource(names.build_project(name), "AWS::CodeBuild::Project", properties)


def project_output(name: str, key: str) -> dict[str, Any]:
    """The project's name and, behind a slash, the key of what it builds: after an update that was rolled back the old one."""
    return {"Fn::Join": ["/", [{"Ref": names.build_project(name)}, key]]}


def source_type(git: Git) -> str:
    """CodeBuild's name for where the source is; NO_SOURCE: the build fetches it by itself."""
    if not git.connection_arn:
        return "NO_SOURCE"
    host = (urlsplit(git.url).hostname or "").lower()
    return _HOSTS.get(host) or ("GITLAB_SELF_MANAGED" if "gitlab" in host else "GITHUB_ENTERPRISE")


def _source(git: Git) -> dict[str, Any]:
    if not git.connection_arn:
        return {"Type": source_type(git)}
    auth = {"Type": "CODECONNECTIONS", "Resource": git.connection_arn}
    return {"Type": source_type(git), "Location": git.url, "GitCloneDepth": 1, "Auth": auth}


def _webhook(git: Git) -> dict[str, Any]:
    """A build for each push of the ref; CloudFormation makes none for GitHub Enterprise, and a commit never moves."""
    if source_type(git) == "GITHUB_ENTERPRISE" or is_commit(git.ref or ""):
        return {}
    filters = [{"Type": "EVENT", "Pattern": "PUSH"}]
    if git.ref:
        named = re.escape(git.ref) if git.ref.startswith("refs/") else f"refs/(heads|tags)/{re.escape(git.ref)}"
        filters.append({"Type": "HEAD_REF", "Pattern": f"^{named}$"})
    return {"Triggers": {"Webhook": True, "FilterGroups": [filters]}}


def _buildspec(tag: str, build: Build, git: Git, platform: Platform) -> dict[str, Any]:
    """Nothing of the spec goes into the shell but in quotes."""
    context = "." if build.context in (None, ".") else f"./{build.context}"  # a dash begins no option then
    path = shlex.quote(f"{context}/{build.dockerfile or 'Dockerfile'}")
    fetch = [
        "export GIT_TERMINAL_PROMPT=0",
        "git init --quiet .",
        f"git remote add origin {shlex.quote(git.url)}",
        f'git fetch --quiet --depth 1 origin "${COMMIT}" || git fetch --quiet origin',
        f'git checkout --quiet --detach "${COMMIT}"',
    ]
    args = [f"--build-arg={shlex.quote(f'{name}={value}')}" for name, value in sorted((build.args or {}).items())]
    target = f"--target={shlex.quote(build.target)}" if build.target else ""
    prefix = f"{tag}-" if tag else ""
    words = [
        "docker buildx build --progress=plain --provenance=false --sbom=false --push",
        f"--platform={platform}",
        f"--file={path}",
        target,
        *args,
        '--tag="$FARGATE_REPOSITORY:$FARGATE_TAG"',
        shlex.quote(context),
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
                    f"{_THERE} || {' '.join(word for word in words if word)}",  # a tag is never pushed twice
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
        service = git.connection_arn.split(":")[2]  # codeconnections, or codestar-connections as it was called before
        actions = [f"{service}:{one}" for one in ("GetConnection", "GetConnectionToken", "UseConnection")]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": git.connection_arn})
    return statements
