"""A scheduled run that finds no Spot is run on demand, once: not lost, not doubled."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from e2e.conftest import World
from e2e.test_crash import Killer
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy
from harness.spot_runs import NO_CAPACITY, NO_IMAGE, attribute, dead_letter, without_spot

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("spotruns"), pytest.mark.timeout(240)]

OURS = "fargate-operator/"


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        emulator.client("sqs").create_queue(QueueName="letters")
        settings = {"health_interval": "2s", "lease_duration": "3s"}
        with without_spot(proxy), OperatorProcess(plane, proxy.endpoint, **settings) as operator:
            yield World(plane, emulator, "default"), operator, proxy


class Nightly:
    """An app with one schedule on Spot, and what Scheduler and ECS would do about it."""

    number = count()

    def __init__(self, world, **task):
        self.world, self.ecs, self.sqs = world, world.ecs, world.emulator.client("sqs")
        self.name = f"nightly{next(self.number)}"
        self.task = {"image": "app", "schedule": "rate(1 day)", **({} if "capacity" in task else {"spot": True}), **task}
        self.apply()
        status = world.ready(self.name)
        self.cluster = status["clusterArn"]
        self.schedule = status["scheduledTasks"][self.name]["scheduleArn"]
        self.definition = status["scheduledTasks"][self.name]["taskDefinitionArn"]
        [stack] = world.cloudformation.describe_stacks(StackName=status["stack"]["name"])["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        self.queue = outputs[f"FargateSpot{self.name.capitalize()}Runs"].split(",")[0]
        # what the operator was killed over is received again soon
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"VisibilityTimeout": "1"})

    def apply(self, **spec):
        self.world.apply(self.name, services=None, scheduledTasks={self.name: self.task}, **spec)

    def fails(self, execution="0123456789abcdef", message=NO_CAPACITY, **changed):
        """Scheduler gives a run up."""
        self.sqs.send_message(QueueUrl=self.queue, **dead_letter(self.schedule, self.cluster, execution, message, **changed))

    def places(self):
        """Scheduler starts a task."""
        by = f"chronos-schedule/{self.schedule.rsplit('/', 1)[-1]}"
        strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
        started = self.ecs.run_task(
            cluster=self.cluster, taskDefinition=self.definition, startedBy=by, capacityProviderStrategy=strategy
        )
        return started["tasks"][0]["taskArn"]

    def rescued(self):
        """The tasks that run on demand in place of others."""
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in self.ecs.list_tasks(cluster=self.cluster, desiredStatus=status)["taskArns"]
        ]
        tasks = self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"] if arns else []
        return [one for one in tasks if one["startedBy"].startswith(OURS)]

    def left(self, queue=""):
        """How many messages there are, hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=queue or self.queue, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def told(self, reason):
        fields = f"involvedObject.name={self.name},reason={reason}"
        found = self.world.plane.kubectl("get", "events", "-n", "default", "--field-selector", fields, "-o", "json").stdout
        return [one["message"] for one in json.loads(found)["items"]]

    def spot(self):
        return self.world.status(self.name)["scheduledTasks"][self.name].get("spot", {})

    def looked(self, proxy):
        """Wait for two more looks: what one that was under way has not seen, the other has."""
        before = proxy.counts["ecs", "ListTasks"]
        self.world.wait(lambda: proxy.counts["ecs", "ListTasks"] >= before + 2)

    def done(self):
        self.world.delete(self.name)


