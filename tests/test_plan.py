import itertools
from dataclasses import replace

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fargate_operator.actions import Cancel, Create, Delete, Halt, Nothing, Protect, Recover, Recreate, Rollback, Update, Wait
from fargate_operator.observation import Owner, Piece, StackObservation
from fargate_operator.plan import Attempt, Wish, busy, plan
from fargate_operator.recovery import CANCEL, RECREATE, Named, named

WEB = Piece("Web", "AWS::ECS::Service", "UPDATE_FAILED", "not stable")
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
    flags = (
        "deleting",
        "retain",
        "abandon",
        "suspend",
        "termination_protection",
        "reconcile_now",
        "adopt",
        "keep_failed",
        "changed",
    )
    for chosen in itertools.product((False, True), repeat=len(flags)):
        for attempt in (NONE, FAILED, Attempt("new", 2, "throttled", passing=True), Attempt("other", 9, "x")):
            action = plan(wish(**dict(zip(flags, chosen, strict=True))), stack(status), attempt)
            assert isinstance(action, Create | Update | Protect | Wait | Recover | Rollback | Recreate | Delete | Halt | Nothing)
            if busy(status):
                assert isinstance(action, Wait | Halt | Nothing)


@settings(max_examples=500, deadline=None)
@given(
    st.builds(
        Wish,
        st.sampled_from([OWNER, Owner("other", "team-a", "shop")]),
        template_digest=st.sampled_from(["", "old", "new"]),
        approval=st.sampled_from(["Automatic", "OnReplacement", "Manual"]),
        **{flag: st.booleans() for flag in ("deleting", "suspend", "reconcile_now", "adopt", "keep_failed", "changed")},
        skip=st.just(Named(("Web",))),
        retained=st.just(Named(("Web",))),
    ),
    st.builds(
        StackObservation,
        st.just("shop"),
        st.just("id"),
        st.sampled_from(STATES),
        owner=st.sampled_from([OWNER, None]),
        template_digest=st.sampled_from(["", "old", "new"]),
        pieces=st.sampled_from([(), (WEB,)]),
        still=st.booleans(),
        ours=st.booleans(),
        slow=st.booleans(),
        termination_protection=st.booleans(),
    ),
    st.builds(Attempt, st.sampled_from(["", "old", "new"]), undoing=st.sampled_from(["", CANCEL, RECREATE])),
)
def test_of_a_busy_stack_only_what_makes_no_progress_and_is_wished_no_longer_is_cut_off(wished, seen, attempt):
    action = plan(wished, seen, attempt)
    if not busy(seen.status):
        assert not isinstance(action, Cancel)
    elif isinstance(action, Cancel):
        assert (seen.status, seen.still, seen.owner) == ("UPDATE_IN_PROGRESS", True, wished.owner)
        assert wished.deleting or (seen.ours and not seen.slow and not wished.suspend)
        assert wished.deleting or (wished.changed and attempt.digest not in {"", wished.template_digest})
        assert wished.deleting or (wished.approval == "Automatic" and not wished.keep_failed and not wished.adopt)
    elif isinstance(action, Recreate | Delete):
        assert (seen.status, seen.still, seen.owner) == ("CREATE_IN_PROGRESS", True, wished.owner)
        assert not seen.termination_protection
    else:
        assert isinstance(action, Wait | Halt | Nothing)


def test_an_update_without_progress_is_cancelled_for_another_spec_only():
    tried = Attempt("tried")
    hangs = stack("UPDATE_IN_PROGRESS", still=True, ours=True)
    assert plan(wish(changed=True), hangs, tried) == Cancel("id")
    assert plan(wish(changed=True), replace(hangs, ours=False), tried) == Wait()  # somebody else has begun or approved it
    assert plan(wish(changed=True), replace(hangs, slow=True), tried) == Wait()
    assert plan(wish(deleting=True), replace(hangs, ours=False), tried) == Cancel("id")
    assert plan(wish(changed=True), stack("UPDATE_IN_PROGRESS"), tried) == Wait()
    assert plan(wish(), hangs, tried) == Wait()  # the template differs for what the operator itself has looked up
    assert plan(wish(changed=True), hangs, Attempt("new")) == Wait()
    assert plan(wish(changed=True), hangs, NONE) == Wait()  # what is under way is not known
    for waits in ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        assert plan(wish(changed=True), stack(waits, still=True, ours=True), tried) == Wait()
    for asks in ({"approval": "Manual"}, {"approval": "OnReplacement"}, {"keep_failed": True}, {"adopt": True}):
        assert plan(wish(changed=True, **asks), hangs, tried) == Wait()
    assert plan(wish(changed=True, suspend=True), hangs, tried) == Nothing()
    assert plan(wish(deleting=True), hangs, tried) == Cancel("id")


