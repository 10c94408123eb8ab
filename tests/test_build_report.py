"""What people are told of a build."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.build_report import MOST_LOG, empty, failed, masked, under_way
from fargate_operator.building import BuildObservation, Phase
from fargate_operator.observation import ImageTrouble

COMMIT = "1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b"
BROKEN = Phase("BUILD", "FAILED", ("Error while executing command: docker buildx build. Reason: exit status 1",))


def build(status="FAILED", commit=COMMIT, failures=(BROKEN,)):
    return BuildObservation("shop:1", status, commit=commit, failures=failures)


@pytest.mark.parametrize(
    ("one", "log", "reason", "message"),
    [
        (build(), ["#9 RUN make", "ERROR: no such file"], "BuildFailed",
         "the build of 1a2b3c4d5e6f failed in BUILD: Error while executing command: docker buildx build. Reason: exit status 1; shop:1\n| #9 RUN make\n| ERROR: no such file"),
        (build("STOPPED", failures=()), [], "BuildFailed", "the build of 1a2b3c4d5e6f was stopped; shop:1"),
        (build("TIMED_OUT", failures=(Phase("BUILD", "TIMED_OUT"),)), [], "BuildFailed", "the build of 1a2b3c4d5e6f took too long in BUILD; shop:1"),
        (build("FAULT", failures=()), [], "BuildFailed", "the build of 1a2b3c4d5e6f broke off in CodeBuild; shop:1"),
        (build(commit="", failures=()), [], "BuildFailed", "the build of the ref failed; shop:1"),
        (build(), ["fargate-operator: the source has no file ./deploy/Dockerfile"], "DockerfileMissing",
         "1a2b3c4d5e6f has no file ./deploy/Dockerfile; set build.context and build.dockerfile"),
    ],
)  # fmt: skip
def test_why_a_build_failed(one, log, reason, message):
    assert failed(one, log) == ImageTrouble(reason, message, stalled=True)


def test_a_long_log_is_cut_at_its_beginning():
    message = failed(build(), [f"line {number} {'x' * 500}" for number in range(20)]).message
    assert "line 19" in message
    assert "line 0 " not in message
    assert len(message) < MOST_LOG + 400


def test_a_build_that_waits_for_another():
    other = BuildObservation("shop:1", "IN_PROGRESS", "BUILD", commit="f" * 40)
    assert under_way(other, COMMIT).message == "ffffffffffff is being built (BUILD), 1a2b3c4d5e6f comes after it; shop:1"
    assert under_way(other, COMMIT).working


def test_a_build_that_pushed_nothing():
    assert (
        empty(build(), "v1-x").message
        == "the build of 1a2b3c4d5e6f ended well, but the repository has no image of the tag v1-x; shop:1"
    )


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("with NPM_TOKEN=npm_abcdefghijklmnop rest", "with NPM_TOKEN=**** rest"),
        ('"password": "hunter2"', '"password": ****'),
        ("db_password = 'hunter 2' x", "db_password = **** x"),
        ("fetch https://user:hunter2@example.com/x", "fetch https://****@example.com/x"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ****"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key **** used"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "****"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "****"),
        ("x\n-----BEGIN RSA PRIVATE KEY-----\nabc\ndef", "x\n****"),
        ("main.c:12:5: error: 'shop' undeclared", "main.c:12:5: error: 'shop' undeclared"),
        ("exit code: 2", "exit code: 2"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text, instead):
    assert masked(text) == instead


@given(st.lists(st.text(max_size=400), max_size=30))
def test_whatever_a_log_says_the_message_fits_into_a_condition(log):
    assert len(failed(build(), log).message) <= 2000
