"""Every state in which a stack may be stuck, and the way out of it: on a real API server, the emulator, and what it is told to say."""

import json

import pytest

from e2e.conftest import World
from e2e.test_crash import Killer
from harness.controlplane import ControlPlane
from harness.emulator import Emulator, client
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy
from harness.stack_states import HANG, Piece, StackStates
from roles import actions, called

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("recovery"), pytest.mark.timeout(240)]

HEALTH, DEADLINE = 2.0, 3.0
WEB = Piece("WebService", "AWS::ECS::Service", "it does not become stable")
JOBS = Piece("Jobs", "AWS::SQS::Queue", "it is in use", "https://sqs/jobs")
TWO = {"web": {"image": "app", "desiredCount": 2}}
THREE = {"web": {"image": "app", "desiredCount": 3}}
NOW = "reconcile.fluxcd.io/requestedAt"


def queue(seconds=60):
    return {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": seconds}}


def repository(name):
    return {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": name}}


def waits(seconds, *after):
    """Something that the stack waits for in vain."""
    hold = {"Handle": {"Ref": "Gate"}, "Timeout": str(seconds)}
    return {
        "Gate": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Hold": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": hold, "DependsOn": list(after)},
    }


@pytest.fixture(scope="module")
def place():
    with (
        ControlPlane() as plane,
        Emulator() as emulator,
        AwsProxy(emulator.endpoint) as proxy,
        StackStates(proxy).open() as states,
    ):
        plane.install()
        settings = {"health_interval": f"{HEALTH}s", "progress_deadline": f"{DEADLINE}s", "installation_id": "here"}
        with OperatorProcess(plane, proxy.endpoint, lease_duration="3s", **settings) as operator:
            yield plane, emulator, operator, proxy, states
        assert called(proxy.calls) <= actions("OperatorRole")


_COUNT = iter(range(1000))


@pytest.fixture
def world(place):
    plane, emulator, operator, proxy, states = place
    assert operator.process.poll() is None
    namespace = f"stuck-{next(_COUNT)}"
    plane.kubectl("create", "namespace", namespace)
    one = World(plane, emulator, namespace)
    one.operator, one.proxy, one.states, one.stacks = operator, proxy, states, f"{namespace}-"
    return one


def events(world, reason):
    found = world.plane.get("events", "-n", world.namespace)["items"]
    return [one for one in found if one["reason"] == reason]


def event(world, reason):
    return world.wait(lambda: events(world, reason))[0]["message"]


def no_progress(world):
    return world.wait(lambda: (one := world.condition("Ready")).get("reason") == "NoProgress" and one)["message"]


def calls(world, action):
    return [one for one in world.proxy.calls if one.action == action and f"/{world.namespace}-" in one.stack]


def filled(world, name):
    world.emulator.client("ecr").put_image(repositoryName=name, imageManifest=json.dumps({"schemaVersion": 2}), imageTag="v1")


def there(world, name):
    found = world.emulator.client("ecr").describe_repositories()["repositories"]
    return name in {one["repositoryName"] for one in found}


# ── no progress ─────────────────────────────────────────────────────────────────


def test_an_update_that_hangs_says_what_it_waits_for_and_is_cancelled_for_another_spec(world):
    world.apply()
    status = world.ready()
    web = Piece(WEB.logical_id, WEB.type, "", status["services"]["web"]["serviceArn"])
    world.ecs.stop_task(cluster=status["clusterArn"], task=status["services"]["web"]["taskArns"][0], reason="out of memory")
    world.states.will(world.stacks, "UpdateStack", HANG, web)
    world.apply(services=TWO)
    message = no_progress(world)
    assert "UPDATE_IN_PROGRESS: no event of the stack since" in message
    world.wait(
        lambda: (
            "WebService (AWS::ECS::Service): 0 of 1 tasks run: somebody stopped the task: out of memory"
            in world.condition("Ready")["message"]
        )
    )
    assert [one["type"] for one in events(world, "NoProgress")] == ["Warning"]
    assert calls(world, "CancelUpdateStack") == []
    world.apply(services=THREE)
    after = world.ready()
    assert (after["stack"]["id"], after["services"]["web"]["desired"]) == (status["stack"]["id"], 3)
    assert not after["stack"].keys() & {"failures", "undoing"}
    assert len(calls(world, "CancelUpdateStack")) == 1
    assert events(world, "Cancelling")
    assert events(world, "UpdateFailed") == []


def test_what_was_cancelled_may_be_wished_again(world):
    world.apply()
    world.ready()
    world.states.will(world.stacks, "UpdateStack", HANG, WEB)
    world.states.will(world.stacks, "CancelUpdateStack", HANG)
    world.apply(services=TWO)
    no_progress(world)
    world.apply(services=THREE)
    world.wait(lambda: world.status()["stack"].get("undoing") == "Cancel")
    world.apply(services=TWO)
    world.states.ends(world.stacks, "UPDATE_ROLLBACK_COMPLETE")
    assert world.ready()["services"]["web"]["desired"] == 2


def test_an_update_that_moves_on_is_let_be_and_so_is_one_that_waits_for_approval(world):
    world.apply()
    world.ready()
    world.states.will(world.stacks, "UpdateStack", HANG, WEB)
    world.apply(services=TWO)
    no_progress(world)
    world.states.moves(world.stacks)
    world.annotate(f"{NOW}=moved")
    world.wait(lambda: world.condition("Ready")["reason"] == "Progressing")
    world.apply(services=THREE, changes={"approval": "Manual"})
    no_progress(world)
    world.annotate(f"{NOW}=again")
    world.wait(lambda: world.status().get("lastHandledReconcileAt") == "again")
    assert calls(world, "CancelUpdateStack") == []
    world.states.ends(world.stacks, "UPDATE_ROLLBACK_COMPLETE")
    world.wait(lambda: world.condition("Ready")["reason"] == "AwaitingApproval")


def test_an_update_that_somebody_else_has_begun_is_not_cancelled_for_another_spec(world):
    world.apply()
    name = world.ready()["stack"]["name"]
    world.states.will(world.stacks, "UpdateStack", HANG, JOBS)
    body = json.dumps({"Resources": {"Jobs": queue()}})
    client("cloudformation", world.proxy.endpoint).update_stack(
        StackName=name, TemplateBody=body, ClientRequestToken="Console-UpdateStack-1"
    )
    world.annotate(f"{NOW}=look")
    no_progress(world)
    world.apply(services=TWO)
    world.annotate(f"{NOW}=again")
    world.wait(lambda: world.status().get("lastHandledReconcileAt") == "again")
    message = no_progress(world)
    assert "Jobs (AWS::SQS::Queue)" in message
    assert "with another spec" not in message
    assert calls(world, "CancelUpdateStack") == []
    world.states.ends(world.stacks, "UPDATE_COMPLETE")
    assert world.ready()["services"]["web"]["desired"] == 2


def test_since_when_nothing_moves_is_known_to_another_operator_too(world):
    world.apply()
    world.ready()
    world.states.will(world.stacks, "UpdateStack", HANG, WEB)
    world.apply(services=TWO)
    message = no_progress(world)
    world.operator.kill()
    world.operator.start()
    world.operator.until_ready()
    world.annotate(f"{NOW}=restarted")
    world.wait(lambda: world.status().get("lastHandledReconcileAt") == "restarted")
    assert world.condition("Ready")["message"].split(";")[0] == message.split(";")[0]
    world.states.lets_go(world.stacks)


def test_a_create_that_hangs_makes_room_for_another_spec(world):
    world.apply(resources=waits(600))
    assert "Hold (AWS::CloudFormation::WaitCondition)" in no_progress(world)
    first = world.status()["stack"]["id"]
    world.apply()
    assert world.ready()["stack"]["id"] != first
    assert events(world, "StackGone") == []


def test_an_object_is_deleted_though_its_update_hangs(world):
    world.apply()
    name = world.ready()["stack"]["name"]
    world.states.will(world.stacks, "UpdateStack", HANG, WEB)
    world.apply(services=TWO)
    no_progress(world)
    world.delete()
    assert world.stack(name) == "DELETE_COMPLETE"


# ── rollbacks that fail ─────────────────────────────────────────────────────────


def test_a_rollback_that_fails_is_continued_three_times_and_skips_what_is_named(world):
    world.apply()
    world.ready()
    for action in ("UpdateStack", *["ContinueUpdateRollback"] * 4):
        world.states.will(world.stacks, action, "UPDATE_ROLLBACK_FAILED", WEB)
    world.apply(services=TWO)
    message = world.stalled("RollbackFailed")
    assert "WebService (AWS::ECS::Service): it does not become stable" in message
    assert "skip-rollback=WebService" in message
    assert len(calls(world, "ContinueUpdateRollback")) == 3
    assert len({one.parameters["ClientRequestToken"] for one in calls(world, "ContinueUpdateRollback")}) == 3
    world.annotate("fargate-operator.dev/skip-rollback=Other,no/id")
    world.wait(lambda: "Other did not fail" in world.condition("Stalled").get("message", ""))
    assert "'no/id' is no logical ID" in world.condition("Stalled")["message"]
    assert len(calls(world, "ContinueUpdateRollback")) == 3
    world.annotate("fargate-operator.dev/skip-rollback=WebService")
    world.wait(lambda: len(calls(world, "ContinueUpdateRollback")) == 4)
    world.stalled("RollbackFailed")
    world.annotate(f"{NOW}=mended")
    world.wait(lambda: world.status()["stack"]["status"] == "UPDATE_ROLLBACK_COMPLETE")
    assert "WebService (AWS::ECS::Service" in event(world, "RollbackSkipped")
    world.apply()
    assert "has skipped WebService" in world.stalled("RollbackSkipped")
    assert world.condition("StackReady")["reason"] == "RollbackSkipped"
    world.annotate(f"{NOW}=by-hand")
    assert "skipped" not in world.ready()["stack"]
    world.apply(services=THREE)
    assert world.ready()["services"]["web"]["desired"] == 3


# ── stacks that never came up, and deletions that fail ──────────────────────────


def test_what_cannot_be_deleted_is_told_and_left_behind_where_it_is_named(world):
    name = f"kept-{world.namespace}"
    world.apply(resources={"Kept": repository(name), "Jobs": queue()})
    stack = world.ready()["stack"]["name"]
    filled(world, name)
    world.delete(wait=False)
    message = world.stalled("DeleteFailed")
    assert "Kept (AWS::ECR::Repository)" in message
    assert "fargate-operator.dev/retain=Kept" in message
    world.annotate("fargate-operator.dev/retain=Kept,Jobs")
    world.wait(lambda: world.app() is None)
    assert world.stack(stack) == "DELETE_COMPLETE"
    assert there(world, name)
    assert f"Kept (AWS::ECR::Repository, {name})" in event(world, "Retained")


def test_a_deletion_succeeds_by_itself_when_what_was_in_its_way_is_mended(world):
    name = f"emptied-{world.namespace}"
    world.apply(resources={"Emptied": repository(name)})
    world.ready()
    filled(world, name)
    world.delete(wait=False)
    world.stalled("DeleteFailed")
    world.emulator.client("ecr").batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])
    world.wait(lambda: world.app() is None, seconds=60)  # the next try is due half a minute after the first
    assert not there(world, name)


