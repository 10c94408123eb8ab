import json
import time

import pytest
from botocore.exceptions import ClientError

from harness.emulator import Emulator, client
from harness.proxy import AwsProxy
from harness.stack_states import HANG, Piece, StackStates

pytestmark = pytest.mark.xdist_group("proxy")

WEB = Piece("WebService", "AWS::ECS::Service", "it does not become stable")


def template(seconds):
    return json.dumps({"Resources": {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": seconds}}}})


@pytest.fixture
def place():
    with Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy, StackStates(proxy, takes=0.1).open() as states:
        cloudformation = client("cloudformation", proxy.endpoint)
        cloudformation.create_stack(StackName="shop", TemplateBody=template(60))
        until(cloudformation, "CREATE_COMPLETE")
        yield cloudformation, states


def until(cloudformation, status):
    end = time.monotonic() + 10
    while (found := cloudformation.describe_stacks(StackName="shop")["Stacks"][0])["StackStatus"] != status:
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def events(cloudformation):
    found = cloudformation.describe_stack_events(StackName="shop")["StackEvents"]
    return [(one["LogicalResourceId"], one["ResourceStatus"]) for one in found]


def test_an_update_hangs_takes_no_other_and_is_cancelled(place):
    cloudformation, states = place
    states.will("shop", "UpdateStack", HANG, WEB)
    cloudformation.update_stack(StackName="shop", TemplateBody=template(70))
    until(cloudformation, "UPDATE_IN_PROGRESS")
    assert events(cloudformation)[:2] == [("WebService", "UPDATE_IN_PROGRESS"), ("shop", "UPDATE_IN_PROGRESS")]
    listed = cloudformation.list_stacks(StackStatusFilter=["UPDATE_IN_PROGRESS"])["StackSummaries"]
    assert [one["StackName"] for one in listed] == ["shop"]
    with pytest.raises(ClientError, match="UPDATE_IN_PROGRESS state and can not be updated"):
        cloudformation.update_stack(StackName="shop", TemplateBody=template(80))
    with pytest.raises(ClientError, match="cannot be deleted while in status UPDATE_IN_PROGRESS"):
        cloudformation.delete_stack(StackName="shop")
    cloudformation.cancel_update_stack(StackName="shop")
    until(cloudformation, "UPDATE_ROLLBACK_COMPLETE")
    with pytest.raises(ClientError, match="cannot be called from current stack status"):
        cloudformation.cancel_update_stack(StackName="shop")
    cloudformation.update_stack(StackName="shop", TemplateBody=template(80))
    until(cloudformation, "UPDATE_COMPLETE")


def test_a_rollback_fails_until_what_failed_is_skipped(place):
    cloudformation, states = place
    states.will("shop", "UpdateStack", "UPDATE_ROLLBACK_FAILED", WEB)
    states.will("shop", "ContinueUpdateRollback", "UPDATE_ROLLBACK_FAILED", WEB)
    cloudformation.update_stack(StackName="shop", TemplateBody=template(70))
    assert "WebService" in until(cloudformation, "UPDATE_ROLLBACK_FAILED")["StackStatusReason"]
    assert events(cloudformation)[:3] == [
        ("shop", "UPDATE_ROLLBACK_FAILED"),
        ("WebService", "UPDATE_FAILED"),
        ("shop", "UPDATE_ROLLBACK_IN_PROGRESS"),
    ]
    cloudformation.continue_update_rollback(StackName="shop")
    time.sleep(0.2)
    until(cloudformation, "UPDATE_ROLLBACK_FAILED")
    with pytest.raises(ClientError, match="cannot be skipped"):
        cloudformation.continue_update_rollback(StackName="shop", ResourcesToSkip=["Jobs"])
    cloudformation.continue_update_rollback(StackName="shop", ResourcesToSkip=["WebService"])
    until(cloudformation, "UPDATE_ROLLBACK_COMPLETE")


def test_a_deletion_fails_until_what_failed_is_retained(place):
    cloudformation, states = place
    states.will("shop", "DeleteStack", "DELETE_FAILED", Piece("Jobs", "AWS::SQS::Queue", "it is in use"))
    cloudformation.delete_stack(StackName="shop")
    until(cloudformation, "DELETE_FAILED")
    with pytest.raises(ClientError, match="cannot be retained"):
        cloudformation.delete_stack(StackName="shop", RetainResources=["Other"])
    cloudformation.delete_stack(StackName="shop", RetainResources=["Jobs"])
    end = time.monotonic() + 10
    while cloudformation.describe_stacks()["Stacks"]:
        assert time.monotonic() < end
        time.sleep(0.05)
