"""CodeBuild's answers as values, and the end of a log."""

import botocore.session
import pytest
from botocore.exceptions import ClientError

from fargate_operator.aws.builds import LINES, Builds, observed
from fargate_operator.building import BuildObservation, Phase
from fargate_operator.errors import Terminal, Transient

COMMIT = "1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b"


class Aws:
    def __init__(self, **answers):
        self._answers = answers

    def get(self, *_):
        return self

    def __getattr__(self, name):
        def answer(**given):
            found = self._answers[name]
            if isinstance(found, Exception):
                raise found
            return found(**given) if callable(found) else found

        return answer


def failure(code, status=400):
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "x")


def test_a_build_as_codebuild_describes_it():
    build = {
        "id": "shop:1", "buildStatus": "FAILED", "currentPhase": "COMPLETED", "resolvedSourceVersion": "f" * 40,
        "environment": {"environmentVariables": [{"name": "FARGATE_COMMIT", "value": COMMIT}, {"name": "FARGATE_BUILD", "value": "0a1b2c3d"},
                                                 {"name": "FARGATE_ASKED", "value": "now"}]},
        "logs": {"groupName": "group", "streamName": "stream"},
        "phases": [{"phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED"}, {"phaseType": "QUEUED"},
                   {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"statusCode": "X", "message": "exit status 1"}, {"statusCode": "Y"}]}],
    }  # fmt: skip
    assert observed(build) == BuildObservation(
        "shop:1",
        "FAILED",
        "COMPLETED",
        COMMIT,
        "0a1b2c3d",
        "now",
        (Phase("BUILD", "FAILED", ("exit status 1",)),),
        "group",
        "stream",
    )


@pytest.mark.parametrize(("resolved", "commit"), [(COMMIT, COMMIT), ("refs/heads/main", ""), (None, "")])
def test_of_a_private_repository_the_commit_is_what_codebuild_resolved(resolved, commit):
    assert observed({"id": "x", **({"resolvedSourceVersion": resolved} if resolved else {})}).commit == commit


def test_every_status_of_a_build_has_an_answer():
    statuses = botocore.session.get_session().get_service_model("codebuild").shape_for("StatusType").enum
    assert set(statuses) == {"SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "IN_PROGRESS", "STOPPED"}


def log(*lines):
    aws = Aws(get_log_events={"events": [{"message": line} for line in lines]})
    return Builds(aws, "eu-west-1").log(BuildObservation("x", "FAILED", group="g", stream="s"))


def test_the_end_of_a_log_is_the_builds_own_words():
    assert log("[Container] 1 Running", "a\nb  \n", "", "[Container] 2 Phase complete") == ["a", "b"]
    assert log(*(str(number) for number in range(90))) == [str(number) for number in range(90 - LINES, 90)]


def test_a_build_without_a_log_has_none():
    assert Builds(Aws(), "eu-west-1").log(BuildObservation("x", "FAILED")) == []
    gone = Builds(Aws(get_log_events=failure("ResourceNotFoundException")), "eu-west-1")
    assert gone.log(BuildObservation("x", "FAILED", group="g", stream="s")) == []
    denied = Builds(Aws(get_log_events=failure("AccessDeniedException")), "eu-west-1")
    with pytest.raises(Transient):
        denied.log(BuildObservation("x", "FAILED", group="g", stream="s"))


def test_builds_come_in_the_order_that_was_asked_for():
    aws = Aws(list_builds_for_project={"ids": ["b", "a", "gone"]}, batch_get_builds={"builds": [{"id": "a"}, {"id": "b"}]})
    assert [one.id for one in Builds(aws, "eu-west-1").newest("shop")] == ["b", "a"]


def test_what_codebuild_refuses_is_terminal_and_a_limit_of_rate_is_not():
    with pytest.raises(Terminal):
        Builds(Aws(list_builds_for_project=failure("ResourceNotFoundException")), "eu-west-1").newest("shop")
    with pytest.raises(Transient):
        Builds(Aws(list_builds_for_project=failure("ThrottlingException")), "eu-west-1").newest("shop")
