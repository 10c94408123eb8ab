"""Change sets that put drift back: what is sent, and what is made of the answer."""

from typing import Any

import pytest

from fargate_operator.aws.change_sets import ChangeSets
from fargate_operator.aws.stacks import Stacks
from fargate_operator.observation import Change, StackObservation

STACK = StackObservation("shop", "arn:shop", "UPDATE_COMPLETE", template_digest="sha256:t")


class CloudFormation:
    def __init__(self, *parameters: str, changes: list[dict[str, Any]] | None = None) -> None:
        self.parameters, self.changes = parameters, changes or []
        self.sent: list[dict[str, Any]] = []

    def get(self, *_: str) -> "CloudFormation":
        return self

    def describe_stacks(self, **_: Any) -> Any:
        return {"Stacks": [{"Parameters": [{"ParameterKey": one, "ParameterValue": "****"} for one in self.parameters]}]}

    def create_change_set(self, **sent: Any) -> None:
        self.sent.append(sent)

    def get_paginator(self, _: str) -> "CloudFormation":
        return self

    def paginate(self, **_: Any) -> Any:
        said = {"ChangeSetId": "id", "ChangeSetName": "name", "Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE"}
        return [{**said, "Changes": [{"ResourceChange": one} for one in self.changes]}]


def test_the_template_and_the_parameters_stay_as_they_are():
    cloudformation = CloudFormation("Token", "Password")
    Stacks(cloudformation, "eu-west-1", role="arn:role").revert(STACK, "name")
    assert cloudformation.sent == [
        {
            "StackName": "arn:shop",
            "ChangeSetName": "name",
            "ChangeSetType": "UPDATE",
            "DeploymentMode": "REVERT_DRIFT",
            "UsePreviousTemplate": True,
            "Description": "sha256:t",
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Parameters": [{"ParameterKey": one, "UsePreviousValue": True} for one in ("Token", "Password")],
            "RoleARN": "arn:role",
        }
    ]


def test_without_parameters_none_are_sent():
    cloudformation = CloudFormation()
    Stacks(cloudformation, "eu-west-1").revert(STACK, "name")
    assert "Parameters" not in cloudformation.sent[0]


def detail(source="DirectModification", **target):
    return {"ChangeSource": source, "Target": {"Attribute": "Properties", "BeforeValue": "a secret", **target}}


@pytest.mark.parametrize(
    ("details", "properties", "caused"),
    [
        ([detail(Name="VisibilityTimeout")], ("/VisibilityTimeout",), False),
        ([detail(Name="RedrivePolicy", Path="/RedrivePolicy/maxReceiveCount")], ("/RedrivePolicy/maxReceiveCount",), False),
        ([detail(Name="A", AttributeChangeType="SyncWithActual"), detail(Name="B")], ("/B",), False),
        ([detail("ResourceReference", Name="A"), detail("ResourceAttribute", Name="B")], ("/A", "/B"), True),
        ([detail("ResourceReference", Name="A"), detail(Name="B")], ("/A", "/B"), False),
        ([], (), False),
    ],
)
def test_a_change_is_known_by_its_properties_and_what_causes_it_not_by_values(details, properties, caused):
    said = {"Action": "Modify", "LogicalResourceId": "Jobs", "ResourceType": "AWS::SQS::Queue", "Replacement": "False"}
    found = ChangeSets(CloudFormation(changes=[{**said, "Details": details}])).describe("shop", "name")
    assert found is not None
    assert found.changes == (Change("Modify", "Jobs", "AWS::SQS::Queue", "False", properties, caused),)
    assert "a secret" not in repr(found)
