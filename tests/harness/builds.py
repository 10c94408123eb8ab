"""Plays CodeBuild: the emulator's builds all end well at once, know no variables, and push nothing.

What a build pushes goes into the emulator's registry, under the tag that the project's own buildspec gives it, in a real shell.
"""

import contextlib
import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

from harness.calls import Call
from harness.emulator import Emulator
from harness.proxy import AwsProxy

# as CodeBuild words them
RECORDED: dict[str, Any] = {
    "BUILD": {"phase": "BUILD", "context": {"statusCode": "COMMAND_EXECUTION_ERROR", "message": "Error while executing command: docker buildx build. Reason: exit status 1"}},
    "PRE_BUILD": {"phase": "PRE_BUILD", "context": {"statusCode": "COMMAND_EXECUTION_ERROR", "message": "Error while executing command: test -f ./Dockerfile. Reason: exit status 1"}},
}  # fmt: skip
FAILING_LOG = (
    "[Container] 2026/11/24 22:10:01.000000 Running command docker buildx build\n",
    "#9 [runtime 4/7] RUN make all\n",
    "#9 1.204 main.c:12:5: error: 'shop' undeclared\n",
    "#9 1.377 API_TOKEN=hunter2-and-more\n",
    'ERROR: failed to build: process "/bin/sh -c make all" did not complete successfully: exit code: 2\n',
    "[Container] 2026/11/24 22:10:09.000000 Command did not exit successfully docker buildx build exit status 1\n",
    "[Container] 2026/11/24 22:10:09.000000 Phase complete: BUILD State: FAILED\n",
)  # fmt: skip
NO_DOCKERFILE_LOG = ("fargate-operator: the source has no file ./deploy/Dockerfile\n",)


@dataclass
class Outcome:
    """How a build ends: it pushes, or fails in a phase with a log; `held`: not before `CodeBuild.release`."""

    status: str = "SUCCEEDED"
    phase: str = ""
    log: tuple[str, ...] = ()
    pushes: bool = True
    held: bool = False


@dataclass
class CodeBuild:
    """Builds of all projects, by id. `outcomes` of commits; `resolved`: the commit of a ref that only CodeBuild reads."""

    emulator: Emulator
    resolved: str = "0" * 40
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    builds: dict[str, dict[str, Any]] = field(default_factory=dict)

    def install(self, proxy: AwsProxy) -> "CodeBuild":
        """From now on it answers."""
        proxy.overlay("codebuild", "StartBuild", self._start)
        proxy.overlay("codebuild", "BatchGetBuilds", self._get)
        proxy.overlay("codebuild", "ListBuildsForProject", self._list)
        return self

    def of(self, commit: str) -> list[dict[str, Any]]:
        """The builds of a commit, in order."""
        return [one for one in self.builds.values() if _variables(one).get("FARGATE_COMMIT", self.resolved) == commit]

    def release(self, commit: str) -> None:
        """What was held ends now."""
        self.outcomes[commit].held = False
        for build in self.of(commit):
            if build["buildStatus"] == "IN_PROGRESS":
                self._end(build, commit)

    def push_by_webhook(self, project: str, commit: str) -> None:
        """A push to a private repository, for which CodeBuild itself starts a build."""
        client = self.emulator.client("codebuild")
        self.resolved = commit
        self._begin(client.start_build(projectName=project)["build"], [])

    def _start(self, call: Call, status: int, body: bytes) -> tuple[int, bytes]:
        if status != 200:
            return status, body
        build = self._begin(json.loads(body)["build"], call.parameters.get("environmentVariablesOverride", []))
        return status, json.dumps({"build": build}, default=str).encode()

    def _begin(self, build: dict[str, Any], overrides: list[dict[str, str]]) -> dict[str, Any]:
        environment = dict(build["environment"])
        environment["environmentVariables"] = [*environment["environmentVariables"], *overrides]
        build |= {"environment": environment, "buildStatus": "IN_PROGRESS", "currentPhase": "BUILD", "phases": []}
        build.pop("endTime", None)
        self.builds[build["id"]] = build
        commit = _variables(build).get("FARGATE_COMMIT")
        if commit is None:
            commit = self.resolved
            build["resolvedSourceVersion"] = commit
        begun = json.loads(json.dumps(build, default=str))
        if not self.outcomes.get(commit, Outcome()).held:
            self._end(build, commit)
        return dict(begun)

    def _end(self, build: dict[str, Any], commit: str) -> None:
        outcome = self.outcomes.get(commit, Outcome())
        build |= {"buildStatus": outcome.status, "currentPhase": "COMPLETED"}
        if outcome.log:
            self._write(build["logs"], outcome.log)
        if outcome.status == "SUCCEEDED":
            if outcome.pushes:
                self._push(build, commit)
            return
        recorded = RECORDED[outcome.phase]
        build["phases"] = [
            {"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED"},
            {"phaseType": recorded["phase"], "phaseStatus": "FAILED", "contexts": [recorded["context"]]},
        ]

    def _write(self, place: dict[str, str], lines: tuple[str, ...]) -> None:
        logs = self.emulator.client("logs")
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=place["groupName"])
        logs.create_log_stream(logGroupName=place["groupName"], logStreamName=place["streamName"])
        events = [{"timestamp": 1_700_000_000_000 + number, "message": line} for number, line in enumerate(lines)]
        logs.put_log_events(logGroupName=place["groupName"], logStreamName=place["streamName"], logEvents=events)

    def _push(self, build: dict[str, Any], commit: str) -> None:
        variables = {**_variables(build), "FARGATE_COMMIT": commit}
        source = build["source"]
        [export] = [
            one
            for one in json.loads(source.get("buildspec") or source["buildSpec"])["phases"]["build"]["commands"]
            if "export" in one
        ]
        shell = ["/bin/sh", "-c", f'{export}; printf %s "$FARGATE_TAG"']
        tag = subprocess.run(shell, env=variables, capture_output=True, check=True, text=True).stdout
        ecr, repository = self.emulator.client("ecr"), variables["FARGATE_REPOSITORY"].partition("/")[2]
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{'c' * 64}", "size": 2}
        manifest = json.dumps({"schemaVersion": 2, "config": config, "layers": [], "built": build["id"]})
        with contextlib.suppress(ecr.exceptions.ImageTagAlreadyExistsException):
            ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)

    def _get(self, call: Call, status: int, _: bytes) -> tuple[int, bytes]:
        found = [self.builds[one] for one in call.parameters.get("ids", []) if one in self.builds]
        return status, json.dumps({"builds": found, "buildsNotFound": []}, default=str).encode()

    def _list(self, call: Call, status: int, body: bytes) -> tuple[int, bytes]:
        if status != 200:
            return status, body
        mine = [id_ for id_, one in self.builds.items() if one["projectName"] == call.parameters["projectName"]]
        return status, json.dumps({"ids": mine[::-1]}).encode()


def _variables(build: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in build["environment"]["environmentVariables"]}
