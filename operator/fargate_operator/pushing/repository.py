"""Where an image is pushed to, and ECR's part in that."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from fargate_operator import cluster, names
from fargate_operator.aws import login
from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import translated
from fargate_operator.aws.stacks import Stacks
from fargate_operator.errors import ReconcileError
from fargate_operator.kube import Kube
from fargate_operator.pushing.builders import Builder
from fargate_operator.pushing.choosing import Wanted
from fargate_operator.settings import Unusable

_NAME = re.compile(
    r"(localhost|[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+|[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]+)(/[a-z0-9]+([._-]+[a-z0-9]+)*)+"
)


def checked(uri: str) -> str:
    """The URI of a repository; Unusable where it is something else."""
    if not _NAME.fullmatch(uri):
        raise Unusable(
            f"--repository: {uri!r} is no repository such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop, without a tag"
        )
    return uri


class Registry:
    """The cluster and ECR, as far as an image's repository needs them."""

    def __init__(self, given: str, builder: Builder) -> None:
        self._given = given
        self._builder = builder
        self._clients = Clients()

    @cached_property
    def _kube(self) -> Kube:
        try:
            return cluster.connect()
        except Unusable as error:
            raise Unusable(f"{error}; without one, name the repository with --repository") from error

    def of(self, wanted: Wanted) -> str:
        """The repository's URI: as given, as the status has it, or as the stack's outputs have it."""
        if self._given:
            if not (self._builder.digest_option or login.repository(self._given)):
                raise Unusable(
                    f"{self._builder.name} does not tell the digest of what it pushes, and only ECR is asked for one: "
                    "use docker, podman or buildah for another registry"
                )
            return self._given
        app = wanted.app
        found = self._kube.get((app.namespace, app.name))
        if found is None:
            raise Unusable(
                f"{wanted}: the cluster has no FargateApp {app.name} in the namespace {app.namespace}: apply it first, which "
                "makes the repository; or name one with --repository"
            )
        status = found.get("status") or {}
        uri = str(((status.get("images") or {}).get(wanted.name) or {}).get("repository") or "") or self._output(status, wanted)
        if not uri:
            raise Unusable(
                f"{wanted}: it has no repository yet: apply the FargateApp with this image, and push again when its condition "
                "WorkloadsReady says ImageMissing (kubectl describe says what keeps it)"
            )
        return uri

    def _output(self, status: Mapping[str, Any], wanted: Wanted) -> str:
        stack = status.get("stack") or {}
        name, region = str(stack.get("id") or stack.get("name") or ""), str(status.get("region") or "")
        if not (name and region):
            return ""
        with translated("DescribeStacks"):
            seen = Stacks(self._clients, region).describe(name)
        return seen.outputs.get(names.repository_output(wanted.name), "") if seen else ""

    def password(self, uri: str) -> str:
        """What to log in with; empty where the registry is not ECR, and the login is the user's own."""
        where = login.repository(uri)
        if where is None:
            return ""
        try:
            return login.password(self._clients, where)
        except ReconcileError as error:
            raise Unusable(f"AWS gives no login for {uri}: {error.message}; sign in to AWS first") from error

    def digest(self, uri: str, tag: str) -> str:
        """What the tag names now, by ECR."""
        where = login.repository(uri)
        if where and (found := login.tagged(self._clients, where, tag)):
            return found
        raise Unusable(f"{uri}:{tag}: {self._builder.name} says that it is pushed, but not its digest, and ECR does not have it")

    def accept(self, wanted: Wanted, uri: str) -> None:
        """Unusable where ECR would not take the image, as it tells; a tag that may not move it refuses with any content."""
        where = login.repository(uri)
        if where is None:
            return
        try:
            found = login.tagged(self._clients, where, wanted.tag)
            taken = bool(found) and login.immutable(self._clients, where)
        except ReconcileError:
            return  # who may push may not be allowed to look
        if found is None:
            raise Unusable(
                f"{wanted}: ECR has no repository {where.name} in {where.region}: apply the FargateApp, which makes it"
            )
        if taken:
            raise Unusable(
                f"{wanted}: {where.name} has the tag {wanted.tag} already, and takes a tag only once: choose another with --tag"
            )