def test_a_create_whose_rollback_fails_too_is_made_again(world):
    name = f"half-{world.namespace}"
    world.apply(resources={"Half": repository(name), **waits(4, "Half")})
    world.wait(lambda: there(world, name))
    filled(world, name)
    world.stalled("CreateFailed")
    first = world.status()["stack"]
    assert first["status"] == "ROLLBACK_FAILED"
    world.states.will(
        world.stacks, "DeleteStack", "DELETE_FAILED", Piece("Half", "AWS::ECR::Repository", "it is not empty", name)
    )
    world.apply()
    assert "Half (AWS::ECR::Repository): it is not empty" in world.stalled("DeleteFailed")
    stack = world.status()["stack"]
    assert (stack["undoing"], "retryAt" in stack, len(calls(world, "DeleteStack"))) == ("Recreate", True, 1)
    world.annotate(f"{NOW}=again")  # it would be tried again a minute later
    after = world.ready()["stack"]
    assert after["id"] != first["id"]
    assert "undoing" not in after
    assert len(calls(world, "DeleteStack")) == 2


def test_a_protected_stack_that_never_came_up_is_made_again(world):
    world.apply(terminationProtection=True, resources={"Queue": queue(999999)})
    world.stalled("CreateFailed")
    world.apply(terminationProtection=True)
    name = world.ready()["stack"]["name"]
    assert world.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["EnableTerminationProtection"]