def test_a_run_without_capacity_is_run_on_demand_once(place):
    world, _, proxy = place
    app = Nightly(world)
    app.fails("execution-1")
    world.wait(app.rescued)
    world.wait(lambda: not app.left())
    app.fails("execution-1")  # SQS may deliver a message twice
    world.wait(lambda: not app.left())
    app.looked(proxy)
    [task] = app.rescued()
    assert (task["launchType"], task["taskDefinitionArn"], task["startedBy"].split("/")[2:]) == (
        "FARGATE",
        app.definition,
        ["execution-1", "1"],
    )
    [run] = [one.parameters for one in proxy.calls if one.action == "RunTask" and one.parameters["cluster"] == app.cluster]
    assert (run["clientToken"], run["count"], run["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"]) == (
        "execution-1",
        1,
        "ENABLED",
    )
    world.wait(lambda: app.spot().get("rescued") == 1)
    [message] = app.told("SpotRunRescued")
    assert "execution-1" in message
    assert task["taskArn"] in message
    app.done()


def test_a_task_that_stopped_before_it_started_is_run_on_demand_once(place):
    world, _, proxy = place
    app = Nightly(world, capacity={"onDemandWeight": 1, "spotWeight": 3})
    lost, other = app.places(), app.places()
    app.ecs.stop_task(cluster=app.cluster, task=other, reason="Essential container in task exited")
    app.ecs.stop_task(cluster=app.cluster, task=lost, reason=NO_CAPACITY)
    world.wait(app.rescued)
    app.looked(proxy)
    [task] = app.rescued()
    assert task["startedBy"].split("/")[2:] == [lost.rsplit("/", 1)[-1], "1"]
    assert task["launchType"] == "FARGATE"
    app.done()


def test_of_a_run_of_three_only_the_tasks_that_found_no_capacity_are_run(place):
    world, _, proxy = place
    app = Nightly(world, taskCount=3)
    scheduled = datetime.now(UTC) - timedelta(minutes=1)
    app.places()
    app.fails("partial", SCHEDULED_TIME=scheduled.isoformat())
    world.wait(lambda: not app.left())
    app.looked(proxy)
    assert sorted(one["startedBy"].rsplit("/", 2)[1:] for one in app.rescued()) == [["partial", "1"], ["partial", "2"]]
    app.done()


def test_a_run_that_failed_for_another_reason_is_left_to_the_queue_that_the_user_has_named(place):
    world, _, _ = place
    app = Nightly(world, deadLetterQueueArn="arn:aws:sqs:eu-west-1:123456789012:letters")
    app.fails("other", NO_IMAGE)
    letters = app.sqs.get_queue_url(QueueName="letters")["QueueUrl"]
    world.wait(lambda: app.left(letters), 60)
    [letter] = app.sqs.receive_message(QueueUrl=letters, MessageAttributeNames=["All"])["Messages"]
    assert (attribute(letter, "EXECUTION_ID"), app.left(), app.rescued()) == ("other", 0, [])
    [message] = app.told("ScheduledRunFailed")
    assert NO_IMAGE in message
    app.done()


def test_a_message_that_is_not_of_the_schedule_is_not_run_and_stays(place):
    world, _, proxy = place
    app, victim = Nightly(world), Nightly(world)
    app.fails("forged", SCHEDULE_ARN=victim.schedule)
    app.sqs.send_message(QueueUrl=app.queue, MessageBody="not a letter")
    world.wait(lambda: app.told("SpotRunNotRescued"))
    app.looked(proxy)
    assert (app.left(), app.rescued(), victim.rescued()) == (2, [], [])
    app.done()
    victim.done()


def test_a_suspended_app_runs_nothing_until_it_is_resumed(place):
    world, _, proxy = place
    app = Nightly(world)
    app.apply(suspend=True)
    world.ready(app.name)
    calls = [one for one in proxy.calls if one.parameters.get("QueueUrl") == app.queue]
    app.fails("meanwhile")
    world.annotate("reconcile.fluxcd.io/requestedAt=1", app.name)
    world.wait(lambda: world.status(app.name).get("lastHandledReconcileAt") == "1")
    assert [one for one in proxy.calls if one.parameters.get("QueueUrl") == app.queue] == calls
    assert (app.left(), app.rescued()) == (1, [])
    app.apply(suspend=False)
    world.wait(app.rescued)
    world.wait(lambda: not app.left())
    assert len(app.rescued()) == 1
    app.done()


