"""The operator's role in AWS, taken literally: a whole life makes the calls that the role's policy names, and no others."""

import json
import re

import pytest

from e2e.conftest import World
from e2e.test_approval import untagged
from harness.absent_types import AbsentTypes
from harness.builds import FAILING_LOG, CodeBuild, Outcome
from harness.controlplane import ControlPlane
from harness.emulator import ACCOUNT, Emulator
from harness.git_host import GitHost
from harness.operator import OperatorProcess
from harness.outside import TASKS
from harness.proxy import AwsProxy
from harness.spot import SpotMarket, hanging
from harness.spot_runs import dead_letter, without_spot
from harness.stack_states import HANG, Piece, StackStates
from roles import FOR_DRIFT, SERVICE_ROLE, actions, allows, called
from ways_around import DEFAULT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("rights"), pytest.mark.timeout(300)]

REPOSITORY = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop"
BOUNDS = {
    "default": {
        **DEFAULT,
        "images": ["*"],
        "resourceTypes": ["AWS::SQS::Queue"],
        "listeners": ["*"],
        "hosts": ["shop.example.com"],
        "buckets": ["code"],
        "gitRepositories": ["https://git.example.com/acme/*"],
        "securityGroups": ["*"],
        "roles": ["*"],
        "managedPolicies": ["*"],
        "secrets": ["*"],
        "parameters": ["*"],
        "clusters": ["*"],
        "arns": ["*"],
    }
}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
CODE = {"s3Bucket": "code", "s3Key": "api.zip", "handler": "api.handler", "runtime": "python3.13"}


@pytest.fixture
def place(tmp_path):
    file = tmp_path / "bounds.yaml"
    file.write_text(json.dumps(BOUNDS))
    settings = {"single_tenant": "false", "bounds": str(file), "cloudformation_role": SERVICE_ROLE, "stack_prefix": "fargate-",
                "template_bucket": "templates", "ref_interval": "1s", "progress_deadline": "3s"}  # fmt: skip
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy, GitHost() as git:
        plane.install()
        s3 = emulator.client("s3")
        for bucket in ("templates", "code"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="code", Key="api.zip", Body=b"code")
        ecr = emulator.client("ecr")
        ecr.create_repository(repositoryName="shop")
        ecr.put_image(repositoryName="shop", imageManifest=json.dumps({"schemaVersion": 2}), imageTag="v1")
        AbsentTypes(proxy)
        world = World(plane, emulator, "default")
        world.git, world.builds = git, CodeBuild(emulator).install(proxy)
        settings["event_queue"] = queue(emulator)
        with OperatorProcess(plane, proxy.endpoint, git.config, health_interval="2s", **settings) as operator:
            yield world, proxy, operator


def queue(emulator):
    """With a message in it, of which nothing comes."""
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName="fargate-operator-events")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    return url


def listener(elb):
    [balancer] = elb.create_load_balancer(Name="shared", SecurityGroups=["sg-00000001"])["LoadBalancers"]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    made = elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[action])
    return made["Listeners"][0]["ListenerArn"]


