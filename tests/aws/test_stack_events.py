"""Of a stack's events the first cause; against recorded orders of events."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from fargate_operator.aws.stack_events import StackEvents
from fargate_operator.failure import told
from fargate_operator.observation import StackObservation

START = datetime(2026, 1, 1, tzinfo=UTC)
INITIATED = ("own", "UPDATE_IN_PROGRESS", "User Initiated")
QUEUE = ("Queue", "UPDATE_FAILED", "bad value")
BACK = ("own", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [Queue].")
END = ("own", "UPDATE_ROLLBACK_COMPLETE", "")


class CloudFormation:
    """Events of one stack, given the oldest first; counts the pages that are asked for."""

    def __init__(self, events):
        self.pages = 0
        self.events = [
            {"LogicalResourceId": name, "PhysicalResourceId": "stack" if name == "own" else name, "ResourceType": "AWS::X",
             "ResourceStatus": status, "ResourceStatusReason": reason, "Timestamp": START + timedelta(seconds=number), **dict(more)}
            for number, (name, status, reason, *more) in enumerate(events)
        ]  # fmt: skip

    def get_paginator(self, action):
        assert action == "describe_stack_events"
        return self

    def paginate(self, **_):
        for event in reversed(self.events):
            self.pages += 1
            yield {"StackEvents": [event]}


def failure(status, *events):
    return StackEvents(CloudFormation(events)).failure(StackObservation("shop", "stack", status))


@pytest.mark.parametrize(
    ("status", "events", "message"),
    [
        pytest.param(
            "UPDATE_ROLLBACK_COMPLETE",
            [("own", "CREATE_IN_PROGRESS", "User Initiated"), ("Topic", "CREATE_FAILED", "of before"), INITIATED, QUEUE,
             ("Role", "UPDATE_FAILED", "second"), ("Bucket", "UPDATE_FAILED", "Resource update cancelled"), BACK, END],
            "Queue (AWS::X): bad value\nfailed as well: Role",
            id="the first that failed of itself, of the last operation",
        ),
        pytest.param(
            "ROLLBACK_COMPLETE",
            [("own", "CREATE_IN_PROGRESS", "User Initiated"), ("Bucket", "CREATE_FAILED", "Resource creation cancelled"),
             ("Queue", "CREATE_FAILED", "bad value"), ("own", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Queue]. Rollback requested by user."),
             ("Bucket", "DELETE_FAILED", "not empty")],
            "Queue (AWS::X): bad value",
            id="not what the rollback could not delete, once it is through",
        ),
        pytest.param(
            "UPDATE_ROLLBACK_FAILED",
            [INITIATED, QUEUE, BACK, ("Data", "UPDATE_FAILED", "gone"), ("own", "UPDATE_ROLLBACK_FAILED", "")],
            "Data (AWS::X): gone\nwhat was rolled back: Queue (AWS::X): bad value",
            id="what stands in a rollback's way, then what it was for",
        ),
        pytest.param(
            "UPDATE_ROLLBACK_FAILED",
            [INITIATED, QUEUE, BACK, ("Data", "UPDATE_FAILED", "gone"), ("own", "UPDATE_ROLLBACK_FAILED", ""),
             ("own", "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"), ("Data", "UPDATE_FAILED", "still locked"), ("own", "UPDATE_ROLLBACK_FAILED", "")],
            "Data (AWS::X): still locked\nwhat was rolled back: Queue (AWS::X): bad value",
            id="of a rollback that was continued the last obstacle",
        ),
        pytest.param(
            "UPDATE_ROLLBACK_COMPLETE",
            [INITIATED, QUEUE, BACK, ("Data", "UPDATE_FAILED", "gone"), ("own", "UPDATE_ROLLBACK_FAILED", ""),
             ("own", "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"), END],
            "Queue (AWS::X): bad value",
            id="of one that was continued to its end what it was for",
        ),
        pytest.param(
            "UPDATE_ROLLBACK_COMPLETE",
            [INITIATED, ("own", "UPDATE_IN_PROGRESS", "", ("DetailedStatus", "CONFIGURATION_COMPLETE")), QUEUE, BACK, END],
            "Queue (AWS::X): bad value",
            id="that the work is configured begins no operation",
        ),
        pytest.param(
            "UPDATE_ROLLBACK_COMPLETE",
            [INITIATED, ("own", "UPDATE_ROLLBACK_IN_PROGRESS", "Transform AWS::X failed with: no such macro"), END],
            "Transform AWS::X failed with: no such macro",
            id="the stack's own reason where no resource failed",
        ),
        pytest.param("UPDATE_ROLLBACK_COMPLETE", [INITIATED, ("own", "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"), END], "", id="nothing where a person rolled it back"),
        pytest.param("DELETE_FAILED", [("own", "DELETE_IN_PROGRESS", "User Initiated"), ("Data", "DELETE_FAILED", "not empty")], "Data (AWS::X): not empty", id="what could not be deleted"),
        pytest.param(
            "UPDATE_ROLLBACK_COMPLETE",
            [(*INITIATED, ("OperationId", "2")), ("Old", "DELETE_FAILED", "late", ("OperationId", "1")), (*QUEUE, ("OperationId", "2")),
             (*BACK, ("OperationId", "3")), (*END, ("OperationId", "3"))],
            "Queue (AWS::X): bad value",
            id="by operation, where CloudFormation tells it",
        ),
    ],
)  # fmt: skip
def test_of_an_operation_that_failed_is_told(status, events, message):
    assert told(failure(status, *events)) == message


def test_pages_behind_the_last_operation_are_not_asked_for():
    aws = CloudFormation([("own", "CREATE_IN_PROGRESS", "")] * 500 + [INITIATED, QUEUE, BACK, END])
    assert StackEvents(aws).failure(StackObservation("shop", "stack", END[1])).logical_id == "Queue"
    assert aws.pages == 4


NESTED = "arn:aws:cloudformation:eu-west-1:1:stack/shop-Nested-1/2"
EMBEDDED = ("Nested", "UPDATE_FAILED", "Embedded stack was not successfully updated",
            ("ResourceType", "AWS::CloudFormation::Stack"), ("PhysicalResourceId", NESTED))  # fmt: skip


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ([("stack", "UPDATE_IN_PROGRESS", ""), QUEUE], "Nested/Queue (AWS::X): bad value"),
        (
            [("stack", "UPDATE_IN_PROGRESS", "")],
            "Nested (AWS::CloudFormation::Stack): Embedded stack was not successfully updated",
        ),
        (None, "Nested (AWS::CloudFormation::Stack): Embedded stack was not successfully updated"),
    ],
)
def test_of_a_nested_stack_is_told_what_failed_in_it_where_that_can_be_read(inner, expected):
    class Two(CloudFormation):
        def paginate(self, *, StackName):  # noqa: N803
            if StackName == "stack":
                return super().paginate()
            if inner is None:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStackEvents")
            return CloudFormation(inner).paginate()

    assert told(StackEvents(Two([INITIATED, EMBEDDED, BACK, END])).failure(StackObservation("shop", "stack", END[1]))) == expected
