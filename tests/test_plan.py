import itertools

import boto3
import pytest

from fargate_operator.observation import Owner, StackObservation
from fargate_operator.plan import (
    Attempt,
    Create,
    Delete,
    Halt,
    Nothing,
    Protect,
    Recover,
    Recreate,
    Rollback,
    Update,
    Wait,
    Wish,
    busy,
    plan,
)

OWNER = Owner("installation", "team-a", "shop")
STATES = sorted(boto3.Session(region_name="eu-west-1").client("cloudformation").meta.service_model.shape_for("StackStatus").enum)
NONE = Attempt()
FAILED = Attempt("new", 1, "no such subnet")


def stack(status, owner=OWNER, template="old", **more):
    return StackObservation("shop", "id", status, owner=owner, template_digest=template, **more)


def wish(**more):
    return Wish(OWNER, template_digest="new", **more)


def test_cloudformation_has_the_states_that_were_planned_for():
    assert len(STATES) == 23


@pytest.mark.parametrize("status", STATES)
def test_every_state_has_an_answer_and_no_busy_stack_is_written_to(status):
    flags = ("deleting", "retain", "abandon", "suspend", "termination_protection", "reconcile_now", "adopt", "keep_failed")
    for chosen in itertools.product((False, True), repeat=len(flags)):
        for attempt in (NONE, FAILED, Attempt("new", 2, "throttled", passing=True), Attempt("other", 9, "x")):
            action = plan(wish(**dict(zip(flags, chosen, strict=True))), stack(status), attempt)
            assert isinstance(action, Create | Update | Protect | Wait | Recover | Rollback | Recreate | Delete | Halt | Nothing)
            if busy(status):
                assert isinstance(action, Wait | Halt | Nothing)


@pytest.mark.parametrize("status", STATES)
def test_a_stack_of_somebody_else_is_never_written_to(status):
    for owner in (None, Owner("other", "team-a", "shop")):
        for deleting, now in itertools.product((False, True), repeat=2):
            action = plan(wish(deleting=deleting, reconcile_now=now), stack(status, owner), NONE)
            allowed = Create | Nothing if status == "DELETE_COMPLETE" else Halt | Nothing
            assert isinstance(action, allowed)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("CREATE_COMPLETE", Update("id")),
        ("UPDATE_ROLLBACK_COMPLETE", Update("id")),
        ("ROLLBACK_COMPLETE", Recreate("id")),
        ("ROLLBACK_FAILED", Recreate("id")),
        ("CREATE_FAILED", Recreate("id")),
        ("UPDATE_FAILED", Rollback("id")),
        ("UPDATE_ROLLBACK_FAILED", Recover("id")),
        ("DELETE_COMPLETE", Create()),
        ("REVIEW_IN_PROGRESS", Recreate("id")),
        ("UPDATE_IN_PROGRESS", Wait()),
    ],
)
def test_a_changed_template_is_brought_to_a_stack_in_any_state(status, expected):
    assert plan(wish(), stack(status), NONE) == expected


def test_no_stack_is_created():
    assert plan(wish(), None, NONE) == Create()


def test_an_unchanged_template_is_left_alone():
    assert plan(wish(), stack("UPDATE_COMPLETE", template="new"), NONE) == Nothing()
    assert plan(wish(), stack("UPDATE_ROLLBACK_COMPLETE", template="new"), FAILED) == Nothing()


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_COMPLETE"])
def test_the_same_template_is_not_tried_twice_but_on_reconcile_now(status):
    halted = plan(wish(), stack(status), FAILED)
    assert isinstance(halted, Halt)
    assert halted.message == "no such subnet"
    assert not isinstance(plan(wish(reconcile_now=True), stack(status), FAILED), Halt)


def test_a_reason_that_passes_by_itself_is_tried_again_a_few_times():
    tries = [plan(wish(), stack("ROLLBACK_COMPLETE"), Attempt("new", count, "throttled", passing=True)) for count in (1, 4, 5)]
    assert [type(one) for one in tries] == [Recreate, Recreate, Halt]


def test_a_failed_rollback_is_continued_three_times_at_most():
    actions = [plan(wish(), stack("UPDATE_ROLLBACK_FAILED"), Attempt("new", count, "x")) for count in (1, 2, 3, 4)]
    assert [type(one) for one in actions] == [Recover, Recover, Recover, Halt]


