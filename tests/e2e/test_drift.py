"""Drift, end to end: somebody changes a queue of the stack by hand. Reconcile-now makes the next detection due."""

import itertools
import json
import time

import pytest

from harness.reverts import drift_aware

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

DETECT = "DetectStackDrift"
QUEUE = {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60, "DelaySeconds": 5}}}
NO_SERVICE = {"images": None, "services": None}
_WORDS = itertools.count()


def apply(world, policy="Warn", name="shop", **spec):
    world.apply(name, **{**NO_SERVICE, "resources": QUEUE, "drift": {"policy": policy}, **spec})
    return world.ready(name)


def drift(world, name="shop"):
    return world.status(name).get("stack", {}).get("drift", {})


def detect(world, name="shop"):
    """A detection that begins from now on; what it found."""
    word = str(next(_WORDS))
    before = drift(world, name).get("checkedAt")
    time.sleep(1.1)  # checkedAt has whole seconds
    world.annotate(f"reconcile.fluxcd.io/requestedAt={word}", name)
    return world.wait(lambda: (found := drift(world, name)).get("checkedAt") not in (None, before) and found)


def queue(world, name="shop"):
    stack = world.status(name)["stack"]["name"]
    [found] = world.cloudformation.describe_stack_resources(StackName=stack, LogicalResourceId="Jobs")["StackResources"]
    return found["PhysicalResourceId"]


def hand(world, **attributes):
    """What somebody does in the console."""
    sqs = world.emulator.client("sqs")
    sqs.set_queue_attributes(QueueUrl=queue(world), Attributes={key: str(value) for key, value in attributes.items()})


def events(world):
    found = world.plane.get("events", "-n", world.namespace)["items"]
    return [(one["type"], one["message"]) for one in found if one["reason"] == "Drifted"]


def own(proxy, world, *actions):
    """The drift calls for stacks of this namespace."""
    return [one for one in proxy.calls if one.action in actions and f"/{world.namespace}-" in one.stack]


def test_a_queue_changed_by_hand_is_named_down_to_the_property_and_told_of_once(world):
    apply(world)
    assert detect(world)["state"] == "InSync"
    hand(world, VisibilityTimeout=99)
    expected = [{"logicalId": "Jobs", "type": "AWS::SQS::Queue", "properties": ["/VisibilityTimeout"]}]
    for _ in range(3):
        found = detect(world)
        assert (found["state"], found["resources"]) == ("Drifted", expected)
    assert events(world) == [("Warning", "Jobs (AWS::SQS::Queue): /VisibilityTimeout")]
    assert world.condition("Ready")["status"] == "True"
    assert "99" not in json.dumps(found["resources"])
    hand(world, VisibilityTimeout=60)
    found = detect(world)
    assert (found["state"], "resources" in found) == ("InSync", False)
    assert len(events(world)) == 1


def test_a_deleted_resource_is_drift(world):
    apply(world)
    world.emulator.client("sqs").delete_queue(QueueUrl=queue(world))
    assert detect(world)["resources"] == [{"logicalId": "Jobs", "type": "AWS::SQS::Queue", "deleted": True}]


def test_ignore_makes_no_call(world, proxy):
    apply(world, "Ignore")
    hand(world, VisibilityTimeout=99)
    world.annotate("reconcile.fluxcd.io/requestedAt=now")
    world.wait(lambda: world.status().get("lastHandledReconcileAt") == "now")
    assert drift(world) == {}
    assert own(proxy, world, DETECT) == []


def reported(*drifts):
    """Answers of a CloudFormation that looks at more types than the emulator does."""
    members = "".join(
        f"<member><StackId>x</StackId><LogicalResourceId>{name}</LogicalResourceId><ResourceType>{kind}</ResourceType>"
        f"<StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus><Timestamp>2026-01-02T03:04:05Z</Timestamp>"
        f"<PropertyDifferences><member><PropertyPath>{path}</PropertyPath><ExpectedValue>1</ExpectedValue>"
        f"<ActualValue>2</ActualValue><DifferenceType>NOT_EQUAL</DifferenceType></member></PropertyDifferences></member>"
        for name, kind, path in drifts
    )
    whole = f"<StackResourceDrifts>{members}</StackResourceDrifts>".encode()

    def change(_, status, body):
        assert b"<StackResourceDrifts></StackResourceDrifts>" in body  # the emulator finds nothing of these
        return status, body.replace(b"<StackResourceDrifts></StackResourceDrifts>", whole)

    return change


