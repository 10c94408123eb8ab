import json
import threading

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from harness.calls import identify
from harness.emulator import ACCOUNT, REGION, Emulator
from harness.proxy import AwsProxy, Trouble

pytestmark = pytest.mark.xdist_group("proxy")


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as one:
        yield one


@pytest.fixture
def proxy(emulator):
    with AwsProxy(emulator.endpoint) as one:
        yield one


def client(proxy, service):
    session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="test", region_name=REGION)
    return session.client(service, endpoint_url=proxy.endpoint, config=Config(retries={"total_max_attempts": 1}))


@pytest.mark.parametrize(
    ("service", "method", "path", "action"),
    [
        ("lambda", "GET", "/2015-03-31/functions/api", "GetFunction"),
        ("lambda", "GET", "/2015-03-31/functions", "ListFunctions"),
        ("scheduler", "GET", "/schedules/report", "GetSchedule"),
        ("apigateway", "GET", "/v2/apis/a1b2", "GetApi"),
        ("nothing", "GET", "/a/b", "GET /a/b"),
    ],
)
def test_an_operation_of_a_rest_service_is_known_by_method_and_path(service, method, path, action):
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/{service}/aws4_request, Signature=0"}

    call = identify(method, path, "", headers, b"")

    assert (call.service, call.action, call.access_key, call.region) == (service, action, ACCOUNT, REGION)


def test_calls_of_every_protocol_are_counted_by_service_and_action(proxy):
    client(proxy, "cloudformation").list_stacks()
    client(proxy, "ecs").list_clusters()
    client(proxy, "ec2").describe_vpcs()
    client(proxy, "lambda").list_functions()
    client(proxy, "ecs").list_clusters()

    assert proxy.counts == {
        ("cloudformation", "ListStacks"): 1,
        ("ecs", "ListClusters"): 2,
        ("ec2", "DescribeVpcs"): 1,
        ("lambda", "ListFunctions"): 1,
    }


@pytest.mark.parametrize(
    ("service", "action", "call"),
    [
        ("cloudformation", "ListStacks", "list_stacks"),
        ("ecs", "ListClusters", "list_clusters"),
        ("ec2", "DescribeVpcs", "describe_vpcs"),
        ("lambda", "ListFunctions", "list_functions"),
    ],
)
def test_an_injected_fault_is_an_error_to_boto_as_often_as_told(proxy, service, action, call):
    proxy.fail(service, action, "ThrottlingException", status=429, message="a < b")

    with pytest.raises(ClientError) as caught:
        getattr(client(proxy, service), call)()
    again = getattr(client(proxy, service), call)()

    assert caught.value.response["Error"]["Code"] == "ThrottlingException"
    assert caught.value.response["Error"]["Message"] == "a < b"
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_an_overlay_changes_what_the_caller_sees(proxy):
    proxy.overlay("ecs", "ListClusters", lambda _call, _status, _body: (200, json.dumps({"clusterArns": ["arn:one"]}).encode()))

    assert client(proxy, "ecs").list_clusters()["clusterArns"] == ["arn:one"]


def test_hooks_run_before_and_after_with_the_number_of_the_call(proxy):
    seen = []
    proxy.before(lambda *call: seen.append(("before", *call)))
    proxy.after(lambda *call: seen.append(("after", *call)))
    ecs = client(proxy, "ecs")

    ecs.list_clusters()
    ecs.list_clusters()

    expected = [(when, "ecs", "ListClusters", number) for number in (1, 2) for when in ("before", "after")]
    assert seen == expected


def test_after_a_reset_nothing_is_left(proxy):
    proxy.fail("ecs", "ListClusters", "ServerException", times=5)
    with pytest.raises(ClientError):
        client(proxy, "ecs").list_clusters()

    proxy.reset()

    assert proxy.counts == {}
    assert client(proxy, "ecs").list_clusters()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_stack_is_created_through_it_and_the_call_tells_its_name(proxy):
    template = {"Resources": {"Cluster": {"Type": "AWS::ECS::Cluster"}}}
    cloudformation = client(proxy, "cloudformation")

    cloudformation.create_stack(StackName="through-the-proxy", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="through-the-proxy", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )

    assert [call.stack for call in proxy.calls if call.action == "CreateStack"] == ["through-the-proxy"]


def test_trouble_is_said_in_the_emulators_place_or_cuts_the_connection(proxy):
    proxy.trouble = lambda call: Trouble("refuse", code="Throttling") if call.action == "ListStacks" else Trouble("reset")
    with pytest.raises(ClientError, match="Throttling"):
        client(proxy, "cloudformation").list_stacks()
    with pytest.raises(ConnectionClosedError):
        client(proxy, "ecs").list_clusters()
    proxy.reset()
    client(proxy, "ecs").list_clusters()


def test_what_is_held_or_late_comes_when_it_is_let_and_the_emulator_has_answered_what_is_held(proxy):
    for hold in (lambda: setattr(proxy, "held", frozenset({"CreateTopic"})), lambda: setattr(proxy, "latency", 3600.0)):
        hold()
        done = []
        thread = threading.Thread(target=lambda done=done: done.append(client(proxy, "sns").create_topic(Name="held")))
        thread.start()
        thread.join(1)
        assert done == []
        proxy.reset()
        thread.join(10)
        assert len(done) == 1