@pytest.mark.parametrize("asked", [f"{NOW}=again", "fargate-operator.dev/retain=Jobs"])
def test_a_deletion_by_hand_that_failed_is_not_gone_on_with_unasked(world, asked):
    world.apply(services=None, tasks={"migrate": {"image": "app"}})
    first = world.ready()["stack"]
    name = first["name"]
    world.states.will(world.stacks, "DeleteStack", "DELETE_FAILED", JOBS)
    client("cloudformation", world.proxy.endpoint).delete_stack(StackName=name)
    world.wait(lambda: world.states.status(world.stacks) == "DELETE_FAILED")
    assert "Jobs (AWS::SQS::Queue): it is in use" in world.stalled("DeleteFailed")
    deleted = len(calls(world, "DeleteStack"))
    world.annotate(asked)
    world.wait(lambda: world.status()["stack"].get("id") not in (None, first["id"]))
    assert len(calls(world, "DeleteStack")) == deleted + 1
    assert bool(events(world, "Retained")) == ("retain" in asked)
    world.ready()


def test_an_annotation_of_an_older_incident_deletes_no_stack(world):
    world.apply(services=None, tasks={"migrate": {"image": "app"}})
    first = world.ready()["stack"]
    world.annotate("fargate-operator.dev/retain=Jobs")
    world.wait(lambda: world.status()["stack"].get("annotations") == {"before": {"retain": "Jobs"}})
    world.states.will(world.stacks, "DeleteStack", "DELETE_FAILED", JOBS)
    client("cloudformation", world.proxy.endpoint).delete_stack(StackName=first["name"])
    assert "retain was there before, and does not count" in world.stalled("DeleteFailed")
    assert calls(world, "DeleteStack") == []  # by its ID, as the operator does
    world.annotate("fargate-operator.dev/retain=Jobs,")
    world.wait(lambda: world.status()["stack"].get("id") not in (None, first["id"]))
    world.ready()


