from datetime import timedelta

import pytest

from fargate_operator.actions import Nothing, Wait
from fargate_operator.conditions import Reason
from fargate_operator.errors import Transient
from fargate_operator.observation import ImageObservation, ImageTrouble
from fargate_operator.pace import Outcome, outcome
from fargate_operator.parsing import parse_app
from fargate_operator.status import summarize
from test_model import manifest
from test_status import NOW, seen, service


def told(one, later=0.0):
    """What a reconcile says that sees the same `later` seconds after it was seen first."""
    status = summarize(one)
    return outcome(seen(**{**_fields(one), "previous": status, "now": NOW + timedelta(seconds=later)}), status, 300.0, 900.0)


def _fields(one):
    return {"status": one.stack.status, "action": one.action, "services": one.services, "stack": one.stack}


@pytest.mark.parametrize(
    ("one", "later", "after"),
    [
        (seen(), 0, 300.0),
        (seen(services={"web": service(running=0)}), 4, 2.0),
        (seen(services={"web": service(running=0)}), 80, 20.0),
        (seen("UPDATE_IN_PROGRESS", Wait()), 0, 10.0),
        (seen("UPDATE_IN_PROGRESS", Wait()), 80, 20.0),
        (seen("UPDATE_IN_PROGRESS", Wait()), 36000, 600.0),
    ],
)
def test_the_longer_something_takes_the_seldomer_it_is_looked_at(one, later, after):
    assert told(one, later) == Outcome(after)


@pytest.mark.parametrize(("age", "after"), [(0, 60.0), (20, 40.0), (60, 30.0), (100, 50.0), (36000, 600.0)])
def test_a_stack_that_is_made_is_left_to_the_follower_but_for_a_look_at_its_services_now_and_then(age, after):
    since = {"type": "Reconciling", "status": "True", "lastTransitionTime": (NOW - timedelta(seconds=age)).isoformat()}
    one = seen("CREATE_IN_PROGRESS", Wait(), services=None, previous={"conditions": [since]})
    status = summarize(one)
    del status["services"]
    assert outcome(one, status, 300.0, 36000.0) == Outcome(after)


def test_a_stack_without_services_that_is_made_is_left_to_the_follower():
    one = seen("CREATE_IN_PROGRESS", Wait(), services=None, app=parse_app(manifest(services=None, tasks={"a": {"image": "app"}})))
    assert outcome(one, summarize(one), 300.0, 900.0) == Outcome(600.0)
    assert isinstance(seen().action, Nothing)


@pytest.mark.parametrize(
    ("trouble", "after"),
    [
        (ImageTrouble("BuildFailed", "no", stalled=True), 300.0),
        (ImageTrouble("RefNotFound", "no", stalled=True), 300.0),
        (ImageTrouble("RepositoryUnreachable", "503"), 300.0),
        (ImageTrouble("Building", "it is being built", working=True), 2.0),
        (ImageTrouble("ImageMissing", "push it"), 2.0),
    ],
)
def test_an_image_that_cannot_be_built_makes_nobody_read_services_more_often(trouble, after):
    one = seen(images={"app": ImageObservation("home", trouble=trouble)})
    assert outcome(one, summarize(one), 300.0, 900.0) == Outcome(after)


def test_services_that_do_not_run_are_looked_at_whatever_is_wrong_with_an_image():
    trouble = ImageTrouble("BuildFailed", "no", stalled=True)
    one = seen(images={"app": ImageObservation("home", trouble=trouble)}, services={"web": service(running=0)})
    assert outcome(one, summarize(one), 300.0, 900.0) == Outcome(2.0)


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (Transient(Reason.AwsUnavailable, "no answer"), "eu-west-1"),
        (Transient(Reason.Throttled, "rate exceeded"), "eu-west-1"),
        (Transient(Reason.AccessDenied, "not authorized"), ""),
        (KeyError("a bug"), ""),
    ],
)
def test_a_region_that_does_not_answer_is_waited_for_and_a_bug_is_not(error, away):
    one = seen(error=error, region="eu-west-1")
    assert outcome(one, summarize(one), 300.0, 900.0) == Outcome(failed=True, away=away)
