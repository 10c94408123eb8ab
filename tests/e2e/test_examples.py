"""Every example is applied, and gets Ready. What it names outside the stack is made before, or stands for what the emulator has."""

import json
import re

import pytest

import golden_cases
from e2e.conftest import EXAMPLES
from harness.emulator import ACCOUNT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

REGISTRY = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
EMPTY = b"PK\x05\x06" + bytes(18)  # a zip archive of nothing, whose SHA-256 an example asks for


@pytest.fixture(scope="module")
def outside(emulator, git_host):
    """Images, code, a cluster and a listener; and how the names in the examples are spelled in the emulator."""
    text = EXAMPLES
    repository(emulator, text)
    code(emulator)
    git_host.repository("acme/shop")  # of the examples' host; what is private only CodeBuild reads
    emulator.client("ecs").create_cluster(clusterName="shared")
    emulator.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    emulator.client("sns").create_topic(Name="news")
    for _ in range(7):
        emulator.client("lambda").publish_layer_version(LayerName="tools", Content={"ZipFile": EMPTY})
    for queue in ("jobs", "letters"):
        emulator.client("sqs").create_queue(QueueName=queue)
    ec2 = emulator.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    there = sorted(one["SubnetId"] for one in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"])
    subnets = {name: there[number % 2] for number, name in enumerate(sorted(set(re.findall(r"subnet-[0-9a-f]{17}", text))))}
    ec2.create_tags(Resources=there, Tags=[{"Key": "Tier", "Value": "private"}])
    vpcs = dict.fromkeys(re.findall(r"vpc-[0-9a-f]{17}", text), vpc)
    listeners = dict.fromkeys(
        re.findall(rf"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:listener/[^\"]+", text), listener(emulator, there)
    )
    return {**subnets, **vpcs, **listeners, '"Tier": "public"': '"Tier": "private"', f"{REGISTRY}/": f"{REGISTRY}/examples/"}


def repository(emulator, text):
    """Under a prefix of their own: the emulator is other tests', too."""
    ecr = emulator.client("ecr")
    for name, tags in sorted(tagged(text).items()):
        ecr.create_repository(repositoryName=f"examples/{name}")
        for tag in sorted(tags):
            manifest = json.dumps({"schemaVersion": 2, "name": name, "tag": tag})
            ecr.put_image(repositoryName=f"examples/{name}", imageManifest=manifest, imageTag=tag)


def tagged(text):
    """The repositories that the examples name, with their tags."""
    found = {}
    for name, tag in re.findall(rf'{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/([a-z0-9-]+)", "tag": "([^"]+)"', text):
        found.setdefault(name, set()).add(tag)
    return found


def code(emulator):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="shop-code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="shop-code", VersioningConfiguration={"Status": "Enabled"})
    for key in ("orders.zip", "pinned.zip", "checked.zip", "layer.zip"):
        s3.put_object(Bucket="shop-code", Key=key, Body=EMPTY, ChecksumAlgorithm="SHA256")


def listener(emulator, subnets):
    elb = emulator.client("elbv2")
    balancer = elb.create_load_balancer(Name="examples", Subnets=subnets[:2])["LoadBalancers"][0]["LoadBalancerArn"]
    default = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    made = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=default)
    return made["Listeners"][0]["ListenerArn"]


def push(world, images):
    """As soon as the repositories are there; the emulator takes whatever it is given for a manifest."""
    for name, tag in images.items():
        home = world.wait(lambda name=name: world.status().get("images", {}).get(name, {}).get("repository"))
        manifest = json.dumps({"schemaVersion": 2, "name": name})
        world.emulator.client("ecr").put_image(repositoryName=home.partition("/")[2], imageManifest=manifest, imageTag=tag)


@pytest.mark.parametrize("case", golden_cases.CASES)
def test_an_example_becomes_ready(world, outside, case):
    text = json.dumps(golden_cases.example(case)["spec"])
    for name, here in outside.items():
        text = text.replace(name, here)
    spec = json.loads(text)
    for one in golden_cases.documents(case):
        if one["kind"] != "FargateApp":
            world.plane.apply({**one, "metadata": {**one["metadata"], "namespace": world.namespace}})
    world.apply(**{"images": None, "services": None, **spec})
    push(
        world, {name: one["tag"] for name, one in spec.get("images", {}).items() if "build" in one and "git" not in one["build"]}
    )
    status = world.ready()
    for field in ("services", "scheduledTasks", "tasks", "functions"):
        assert status.get(field, {}).keys() == spec.get(field, {}).keys()
        assert [key for key, one in status.get(field, {}).items() if not any("Arn" in name for name in one)] == []
    world.delete()
