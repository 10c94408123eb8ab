"""What a person has let go counts for the incident that it was set for, and what a rollback has skipped is not forgotten."""

from dataclasses import replace

import pytest

from fargate_operator.actions import Delete, Halt, Nothing, Recover, Recreate, Update, Wait
from fargate_operator.incidents import RETAIN, SKIP, given
from fargate_operator.observation import Piece
from fargate_operator.plan import plan
from fargate_operator.seen import attempt
from fargate_operator.status import summarize
from test_plan import wish
from test_recovery import stack
from test_status import conditions, seen

WEB = Piece("Web", "AWS::ECS::Service", "UPDATE_FAILED", "it does not become stable")
JOB = Piece("Job", "AWS::ECS::Service", "UPDATE_FAILED", "gone")


class Story:
    """An app's turns, one after the other: what is planned for what is seen, with the status of the turn before."""

    def __init__(self):
        self.status, self.annotations, self.request = {}, {}, ""

    def turn(self, status, *pieces, after="", **wished):
        """The action; the stack is in `after` when it was carried out."""
        now = self.request not in ("", self.status.get("lastHandledReconcileAt", ""))
        one = seen(previous=self.status, asked=dict(self.annotations), stack=stack(status, template_digest="new", pieces=pieces))
        one = replace(one, attempt=attempt(self.status, one.stack, None), reconcile_at=self.request, template_digest="new")
        asks = {name: given(one, name, now=now) for name in (SKIP, RETAIN)}
        asks = wish(skip=asks[SKIP], retained=asks[RETAIN], reconcile_now=now, **wished)
        action = plan(asks, one.stack, one.attempt)
        self.seen = replace(one, action=action, stack=replace(one.stack, status=after) if after else one.stack)
        self.status = summarize(self.seen)
        return action


def test_an_annotation_of_an_older_incident_destroys_nothing():
    story = Story()
    story.annotations = {RETAIN: "Web"}
    story.turn("UPDATE_COMPLETE")
    failed = replace(WEB, status="DELETE_FAILED")
    for _ in range(2):
        halted = story.turn("DELETE_FAILED", failed)
        assert isinstance(halted, Halt)
        assert "fargate-operator.dev/retain was there before, and does not count" in halted.message
    story.annotations = {RETAIN: "Web,"}
    assert story.turn("DELETE_FAILED", failed, after="DELETE_IN_PROGRESS") == Recreate("id", ("Web",))


@pytest.mark.parametrize("deleting", [False, True])
def test_an_annotation_of_an_older_incident_counts_when_it_is_asked_for(deleting):
    story, expected = Story(), Delete if deleting else Recreate
    story.annotations = {RETAIN: "Web"}
    story.turn("UPDATE_COMPLETE")
    failed = replace(WEB, status="DELETE_FAILED")
    assert isinstance(story.turn("DELETE_FAILED", failed, deleting=deleting), Halt)
    story.request = "now"
    assert story.turn("DELETE_FAILED", failed, after="DELETE_IN_PROGRESS", deleting=deleting) == expected("id", ("Web",))
    story.turn("DELETE_IN_PROGRESS", deleting=deleting)
    assert isinstance(story.turn("DELETE_FAILED", failed, deleting=deleting), Halt)  # it waits for its time
    assert story.turn("DELETE_FAILED", failed, after="DELETE_IN_PROGRESS", deleting=deleting) == expected("id", ("Web",))


def test_after_a_lost_status_an_annotation_is_an_old_one():
    story = Story()
    story.annotations = {RETAIN: "Web"}
    for _ in range(2):
        assert isinstance(story.turn("DELETE_FAILED", replace(WEB, status="DELETE_FAILED")), Halt)


def test_an_annotation_for_a_stack_that_was_before_is_an_old_one():
    story = Story()
    story.turn("UPDATE_COMPLETE")
    story.annotations = {RETAIN: "Web"}
    story.status["stack"]["id"] = "another"
    for _ in range(2):
        assert isinstance(story.turn("DELETE_FAILED", replace(WEB, status="DELETE_FAILED")), Halt)