def test_what_failed_stays_for_a_look_until_the_template_or_the_wish_changes():
    looked_at = wish(keep_failed=True)
    for status in ("CREATE_FAILED", "UPDATE_FAILED"):
        assert isinstance(plan(looked_at, stack(status), FAILED), Halt)
        assert isinstance(plan(looked_at, stack(status), Attempt("new", 1, "throttled", passing=True)), Halt)
        assert plan(looked_at, stack(status), Attempt("older", 1, "x")) == Update("id")
    assert plan(wish(), stack("UPDATE_FAILED"), FAILED) == Rollback("id")


def test_a_stack_is_taken_over_only_where_both_sides_say_so():
    adopting = wish(adopt=True)
    for owner in (None, Owner("other", "team-a", "shop")):
        assert plan(adopting, stack("UPDATE_COMPLETE", owner, adoptable_by="team-a/shop"), NONE) == Update("id")
        assert plan(adopting, stack("UPDATE_COMPLETE", owner, "new", adoptable_by="team-a/shop"), NONE) == Update("id")
        for refused in (
            plan(wish(), stack("UPDATE_COMPLETE", owner, adoptable_by="team-a/shop"), NONE),
            plan(adopting, stack("UPDATE_COMPLETE", owner), NONE),
            plan(adopting, stack("UPDATE_COMPLETE", owner, adoptable_by="team-a/shop2"), NONE),
            plan(adopting, stack("UPDATE_IN_PROGRESS", owner, adoptable_by="team-a/shop"), NONE),
            plan(adopting, stack("ROLLBACK_COMPLETE", owner, adoptable_by="team-a/shop"), NONE),
        ):
            assert isinstance(refused, Halt)
        gone = plan(wish(adopt=True, deleting=True), stack("UPDATE_COMPLETE", owner, adoptable_by="team-a/shop"), NONE)
        assert isinstance(gone, Nothing)


def test_an_empty_shell_is_taken_by_a_change_set_or_deleted():
    assert plan(wish(approval="Manual"), stack("REVIEW_IN_PROGRESS"), NONE) == Create()
    assert plan(wish(approval="OnReplacement"), stack("REVIEW_IN_PROGRESS"), NONE) == Recreate("id")
    assert plan(wish(deleting=True, retain=True), stack("REVIEW_IN_PROGRESS"), NONE) == Delete("id")


def test_deletion():
    deleting = wish(deleting=True)
    assert plan(deleting, None, NONE) == Nothing(release=True)
    assert plan(deleting, stack("DELETE_COMPLETE"), NONE) == Nothing(release=True)
    assert plan(deleting, stack("UPDATE_COMPLETE"), NONE) == Delete("id")
    assert plan(deleting, stack("DELETE_FAILED"), NONE) == Delete("id")
    assert plan(deleting, stack("DELETE_IN_PROGRESS"), NONE) == Wait()


def test_a_retained_or_abandoned_stack_is_let_go():
    for kept in (
        plan(wish(deleting=True, retain=True), stack("CREATE_COMPLETE"), NONE),
        plan(wish(deleting=True, abandon=True), stack("CREATE_COMPLETE"), NONE),
    ):
        assert isinstance(kept, Nothing)
        assert kept.release
        assert kept.note


def test_deleting_never_switches_termination_protection_off():
    assert isinstance(plan(wish(deleting=True, termination_protection=True), stack("CREATE_COMPLETE"), NONE), Halt)
    assert isinstance(plan(wish(deleting=True), stack("CREATE_COMPLETE", termination_protection=True), NONE), Halt)


def test_termination_protection_follows_the_object_and_stays_as_it_is_where_the_object_does_not_say():
    settled = stack("CREATE_COMPLETE", template="new")
    guarded = stack("UPDATE_COMPLETE", template="new", termination_protection=True)
    assert plan(wish(termination_protection=True), settled, NONE) == Protect("id", on=True)
    assert plan(wish(termination_protection=False), guarded, NONE) == Protect("id", on=False)
    assert plan(wish(termination_protection=True), guarded, NONE) == Nothing()
    assert plan(wish(), guarded, NONE) == Nothing()


def test_suspended_nothing_is_touched_but_a_deletion_is_carried_out():
    assert plan(wish(suspend=True), None, NONE) == Nothing()
    assert plan(wish(suspend=True, deleting=True), stack("CREATE_COMPLETE"), NONE) == Delete("id")