# ── what somebody else has done ─────────────────────────────────────────────────


@pytest.mark.parametrize("services", [{"web": {"image": "app"}}, None])
def test_a_stack_that_was_deleted_by_hand_is_made_again(world, services):
    world.apply(services=services, tasks={"migrate": {"image": "app"}})
    first = world.ready()["stack"]
    world.cloudformation.delete_stack(StackName=first["name"])
    assert first["name"] in event(world, "StackGone")
    world.wait(lambda: world.status()["stack"].get("id") not in (None, first["id"]))
    world.ready()


def test_a_stack_that_was_deleted_by_hand_under_an_invalid_spec_is_told_as_gone_and_made_again_later(world):
    tasks = {"migrate": {"image": "app"}}
    world.apply(services=None, tasks=tasks)
    first = world.ready()["stack"]
    world.apply(
        services=None,
        tasks=tasks,
        resources={"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nowhere"}}}},
    )
    world.stalled("InvalidSpec")
    world.cloudformation.delete_stack(StackName=first["name"])
    world.operator.kill()
    world.operator.start()
    world.wait(lambda: world.status()["stack"].get("status") == "DELETE_COMPLETE")
    assert world.status()["stack"]["id"] == first["id"]
    assert "tasks" not in world.status()
    assert world.condition("StackReady")["reason"] == "Absent"
    world.apply(services=None, tasks=tasks)
    assert first["name"] in event(world, "StackGone")
    world.ready()


def test_a_stack_that_was_deleted_by_hand_waits_for_approval_where_every_change_does(world):
    world.apply(services=None, tasks={"migrate": {"image": "app"}})
    name = world.ready()["stack"]["name"]
    world.apply(services=None, tasks={"migrate": {"image": "app"}}, changes={"approval": "Manual"})
    world.ready()
    world.cloudformation.delete_stack(StackName=name)
    world.wait(lambda: world.condition("Ready")["reason"] == "AwaitingApproval")
    assert world.stack(name) == "REVIEW_IN_PROGRESS"


def test_a_stack_that_was_updated_by_hand_is_brought_back(world):
    world.apply(services=None, tasks={"migrate": {"image": "app"}}, resources={"Jobs": queue()})
    name = world.ready()["stack"]["name"]
    template = json.loads(json.dumps(world.cloudformation.get_template(StackName=name)["TemplateBody"]))
    template["Resources"]["Jobs"]["Properties"]["VisibilityTimeout"] = 99  # the operator's own output stays in it
    world.cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert name in event(world, "StackChanged")
    world.ready()
    found = world.cloudformation.get_template(StackName=name)["TemplateBody"]
    assert found["Resources"]["Jobs"]["Properties"]["VisibilityTimeout"] == 60
    assert len(events(world, "StackChanged")) == 1


def test_an_empty_shell_without_a_change_set_is_used_where_its_name_is_the_operators(world):
    world.apply(suspend=True)
    name = world.wait(lambda: world.status().get("stack", {}).get("name"))
    world.cloudformation.create_change_set(
        StackName=name, ChangeSetName="left", ChangeSetType="CREATE", TemplateBody=json.dumps({"Resources": {"Jobs": queue()}})
    )
    world.cloudformation.delete_change_set(StackName=name, ChangeSetName="left")
    assert world.stack(name) == "REVIEW_IN_PROGRESS"
    world.apply()
    assert world.ready()["stack"]["status"] == "CREATE_COMPLETE"