def test_what_waits_in_the_queue_is_run_before_an_update_takes_it_away(place):
    world, _, _ = place
    app = Nightly(world)
    app.apply(suspend=True)
    world.ready(app.name)
    app.fails("waiting")
    app.task |= {"spot": False}
    app.apply(suspend=False)
    world.wait(app.rescued)
    world.ready(app.name)
    assert [one["startedBy"].split("/")[2:] for one in app.rescued()] == [["waiting", "1"]]
    assert app.queue not in app.sqs.list_queues().get("QueueUrls", [])
    app.done()


def test_a_schedule_that_was_changed_by_hand_is_not_run(place):
    world, _, proxy = place
    app, other = Nightly(world), Nightly(world)
    scheduler = world.emulator.client("scheduler")
    name = app.schedule.rsplit("/", 1)[-1]
    target = scheduler.get_schedule(Name=name)["Target"]
    target["EcsParameters"]["TaskDefinitionArn"] = other.definition
    del target["EcsParameters"]["CapacityProviderStrategy"]  # the emulator keeps CloudFormation's spelling, the API has another
    scheduler.update_schedule(
        Name=name, ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target, State="ENABLED"
    )
    app.fails("changed")
    [message] = world.wait(lambda: app.told("SpotRunNotRescued"))
    assert "does not start what its stack says" in message
    app.looked(proxy)
    assert (app.left(), app.rescued()) == (1, [])
    app.done()
    other.done()


def test_what_cannot_be_run_on_demand_yet_is_told_and_kept(place):
    world, _, proxy = place
    app = Nightly(world)
    proxy.fail("ecs", "RunTask", "ClientException", message="no definition")
    app.fails("later")
    [message] = world.wait(lambda: app.told("SpotRunNotRescued"))
    assert "no definition" in message
    assert app.left() == 1
    assert world.condition("Ready", app.name)["status"] == "True"
    app.fails("later")  # delivered again: the first one is put off by a minute
    world.wait(app.rescued)
    app.looked(proxy)
    assert len(app.rescued()) == 1
    app.done()


def kills(proxy, operator, moment, service, action):
    """Before the call gets there, or after it has been carried out."""
    killer = Killer(operator, action)
    if moment == "before":
        proxy.fail(service, action, "ServiceUnavailable", status=503)
    getattr(proxy, moment)(killer)
    return killer


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("service", "action"), [("sqs", "ReceiveMessage"), ("ecs", "RunTask"), ("sqs", "DeleteMessage")])
def test_killed_around_a_call_of_a_rescue(place, moment, service, action):
    world, operator, proxy = place
    app = Nightly(world)
    if action == "ReceiveMessage":  # which comes without a letter, too
        app.fails("killed")
        killer = kills(proxy, operator, moment, service, action)
    else:
        killer = kills(proxy, operator, moment, service, action)
        app.fails("killed")
    world.wait(lambda: killer.done)
    operator.start()
    operator.until_ready()
    world.wait(app.rescued)
    world.wait(lambda: not app.left())
    if (action, moment) != ("DeleteMessage", "after"):  # then nothing tells of the run any more
        world.wait(lambda: app.spot().get("rescued") == 1)
    app.looked(proxy)
    assert len(app.rescued()) == 1
    app.done()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_running_what_never_started(place, moment):
    world, operator, proxy = place
    app = Nightly(world)
    lost = app.places()
    killer = kills(proxy, operator, moment, "ecs", "RunTask")
    app.ecs.stop_task(cluster=app.cluster, task=lost, reason=NO_CAPACITY)
    world.wait(lambda: killer.done)
    operator.start()
    operator.until_ready()
    world.wait(app.rescued)
    app.looked(proxy)
    assert len(app.rescued()) == 1
    app.done()
