"""What a stack's events tell of its last operation; the newest first, as AWS tells them."""

from datetime import UTC, datetime, timedelta

from fargate_operator.observation import Piece
from fargate_operator.operations import StackEvent, newest, stuck, under_way

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def events(*told):
    """In the order in which they happened; `Stack` is the stack itself."""
    made = [
        StackEvent(Piece(name, "AWS::ECS::Service", status, reason), BEGAN + timedelta(seconds=at), own=name == "Stack")
        for at, (name, status, reason) in enumerate(told)
    ]
    return list(reversed(made))


def test_a_resource_is_as_its_newest_event_has_it():
    told = events(("Stack", "UPDATE_IN_PROGRESS", ""), ("Web", "UPDATE_IN_PROGRESS", ""), ("Web", "UPDATE_COMPLETE", ""))
    assert [(one.logical_id, one.status) for one in newest(told)] == [("Web", "UPDATE_COMPLETE")]


def test_what_an_operation_waits_for_is_what_is_in_progress():
    told = events(
        ("Stack", "UPDATE_IN_PROGRESS", ""),
        ("Job", "UPDATE_IN_PROGRESS", ""),
        ("Web", "UPDATE_IN_PROGRESS", ""),
        ("Job", "UPDATE_COMPLETE", ""),
    )
    assert [one.logical_id for one in under_way(told)] == ["Web"]


def test_only_what_failed_in_the_rollback_stands_in_its_way():
    told = events(
        ("Stack", "UPDATE_IN_PROGRESS", ""),
        ("Broken", "UPDATE_FAILED", "no such image"),
        ("CutOff", "UPDATE_FAILED", "Resource update cancelled"),
        ("Stack", "UPDATE_ROLLBACK_IN_PROGRESS", ""),
        ("Web", "UPDATE_FAILED", "not stable"),
        ("Broken", "UPDATE_COMPLETE", ""),
        ("Stack", "UPDATE_ROLLBACK_FAILED", ""),
    )
    assert [(one.logical_id, one.reason) for one in stuck("UPDATE_ROLLBACK_FAILED", told)] == [("Web", "not stable")]


def test_of_a_rollback_that_was_continued_what_was_skipped_is_out_of_the_way():
    told = events(
        ("Stack", "UPDATE_IN_PROGRESS", ""),
        ("Stack", "UPDATE_ROLLBACK_IN_PROGRESS", ""),
        ("Job", "UPDATE_FAILED", "gone"),
        ("Web", "UPDATE_FAILED", "not stable"),
        ("Stack", "UPDATE_ROLLBACK_FAILED", ""),
        ("Stack", "UPDATE_ROLLBACK_IN_PROGRESS", ""),
        ("Job", "UPDATE_COMPLETE", "skipped"),
        ("Stack", "UPDATE_ROLLBACK_FAILED", ""),
    )
    assert [one.logical_id for one in stuck("UPDATE_ROLLBACK_FAILED", told)] == ["Web"]


def test_what_could_not_be_deleted_is_told_and_what_could_is_not():
    told = events(
        ("Stack", "DELETE_IN_PROGRESS", ""),
        ("Web", "DELETE_COMPLETE", ""),
        ("Bucket", "DELETE_FAILED", "not empty"),
        ("Stack", "DELETE_FAILED", ""),
    )
    assert [(one.logical_id, one.reason) for one in stuck("DELETE_FAILED", told)] == [("Bucket", "not empty")]