def failing(story, *stuck, rounds):
    """The continued rollbacks of so many failures, each for one of `stuck` in turn."""
    actions = []
    for number in range(rounds):
        action = story.turn("UPDATE_ROLLBACK_FAILED", stuck[number % len(stuck)], after="UPDATE_ROLLBACK_IN_PROGRESS")
        actions.append(action)
        story.turn("UPDATE_ROLLBACK_IN_PROGRESS")
    return [one.skip for one in actions if isinstance(one, Recover)]


def test_what_is_named_is_skipped_a_bounded_number_of_times_though_it_fails_in_turn():
    story = Story()
    story.turn("UPDATE_COMPLETE")
    assert failing(story, WEB, rounds=5) == [(), (), ()]
    story.annotations = {SKIP: "Web,Job"}
    assert failing(story, WEB, JOB, rounds=6) == [("Web",)]
    story.annotations = {SKIP: "Job,Web"}
    assert failing(story, JOB, WEB, rounds=6) == [("Job",)]
    story.request = "now"
    assert failing(story, WEB, rounds=3) == [("Web",)]


def test_what_was_skipped_for_an_older_rollback_is_not_skipped_again():
    story = Story()
    story.annotations = {SKIP: "Web"}
    story.turn("UPDATE_COMPLETE")
    assert failing(story, WEB, rounds=5) == [(), (), ()]


def skipped():
    """A stack whose rollback has skipped Web, and whose spec is the one of before again."""
    story = Story()
    story.turn("UPDATE_COMPLETE")
    story.annotations = {SKIP: "Web"}
    story.turn("UPDATE_ROLLBACK_FAILED", WEB, after="UPDATE_ROLLBACK_IN_PROGRESS")
    story.turn("UPDATE_ROLLBACK_IN_PROGRESS")
    assert story.turn("UPDATE_ROLLBACK_COMPLETE") == Nothing()
    return story


def test_what_a_rollback_has_skipped_is_told_for_as_long_as_it_is_not_set_right():
    story = skipped()
    for _ in range(2):
        found = conditions(story.seen)
        assert found["Ready"] == ("False", "RollbackSkipped")
        assert found["Stalled"] == ("True", "RollbackSkipped")
        assert found["StackReady"] == ("False", "RollbackSkipped")
        assert "skipped Web: the stack's template and what there is differ" in story.status["conditions"][0]["message"]
        story.turn("UPDATE_ROLLBACK_COMPLETE")
    assert story.status["stack"]["skipped"] == ["Web"]


def test_an_update_that_came_to_its_end_has_set_it_right():
    story = skipped()
    assert isinstance(story.turn("UPDATE_IN_PROGRESS"), Wait)
    assert story.status["stack"]["skipped"] == ["Web"]
    story.turn("UPDATE_COMPLETE")
    assert "skipped" not in story.status["stack"]
    assert conditions(story.seen)["Ready"] == ("True", "Succeeded")


def test_an_update_that_failed_has_not():
    story = skipped()
    story.turn("UPDATE_IN_PROGRESS")
    story.turn("UPDATE_ROLLBACK_COMPLETE")
    assert story.status["stack"]["skipped"] == ["Web"]


def test_a_person_who_has_mended_it_says_so():
    story = skipped()
    story.request = "mended"
    story.turn("UPDATE_ROLLBACK_COMPLETE")
    assert conditions(story.seen)["Ready"] == ("True", "Succeeded")
    story.turn("UPDATE_ROLLBACK_COMPLETE")
    assert conditions(story.seen)["Ready"] == ("True", "Succeeded")


@pytest.mark.parametrize(("state", "expected"), [("InSync", None), ("Drifted", ["Web"]), ("Unknown", ["Web"])])
def test_a_detection_without_drift_proves_it(state, expected):
    story = skipped()
    found = summarize(replace(story.seen, drift={"state": state, "checkedAt": "2026-01-02T03:04:05Z"}))
    assert found["stack"].get("skipped") == expected


def test_another_spec_is_applied_over_it():
    story = skipped()
    assert plan(replace(wish(), template_digest="other"), story.seen.stack, story.seen.attempt) == Update("id")
