"""What people are told of stacks that are stuck, and what the status remembers of the way out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fargate_operator.actions import Cancel, Create, Delete, Halt, Nothing, Recover, Recreate, Update, Wait
from fargate_operator.errors import Transient
from fargate_operator.notices import passing, surprise
from fargate_operator.observation import Piece, StackObservation
from fargate_operator.pace import Outcome, outcome
from fargate_operator.recovery import Named, named, still, undeletable
from fargate_operator.seen import attempt, gone, touched
from fargate_operator.status import summarize, transitions
from test_plan import OWNER
from test_status import NOW, seen, service

BUCKET = Piece("Bucket", "AWS::S3::Bucket", "DELETE_FAILED", "it is not empty", "shop-bucket")


def stack(status, **more):
    return StackObservation("shop", "id", status, owner=OWNER, updated_at=NOW, **more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Named()),
        ("Web", Named(("Web",))),
        (" Web , Other,Web,", Named(("Other", "Web"))),
        ("Web;rm -rf /,${Web}", Named((), ("${Web}", "Web;rm -rf /"))),
        ("A" * 256, Named((), ("A" * 40,))),
        ("Wéb", Named((), ("Wéb",))),
    ],
)
def test_an_annotation_names_logical_ids(text, expected):
    assert named(text) == expected


def test_however_much_is_stuck_the_message_fits_into_an_event():
    pieces = tuple(Piece(f"Resource{'x' * 40}{number}", "AWS::S3::Bucket", "DELETE_FAILED", "no " * 400) for number in range(60))
    message = undeletable(stack("DELETE_FAILED", pieces=pieces), Named(("Else",), ("no/id" * 8,)), "")
    assert "and 57 more" in message
    assert len(message) < 1536
    assert message[:1024].count("Resource") >= 3


def test_what_an_operation_without_progress_waits_for_is_told_with_what_the_service_lacks():
    web = Piece("WebService", "AWS::ECS::Service", "UPDATE_IN_PROGRESS")
    told = still(stack("UPDATE_IN_PROGRESS", pieces=(web,)), "12:00", {"WebService": "0 of 2 tasks run"}, alone=True)
    assert told == (
        "UPDATE_IN_PROGRESS: no event of the stack since 12:00; it waits for WebService (AWS::ECS::Service): 0 of 2 tasks run; "
        "with another spec the update is cancelled"
    )


def hanging(**more):
    web = Piece("WebService", "AWS::ECS::Service", "UPDATE_IN_PROGRESS")
    still_one = stack(
        "UPDATE_IN_PROGRESS", pieces=(web,), still=True, event_at=NOW - timedelta(minutes=16), template_digest="old"
    )
    lacks = {"web": service(running=0, rollout="IN_PROGRESS", stopped="CannotPullContainerError")}
    return seen("UPDATE_IN_PROGRESS", Wait(), **{"stack": still_one, "services": lacks, **more})


def test_no_progress_is_a_condition_and_one_warning():
    first = summarize(hanging())
    found = {one["type"]: one for one in first["conditions"]}
    assert found["Reconciling"]["reason"] == found["Ready"]["reason"] == "NoProgress"
    assert "CannotPullContainerError" in found["Ready"]["message"]
    assert "2026-01-02T02:48:05Z" in found["Ready"]["message"]
    [event] = transitions({}, first)
    assert (event.type, event.reason) == ("Warning", "NoProgress")
    later = summarize(hanging(previous=first, services={"web": service(running=0, desired=2, rollout="IN_PROGRESS")}))
    assert later != first
    assert transitions(first, later) == []


def test_the_look_at_the_deadline_is_not_missed():
    going = seen("CREATE_IN_PROGRESS", Wait(), services=None, stack=stack("CREATE_IN_PROGRESS"))
    status = summarize(going)
    assert outcome(going, status, 300.0, 45.0) == Outcome(45.0)
    quiet = replace(going, now=NOW + timedelta(seconds=100), stack=replace(going.stack, event_at=NOW + timedelta(seconds=40)))
    assert outcome(quiet, status, 300.0, 90.0) == Outcome(30.0)
    still_one = replace(quiet, stack=replace(quiet.stack, still=True, event_at=NOW))
    assert outcome(still_one, status, 300.0, 90.0) == Outcome(60.0)  # for the sake of its services


def test_when_a_service_moved_on_is_in_the_status_for_as_long_as_the_stack_is_busy():
    rolls = {"rollout": "IN_PROGRESS", "desired": 2}
    first = summarize(seen("UPDATE_IN_PROGRESS", Wait(), services={"web": service(**rolls, running=0)}))
    assert "movedAt" not in stack_of(first)
    later = {"now": NOW + timedelta(seconds=60), "services": {"web": service(**rolls, running=1)}}
    second = summarize(seen("UPDATE_IN_PROGRESS", Wait(), previous=first, **later))
    assert stack_of(second)["movedAt"] == "2026-01-02T03:05:05Z"
    assert stack_of(summarize(seen("UPDATE_IN_PROGRESS", Wait(), previous=second, services=None))) == stack_of(second)
    assert "movedAt" not in stack_of(summarize(seen("UPDATE_COMPLETE", Nothing(), previous=second)))


def stack_of(status):
    return status["stack"]


def test_an_update_that_was_cancelled_is_no_failure_of_what_comes_after_it():
    tried = stack_of(summarize(seen("UPDATE_IN_PROGRESS", Update("id"), template_digest="b", generation=2)))
    assert (tried["attemptedDigest"], tried["attemptedGeneration"]) == ("b", 2)
    cancelling = summarize(seen("UPDATE_IN_PROGRESS", Cancel("id"), previous={"stack": tried}, template_digest="c"))
    assert stack_of(cancelling)["undoing"] == "Cancel"
    waiting = summarize(seen("UPDATE_ROLLBACK_IN_PROGRESS", Wait(), previous=cancelling, template_digest="c"))
    assert stack_of(waiting)["undoing"] == "Cancel"
    assert not attempt(waiting, stack("UPDATE_ROLLBACK_COMPLETE"), None).failed
    applied = summarize(seen("UPDATE_IN_PROGRESS", Update("id"), previous=waiting, template_digest="c"))
    assert "undoing" not in stack_of(applied)
    assert attempt(applied, stack("UPDATE_ROLLBACK_COMPLETE"), None).failed == 1


def test_a_cancel_is_over_once_the_stack_was_seen_at_rest_whatever_becomes_of_the_next_update():
    before = {"stack": {**stack_of(summarize(seen("UPDATE_ROLLBACK_IN_PROGRESS", Wait()))), "undoing": "Cancel"}}
    rests = stack("UPDATE_ROLLBACK_COMPLETE")
    cut_off = {"action": None, "error": Transient("AwsUnavailable", "UpdateStack: timed out"), "template_digest": "b"}
    tried = attempt(before, rests, None)
    status = summarize(replace(seen(stack=rests, previous=before, attempt=tried), **cut_off))
    going = replace(rests, status="UPDATE_IN_PROGRESS")
    status = summarize(seen(action=Wait(), stack=going, previous=status, attempt=attempt(status, going, None)))
    assert "undoing" not in stack_of(status)
    assert attempt(status, replace(rests, updated_at=NOW + timedelta(minutes=5)), None).failed == 1


def test_the_continued_rollbacks_are_counted_until_one_gets_through():
    previous = {"stack": {"id": "id", "status": "UPDATE_ROLLBACK_FAILED"}}
    counts = []
    for _ in range(2):
        previous = summarize(seen("UPDATE_ROLLBACK_IN_PROGRESS", Recover("id", ("Web",)), previous=previous))
        previous = summarize(seen("UPDATE_ROLLBACK_IN_PROGRESS", Wait(), previous=previous))
        previous = summarize(seen("UPDATE_ROLLBACK_FAILED", Halt("RollbackFailed", "x"), previous=previous))
        counts.append((stack_of(previous)["recoveries"], stack_of(previous)["passedOver"]))
    assert counts == [(1, ["Web"]), (2, ["Web"])]
    through = summarize(seen("UPDATE_ROLLBACK_COMPLETE", Nothing(), previous=previous))
    assert not stack_of(through).keys() & {"recoveries", "passedOver"}


def test_a_deletion_that_the_operator_began_is_known_as_such_until_the_stack_is_made_again():
    previous = summarize(seen("DELETE_IN_PROGRESS", Recreate("id")))
    previous = summarize(seen("DELETE_IN_PROGRESS", Wait(), previous=previous))
    previous = summarize(seen("DELETE_FAILED", Halt("DeleteFailed", "x"), previous=previous))
    assert attempt(previous, stack("DELETE_FAILED"), None).undoing == "Recreate"
    assert not gone(previous)
    made = summarize(seen("CREATE_IN_PROGRESS", Create(), previous=previous))
    assert "undoing" not in stack_of(made)
    assert gone(made)


@pytest.mark.parametrize(
    ("before", "now", "later", "expected"),
    [
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE", 60, True),
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE", 0, False),
        ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", 60, False),
        ("CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", 60, False),
        ("CREATE_COMPLETE", "UPDATE_IN_PROGRESS", 60, False),
    ],
)
def test_a_stack_that_somebody_else_has_updated_is_known_by_its_time(before, now, later, expected):
    previous = summarize(seen(before, Nothing() if before.endswith("COMPLETE") else Wait()))
    moved = replace(stack(now), updated_at=NOW + timedelta(seconds=later))
    assert touched(previous, moved) is expected
    assert not touched({}, moved)


def test_what_is_left_behind_and_what_was_found_otherwise_is_told():
    holds = stack("DELETE_FAILED", pieces=(BUCKET,))
    left = passing(Delete("id", ("Bucket",)), holds)
    assert (left.reason, left.message) == (
        "Retained",
        "the stack shop is deleted, and stays behind in AWS: Bucket (AWS::S3::Bucket, shop-bucket)",
    )
    assert passing(Recover("id", ("Bucket",)), holds).reason == "RollbackSkipped"
    assert passing(Delete("id"), holds) is None
    had = seen(stack=None, previous={"stack": {"id": "id", "status": "CREATE_COMPLETE"}})
    assert [one.reason for one in surprise(had, Create(), stack("CREATE_IN_PROGRESS"))] == ["StackGone"]
    assert surprise(replace(had, previous={}), Create(), stack("CREATE_IN_PROGRESS")) == ()
