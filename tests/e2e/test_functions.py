"""Functions with code from S3, their events and their API, on a real API server and the AWS emulator."""

import base64
import hashlib
import io
import json
import time
import zipfile

import pytest

from harness.emulator import ACCOUNT, REGION

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/functions"


def archive(text):
    """The same bytes each time: without a date."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr(zipfile.ZipInfo("api.py"), f"def handler(event, context):\n    return {text!r}\n")
    return held.getvalue()


class Code:
    """A bucket of the test's own."""

    def __init__(self, world, *, versioned=True):
        self._s3 = world.emulator.client("s3")
        self.bucket = f"code-{world.namespace}"
        self._s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        if versioned:
            self._s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def put(self, text, **more):
        return self._s3.put_object(Bucket=self.bucket, Key="api.zip", Body=archive(text), **more).get("VersionId")

    def spec(self, **more):
        return {"s3Bucket": self.bucket, "s3Key": "api.zip", "handler": "api.handler", "runtime": "python3.12", **more}


def deployed(world, status, name="api"):
    answer = world.emulator.client("lambda").get_function(FunctionName=status["functions"][name]["functionArn"])
    return answer["Configuration"]


def sha256(text):
    return base64.b64encode(hashlib.sha256(archive(text)).digest()).decode()


def updates(world, status):
    events = world.cloudformation.describe_stack_events(StackName=status["stack"]["id"])["StackEvents"]
    return sum(
        one["ResourceStatus"] == "UPDATE_IN_PROGRESS" and one["ResourceType"] == "AWS::CloudFormation::Stack" for one in events
    )


def test_a_new_version_of_the_code_is_deployed_on_reconcile_now_exactly_once(world):
    code = Code(world)
    first = code.put("one")
    world.apply(services=None, functions={"api": {"code": code.spec()}})
    status = world.ready()
    assert status["pins"]["code"] == {"api": first}
    assert deployed(world, status)["CodeSha256"] == sha256("one")
    second = code.put("two")
    time.sleep(6)
    assert world.status()["pins"]["code"] == {"api": first}  # the spec is the same, and nobody asked
    world.annotate("reconcile.fluxcd.io/requestedAt=1")
    world.wait(
        lambda: world.status().get("pins", {}).get("code") == {"api": second} and world.condition("Ready")["status"] == "True"
    )
    status = world.ready()
    assert deployed(world, status)["CodeSha256"] == sha256("two")
    assert updates(world, status) == 1
    world.annotate("reconcile.fluxcd.io/requestedAt=2")
    world.wait(lambda: world.status()["lastHandledReconcileAt"] == "2")
    assert updates(world, world.ready()) == 1


def test_a_checksum_must_be_that_of_the_newest_version(world):
    code = Code(world)
    code.put("one", ChecksumAlgorithm="SHA256")
    world.apply(services=None, functions={"api": {"code": code.spec(sha256=sha256("two"))}})
    message = world.stalled("CodeNotFound")
    assert f"code.sha256: is {sha256('two')}, but the newest version of s3://{code.bucket}/api.zip has {sha256('one')}" in message
    code.put("two", ChecksumAlgorithm="SHA256")
    world.annotate("reconcile.fluxcd.io/requestedAt=1")
    assert deployed(world, world.ready())["CodeSha256"] == sha256("two")


def test_an_object_without_a_version_or_that_is_missing_stalls_with_its_field(world):
    code = Code(world, versioned=False)
    world.apply(services=None, functions={"api": {"code": code.spec()}})
    assert f"spec.functions.api.code.s3Key: the bucket {code.bucket} has no object api.zip" in world.stalled("CodeNotFound")
    code.put("one")
    world.annotate("reconcile.fluxcd.io/requestedAt=1")
    world.wait(lambda: "has no version" in world.condition("Stalled").get("message", ""))
    assert world.status().get("stack", {}).get("id") is None
    world.apply(services=None, functions={"api": {"code": code.spec(s3Bucket="nobodys-bucket")}})
    world.wait(lambda: "code.s3Bucket: there is no bucket nobodys-bucket" in world.condition("Stalled").get("message", ""))


