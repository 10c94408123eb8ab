"""Drift detection, against a CloudFormation that holds its answers."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fargate_operator.aws.drift import Detected, Drifts
from fargate_operator.drift import ResourceDrift
from fargate_operator.errors import Terminal, Transient, Waiting

SECRET = "hunter2"


class CloudFormation:
    def __init__(self, *pages: list[dict[str, Any]], status: dict[str, str] | None = None, error: tuple[str, str] | None = None):
        self.pages, self.status, self.error = pages, status or {}, error
        self.asked: list[dict[str, Any]] = []

    def get(self, *_: str) -> "CloudFormation":
        return self

    def detect_stack_drift(self, *, StackName: str) -> Any:  # noqa: N803
        if self.error:
            code, text = self.error
            raise ClientError({"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "Detect")
        return {"StackDriftDetectionId": f"detection of {StackName}"}

    def describe_stack_drift_detection_status(self, **_: Any) -> Any:
        return self.status

    def describe_stack_resource_drifts(self, **asked: Any) -> Any:
        self.asked.append(asked)
        number = int(asked.get("NextToken", 0))
        page: dict[str, Any] = {"StackResourceDrifts": self.pages[number]}
        return page | ({"NextToken": str(number + 1)} if number + 1 < len(self.pages) else {})


def drifted(name, status="MODIFIED", *paths):
    differences = [{"PropertyPath": one, "ExpectedValue": "60", "ActualValue": SECRET} for one in paths]
    more = {"PropertyDifferences": differences, "ActualProperties": json.dumps({"x": SECRET})} if differences else {}
    return {"LogicalResourceId": name, "ResourceType": "AWS::SQS::Queue", "StackResourceDriftStatus": status, **more}


def test_what_is_found_is_read_to_the_last_page_and_without_values():
    cloudformation = CloudFormation([drifted("A", "MODIFIED", "/VisibilityTimeout", "/DelaySeconds")], [drifted("B", "DELETED")])
    found = Drifts(cloudformation, "eu-west-1").found("stack")
    assert found == (
        ResourceDrift("A", "AWS::SQS::Queue", properties=("/VisibilityTimeout", "/DelaySeconds")),
        ResourceDrift("B", "AWS::SQS::Queue", deleted=True),
    )
    assert SECRET not in repr(found)
    assert [one["StackResourceDriftStatusFilters"] for one in cloudformation.asked] == [["MODIFIED", "DELETED"]] * 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (("DETECTION_IN_PROGRESS", "NOT_CHECKED", ""), None),
        (("DETECTION_COMPLETE", "IN_SYNC", ""), Detected(drifted=False)),
        (("DETECTION_COMPLETE", "DRIFTED", ""), Detected(drifted=True)),
        (("DETECTION_FAILED", "DRIFTED", "no right to read B"), Detected(drifted=True, trouble="no right to read B")),
        (("DETECTION_FAILED", "UNKNOWN", "no right to read B"), Detected(drifted=True, trouble="no right to read B")),
        (("DETECTION_COMPLETE", "UNKNOWN", ""),
         Detected(drifted=True, trouble="CloudFormation could not look at every resource")),
    ],
)  # fmt: skip
def test_how_a_detection_ended(status, expected):
    detection, stack, reason = status
    answer = {"DetectionStatus": detection, "StackDriftStatus": stack, "DetectionStatusReason": reason}
    assert Drifts(CloudFormation(status=answer), "eu-west-1").ended("1") == expected


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (("ValidationError", "Drift detection is already in progress for stack [x]"), Waiting),
        (("ValidationError", "Stack [x] is in UPDATE_IN_PROGRESS state"), Waiting),
        (("AccessDenied", "not authorized to perform: cloudformation:DetectStackDrift"), Transient),
        (("ValidationError", "Stack [x] does not exist"), Terminal),
    ],
)
def test_a_detection_that_cannot_begin(error, kind):
    with pytest.raises(kind):
        Drifts(CloudFormation(error=error), "eu-west-1").detect("x")