def is_drifted(_, status, body):
    return status, body.replace(b"<StackDriftStatus>IN_SYNC<", b"<StackDriftStatus>DRIFTED<")


def test_what_scaling_and_a_blue_green_deployment_change_by_themselves_is_no_drift(world, proxy):
    web = {"image": "app", "port": 80, "http": {}, "deployment": {"strategy": "BlueGreen"},
           "scaling": {"min": 1, "max": 9, "cpu": 50}}  # fmt: skip
    apply(world, images={"app": {"uri": "example/app:1"}}, services={"web": web, "worker": {"image": "app"}})
    service, rule = "AWS::ECS::Service", "AWS::ElasticLoadBalancingV2::ListenerRule"
    nobodys = [
        ("WebService", service, "/DesiredCount"),
        ("WebListenerRule", rule, "/Actions/0/ForwardConfig/TargetGroups/0/Weight"),
        ("WebTask", "AWS::ECS::TaskDefinition", "/ContainerDefinitions/0/StopTimeout"),
    ]
    with proxy.overlaid("cloudformation", "DescribeStackDriftDetectionStatus", is_drifted):
        with proxy.overlaid("cloudformation", "DescribeStackResourceDrifts", reported(*nobodys)):
            assert detect(world)["state"] == "InSync"
        somebodys = reported(*nobodys, ("WorkerService", service, "/DesiredCount"))
        with proxy.overlaid("cloudformation", "DescribeStackResourceDrifts", somebodys):
            assert [one["logicalId"] for one in detect(world)["resources"]] == ["WorkerService"]


def test_a_role_without_the_rights_is_told_of_and_the_app_stays_ready(world, proxy):
    apply(world)
    proxy.fail("cloudformation", DETECT, "AccessDenied", status=403, times=1, message="not authorized to detect")
    found = detect(world)
    assert (found["state"], "not authorized to detect" in found["message"]) == ("Unknown", True)
    assert world.condition("Ready")["status"] == "True"
    assert detect(world)["state"] == "InSync"


def test_many_apps_detections_never_exceed_one_a_second(world, proxy):
    names = [f"app-{number}" for number in range(12)]
    for name in names:
        world.apply(name, **{**NO_SERVICE, "resources": QUEUE, "drift": {"policy": "Warn"}})
    for name in names:
        world.ready(name)
    for name in names:
        world.annotate("reconcile.fluxcd.io/requestedAt=all", name)
    world.wait(lambda: all(drift(world, name) for name in names), 60)
    assert len(own(proxy, world, DETECT)) >= len(names)
    at = [one.at for one in proxy.calls if one.action == DETECT]  # of every app of the account
    assert min(b - a for a, b in itertools.pairwise(at)) > 0.9  # as the proxy sees it: a call may take longer on its way


# ── put back ────────────────────────────────────────────────────────────────────


@pytest.fixture
def reverting(proxy):
    with drift_aware(proxy):
        yield


def timeout(world, name="shop"):
    sqs = world.emulator.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=queue(world, name), AttributeNames=["VisibilityTimeout"])
    return int(found["Attributes"]["VisibilityTimeout"])


def told(world, reason):
    return [one["message"] for one in world.plane.get("events", "-n", world.namespace)["items"] if one["reason"] == reason]


def ask(world, name="shop"):
    """For a detection; what comes of it is another thing."""
    world.annotate(f"reconcile.fluxcd.io/requestedAt={next(_WORDS)}", name)


