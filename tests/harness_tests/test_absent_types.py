import json

import boto3
import pytest

from harness.absent_types import AbsentTypes, without
from harness.emulator import ACCOUNT, REGION, Emulator
from harness.proxy import AwsProxy

pytestmark = pytest.mark.xdist_group("proxy")

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
TEMPLATE = {
    "Description": 'a < b & "c"',
    "Resources": {
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "Target": {"Type": TARGET, "Properties": {"MinCapacity": 1}},
        "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": ["Cluster", "Target"]},
    },
    "Outputs": {"Target": {"Value": {"Ref": "Target"}}, "Cluster": {"Value": {"Ref": "Cluster"}}},
}


def test_a_template_without_types_names_none_of_their_resources():
    assert without(TEMPLATE, {TARGET}) == {
        "Description": 'a < b & "c"',
        "Resources": {
            "Cluster": {"Type": "AWS::ECS::Cluster"},
            "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": ["Cluster"]},
        },
        "Outputs": {"Cluster": {"Value": {"Ref": "Cluster"}}},
    }


def test_the_emulator_makes_the_rest_and_the_caller_gets_back_what_was_sent():
    with Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        AbsentTypes(proxy)
        session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="test", region_name=REGION)
        client = session.client("cloudformation", endpoint_url=proxy.endpoint)
        waiting = {"Delay": 1, "MaxAttempts": 20}
        client.create_stack(StackName="scaled", TemplateBody=json.dumps(TEMPLATE))
        client.get_waiter("stack_create_complete").wait(StackName="scaled", WaiterConfig=waiting)
        assert client.get_template(StackName="scaled")["TemplateBody"] == TEMPLATE

        broken = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 999999}}
        changed = {**TEMPLATE, "Resources": {**TEMPLATE["Resources"], "Queue": broken}}
        client.update_stack(StackName="scaled", TemplateBody=json.dumps(changed))
        client.get_waiter("stack_rollback_complete").wait(StackName="scaled", WaiterConfig=waiting)
        assert client.get_template(StackName="scaled")["TemplateBody"] == TEMPLATE
