"""Builds in CodeBuild: what there is of a project's, one more, and why one failed, with the end of its log."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate, translated
from fargate_operator.building import BuildObservation, Phase, Wanted
from fargate_operator.fragments.build import is_commit
from fargate_operator.fragments.project import ASKED, COMMIT, KEY

NEWEST = 20  # of a project's builds that are looked at
LINES = 20  # of a log that are told
_READ = 100  # events, among which CodeBuild's own are left out


class Builds:
    """CodeBuild in a region."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._builds, self._logs = clients.get("codebuild", region), clients.get("logs", region)

    def newest(self, project: str) -> list[BuildObservation]:
        """The project's builds, the newest first."""
        with translated("ListBuildsForProject"):
            ids = self._builds.list_builds_for_project(projectName=project, sortOrder="DESCENDING")["ids"][:NEWEST]
        return self.read(ids)

    def read(self, ids: Sequence[str]) -> list[BuildObservation]:
        """Those builds, in this order, as far as they are still known."""
        if not ids:
            return []
        with translated("BatchGetBuilds"):
            found = {one["id"]: observed(one) for one in self._builds.batch_get_builds(ids=list(ids))["builds"]}
        return [found[one] for one in ids if one in found]

    def start(self, project: str, wanted: Wanted, token: str) -> BuildObservation:
        """One more build; the same one again for the same token."""
        given = {name: value for name, value in ((COMMIT, wanted.commit), (ASKED, wanted.asked)) if value}
        variables = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in given.items()]
        with translated("StartBuild"):
            answer = self._builds.start_build(projectName=project, environmentVariablesOverride=variables, idempotencyToken=token)
        return observed(answer["build"])

    def log(self, build: BuildObservation) -> list[str]:
        """The last lines that the build itself wrote, the oldest first; none where it has no log."""
        if not build.group or not build.stream:
            return []
        try:
            events = self._logs.get_log_events(
                logGroupName=build.group, logStreamName=build.stream, limit=_READ, startFromHead=False
            )["events"]
        except ClientError as error:
            if code(error) == "ResourceNotFoundException":
                return []
            raise translate(error, "GetLogEvents") from error
        lines = [line for one in events for line in one["message"].splitlines()]
        return [line.rstrip() for line in lines if line.strip() and not line.startswith("[Container] ")][-LINES:]


def observed(build: Mapping[str, Any]) -> BuildObservation:
    """A build as CodeBuild describes it."""
    variables = {one["name"]: one.get("value", "") for one in (build.get("environment") or {}).get("environmentVariables") or ()}
    logs = build.get("logs") or {}
    resolved = str(build.get("resolvedSourceVersion", ""))
    commit = variables.get(COMMIT) or (resolved if is_commit(resolved) else "")
    return BuildObservation(
        id=build["id"],
        status=build.get("buildStatus", ""),
        phase=build.get("currentPhase", ""),
        commit=commit,
        key=variables.get(KEY, ""),
        asked=variables.get(ASKED, ""),
        failures=tuple(_failures(build.get("phases") or ())),
        group=logs.get("groupName", ""),
        stream=logs.get("streamName", ""),
    )


def _failures(phases: Sequence[Mapping[str, Any]]) -> list[Phase]:
    return [
        Phase(
            one.get("phaseType", ""),
            one["phaseStatus"],
            tuple(context["message"] for context in one.get("contexts") or () if context.get("message")),
        )
        for one in phases
        if one.get("phaseStatus") not in (None, "SUCCEEDED", "IN_PROGRESS", "QUEUED")
    ]