@pytest.mark.usefixtures("reverting")
def test_a_queue_changed_by_hand_is_put_back(world, proxy):
    before = apply(world, "Revert")["stack"]
    hand(world, VisibilityTimeout=99, DelaySeconds=7)
    ask(world)
    world.wait(lambda: timeout(world) == 60)
    assert world.wait(lambda: (one := drift(world)).get("state") == "InSync" and one)
    assert "revert" not in drift(world)
    after = world.ready()["stack"]
    assert after["templateDigest"] == before["templateDigest"]
    assert (after["id"], after["status"]) == (before["id"], "UPDATE_COMPLETE")
    assert events(world) == [("Warning", "Jobs (AWS::SQS::Queue): /DelaySeconds, /VisibilityTimeout")]
    assert len(told(world, "DriftReverted")) == 1
    [made] = own(proxy, world, "CreateChangeSet")
    assert (made.parameters["DeploymentMode"], made.parameters["UsePreviousTemplate"]) == ("REVERT_DRIFT", "true")
    assert len(own(proxy, world, DETECT)) == 2  # one that found it, one that saw it gone
    assert own(proxy, world, "UpdateStack") == []


@pytest.mark.usefixtures("reverting")
def test_what_cannot_be_put_back_is_said_once_and_tried_once_for_each_detection(world, proxy):
    apply(world, "Revert")
    world.emulator.client("sqs").delete_queue(QueueUrl=queue(world))  # of which the emulator's change set knows nothing
    ask(world)
    found = world.wait(lambda: (one := drift(world)).get("revert", {}).get("state") == "Failed" and one)
    assert "CloudFormation finds nothing to put back" in found["revert"]["message"]
    time.sleep(5)  # a health interval, in which nothing is tried
    assert len(own(proxy, world, "CreateChangeSet")) == 1
    assert world.condition("Ready")["status"] == "True"
    assert len(told(world, "DriftNotReverted")) == 1


@pytest.mark.usefixtures("reverting")
def test_what_would_change_more_is_refused(world, proxy):
    apply(world, "Revert", resources={**QUEUE, "Other": QUEUE["Jobs"]})
    hand(world, VisibilityTimeout=99)
    only = lambda _, status, body: (status, body.replace(b">Other<", b">Elsewhere<"))  # noqa: E731
    sqs, stack = world.emulator.client("sqs"), world.status()["stack"]["name"]
    [other] = world.cloudformation.describe_stack_resources(StackName=stack, LogicalResourceId="Other")["StackResources"]
    sqs.set_queue_attributes(QueueUrl=other["PhysicalResourceId"], Attributes={"DelaySeconds": "9"})
    with proxy.overlaid("cloudformation", "DescribeStackResourceDrifts", only):
        ask(world)
        found = world.wait(lambda: (one := drift(world)).get("revert", {}).get("state") == "Refused" and one)
    assert "it would change more than what has drifted: Other" in found["revert"]["message"]
    assert timeout(world) == 99
    assert world.condition("Ready")["status"] == "True"
    assert world.cloudformation.list_change_sets(StackName=stack)["Summaries"] == []


@pytest.mark.usefixtures("reverting")
def test_with_manual_approval_it_waits_for_it_like_every_change(world):
    world.apply(**{**NO_SERVICE, "resources": QUEUE, "drift": {"policy": "Revert"}, "changes": {"approval": "Manual"}})
    approve(world)
    world.ready()
    hand(world, VisibilityTimeout=99)
    ask(world)
    plan = waiting(world)
    assert [(one["action"], one["logicalId"]) for one in plan["changes"]] == [("Modify", "Jobs")]
    assert world.condition("Ready")["reason"] == "AwaitingApproval"
    assert detect(world)["state"] == "Drifted"  # goes on, and the plan stays
    assert waiting(world)["changeSetId"] == plan["changeSetId"]
    assert timeout(world) == 99
    approve(world)
    world.wait(lambda: timeout(world) == 60)
    world.wait(lambda: drift(world).get("state") == "InSync")
    assert "plan" not in world.ready()
    # put back by hand meanwhile: nothing is left to approve
    hand(world, VisibilityTimeout=98)
    ask(world)
    waiting(world)
    hand(world, VisibilityTimeout=60)
    assert detect(world)["state"] == "InSync"
    assert "plan" not in world.ready()


def waiting(world):
    return world.wait(lambda: world.status().get("plan"))


def approve(world):
    world.annotate(f"fargate-operator.dev/approve={waiting(world)['changeSetId']}")