def test_a_whole_life_makes_every_call_of_the_policy_and_no_other(place):
    world, proxy, operator = place
    images = {"app": {"repository": REPOSITORY, "tag": "v1"}}
    world.apply(images=images, functions={"api": {"code": CODE}}, drift={"policy": "Warn"})
    status = world.ready()
    name = status["stack"]["name"]
    changed_by_hand(world, status)
    # rules on somebody's listener, which has almost as many as it may have
    proxy.overlay("elasticloadbalancing", "DescribeRules", busy)
    behind = {"web": {"image": "app", "port": 80, "http": {"host": "shop.example.com", "priority": 7}}}
    shared = {"listenerArn": listener(world.emulator.client("elbv2"))}
    world.apply(images=images, services=behind, loadBalancer=shared)
    assert world.ready()["services"]["web"]["url"] == "http://shop.example.com"
    # traffic that ECS moves, of which the emulator knows nothing; a rule that is touched takes its weights
    blue = {"web": {**behind["web"], "deployment": {"strategy": "BlueGreen"}}}
    world.apply(images=images, services=blue, loadBalancer=shared)
    world.ready()
    listed = json.dumps({"serviceDeployments": [{"serviceDeploymentArn": "arn:deployment", "createdAt": 1}]}).encode()
    with (
        proxy.overlaid("ecs", "DescribeServices", lambda _, status, body: (status, body.replace(b"COMPLETED", b"IN_PROGRESS"))),
        proxy.overlaid("ecs", "ListServiceDeployments", lambda *_: (200, listed)),
    ):
        world.wait(lambda: proxy.counts["ecs", "DescribeServiceDeployments"])
    blue["web"]["http"] = {"host": "shop.example.com", "priority": 8}
    world.apply(images=images, services=blue, loadBalancer=shared)
    world.ready()
    named(world, images)
    rescued(world, proxy, images, blue, shared)
    built(world)
    # a template that is too large to be sent, protected, and one that fails
    large = {"web": {"image": "app", "environment": {f"V{number}": "x" * 3000 for number in range(20)}}}
    world.apply(images=images, services=large, functions=None, terminationProtection=True, loadBalancer=None)
    world.ready()
    world.apply(
        images=images,
        services=large,
        terminationProtection=False,
        resources={"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 999999}}},
    )
    with proxy.overlaid("cloudformation", "DescribeStackEvents", validated):
        world.stalled("UpdateFailed")
    # the emulator's rollbacks never fail: it is only said that one did
    proxy.overlay("cloudformation", "DescribeStacks", lambda _, status, body: (
        status, body.replace(b">UPDATE_ROLLBACK_COMPLETE<", b">UPDATE_ROLLBACK_FAILED<")))  # fmt: skip
    world.annotate("reconcile.fluxcd.io/requestedAt=1")
    world.wait(lambda: proxy.counts["cloudformation", "ContinueUpdateRollback"])
    proxy.overlay("cloudformation", "DescribeStacks", lambda _, status, body: (status, body))
    world.apply(images=images, services=large, resources=None, terminationProtection=False)
    world.ready()
    # a status that was lost
    lost(world, proxy, operator, images)
    looked_at(world, proxy, operator, images, large)
    for part in (on_spot, hung):
        part(world, proxy, images)
    world.delete()
    assert world.stack(name) == "DELETE_COMPLETE"

    assert called(proxy.calls) == actions("OperatorRole", without=FOR_DRIFT)
    writes = {"CreateStack", "UpdateStack", "DeleteStack", "ContinueUpdateRollback", "CreateChangeSet", "RollbackStack"}
    assert {one.parameters.get("RoleARN") for one in proxy.calls if one.action in writes} == {SERVICE_ROLE}
    moved = [one.parameters["service"] for one in proxy.calls if one.action == "UpdateService"]
    assert all(allows("OperatorRole", "ecs:UpdateService", one) for one in moved)
    assert all(one.stack.split("/")[-2 if "/" in one.stack else 0].startswith("fargate-") for one in proxy.calls if one.stack)


def changed_by_hand(world, status):
    """A log group with another retention, and a task that was stopped."""
    [group] = world.cloudformation.describe_stack_resources(
        StackName=status["stack"]["name"], LogicalResourceId="FargateTasksLogGroup"
    )["StackResources"]
    world.emulator.client("logs").put_retention_policy(logGroupName=group["PhysicalResourceId"], retentionInDays=7)
    world.annotate("reconcile.fluxcd.io/requestedAt=drift")
    world.wait(lambda: world.status()["stack"].get("drift", {}).get("state") == "Drifted")
    world.ecs.stop_task(cluster=status["clusterArn"], task=status["services"]["web"]["taskArns"][0], reason="out of memory")
    world.wait(lambda: "out of memory" in world.condition("Ready").get("message", ""))


def named(world, images):
    """All that an app can name outside its stack, but for a listener."""
    iam, role = world.emulator.client("iam"), "/fargate/default/"
    iam.create_role(RoleName="tasks", Path=role, AssumeRolePolicyDocument=json.dumps(TASKS))
    world.emulator.client("ssm").put_parameter(Name="/shop/key", Value="hidden", Type="SecureString")
    secret = world.emulator.client("secretsmanager").create_secret(Name="shop", SecretString="hidden")["ARN"]
    certificate = world.emulator.client("acm").request_certificate(DomainName="shop.example.com")["CertificateArn"]
    cluster = world.emulator.client("ecs").create_cluster(clusterName="shared")["cluster"]["clusterArn"]
    spec = {
        "cluster": {"existing": cluster},
        "network": {"securityGroupIds": ["sg-00000001"]},
        "secrets": {"KEY": "/shop/key", "PASSWORD": secret},
        "iam": {"executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role{role}tasks", "managedPolicies": [READ_ONLY]},
    }
    world.apply("named", images=images, **spec)
    world.ready("named")
    world.delete("named")
    ec2 = world.emulator.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"][
        "VpcId"
    ]  # whether its group was associated with another the emulator does not tell
    group = ec2.create_security_group(GroupName="further", Description="further", VpcId=vpc)["GroupId"]
    world.apply("named", images=images, network={"subnetIds": ["subnet-00000001"], "securityGroupIds": [group]})
    world.ready("named")
    world.delete("named")
    http = {"image": "app", "port": 80, "http": {"host": "shop.example.com"}}
    world.apply("named", images=images, services={"web": http}, loadBalancer={"certificateArns": [certificate]})
    world.ready("named")
    world.delete("named")


