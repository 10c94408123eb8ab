from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fargate_operator.actions import Await, Create, Discard, Execute, Halt, Propose, Update
from fargate_operator.approval import change_set_name, destructive, review, told
from fargate_operator.conditions import Reason
from fargate_operator.observation import Change, ChangeSet, Owner, StackObservation
from fargate_operator.plan import Wish, by_change_set
from fargate_operator.seen import Seen
from fargate_operator.status import summarize

OWNER = Owner("installation", "team-a", "shop")
STACK = StackObservation("shop", "id", "UPDATE_COMPLETE", owner=OWNER)
MODIFIED = Change("Modify", "Web", "AWS::ECS::Service", "False")
REVISED = Change("Modify", "WebTask", "AWS::ECS::TaskDefinition", "True")
REPLACED = Change("Modify", "Table", "AWS::DynamoDB::Table", "True")
PERHAPS = Change("Modify", "Queue", "AWS::SQS::Queue", "Conditional")
REMOVED = Change("Remove", "Topic", "AWS::SNS::Topic")
ADDED = Change("Add", "Bucket", "AWS::S3::Bucket")
IMPORTED = Change("Import", "Old", "AWS::SQS::Queue")


def change_set(*changes, status="CREATE_COMPLETE", execution="AVAILABLE", reason=""):
    return ChangeSet("arn:set", "name", status, execution, reason, changes, "sha256:new")


def wish(approval="Automatic", **more):
    return Wish(OWNER, template_digest="new", approval=approval, **more)


@pytest.mark.parametrize(
    ("approval", "adopt", "expected"),
    [
        ("Automatic", False, (False, False)),
        ("OnReplacement", False, (False, True)),
        ("Manual", False, (True, True)),
        ("Automatic", True, (True, True)),
    ],
)
def test_only_what_is_to_be_looked_at_goes_by_a_change_set(approval, adopt, expected):
    one = wish(approval, adopt=adopt)
    assert (by_change_set(one, Create()), by_change_set(one, Update("id"))) == expected
    assert not by_change_set(one, Halt("x", "y"))
    assert by_change_set(replace(one, keep_failed=True), Update("id"))


@pytest.mark.parametrize(
    ("approval", "changes", "waits"),
    [
        ("Manual", (), True),
        ("Manual", (MODIFIED,), True),
        ("OnReplacement", (MODIFIED, REVISED, ADDED), False),
        ("OnReplacement", (MODIFIED, REPLACED), True),
        ("OnReplacement", (PERHAPS,), True),
        ("OnReplacement", (REMOVED,), True),
        ("OnReplacement", (Change("Dynamic", "Queue", "AWS::SQS::Queue"),), True),
        ("OnReplacement", (Change("Remove", "MigrateTask", "AWS::ECS::TaskDefinition"),), True),
        ("OnReplacement", (Change("Remove", "ApiVersion", "AWS::Lambda::Version"),), False),
        ("Automatic", (REPLACED, REMOVED), False),
        ("Automatic", (ADDED, IMPORTED), True),
    ],
)
def test_what_waits_for_approval(approval, changes, waits):
    made = change_set(*changes)
    one = wish(approval, adopt=True)
    assert review(one, Update("id"), STACK, made) == (Await(made, approval=True) if waits else Execute(made, create=False))
    assert review(replace(one, approved="arn:other"), Update("id"), STACK, made) == review(one, Update("id"), STACK, made)
    assert review(replace(one, approved="arn:set"), Update("id"), STACK, made) == Execute(made, create=False)


def test_taking_over_a_stack_always_waits():
    made = change_set(MODIFIED)
    theirs = replace(STACK, owner=None)
    assert review(wish(adopt=True), Update("id"), theirs, made) == Await(made, approval=True)
    assert review(wish(adopt=True), Create(), replace(theirs, status="REVIEW_IN_PROGRESS"), made) == Execute(made, create=True)


@pytest.mark.parametrize("status", ["CREATE_PENDING", "CREATE_IN_PROGRESS", "DELETE_PENDING", "DELETE_IN_PROGRESS"])
def test_a_change_set_that_cloudformation_works_on_is_waited_for(status):
    made = change_set(status=status, execution="UNAVAILABLE")
    assert review(wish("Manual", approved="arn:set"), Update("id"), STACK, made) == Await(made, approval=False)