def test_what_somebody_else_has_begun_is_waited_for_and_taken_when_they_let_it_go(world):
    name = f"theirs-{world.namespace}"
    world.cloudformation.create_change_set(
        StackName=name, ChangeSetName="theirs", ChangeSetType="CREATE", TemplateBody=json.dumps({"Resources": {"Jobs": queue()}})
    )
    world.apply(stackName=name)
    world.stalled("StackNameTaken")
    assert world.stack(name) == "REVIEW_IN_PROGRESS"
    world.cloudformation.execute_change_set(StackName=name, ChangeSetName="theirs")
    world.wait(lambda: world.stack(name) == "CREATE_COMPLETE")
    world.stalled("StackNameTaken")
    world.cloudformation.delete_stack(StackName=name)
    world.ready()


def test_a_rebuilt_cluster_finds_its_stacks_and_changes_nothing(world):
    kinds = {
        "services": {"web": {"image": "app"}},
        "tasks": {"migrate": {"image": "app"}},
        "scheduledTasks": {"report": {"image": "app", "schedule": "rate(1 hour)"}},
        "resources": {"Jobs": queue()},
        "outputs": {"Jobs": {"Value": "${Jobs.Arn}"}},
    }
    world.apply(**kinds)
    before = world.ready()
    world.operator.kill()
    nothing = json.dumps({"metadata": {"finalizers": None}})
    world.plane.kubectl("patch", "fargateapp", "shop", "-n", world.namespace, "--type=merge", "-p", nothing)
    world.delete()  # as an object is gone with its cluster
    world.apply(**kinds)
    world.operator.start()
    world.operator.until_ready()
    after = world.ready()
    for one in ("services", "tasks", "scheduledTasks", "outputs"):
        assert after[one] == before[one]
    for one in ("id", "updatedAt", "templateDigest"):
        assert after["stack"][one] == before["stack"][one]
    assert calls(world, "UpdateStack") == []


def test_a_namespace_that_is_being_deleted_takes_no_events_and_stops_nothing(world):
    world.apply(services={"web": {"image": "app"}}, resources={"Jobs": queue()})
    name = world.ready()["stack"]["name"]
    world.plane.kubectl("delete", "namespace", world.namespace, "--wait=false")
    refused = world.plane.kubectl("create", "configmap", "x", "-n", world.namespace, check=False)
    assert "because it is being terminated" in refused.stderr
    before = len(world.plane.get("events", "-n", world.namespace)["items"])
    world.delete()
    assert world.stack(name) == "DELETE_COMPLETE"
    assert len(world.plane.get("events", "-n", world.namespace)["items"]) == before


# ── killed in the midst of it ───────────────────────────────────────────────────


def killed(world, moment, action):
    killer = Killer(world.operator, action)
    getattr(world.proxy, moment)(killer)
    return killer


def restarted(world, killer):
    world.wait(lambda: killer.done)
    world.operator.start()
    world.operator.until_ready()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_cancelling_of_an_update(world, moment):
    world.apply()
    world.ready()
    world.states.will(world.stacks, "UpdateStack", HANG, WEB)
    world.apply(services=TWO)
    no_progress(world)
    killer = killed(world, moment, "CancelUpdateStack")
    world.apply(services=THREE)
    restarted(world, killer)
    assert world.ready()["services"]["web"]["desired"] == 3


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_continuing_of_a_rollback(world, moment):
    world.apply()
    world.ready()
    world.states.will(world.stacks, "UpdateStack", "UPDATE_ROLLBACK_FAILED", WEB)
    killer = killed(world, moment, "ContinueUpdateRollback")
    world.apply(services=TWO)
    restarted(world, killer)
    world.wait(lambda: world.status()["stack"]["status"] == "UPDATE_ROLLBACK_COMPLETE")
    world.apply(services=THREE)
    world.ready()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_a_deletion_that_leaves_something_behind(world, moment):
    name = f"kept-{world.namespace}"
    world.apply(resources={"Kept": repository(name)})
    stack = world.ready()["stack"]["name"]
    filled(world, name)
    world.delete(wait=False)
    world.stalled("DeleteFailed")
    killer = killed(world, moment, "DeleteStack")
    world.annotate("fargate-operator.dev/retain=Kept")
    restarted(world, killer)
    world.wait(lambda: world.app() is None)
    assert (world.stack(stack), there(world, name)) == ("DELETE_COMPLETE", True)
    assert f"Kept (AWS::ECR::Repository, {name})" in event(world, "Retained")