def busy(call, status, body):
    """A listener with 95 rules more."""
    if "ListenerArn" not in call.parameters:
        return status, body
    rules = "".join(f"<member><Priority>{number}</Priority></member>" for number in range(1000, 1095))
    return status, body.replace(b"</Rules>", f"{rules}</Rules>".encode())


def crowded(call, status, body):
    """A region with 1,900 stacks more."""
    if call.stack:
        return status, body
    fields = "<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>"
    stacks = "".join(
        f"<member><StackName>other-{number}</StackName><StackId>{number}</StackId>{fields}</member>" for number in range(1900)
    )
    return status, body.replace(b"</Stacks>", f"{stacks}</Stacks>".encode())


def lost(world, proxy, operator, images):
    """The status, and then another app, in a region that has almost as many stacks as it may have."""
    with proxy.overlaid("cloudformation", "DescribeStacks", crowded):
        without_status(world, operator, "shop")
        world.ready()
    world.apply("crowd", images=images)
    world.wait(lambda: proxy.counts["cloudformation", "DescribeAccountLimits"])
    world.ready("crowd")
    world.delete("crowd")


def validated(_, status, body):
    """As if CloudFormation had found the fault before it began, of which only DescribeEvents tells."""
    body = body.replace(b"CREATE_FAILED", b"CREATE_IN_PROGRESS").replace(b"UPDATE_FAILED", b"UPDATE_IN_PROGRESS")
    return status, re.sub(rb"(?<=<ResourceStatus>UPDATE_ROLLBACK_IN_PROGRESS</ResourceStatus>)(<ResourceStatusReason>[^<]*</ResourceStatusReason>)?",
                          b"<ResourceStatusReason>Validation failed. Call DescribeEvents</ResourceStatusReason>", body)  # fmt: skip


def rescued(world, proxy, images, services, balancer):
    """A scheduled run that finds no Spot, and a message that is none of the schedule's."""
    task = {"report": {"image": "app", "schedule": "rate(1 day)", "spot": True}}
    world.apply(images=images, services=services, loadBalancer=balancer, scheduledTasks=task)
    status = world.ready()
    [stack] = world.cloudformation.describe_stacks(StackName=status["stack"]["name"])["Stacks"]
    [runs] = [one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == "FargateSpotReportRuns"]
    queue, schedule, _, cluster = runs.split(",")
    sqs = world.emulator.client("sqs")
    sqs.send_message(QueueUrl=queue, **dead_letter(schedule, cluster))
    sqs.send_message(QueueUrl=queue, MessageBody="nothing")
    with without_spot(proxy):
        world.wait(lambda: world.status()["scheduledTasks"]["report"].get("spot", {}).get("rescued") == 1)
        world.wait(lambda: proxy.counts["sqs", "ChangeMessageVisibility"])


