"""Failures as users see them: tasks that stop, what their containers wrote, a circuit breaker's cause, a cascade.

The emulator's tasks never fail: the proxy tells ECS's part, the logs are real ones of the emulator's.
"""

import json
import re
import time
from contextlib import ExitStack, contextmanager

import pytest

from e2e.conftest import World
from e2e.test_canary import shapes
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy
from harness.spot import hanging
from roles import actions, called

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("failures"), pytest.mark.timeout(240)]

TASK = "0123456789abcdef0123456789abcdef"
SECRET = 'hidden-C4n4ry "quoted" & ünïcode +=%'
BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 999999}}
PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref example/app:1: example/app:1: not found"
BREAKER = "Resource handler returned message: &quot;Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.&quot; (RequestToken: 1, HandlerErrorCode: GeneralServiceException)"


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        with OperatorProcess(plane, proxy.endpoint, health_interval="3s", log_level="debug") as operator:
            yield plane, emulator, proxy, operator
        assert called(proxy.calls) <= actions("OperatorRole")


@pytest.fixture
def stage(place, request):
    plane, emulator, proxy, operator = place
    namespace = request.node.name.split("[")[0].removeprefix("test_").replace("_", "-")[:40].rstrip("-")
    plane.kubectl("create", "namespace", namespace)
    one = World(plane, emulator, namespace)
    one.proxy, one.operator = proxy, operator
    yield one
    proxy.reset()


def events(stage, reason):
    """The messages of the app's Events of a reason, warnings only."""
    found = stage.plane.get("events", "-n", stage.namespace)["items"]
    return [one["message"] for one in found if one["reason"] == reason and one["type"] == "Warning"]


@contextmanager
def stopping(proxy, reason, code="TaskFailedToStart", after=60.0, **container):
    """ECS says that no task runs, and that this one has stopped, `after` seconds from now."""
    at = time.time()

    def services(_, status, body):
        answer = json.loads(body)
        for service in answer.get("services", ()):
            service["runningCount"] = 0
            service["deployments"][0] |= {"runningCount": 0, "createdAt": at - 60}
            service["events"] = []
        return status, json.dumps(answer).encode()

    def listed(call, status, body):
        if call.parameters.get("desiredStatus") != "STOPPED":
            return status, body
        return 200, json.dumps({"taskArns": [f"arn:aws:ecs:eu-west-1:000000000000:task/c/{TASK}"]}).encode()

    def described(*_):
        task = {"taskArn": f"arn:aws:ecs:eu-west-1:000000000000:task/c/{TASK}", "stopCode": code, "stoppedReason": reason,
                "stoppedAt": at + after, "containers": [{"name": "web", **container}]}  # fmt: skip
        return 200, json.dumps({"tasks": [task], "failures": []}).encode()

    with ExitStack() as stack:
        for action, change in (("DescribeServices", services), ("ListTasks", listed), ("DescribeTasks", described)):
            stack.enter_context(proxy.overlaid("ecs", action, change))
        yield


def group_of(stage):
    name = stage.status()["stack"]["name"]
    [found] = stage.cloudformation.describe_stack_resources(StackName=name, LogicalResourceId="FargateTasksLogGroup")[
        "StackResources"
    ]
    return found["PhysicalResourceId"]


