"""Plan and approval: nothing that must be approved is done before, whatever happens in between."""

import time

import pytest

from e2e.conftest import World
from e2e.test_crash import Killer
from harness.absent_types import AbsentTypes
from harness.controlplane import ControlPlane
from harness.emulator import Emulator
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("faults"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def place():
    with ControlPlane() as plane, Emulator() as emulator, AwsProxy(emulator.endpoint) as proxy:
        plane.install()
        AbsentTypes(proxy)
        proxy.overlay("cloudformation", "DescribeChangeSet", services_stay)
        with OperatorProcess(plane, proxy.endpoint, health_interval="5s", lease_duration="3s") as operator:
            yield World(plane, emulator, "default"), operator, proxy


def services_stay(_call, status, body):
    """The emulator does not know what replaces a service, and says Conditional of any change; AWS says False of these."""
    changes = body.decode().split("<ResourceChange>")
    known = [one.replace(">Conditional<", ">False<") if "<ResourceType>AWS::ECS::Service<" in one else one for one in changes]
    return status, "<ResourceChange>".join(known).encode()


def queue(delay, name="first"):
    """A queue is replaced when its name changes."""
    return {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"jobs-{name}", "DelaySeconds": delay}}}


def apply(world, name, approval, **spec):
    world.apply(name, changes={"approval": approval}, **spec)


def awaiting(world, name):
    """The plan of the spec as it is."""

    def waits():
        app = world.app(name)
        status = app.get("status", {})
        return status.get("observedGeneration") == app["metadata"]["generation"] and status.get("plan")

    return world.wait(waits)


def approve(world, name, change_set):
    world.annotate(f"fargate-operator.dev/approve={change_set}", name)


def queues(world):
    found = world.emulator.client("sqs").list_queues().get("QueueUrls", [])
    return sorted(one.rsplit("/", 1)[1] for one in found)


def test_a_replacement_waits_and_a_modification_does_not(place):
    world, _, _ = place
    apply(world, "replaced", "OnReplacement", resources=queue(0, "a"))
    stack = world.ready("replaced")["stack"]
    apply(world, "replaced", "OnReplacement", resources=queue(5, "a"))
    assert world.ready("replaced")["stack"]["id"] == stack["id"]
    apply(world, "replaced", "OnReplacement", resources=queue(5, "b"))
    plan = awaiting(world, "replaced")
    assert plan["changes"] == [{"action": "Modify", "logicalId": "Jobs", "type": "AWS::SQS::Queue", "replacement": "True"}]
    assert "replaces Jobs" in world.condition("Ready", "replaced")["message"]
    assert "jobs-b" not in queues(world)
    approve(world, "replaced", plan["changeSetId"])
    status = world.ready("replaced")
    assert "jobs-b" in queues(world)
    assert "plan" not in status
    # a removed resource waits, too; a service that changes does not
    apply(world, "replaced", "OnReplacement", resources=queue(5, "b"), services={"web": {"image": "app", "desiredCount": 2}})
    assert world.ready("replaced")["services"]["web"]["running"] == 2
    apply(world, "replaced", "OnReplacement", services={"web": {"image": "app", "desiredCount": 2}})
    assert [one["action"] for one in awaiting(world, "replaced")["changes"]] == ["Remove"]
    world.delete("replaced")


def test_an_approval_is_of_one_plan_and_of_no_newer_one(place):
    world, _, proxy = place
    apply(world, "manual", "Manual", resources=queue(0, "c"))
    first = awaiting(world, "manual")
    assert {one["action"] for one in first["changes"]} == {"Add"}
    assert world.stack(world.status("manual")["stack"]["name"]) == "REVIEW_IN_PROGRESS"
    approve(world, "manual", "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/another/one")
    apply(world, "manual", "Manual", resources=queue(1, "c"))
    second = awaiting(world, "manual")
    assert second["changeSetId"] != first["changeSetId"]
    approve(world, "manual", first["changeSetId"])  # came late
    world.annotate("reconcile.fluxcd.io/requestedAt=once-more", "manual")
    world.wait(lambda: world.status("manual").get("lastHandledReconcileAt") == "once-more")
    assert awaiting(world, "manual")["changeSetId"] == second["changeSetId"]
    assert "jobs-c" not in queues(world)
    shown = {one["ChangeSetId"] for one in sets(world, "manual")}
    assert shown == {second["changeSetId"]}  # the void one is gone
    approve(world, "manual", second["changeSetId"])
    assert world.ready("manual")["stack"]["status"] == "CREATE_COMPLETE"
    apply(world, "manual", "Manual", resources=queue(2, "c"))
    third = awaiting(world, "manual")
    apply(world, "manual", "Manual", resources=queue(1, "c"))  # back to what runs: rejected
    assert "plan" not in world.ready("manual")
    assert third["changeSetId"] not in {one["ChangeSetId"] for one in sets(world, "manual")}
    assert ("cloudformation", "UpdateStack") not in proxy.counts
    world.delete("manual")