def built(world):
    """An image from git, and a commit that cannot be built."""
    repository = world.git.repository("acme/shop")
    world.apply("built", images={"app": {"build": {"git": {"url": repository.url, "ref": "main"}}}})
    world.ready("built")
    world.builds.outcomes[repository.commit()] = Outcome("FAILED", "BUILD", FAILING_LOG)
    world.wait(lambda: "undeclared" in world.condition("WorkloadsReady", "built").get("message", ""))
    world.delete("built")


def looked_at(world, proxy, operator, images, large):
    """Changes that wait: for a look at what failed, or for approval."""
    broken = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 999998}}}
    world.apply(images=images, services=large, resources=broken, terminationProtection=False, changes={"rollback": False})
    world.stalled("UpdateFailed")
    world.apply(images=images, services=large, resources=broken, terminationProtection=False)
    world.wait(lambda: world.status()["stack"]["status"] == "UPDATE_ROLLBACK_COMPLETE")
    # changes that are looked at: the first becomes void, the second is carried out
    manual = {"images": images, "terminationProtection": False, "changes": {"approval": "Manual"}}
    world.apply(**manual, services=large)
    world.ready()
    for memory in (1024, 2048):
        world.apply(**manual, services={"web": {"image": "app", "memory": memory}})
        plan = world.wait(lambda: current(world.app()).get("plan"))
    world.annotate(f"fargate-operator.dev/approve={plan['changeSetId']}")
    world.ready()
    # a stack that waits for its first change set, of which the operator knows nothing any more
    world.apply("second", **manual)
    world.wait(lambda: world.status("second").get("plan"))
    with proxy.overlaid("cloudformation", "DescribeStacks", untagged):
        without_status(world, operator, "second")
        world.wait(lambda: world.status("second").get("plan"))
    world.delete("second")


def on_spot(world, proxy, images):
    """A stack that is being made, and waits for a service that gets no Spot capacity."""
    market, name = SpotMarket(proxy), "fargate-default-spotted"
    with market.open(), hanging(proxy, name, "CREATE_IN_PROGRESS", lambda: proxy.counts["ecs", "UpdateService"] > 0):
        market.runs_out(name)
        world.apply("spotted", images=images, services={"web": {"image": "app", "spot": True}})
        world.wait(lambda: proxy.counts["ecs", "UpdateService"], 60.0)
        world.ready("spotted")
    world.delete("spotted")


def hung(world, proxy, images):
    """An update that makes no progress, and is cancelled for another spec."""
    with StackStates(proxy).open() as states:
        world.apply("hung", images=images)
        world.ready("hung")
        states.will("fargate-default-hung-", "UpdateStack", HANG, Piece("WebService", "AWS::ECS::Service"))
        world.apply("hung", images=images, services={"web": {"image": "app", "desiredCount": 2}})
        world.wait(lambda: world.condition("Ready", "hung").get("reason") == "NoProgress")
        world.apply("hung", images=images, services={"web": {"image": "app", "desiredCount": 3}})
        assert world.ready("hung")["services"]["web"]["desired"] == 3
    world.delete("hung")


def without_status(world, operator, name):
    """The operator starts anew, and finds the object without what it has written there."""
    operator.process.terminate()
    operator.process.wait(20)
    world.plane.kubectl(
        "patch", "fargateapp", name, "--subresource=status", "--type=json", "-p", '[{"op": "remove", "path": "/status"}]'
    )
    operator.start()
    operator.until_ready()


def current(app):
    """The status, where it is of the spec as it is."""
    status = app.get("status", {})
    return status if status.get("observedGeneration") == app["metadata"]["generation"] else {}
