import json

import boto3
import pytest

from harness.emulator import ACCOUNT, REGION, Emulator
from harness.proxy import AwsProxy
from harness.reverts import drift_aware

pytestmark = pytest.mark.xdist_group("proxy")

TEMPLATE = {"Resources": {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}}}}


def test_what_has_drifted_is_told_and_put_back_and_without_drift_there_is_nothing_to_do():
    with Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy, drift_aware(proxy):
        session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="test", region_name=REGION)
        client = session.client("cloudformation", endpoint_url=proxy.endpoint)
        sqs, waiting = emulator.client("sqs"), {"Delay": 1, "MaxAttempts": 20}
        client.create_stack(StackName="shop", TemplateBody=json.dumps(TEMPLATE))
        client.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig=waiting)
        url = client.describe_stack_resources(StackName="shop")["StackResources"][0]["PhysicalResourceId"]
        mode = {"StackName": "shop", "UsePreviousTemplate": True, "DeploymentMode": "REVERT_DRIFT"}

        client.create_change_set(ChangeSetName="nothing", **mode)
        nothing = client.describe_change_set(ChangeSetName="nothing", StackName="shop")
        assert (nothing["Status"], "didn't contain changes" in nothing["StatusReason"]) == ("FAILED", True)

        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})
        client.create_change_set(ChangeSetName="back", **mode)
        told = client.describe_change_set(ChangeSetName="back", StackName="shop")
        [change] = [one["ResourceChange"] for one in told["Changes"]]
        assert (told["DeploymentMode"], told["StackDriftStatus"], told["Status"]) == (
            "REVERT_DRIFT",
            "DRIFTED",
            "CREATE_COMPLETE",
        )
        assert (change["Action"], change["LogicalResourceId"], change["ResourceDriftStatus"]) == ("Modify", "Jobs", "MODIFIED")
        assert [one["Target"]["Path"] for one in change["Details"]] == ["/VisibilityTimeout"]

        client.execute_change_set(ChangeSetName="back", StackName="shop")
        client.get_waiter("stack_update_complete").wait(StackName="shop", WaiterConfig=waiting)
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        assert found["Attributes"]["VisibilityTimeout"] == "60"
