"""A Secret's value is planted, and looked for in all that a run with debug logging leaves behind: create, rotate, failures, delete."""

import base64
import hashlib
import html
import json
import urllib.parse

import pytest

from e2e.conftest import World
from harness.calls import identify
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("rights"), pytest.mark.timeout(240)]

FIRST = 'first-C4n4ry "quoted" \\slash\\ <tag> & ünïcode +=% {{resolve:ssm:/canary}}\nsecond-line-of-it'
SECOND = 'second-Kan4ri "quoted" \\slash\\ <tag> & ünïcode +=% end-of-it'
WRITES = {"CreateStack", "UpdateStack", "CreateChangeSet"}
BROKEN = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 999999}}}


def shapes(value):
    """The forms in which a text may hold a value: as it is, escaped, encoded, by its first line, or by a digest."""
    found = set()
    for one in {value, value.splitlines()[0], value.split()[0]}:
        raw = one.encode()
        found |= {one, json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1], repr(one)[1:-1], html.escape(one)}
        found |= {json.dumps(json.dumps(one))[3:-3], urllib.parse.quote(one), urllib.parse.quote_plus(one), raw.hex()}
        for before in range(3):  # wherever it begins in a longer text; without what its neighbours have a part in
            found.add(base64.b64encode(b"x" * before + raw).decode()[4 * bool(before) : -4])
    found |= {getattr(hashlib, name)(value.encode()).hexdigest() for name in ("md5", "sha1", "sha256")}
    return {one for one in found if len(one) >= 8}


CANARIES = shapes(FIRST) | shapes(SECOND)


def told(text):
    """The canaries that a text holds."""
    return sorted(one for one in CANARIES if one in text)


class Recording(AwsProxy):
    """Keeps what goes through it, whole: the call, its line, headers and body, and the answer's body."""

    def __init__(self, target):
        super().__init__(target)
        self.exchanged = []

    async def _forward(self, request, body):
        status, headers, answer = await super()._forward(request, body)
        call = identify(request.method, request.path, request.query_string, request.headers, body)
        self.exchanged.append((call, f"{request.raw_path}\n{dict(request.headers)}", body.decode(errors="replace"), answer))
        return status, headers, answer