def test_every_kind_of_event_is_there_and_a_warm_functions_change_publishes_one_version(world):
    code = Code(world)
    code.put("one")
    raw = {
        "Jobs": {"Type": "AWS::SQS::Queue"},
        "News": {"Type": "AWS::SNS::Topic"},
        "Clicks": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": f"bus-{world.namespace}"}},
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            },
        },
    }
    events = {
        "jobs": {
            "sqs": {"queueArn": "${Jobs.Arn}", "batchSize": 20, "batchWindow": "5s", "filters": [{"body": {"kind": ["x"]}}]}
        },
        "news": {"sns": {"topicArn": "${News}", "filter": {"kind": ["x"]}}},
        "clicks": {"stream": {"arn": "${Clicks.Arn}"}},
        "changes": {"stream": {"arn": "${Table.StreamArn}", "partialFailures": True}},
        "bus": {"eventBridge": {"bus": "${Bus.Name}", "pattern": {"source": ["shop"]}}},
        "files": {"s3": {"bucket": code.bucket, "prefix": "in/"}},
        "warm": {"schedule": {"expression": "rate(1 hour)"}},
    }
    function = {
        "code": code.spec(),
        "provisionedConcurrency": 1,
        "onFailure": "${Jobs.Arn}",
        "events": events,
        "url": {"auth": "NONE"},
    }
    world.apply(services=None, functions={"api": function}, resources=raw, tags={"round": "1"})
    status = world.ready()
    client = world.emulator.client("lambda")
    name = deployed(world, status)["FunctionName"]

    def state():
        alias = client.get_alias(FunctionName=name, Name="live")
        published = [one["Version"] for one in client.list_versions_by_function(FunctionName=name)["Versions"]]
        return alias["FunctionVersion"], [one for one in published if one != "$LATEST"]

    assert state() == ("1", ["1"])
    mappings = [
        one["EventSourceArn"].split(":")[2]
        for one in client.list_event_source_mappings()["EventSourceMappings"]
        if f":{name}:" in one["FunctionArn"]
    ]
    assert sorted(mappings) == ["dynamodb", "kinesis", "sqs"]
    rules = world.emulator.client("events").list_rules()["Rules"]
    [pattern] = [one["EventPattern"] for one in rules if code.bucket in one.get("EventPattern", "")]
    assert json.loads(pattern)["detail"]["object"] == {"key": [{"prefix": "in/"}]}
    assert status["functions"]["api"]["url"].startswith("http")

    # what no version keeps changes none: Lambda would refuse to publish the same again
    world.apply(services=None, functions={"api": function}, resources=raw, tags={"round": "2"})
    world.ready()
    assert state() == ("1", ["1"])
    world.apply(
        services=None, functions={"api": {**function, "environment": {"LEVEL": "debug"}}}, resources=raw, tags={"round": "2"}
    )
    world.ready()
    assert state() == ("2", ["2"])


def test_an_api_has_its_authorizers_and_its_own_host_name_comes_back_with_where_dns_must_lead(world):
    ecr = world.emulator.client("ecr")
    ecr.create_repository(repositoryName="functions")
    ecr.put_image(repositoryName="functions", imageManifest=json.dumps({"schemaVersion": 2}), imageTag="v1")
    host = f"{world.namespace}.example.com"
    certificate = world.emulator.client("acm").request_certificate(DomainName=host)["CertificateArn"]
    events = {
        "home": {"httpApi": {"route": "GET /"}},
        "mine": {"httpApi": {"route": "GET /mine", "authorizer": "jwt"}},
        "own": {"httpApi": {"route": "GET /own", "authorizer": "own"}},
        "admin": {"httpApi": {"route": "POST /admin", "authorizer": "AWS_IAM"}},
    }
    world.apply(
        services=None,
        images={"app": {"repository": REPOSITORY, "tag": "v1"}},
        functions={"api": {"image": "app", "events": events}},
        httpApi={
            "cors": {"allowOrigins": ["*"]},
            "authorizers": {
                "jwt": {"jwt": {"issuer": "https://issuer.example.com", "audience": ["shop"]}},
                "own": {"lambda": {"function": "api", "ttl": "5m"}},
            },
            "domain": {"name": host, "certificateArn": certificate},
        },
    )
    api = world.ready()["httpApi"]
    assert api["url"] == f"https://{host}"
    client = world.emulator.client("apigatewayv2")
    [configuration] = client.get_domain_name(DomainName=host)["DomainNameConfigurations"]
    assert api["domainTarget"] == configuration["ApiGatewayDomainName"]
    assert [one["ApiId"] for one in client.get_api_mappings(DomainName=host)["Items"]] == [api["id"]]
