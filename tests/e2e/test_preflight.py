"""What is looked at before a stack is touched, on a real API server and the AWS emulator."""

import json

import pytest

from e2e.conftest import World
from harness.controlplane import ControlPlane
from harness.emulator import ACCOUNT, Emulator
from harness.operator import OperatorProcess
from harness.outside import TASKS
from harness.proxy import AwsProxy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("preflight"), pytest.mark.timeout(240)]

REGISTRY = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
REPOSITORY = f"{REGISTRY}/three"
LOOKS = {"GetRole", "GetPolicy", "DescribeSecret", "DescribeParameters", "DescribeCertificate", "DescribeClusters",
         "DescribeSecurityGroups", "DescribeSubnets", "DescribeRules", "DescribeImages"}  # fmt: skip
WRITES = {"CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet", "ExecuteChangeSet"}


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        with OperatorProcess(plane, proxy.endpoint, health_interval="2s", workers="4") as operator:
            yield World(plane, emulator, "default"), proxy, operator


def role(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def make_role(world, name, document=TASKS):
    world.emulator.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))


def push(world, name):
    ecr = world.emulator.client("ecr")
    ecr.create_repository(repositoryName=name)
    ecr.put_image(repositoryName=name, imageManifest=json.dumps({"schemaVersion": 2}), imageTag="v1")


def seen(proxy, actions):
    return [one.action for one in proxy.calls if one.action in actions]


def events(world, reason):
    found = json.loads(world.plane.kubectl("get", "events", "-n", world.namespace, "-o", "json").stdout)["items"]
    return [one["message"] for one in found if one["reason"] == reason]


def test_three_faults_are_told_at_once_the_stack_is_not_touched_and_what_was_mended_goes_on(place):
    world, proxy, _ = place
    world.apply("three")
    before = world.ready("three")
    proxy.reset()
    world.apply(
        "three",
        images={"app": {"repository": REPOSITORY, "tag": "v1"}},
        iam={"taskRoleArn": role("three")},
        secrets={"KEY": "/three/key"},
    )
    message = world.stalled("PreflightFailed", "three")
    assert message == (
        f"spec.iam.taskRoleArn: there is no role {role('three')} (1 of 3)\nspec.images.app: ECR has no image {REPOSITORY}:v1; push it\n"
        "spec.secrets.KEY: there is no parameter /three/key"
    )
    # what runs is looked after: a task that ends is seen, and one more
    task = before["services"]["web"]["taskArns"][0]
    world.ecs.stop_task(cluster=before["clusterArn"], task=task, reason="by hand")
    world.wait(lambda: world.condition("WorkloadsReady", "three").get("reason") == "TasksNotRunning")
    assert (world.condition("Ready", "three")["status"], world.condition("Ready", "three")["message"]) == ("False", message)
    assert (seen(proxy, WRITES), events(world, "PreflightFailed")) == ([], [message])
    make_role(world, "three")
    push(world, "three")
    world.emulator.client("ssm").put_parameter(Name="/three/key", Value="hidden", Type="SecureString")
    world.annotate("reconcile.fluxcd.io/requestedAt=mended", "three")
    status = world.ready("three")
    assert (seen(proxy, WRITES), status["images"]["app"]["uri"].startswith(f"{REPOSITORY}@sha256:")) == (["UpdateStack"], True)
    world.delete("three")


def test_an_app_at_rest_makes_no_look_and_one_that_is_reconciled_anew_one_at_most(place):
    world, proxy, _ = place
    make_role(world, "steady")
    push(world, "steady")
    image, network = {"repository": f"{REGISTRY}/steady", "tag": "v1"}, {"subnetIds": ["subnet-00000001"]}
    world.apply("steady", images={"app": image}, network=network, iam={"taskRoleArn": role("steady")})
    world.ready("steady")
    proxy.reset()
    world.wait(lambda: proxy.counts["ecs", "DescribeServices"] >= 3)  # three looks at its services
    assert seen(proxy, LOOKS) == []
    world.annotate("reconcile.fluxcd.io/requestedAt=again", "steady")
    world.wait(lambda: world.status("steady").get("lastHandledReconcileAt") == "again")
    assert seen(proxy, LOOKS | WRITES) == ["DescribeImages"]
    world.delete("steady")


def test_thirty_apps_of_one_role_make_one_look(place):
    world, proxy, _ = place
    make_role(world, "shared")
    proxy.reset()
    names = [f"thirty-{number}" for number in range(30)]
    for name in names:
        world.apply(name, iam={"taskRoleArn": role("shared"), "executionRoleArn": role("shared")}, services=None,
                    tasks={"migrate": {"image": "app"}})  # fmt: skip
    for name in names:
        world.ready(name)
    assert [seen(proxy, {"GetRole"}), len(seen(proxy, {"CreateStack"}))] == [["GetRole"], 30]
    for name in names:
        world.delete(name, wait=False)
    world.wait(lambda: world.app(names[-1]) is None and not any(world.app(one) for one in names), 60)


LAMBDA = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


NO_FURTHER_VPC = b"<DescribeSecurityGroupVpcAssociationsResponse><securityGroupVpcAssociationSet/></DescribeSecurityGroupVpcAssociationsResponse>"  # fmt: skip


def test_what_is_there_but_cannot_be_used_is_told_as_well(place):
    world, proxy, _ = place
    make_role(world, "for-lambda", LAMBDA)
    ec2, secrets = world.emulator.client("ec2"), world.emulator.client("secretsmanager")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
    going = secrets.create_secret(Name="going", SecretString="x")["ARN"]
    secrets.delete_secret(SecretId=going, RecoveryWindowInDays=7)
    proxy.reset()
    proxy.overlay(
        "ec2", "DescribeSecurityGroupVpcAssociations", lambda *_: (200, NO_FURTHER_VPC)
    )  # of which the emulator knows nothing
    world.apply(
        "unusable",
        iam={"taskRoleArn": role("for-lambda")},
        network={"subnetIds": ["subnet-00000001"], "securityGroupIds": [group]},
        secrets={"KEY": going},
    )
    assert world.stalled("PreflightFailed", "unusable").split("\nspec.")[1:] == [
        f"iam.taskRoleArn: the role {role('for-lambda')} does not let ecs-tasks.amazonaws.com assume it; add that to its trust policy",
        f"network.securityGroupIds[0]: the security group {group} is not in vpc-00000001, where the tasks' other subnets are; all must be of one VPC",
        f"secrets.KEY: the secret {going} is scheduled for deletion; restore it, or name another",
    ]
    assert seen(proxy, WRITES) == []
    world.delete("unusable")


def test_who_may_not_look_is_not_stopped(place):
    world, proxy, _ = place
    proxy.reset()
    proxy.fail("iam", "GetRole", "AccessDenied", status=403, times=100)
    world.apply("blind", iam={"taskRoleArn": role("unseen")})
    world.ready("blind")
    world.delete("blind")