def sets(world, name):
    stack = world.status(name)["stack"]["name"]
    listed = world.cloudformation.list_change_sets(StackName=stack)["Summaries"]
    return [one for one in listed if not one["ExecutionStatus"].startswith("EXECUTE")]


def test_what_scaling_has_set_since_makes_an_approved_plan_void(place):
    """The plan keeps as many tasks as ran when it was made; carried out later it would put another count back."""
    world, _, _ = place
    scaled = {"services": {"web": {"image": "app", "scaling": {"min": 1, "max": 9, "cpu": 60}}}}
    apply(world, "counted", "Automatic", **scaled)
    arn = world.ready("counted")["services"]["web"]["serviceArn"]
    cluster = world.status("counted")["clusterArn"]
    world.ecs.update_service(cluster=cluster, service=arn, desiredCount=2)
    apply(world, "counted", "Manual", resources=queue(0, "counted"))
    first = awaiting(world, "counted")
    world.ecs.update_service(cluster=cluster, service=arn, desiredCount=3)
    approve(world, "counted", first["changeSetId"])
    second = world.wait(lambda: (one := awaiting(world, "counted"))["changeSetId"] != first["changeSetId"] and one)
    assert "jobs-counted" not in queues(world)
    approve(world, "counted", second["changeSetId"])
    assert world.ready("counted")["services"]["web"]["desired"] == 3
    world.delete("counted")


def test_of_many_plans_only_the_last_is_left_and_suspending_keeps_it(place):
    world, _, _ = place
    apply(world, "many", "Manual")
    approve(world, "many", awaiting(world, "many")["changeSetId"])
    world.ready("many")
    for delay in range(5):
        apply(world, "many", "Manual", resources=queue(delay, "many"))
    plan = awaiting(world, "many")
    assert [one["ChangeSetId"] for one in sets(world, "many")] == [plan["changeSetId"]]
    apply(world, "many", "Manual", resources=queue(4, "many"), suspend=True)
    world.wait(lambda: world.condition("Ready", "many")["reason"] == "Suspended")
    assert world.status("many")["plan"] == plan
    approve(world, "many", plan["changeSetId"])
    apply(world, "many", "Manual", resources=queue(4, "many"))
    world.ready("many")
    assert sets(world, "many") == []
    world.delete("many")


def test_a_plan_that_somebody_has_made_void_in_aws_is_made_anew(place):
    world, _, _ = place
    apply(world, "void", "Manual")
    approve(world, "void", awaiting(world, "void")["changeSetId"])
    stack = world.ready("void")["stack"]["name"]
    apply(world, "void", "Manual", resources=queue(0, "void"))
    plan = awaiting(world, "void")
    world.cloudformation.delete_change_set(ChangeSetName=plan["changeSetId"])
    approve(world, "void", plan["changeSetId"])
    again = world.wait(lambda: (one := awaiting(world, "void"))["changeSetId"] != plan["changeSetId"] and one)
    world.cloudformation.execute_change_set(ChangeSetName=again["changeSetId"])  # in the console
    world.cloudformation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    world.annotate("reconcile.fluxcd.io/requestedAt=look", "void")
    world.ready("void")
    world.delete("void")


def test_waiting_for_approval_costs_no_call(place):
    world, _, proxy = place
    apply(world, "idle", "Manual")
    awaiting(world, "idle")
    before = calls(proxy)
    time.sleep(11)  # two health intervals
    assert calls(proxy) == before
    stack = world.status("idle")["stack"]["name"]
    world.delete("idle")
    assert world.stack(stack) == "DELETE_COMPLETE"


