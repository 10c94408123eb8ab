"""The event queue: with it the operator sees at once what sweeps and looks, an hour apart here, would show much later."""

import json
import time
from contextlib import contextmanager
from itertools import pairwise

import pytest

from e2e.conftest import World
from fargate_operator.events import Kind
from harness import events
from harness.controlplane import ControlPlane
from harness.emulator import ACCOUNT, Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("events"), pytest.mark.timeout(240)]

SOON = 5.0  # seconds from an event to the status that tells of it
READS = {"DescribeStacks", "ListStacks", "DescribeServices", "ListTasks", "DescribeTasks"}
_COUNT = iter(range(1000))


class Place(World):
    """A namespace with an operator of its own, and the queue that it listens to."""

    def __init__(self, plane, emulator, proxy):
        name = f"events-{next(_COUNT)}"
        super().__init__(plane, emulator, name)
        plane.kubectl("create", "namespace", name)
        self.proxy, self.sqs = proxy, emulator.client("sqs")
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]

    @contextmanager
    def running(self, **settings):
        chosen = {
            "namespaces": self.namespace,
            "event_queue": self.url,
            "health_interval": "1h",
            "sweep_interval": "1h",
            "log_level": "debug",
            **settings,
        }
        with OperatorProcess(self.plane, self.proxy.endpoint, **chosen) as operator:
            yield operator

    def send(self, *bodies):
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body if isinstance(body, str) else json.dumps(body))

    def left(self):
        """How many messages there are, those that are with the operator included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def taken(self, *bodies):
        """Send them, and wait until the operator is done with them."""
        self.send(*bodies)
        self.wait(lambda: self.left() == 0)

    def rests(self, status):
        """Wait until CloudFormation is done; the stack's id. Nobody but the test knows yet."""
        name = self.wait(lambda: self.status().get("stack", {}).get("name"))
        self.wait(lambda: self.stack(name) == status)
        pages = self.cloudformation.get_paginator("list_stacks").paginate()
        return max(
            (one["CreationTime"], one["StackId"]) for page in pages for one in page["StackSummaries"] if one["StackName"] == name
        )[1]

    def up(self, **spec):
        """An app that is Ready, by the event of its stack."""
        self.apply(**spec)
        self.send(events.stack("CREATE_COMPLETE", self.rests("CREATE_COMPLETE")))
        return self.ready()


@pytest.fixture(scope="module")
def ground():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        yield plane, emulator, proxy


@pytest.fixture
def place(ground):
    yield Place(*ground)
    ground[2].reset()


def group(status, key="web"):
    """Cluster and group of a service's tasks, as an event has them."""
    return {"cluster": status["clusterArn"], "group": f"service:{status['services'][key]['serviceArn'].rpartition('/')[2]}"}


def brought(place, operator):
    """How often an event has brought the app: said before its message is deleted."""
    return sum(operator.log().count(f"{place.namespace}/shop: {kind}\n") for kind in Kind)


def told_within(place, seconds, what):
    began = time.monotonic()
    found = place.wait(what, seconds=seconds + 5)
    assert time.monotonic() - began < seconds
    return found


def test_a_stack_that_has_ended_is_told_of_by_its_event_and_not_without(place):
    with place.running() as operator:
        place.apply()
        stack = place.rests("CREATE_COMPLETE")
        place.taken(events.stack("CREATE_IN_PROGRESS", stack), events.stack("CREATE_COMPLETE", f"{stack}0"))
        assert brought(place, operator) == 0
        assert place.condition("Ready")["status"] != "True"
        assert place.status()["stack"]["status"] == "CREATE_IN_PROGRESS"
        asked = place.proxy.counts["cloudformation", "DescribeStacks"]
        place.send(events.stack("CREATE_COMPLETE", stack))
        told_within(place, SOON, lambda: place.condition("Ready").get("status") == "True")
        assert place.proxy.counts["cloudformation", "DescribeStacks"] == asked + 1
        place.delete(wait=False)
        place.rests("DELETE_COMPLETE")
        place.taken(events.stack("DELETE_IN_PROGRESS", stack))
        assert brought(place, operator) == 1
        assert place.app()
        place.send(events.stack("DELETE_COMPLETE", stack))
        told_within(place, SOON, lambda: place.app() is None)
        assert place.proxy.counts["cloudformation", "ListStacks"] == 0