def test_a_container_that_exits_is_told_with_its_last_lines_and_no_secret(stage):
    stage.plane.kubectl("create", "secret", "generic", "keys", "-n", stage.namespace, f"--from-literal=KEY={SECRET}")
    stage.apply(environmentFrom=[{"secretRef": {"name": "keys"}}])
    stage.ready()
    logs, group = stage.emulator.client("logs"), group_of(stage)
    lines = [f"line {number}" for number in range(30)]
    lines += [
        f"the key is {SECRET}",
        f"as JSON {json.dumps(SECRET)}",
        "DB_PASSWORD=hunter2",
        "\x1b[31mpanic: no configuration\x1b[0m",
    ]
    logs.create_log_stream(logGroupName=group, logStreamName=f"fargate/web/{TASK}")
    told = [{"timestamp": int(time.time() * 1000) + number, "message": line} for number, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=f"fargate/web/{TASK}", logEvents=told)
    before = stage.proxy.counts["logs", "GetLogEvents"]
    with stopping(stage.proxy, "Essential container in task exited", "EssentialContainerExited", after=-50.0, exitCode=1):
        stage.wait(lambda: "exited with 1" in stage.condition("WorkloadsReady").get("message", ""))
        message = stage.condition("WorkloadsReady")["message"].split("\n")
        stopped = stage.status()["services"]["web"]["stopped"]
        stage.annotate("reconcile.fluxcd.io/requestedAt=again")
        stage.wait(lambda: stage.status().get("lastHandledReconcileAt") == "again")
        wide = stage.plane.kubectl("get", "fargateapp", "-n", stage.namespace, "-o", "wide").stdout
    assert message[0] == "web: 0 of 1 tasks run: container web exited with 1"
    assert message[-4:] == ["| the key is ****", '| as JSON "****"', "| DB_PASSWORD=****", "| panic: no configuration"]
    assert len([line for line in message if line.startswith("| ")]) == 20
    assert (stopped["container"], stopped["exitCode"], stopped["taskArn"].endswith(TASK)) == ("web", 1, True)
    assert message[0] in wide
    assert len(wide.splitlines()) == 2
    assert stage.proxy.counts["logs", "GetLogEvents"] == before + 1
    assert len(events(stage, "TasksNotRunning")) == 1
    written = (
        json.dumps([stage.app(), stage.plane.get("events", "-n", stage.namespace)], ensure_ascii=False) + stage.operator.log()
    )
    assert [one for one in {*shapes(SECRET), "hunter2"} if one in written] == []
    assert "stopped" not in stage.ready()["services"]["web"]


def test_under_a_circuit_breaker_the_image_is_told(stage):
    stage.apply()
    stage.ready()
    arn = stage.status()["services"]["web"]["serviceArn"]

    def of_the_service(_, status, body):
        """The queue that fails becomes the service, with the words that CloudFormation has for it."""
        pieces = body.decode().split("<member>")
        for number, piece in enumerate(pieces):
            if "<LogicalResourceId>Queue<" not in piece:
                continue
            for name, value in (
                ("LogicalResourceId", "WebService"),
                ("PhysicalResourceId", arn),
                ("ResourceType", "AWS::ECS::Service"),
            ):
                piece = re.sub(f"<{name}>[^<]*<", f"<{name}>{value}<", piece)  # noqa: PLW2901
            pieces[number] = re.sub("<ResourceStatusReason>[^<]*<", f"<ResourceStatusReason>{BREAKER}<", piece)
        return status, "<member>".join(pieces).encode()

    with stopping(stage.proxy, PULL), stage.proxy.overlaid("cloudformation", "DescribeStackEvents", of_the_service):
        stage.apply(resources={"Queue": BROKEN})
        message = stage.stalled("UpdateFailed").split("\n")
    assert message[0] == "WebService (AWS::ECS::Service): the image app:1 cannot be pulled: it does not exist"
    assert message[1:] == [PULL, "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."]
    assert events(stage, "UpdateFailed") == ["\n".join(message)]


def test_while_a_stack_is_made_its_services_are_looked_at_on_reconcile_now(stage):
    name, seen = f"{stage.namespace}-shop", []
    with stopping(stage.proxy, PULL), hanging(stage.proxy, name, "CREATE_IN_PROGRESS", lambda: bool(seen)):
        stage.apply()
        stage.wait(lambda: stage.condition("Ready").get("reason") == "Progressing")
        stage.annotate("reconcile.fluxcd.io/requestedAt=now")
        stopped = stage.wait(lambda: stage.status().get("services", {}).get("web", {}).get("stopped"))
        seen.append(stopped)
    assert stopped["message"].split("\n")[0] == "the image app:1 cannot be pulled: it does not exist"
    assert "exitCode" not in stopped
    stage.ready()


def test_the_first_resource_that_fails_is_told_and_not_what_is_cancelled(stage):
    stage.apply(resources={"Queue": BROKEN, "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": "Queue"}})
    message = stage.stalled("CreateFailed")
    assert message.startswith("Queue (AWS::SQS::Queue): ")
    assert "cancelled" not in message
    assert len(events(stage, "CreateFailed")) == 1