def calls(proxy):
    return sum(count for (service, _), count in proxy.counts.items() if service == "cloudformation")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("action", ["CreateChangeSet", "DescribeChangeSet", "DeleteChangeSet"])
def test_killed_before_the_approval_nothing_is_applied(place, moment, action):
    world, operator, proxy = place
    name = f"{moment}-{action}".lower()
    apply(world, name, "Manual", resources=queue(0, name))
    approve(world, name, awaiting(world, name)["changeSetId"])
    world.ready(name)
    if action == "DeleteChangeSet":  # a plan is there that becomes void
        apply(world, name, "Manual", resources=queue(0, f"{name}-void"))
        awaiting(world, name)
    killer = Killer(operator, action)
    getattr(proxy, moment)(killer)
    apply(world, name, "Manual", resources=queue(0, f"{name}-second"))
    world.wait(lambda: killer.done)
    operator.start()
    operator.until_ready()
    plan = awaiting(world, name)
    assert f"jobs-{name}-second" not in queues(world)
    assert f"jobs-{name}-void" not in queues(world)
    approve(world, name, plan["changeSetId"])
    world.ready(name)
    assert f"jobs-{name}-second" in queues(world)
    world.delete(name)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_first_change_set_the_shell_is_the_apps_own(place, moment):
    """CloudFormation gives a stack its tags only when the change set that makes it is carried out."""
    world, operator, proxy = place
    name = f"shell-{moment}"
    with proxy.overlaid("cloudformation", "DescribeStacks", untagged):
        killer = Killer(operator, "CreateChangeSet")
        getattr(proxy, moment)(killer)
        apply(world, name, "Manual", resources=queue(0, name))
        world.wait(lambda: killer.done)
        operator.start()
        operator.until_ready()
        plan = awaiting(world, name)
        assert f"jobs-{name}" not in queues(world)
    approve(world, name, plan["changeSetId"])
    world.ready(name)
    world.delete(name)


def untagged(_call, status, body):
    """The stacks that are under review without their tags, as AWS has it."""
    text = body.decode()
    parts = text.split("<member><StackName>")
    stripped = [part.split("<Tags>")[0] + "<Tags>" + "</Tags>" + part.split("</Tags>", 1)[1]
                if "REVIEW_IN_PROGRESS" in part and "<Tags>" in part else part for part in parts]  # fmt: skip
    return status, "<member><StackName>".join(stripped).encode()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_execution_it_is_carried_out_once(place, moment):
    world, operator, proxy = place
    name = f"{moment}-execute"
    apply(world, name, "Manual", resources=queue(0, name))
    approve(world, name, awaiting(world, name)["changeSetId"])
    world.ready(name)
    apply(world, name, "Manual", resources=queue(0, f"{name}-second"))
    plan = awaiting(world, name)
    killer = Killer(operator, "ExecuteChangeSet")
    getattr(proxy, moment)(killer)
    approve(world, name, plan["changeSetId"])
    world.wait(lambda: killer.done)
    operator.start()
    operator.until_ready()
    world.ready(name)
    assert f"jobs-{name}-second" in queues(world)
    world.delete(name)


def test_a_failed_change_stays_for_a_look_and_is_rolled_back_when_asked(place):
    world, _, _ = place
    kept = {"changes": {"rollback": False}}
    world.apply("look", resources=queue(0, "look"), **kept)
    world.ready("look")
    world.apply("look", resources={**queue(7, "look"), **broken()}, **kept)
    assert "Broken" in world.stalled("UpdateFailed", "look")
    assert world.status("look")["stack"]["status"] == "UPDATE_FAILED"
    world.apply("look", resources={**queue(7, "look"), **broken()})
    world.wait(lambda: world.status("look")["stack"]["status"] == "UPDATE_ROLLBACK_COMPLETE")
    world.apply("look", resources=queue(3, "look"))
    world.ready("look")
    world.delete("look")


def broken():
    return {"Broken": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1}}}


def test_alarms_go_with_each_operation(place):
    world, _, proxy = place
    alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors"
    world.apply("alarms", changes={"alarms": [alarm]})
    world.ready("alarms")
    [created] = [one for one in proxy.calls if one.action == "CreateStack" and "-alarms-" in one.stack]
    assert created.parameters["RollbackConfiguration.RollbackTriggers.member.1.Arn"] == alarm
    world.delete("alarms")