def test_a_task_that_has_stopped_is_told_of_by_its_event_and_not_without(place):
    with place.running() as operator:
        status = place.up()
        place.proxy.reset()
        [task] = status["services"]["web"]["taskArns"]
        place.ecs.stop_task(cluster=status["clusterArn"], task=task, reason="out of memory")
        place.taken(events.stopped(cluster=f"{status['clusterArn']}-other"))
        assert brought(place, operator) == 1  # by its stack
        assert {one.service for one in place.proxy.calls} == {"sqs"}
        assert place.status() == status
        place.send(events.stopped(**group(status)))
        told_within(place, SOON, lambda: "out of memory" in place.condition("Ready").get("message", ""))


def test_any_event_of_a_service_or_a_task_is_a_reason_to_look_once(place):
    with place.running() as operator:
        status = place.up(tasks={"migrate": {"image": "app"}})
        service, definition = status["services"]["web"]["serviceArn"], status["tasks"]["migrate"]["taskDefinitionArn"]
        for event, looks in [
            (events.stopped(definition=f"{definition}0"), 0),
            (events.interrupted(**group(status)), 1),
            (events.stopped(group="family:migrate", definition=definition), 1),
            (events.service("SERVICE_TASK_PLACEMENT_FAILURE", service), 1),
            (events.deployment("SERVICE_DEPLOYMENT_FAILED", service), 1),
        ]:
            place.proxy.reset()
            before = brought(place, operator)
            place.taken(event)
            assert brought(place, operator) == before + looks
            place.wait(lambda looks=looks: place.proxy.counts["ecs", "DescribeServices"] >= looks, seconds=SOON)
            assert {one.service for one in place.proxy.calls} == ({"sqs", "ecs"} if looks else {"sqs"})


def test_doubled_late_and_forged_messages_change_nothing_and_are_gone(place):
    with place.running() as operator:
        status = place.up()
        stack = status["stack"]["id"]
        place.proxy.reset()
        known = [events.stopped(**group(status)), events.stack("CREATE_COMPLETE", stack), events.stack("DELETE_COMPLETE", stack),
                 events.stack("CREATE_IN_PROGRESS", stack)]  # fmt: skip
        nobodys = [events.stack("DELETE_COMPLETE", f"{stack}0"), events.stopped(), events.build("FAILED"), events.push()]
        place.taken(*known, *known, *reversed(known), *nobodys, *(one for one in events.forged() if one))
        place.wait(lambda: place.proxy.counts["ecs", "DescribeServices"])  # the turn that the first has brought
        counts = place.proxy.counts
        assert {action for service, action in counts if service != "sqs"} <= READS
        assert counts["cloudformation", "DescribeStacks"] <= 5  # a second apart at most, however many there were
        assert {action for service, action in counts if service == "sqs"} <= {"ReceiveMessage", "DeleteMessageBatch"}
        assert place.status() == status
        assert operator.log().count("messages that are no events of AWS") == 1


@pytest.mark.parametrize("ill", ["missing", "denied"])
def test_without_a_queue_that_can_be_used_all_goes_by_sweeps_and_the_log_says_so_once(place, ill):
    if ill == "denied":
        place.proxy.fail("sqs", "ReceiveMessage", "AccessDeniedException", status=403, times=1000)
    url = place.url if ill == "denied" else f"{place.emulator.endpoint}/{ACCOUNT}/missing"
    with place.running(event_queue=url, health_interval="2s", sweep_interval="0.5s") as operator:
        place.apply()
        status = place.ready()
        [task] = status["services"]["web"]["taskArns"]
        place.ecs.stop_task(cluster=status["clusterArn"], task=task, reason="out of memory")
        place.wait(lambda: "out of memory" in place.condition("Ready").get("message", ""))
        place.wait(lambda: place.proxy.counts["sqs", "ReceiveMessage"] >= 3)
        assert operator.log().count("all goes by sweeps meanwhile: ReceiveMessage") == 1
        asked = [one.at for one in place.proxy.calls if one.service == "sqs"]
        assert all(later - earlier > 0.4 for earlier, later in pairwise(asked))


def test_an_idle_operator_makes_no_call_but_one_poll_in_20_seconds(place):
    with place.running():
        place.up()
        place.wait(lambda: place.left() == 0)
        place.proxy.reset()
        place.wait(lambda: place.proxy.counts["sqs", "ReceiveMessage"] >= 2, seconds=60)
        assert {(one.service, one.action) for one in place.proxy.calls} == {("sqs", "ReceiveMessage")}
        first, second = [one.at for one in place.proxy.calls][:2]
        assert second - first > 15