def test_without_one_it_is_made():
    assert review(wish("Manual"), Create(), None, None) == Propose(create=True)
    assert review(wish("Manual"), Update("id"), STACK, None) == Propose(create=False)


def test_one_without_changes_to_resources_has_nothing_to_approve():
    for reason in ("The submitted information didn't contain changes. Submit …", "No updates are to be performed."):
        made = change_set(status="FAILED", execution="UNAVAILABLE", reason=reason)
        assert review(wish("Manual"), Update("id"), STACK, made) == Update("id")
        taken = review(wish(adopt=True), Update("id"), replace(STACK, owner=None), made)  # it was not shown, nor approved
        assert isinstance(taken, Halt)


def test_one_that_failed_says_why_and_is_made_anew_on_reconcile_now():
    made = change_set(status="FAILED", execution="UNAVAILABLE", reason="must have the DeletionPolicy")
    halted = review(wish(adopt=True), Update("id"), STACK, made)
    assert halted == Halt(Reason.ChangeSetFailed, "must have the DeletionPolicy")
    assert review(wish(adopt=True, reconcile_now=True), Update("id"), STACK, made) == Discard(made)


@pytest.mark.parametrize("execution", ["OBSOLETE", "EXECUTE_COMPLETE", "EXECUTE_FAILED", "UNAVAILABLE"])
def test_one_that_can_no_longer_be_carried_out_is_never_carried_out(execution):
    made = change_set(MODIFIED, execution=execution)
    assert review(wish("Manual", approved="arn:set"), Update("id"), STACK, made) == Discard(made)


def test_its_name_is_another_one_for_anything_else():
    names = [
        change_set_name(OWNER, STACK, "a"),
        change_set_name(OWNER, STACK, "b"),
        change_set_name(OWNER, replace(STACK, updated_at=datetime(2026, 1, 1, tzinfo=UTC)), "a"),
        change_set_name(OWNER, replace(STACK, id="other"), "a"),
        change_set_name(replace(OWNER, name="other"), STACK, "a"),
        change_set_name(OWNER, None, "a"),
    ]
    assert len(set(names)) == len(names)
    shell = replace(STACK, id="shell", status="REVIEW_IN_PROGRESS")
    assert change_set_name(OWNER, shell, "a") == change_set_name(OWNER, None, "a")
    assert all(len(one) <= 128 for one in names)


def test_what_goes_is_told_by_name_and_first():
    everything = (ADDED, MODIFIED, REVISED, REMOVED, REPLACED, IMPORTED, PERHAPS)
    assert told(everything) == "removes Topic; replaces Queue, Table; modifies 2, imports 1, adds 1"
    assert told(()) == "changes outputs only"
    assert [destructive(one) for one in everything] == [False, False, False, True, True, False, True]


def test_the_plan_in_the_status_is_bounded_and_goes_with_its_spec():
    many = [Change("Add", f"Q{number:02}", "AWS::SQS::Queue") for number in range(70)]
    made = change_set(*many, REPLACED)
    seen = Seen({}, 3, datetime(2026, 1, 1, tzinfo=UTC), stack=STACK, action=Await(made, approval=True))
    status = summarize(seen)
    plan = status["plan"]
    assert plan["changeSetId"] == "arn:set"
    assert plan["changes"][0] == {
        "action": "Modify", "logicalId": "Table", "type": "AWS::DynamoDB::Table", "replacement": "True",
    }  # fmt: skip
    assert (len(plan["changes"]), plan["omitted"]) == (50, 21)
    ready = next(one for one in status["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "AwaitingApproval")
    assert "fargate-operator.dev/approve=arn:set" in ready["message"]
    cut_off = replace(seen, previous=status, action=None, error=RuntimeError())
    assert summarize(cut_off)["plan"] == plan
    assert "plan" not in summarize(replace(cut_off, generation=4))
    assert "plan" not in summarize(replace(seen, previous=status, action=Execute(made, create=False)))