def put(world, value):
    """As most people do: kubectl's annotation holds the value once more."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "canary", "namespace": world.namespace},
        "stringData": {"KEY": value},
    }
    world.plane.kubectl("apply", "-f", "-", stdin=json.dumps(secret))


def quoting(_, status, body):
    """As if the copy itself had failed, and CloudFormation had quoted what is in it."""
    body = body.replace(b"<LogicalResourceId>Queue<", b"<LogicalResourceId>FargateSecret<")
    quoted = html.escape(f"Properties validation failed: {SECOND} (HandlerErrorCode: InvalidRequest)").encode()
    return status, body.replace(b"<ResourceStatusReason>", b"<ResourceStatusReason>" + quoted)


def in_the_cluster(world):
    """Every object of every kind, as kind/name → text."""
    kinds = world.plane.kubectl("api-resources", "--verbs=list", "-o", "name").stdout.split()
    found = {}
    for item in world.plane.get(",".join(kinds), "--all-namespaces", "--show-managed-fields")["items"]:
        found[f"{item['kind']}/{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"] = json.dumps(
            item, ensure_ascii=False
        )
    return found


def in_aws(world, stack, status):
    """What CloudFormation and ECS tell of the app, as text."""
    cloudformation = world.cloudformation
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in
             cloudformation.describe_stack_resources(StackName=stack)["StackResources"]}  # fmt: skip
    answers = [
        cloudformation.get_template(StackName=stack, TemplateStage="Original"),
        cloudformation.get_template(StackName=stack, TemplateStage="Processed"),
        cloudformation.describe_stacks(StackName=stack),
        cloudformation.describe_stack_events(StackName=stack),
        cloudformation.list_change_sets(StackName=stack),
        cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId="FargateSecret"),
        world.ecs.describe_task_definition(taskDefinition=status["services"]["web"]["taskDefinitionArn"]),
        world.ecs.describe_tasks(cluster=status["clusterArn"], tasks=status["services"]["web"]["taskArns"]),
        world.emulator.client("secretsmanager").describe_secret(SecretId=names["FargateSecret"]),
    ]
    stored = world.emulator.client("secretsmanager").get_secret_value(SecretId=names["FargateSecret"])["SecretString"]
    return json.dumps(answers, default=str, ensure_ascii=False), stored


def without_values(call, body):
    """A request's body as it may be: CloudFormation's parameters are the one place for a value."""
    if call.service != "cloudformation" or call.action not in WRITES:
        return body
    fields = urllib.parse.parse_qsl(body, keep_blank_values=True)
    return urllib.parse.urlencode([(name, value) for name, value in fields if not name.endswith(".ParameterValue")])


@pytest.fixture(scope="module")
def run():
    """The whole life; what it left in the cluster and in AWS, at each stage."""
    with ControlPlane() as plane, Emulator() as emulator, Recording(emulator.endpoint) as proxy:
        plane.install()
        world = World(plane, emulator, "default")
        spec = {"environmentFrom": [{"secretRef": {"name": "canary"}}], "tasks": {"migrate": {"image": "app"}}}
        cluster, aws, secrets = {}, "", []

        def look():
            nonlocal aws
            status = world.status()
            if status.get("stack", {}).get("id"):
                text, stored = in_aws(world, status["stack"]["id"], status)
                aws += text
                secrets.append(json.loads(stored)["canary/KEY"])
            for name, text in in_the_cluster(world).items():
                cluster[name] = cluster.get(name, "") + text

        with OperatorProcess(plane, proxy.endpoint, health_interval="2s", log_level="debug", log_format="json") as operator:
            put(world, FIRST)
            world.apply(**spec)
            world.ready()
            look()
            put(world, SECOND)
            world.wait(
                lambda: (one := world.ready()) and json.loads(in_aws(world, one["stack"]["id"], one)[1])["canary/KEY"] == SECOND
            )
            look()
            proxy.fail("cloudformation", "UpdateStack", "ValidationError", message=f"Parameter KEY: {FIRST} is not to my taste")
            put(world, FIRST)
            refused = world.stalled("AwsRefused")
            look()
            put(world, SECOND)
            world.annotate("reconcile.fluxcd.io/requestedAt=1")
            world.ready()
            proxy.overlay("cloudformation", "DescribeStackEvents", quoting)
            put(world, FIRST)
            world.apply(**spec, resources=BROKEN)
            failed = world.stalled("UpdateFailed")
            look()
            world.delete()
            for name, text in in_the_cluster(world).items():
                cluster[name] = cluster.get(name, "") + text
            log = operator.log()
        yield {
            "cluster": cluster,
            "aws": aws,
            "secrets": secrets,
            "log": log,
            "proxy": proxy,
            "refused": refused,
            "failed": failed,
        }


def test_the_search_finds_every_form():
    forms = [FIRST, json.dumps({"a": FIRST}), urllib.parse.quote_plus(SECOND), urllib.parse.quote(SECOND), html.escape(SECOND)]
    forms += [base64.b64encode(b"x" * n + SECOND.encode() + b"more").decode() for n in range(4)]
    forms += [json.dumps({"a": json.dumps({"b": FIRST})}), hashlib.sha256(SECOND.encode()).hexdigest()]
    assert [one for one in forms if not told(one)] == []
    assert told("first-canary and second-kanari") == []


def test_the_value_is_where_it_belongs(run):
    assert run["secrets"][:2] == [FIRST, SECOND]
    sent = "".join(body for call, _, body, _ in run["proxy"].exchanged if call.action in WRITES)
    values = [
        value for name, value in urllib.parse.parse_qsl(sent.replace("Action=", "&Action=")) if name.endswith(".ParameterValue")
    ]
    assert {json.loads(one) for one in values} == {FIRST, SECOND}
    assert told(run["cluster"]["Secret/default/canary"])


def test_debug_logging_was_on(run):
    levels = [json.loads(line)["level"] for line in run["log"].splitlines() if line.startswith("{")]
    assert levels.count("debug") > 10


def test_the_value_is_not_in_the_operators_output(run):
    assert told(run["log"]) == []


def test_the_value_is_in_no_request_but_as_a_parameter_and_in_no_answer(run):
    found = {}
    for call, head, body, answer in run["proxy"].exchanged:
        if leaks := told(head) + told(without_values(call, body)) + told(answer.decode(errors="replace")):
            found[call.action] = leaks
    assert found == {}
    assert {call.service for call, *_ in run["proxy"].exchanged} >= {"cloudformation", "ecs"}
    assert "secretsmanager" not in {call.service for call, *_ in run["proxy"].exchanged}


def test_the_value_is_in_no_object_of_the_cluster_but_its_own(run):
    assert {
        name: leaks for name, text in run["cluster"].items() if name != "Secret/default/canary" and (leaks := told(text))
    } == {}
    assert any(name.startswith("Event/default/shop") for name in run["cluster"])
    assert "FargateApp/default/shop" in run["cluster"]


def test_the_value_is_in_nothing_that_cloudformation_and_ecs_tell(run):
    assert told(run["aws"]) == []
    assert "FargateSecret" in run["aws"]


def test_failures_are_told_without_what_they_quote(run):
    assert run["refused"] == "UpdateStack: Parameter KEY: **** is not to my taste (ValidationError)"
    assert "FargateSecret" in run["failed"]
    assert "HandlerErrorCode: InvalidRequest" in run["failed"]