def test_a_stack_that_never_came_up_and_makes_no_progress_makes_room_for_another_spec():
    hangs = stack("CREATE_IN_PROGRESS", still=True, ours=True)
    assert plan(wish(changed=True), hangs, Attempt("tried")) == Recreate("id")
    assert plan(wish(changed=True), stack("CREATE_IN_PROGRESS"), Attempt("tried")) == Wait()
    assert plan(wish(deleting=True), hangs, Attempt("tried")) == Delete("id")
    assert plan(wish(deleting=True), stack("CREATE_IN_PROGRESS"), Attempt("tried")) == Wait()
    guarded = stack("CREATE_IN_PROGRESS", still=True, ours=True, termination_protection=True)
    assert plan(wish(changed=True), guarded, Attempt("tried")) == Wait()


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
    actions = [plan(wish(), stack("UPDATE_ROLLBACK_FAILED"), Attempt("new", 9, "x", recoveries=count)) for count in (0, 1, 2, 3)]
    assert [type(one) for one in actions] == [Recover, Recover, Recover, Halt]
    assert isinstance(plan(wish(), stack("IMPORT_ROLLBACK_FAILED"), NONE), Halt)


def test_a_rollback_skips_what_is_named_and_failed_and_another_name_is_another_try():
    failed = stack("UPDATE_ROLLBACK_FAILED", pieces=(WEB, Piece("Job", "AWS::ECS::Service", "UPDATE_FAILED", "gone")))
    given = named("Web, Table,no/id")
    spent = Attempt("new", 4, "x", recoveries=3)
    assert plan(wish(skip=given), failed, NONE) == Recover("id", ("Web",))
    assert plan(wish(skip=given), failed, spent) == Recover("id", ("Web",))
    halted = plan(wish(skip=replace(given, tried=True)), failed, spent)
    assert isinstance(halted, Halt)
    assert "Job (AWS::ECS::Service): gone" in halted.message
    assert "skip-rollback=Web,Job" in halted.message
    assert "'no/id' is no logical ID" in halted.message
    assert "Table did not fail" in halted.message
    assert plan(wish(skip=replace(given, tried=True)), failed, NONE) == Recover("id", ("Web",))
    assert plan(wish(skip=replace(given, old=True)), failed, NONE) == Recover("id")
    assert plan(wish(skip=named("Web,Job")), failed, spent) == Recover("id", ("Job", "Web"))


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


def test_what_could_not_be_deleted_is_tried_again_in_its_time_and_left_behind_where_it_is_named():
    failed = stack(
        "DELETE_FAILED", pieces=(Piece("Bucket", "AWS::S3::Bucket", "DELETE_FAILED", "it is not empty", "shop-bucket"),)
    )
    fresh = Attempt("", 3, "x", fresh=True, undoing=RECREATE)
    for asked, again in ((wish(deleting=True), Delete), (wish(), Recreate)):
        halted = plan(asked, failed, fresh)
        assert isinstance(halted, Halt)
        assert (halted.reason, halted.retry_after) == ("DeleteFailed", 120.0)
        assert "Bucket (AWS::S3::Bucket): it is not empty" in halted.message
        assert "retain=Bucket" in halted.message
        assert plan(asked, failed, replace(fresh, fresh=False)) == again("id")
        letting = replace(asked, retained=named("Bucket,Other"))
        assert plan(letting, failed, fresh) == again("id", ("Bucket",))
        tried = replace(letting, retained=replace(letting.retained, tried=True))
        assert isinstance(plan(tried, failed, fresh), Halt)
        assert plan(tried, failed, replace(fresh, fresh=False)) == again("id", ("Bucket",))
        assert plan(replace(tried, reconcile_now=True), failed, fresh) == again("id", ("Bucket",))
        assert isinstance(plan(replace(asked, retained=replace(letting.retained, old=True)), failed, fresh), Halt)


def test_a_deletion_that_somebody_else_began_is_not_gone_on_with_unasked():
    failed, seen = stack("DELETE_FAILED", pieces=(WEB,)), Attempt("old", 1, "x")
    halted = plan(wish(), failed, seen)
    assert isinstance(halted, Halt)
    assert halted.retry_after is None
    assert "reconcile now to have the stack deleted and made again" in halted.message
    assert plan(wish(reconcile_now=True), failed, seen) == Recreate("id")
    assert plan(wish(retained=named("Web")), failed, seen) == Recreate("id", ("Web",))


def test_the_protection_of_a_stack_that_never_came_up_is_no_dead_end():
    empty = stack("ROLLBACK_COMPLETE", termination_protection=True)
    assert plan(wish(termination_protection=True), empty, NONE) == Protect("id", on=False)
    assert isinstance(plan(wish(), empty, NONE), Halt)
    for status in ("ROLLBACK_FAILED", "CREATE_FAILED"):
        holds = stack(status, termination_protection=True)
        assert isinstance(plan(wish(termination_protection=True), holds, NONE), Halt)
        assert plan(wish(termination_protection=False), holds, NONE) == Protect("id", on=False)


def test_a_stack_that_somebody_else_has_updated_is_brought_back():
    assert plan(wish(), stack("UPDATE_COMPLETE", template="new"), Attempt("new", touched=True)) == Update("id")


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
