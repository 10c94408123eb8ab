"""Taking over what runs: a tagged stack, resources outside any stack, and one's own stacks from a rebuilt cluster."""

import json

import pytest

import golden_cases
from e2e.conftest import World
from harness.absent_types import AbsentTypes
from harness.controlplane import ControlPlane
from harness.operator import OperatorProcess
from harness.proxy import AwsProxy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(240)]

TABLE = {
    "Type": "AWS::SQS::Queue",
    "DeletionPolicy": "Retain",
    "Properties": {"QueueName": "adoption-kept", "VisibilityTimeout": 40},
}
CONF = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf", "namespace": "default"}, "data": {"A": "1"}}
WRITES = {"CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet", "ExecuteChangeSet", "UpdateTerminationProtection"}


def made_by_others(world, name, **tags):
    """A stack of somebody else's, at rest."""
    body = {"Resources": {"Kept": TABLE, "Gone": {"Type": "AWS::SNS::Topic"}}}
    world.cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps(body), Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )
    world.cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def approve(world, name="shop"):
    plan = world.wait(lambda: world.status(name).get("plan"))
    return plan, lambda: world.annotate(f"fargate-operator.dev/approve={plan['changeSetId']}", name)


def tags(world, name):
    [stack] = world.cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {one["Key"]: one["Value"] for one in stack["Tags"]}


def test_a_stack_is_taken_over_when_both_say_so_and_the_plan_is_approved(world):
    name = f"theirs-{world.namespace}"
    made_by_others(world, name, team="orders")
    spec = {"stackName": name, "adoption": "Adopt", "resources": {"Kept": TABLE}}
    world.apply(**spec)
    assert "has no owner" in world.stalled("StackNameTaken")
    world.cloudformation.update_stack(
        StackName=name,
        UsePreviousTemplate=True,
        Tags=[
            {"Key": "team", "Value": "orders"},
            {"Key": "fargate-operator.dev/adoptable-by", "Value": f"{world.namespace}/shop"},
        ],
    )
    world.cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    plan, carry_out = approve(world)
    changes = {one["logicalId"]: one["action"] for one in plan["changes"]}
    assert changes["Kept"] == "Modify"  # by the tags of the stack, which its resources get
    assert (changes["Gone"], changes["WebService"]) == ("Remove", "Add")
    assert "removes Gone" in world.condition("Ready")["message"]
    assert "outputs" not in world.status()
    before = world.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    assert before["StackStatus"] == "UPDATE_COMPLETE"
    carry_out()
    status = world.ready()
    assert status["stack"]["id"] == before["StackId"]
    owned = tags(world, name)
    assert owned.pop("fargate-operator.dev/installation")
    assert owned == {
        "team": "orders",
        "fargate-operator.dev/namespace": world.namespace,
        "fargate-operator.dev/name": "shop",
        "fargate-operator.dev/adopted": "true",
    }
    # the next changes are its own, and do not wait
    world.apply(**{**spec, "services": {"web": {"image": "app", "desiredCount": 2}}})
    assert world.ready()["services"]["web"]["running"] == 2
    world.delete()
    assert world.stack(name) == "UPDATE_COMPLETE"  # kept: nobody stated Delete
    world.apply(**{**spec, "services": {"web": {"image": "app", "desiredCount": 2}}, "deletionPolicy": "Delete"})
    world.ready()
    world.delete()
    assert world.stack(name) == "DELETE_COMPLETE"


def test_without_adoption_a_tag_alone_does_nothing_and_a_deleted_object_leaves_the_stack(world):
    name = f"tagged-{world.namespace}"
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    key = "fargate-operator.dev/adoptable-by"
    world.cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps(body), Tags=[{"Key": key, "Value": f"{world.namespace}/shop"}]
    )
    world.cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    world.apply(stackName=name)
    world.stalled("StackNameTaken")
    world.apply(stackName=name, adoption="Adopt")
    approve(world)
    world.delete()
    assert world.stack(name) == "CREATE_COMPLETE"
    assert world.cloudformation.list_change_sets(StackName=name)["Summaries"] == []


def test_a_stack_that_waits_for_somebody_elses_first_change_set_is_left_alone(world):
    name = f"reviewed-{world.namespace}"
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    world.cloudformation.create_change_set(
        StackName=name, ChangeSetName="theirs", ChangeSetType="CREATE", TemplateBody=json.dumps(body)
    )
    world.apply(stackName=name)
    world.stalled("StackNameTaken")
    assert "id" not in world.status()["stack"]
    world.annotate("reconcile.fluxcd.io/requestedAt=again")
    world.wait(lambda: world.status().get("lastHandledReconcileAt") == "again")
    world.delete()
    assert world.stack(name) == "REVIEW_IN_PROGRESS"
    assert len(world.cloudformation.list_change_sets(StackName=name)["Summaries"]) == 1


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_a_stack_that_somebody_has_taken_over_meanwhile_is_not_deleted(world, policy):
    """The operator has seen it as its own, and hears of nothing."""
    world.apply(deletionPolicy=policy)
    stack = world.ready()["stack"]["name"]
    theirs = {**tags(world, stack), "fargate-operator.dev/installation": "another"}
    world.cloudformation.update_stack(
        StackName=stack,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in theirs.items()],
    )
    world.cloudformation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    world.delete()
    assert world.stack(stack) == "UPDATE_COMPLETE"


def test_a_resource_that_exists_is_imported_once_that_is_approved(world):
    name = f"import-{world.namespace}"
    schema = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    dynamodb = world.emulator.client("dynamodb")
    dynamodb.create_table(TableName=name, **schema)
    dynamodb.put_item(TableName=name, Item={"id": {"S": "kept"}})
    raw = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": name, **schema}}
    world.apply(adoption="Adopt", resources={"Orders": raw})
    assert "DeletionPolicy" in world.stalled("ChangeSetFailed")
    world.apply(adoption="Adopt", resources={"Orders": {**raw, "DeletionPolicy": "Retain"}})
    plan, carry_out = approve(world)
    assert {one["logicalId"]: one["action"] for one in plan["changes"]}["Orders"] == "Import"
    carry_out()
    status = world.ready()
    found = world.cloudformation.describe_stack_resource(StackName=status["stack"]["name"], LogicalResourceId="Orders")
    assert found["StackResourceDetail"]["PhysicalResourceId"] == name
    world.delete()
    assert dynamodb.get_item(TableName=name, Key={"id": {"S": "kept"}})["Item"]


def test_a_rebuilt_cluster_finds_its_stacks_and_changes_nothing(emulator):
    """Everything in the cluster is lost, the operator's own memory too; the same manifests are applied to a new one."""
    ecr = emulator.client("ecr")
    ecr.create_repository(repositoryName="rebuilt/app")
    emulator.client("sqs").create_queue(QueueName="letters")  # of the scheduled task: there can be no redrive to nowhere
    manifest = json.dumps({"schemaVersion": 2})
    ecr.put_image(repositoryName="rebuilt/app", imageManifest=manifest, imageTag="v1")
    registry = ecr.describe_repositories(repositoryNames=["rebuilt/app"])["repositories"][0]["repositoryUri"]
    tagged = {"app": {"repository": registry, "tag": "v1"}}
    apps = {
        "tagged": {"images": tagged, "deletionPolicy": "Retain"},
        "manual": {"changes": {"approval": "Manual"}, "deletionPolicy": "Retain"},
        "scaled": {
            "services": {"web": {"image": "app", "scaling": {"min": 1, "max": 5, "cpu": 60}}},
            "deletionPolicy": "Retain",
        },
        "bluegreen": {
            "services": {"web": {"image": "app", "port": 80, "http": {}, "deployment": {"strategy": "BlueGreen"}}},
            "deletionPolicy": "Retain",
        },
        "configured": {
            "environmentFrom": [{"configMapRef": {"name": "conf"}}],
            "drift": {"policy": "Warn"},
            "deletionPolicy": "Retain",
        },
        "functions": {"functions": {"api": {"image": "app"}}, "images": tagged, "services": None, "deletionPolicy": "Retain"},
        "nightly": {**golden_cases.example("nightly-report")["spec"], "services": None, "deletionPolicy": "Retain"},
    }
    settings = {"health_interval": "4s", "installation_id": "rebuilt"}
    with AwsProxy(emulator.endpoint) as proxy:
        AbsentTypes(proxy)
        with ControlPlane() as plane:
            plane.install()
            with OperatorProcess(plane, proxy.endpoint, **settings):
                first = World(plane, emulator, "default")
                plane.apply(CONF)
                for name, spec in apps.items():
                    first.apply(name, **spec)
                _, carry_out = approve(first, "manual")
                carry_out()
                ids = {name: first.ready(name)["stack"]["id"] for name in apps}
                scaled = first.status("scaled")
                for name in apps:
                    first.delete(name)
        # the tag is another image by now, and more tasks run than are declared
        arn = scaled["services"]["web"]["serviceArn"]
        emulator.client("ecs").update_service(cluster=scaled["clusterArn"], service=arn, desiredCount=3)
        ecr.put_image(repositoryName="rebuilt/app", imageManifest=json.dumps({"schemaVersion": 2, "n": 2}), imageTag="v1")
        proxy.reset()
        AbsentTypes(proxy)
        with ControlPlane() as plane:
            plane.install()
            with OperatorProcess(plane, proxy.endpoint, **settings):
                second = World(plane, emulator, "default")
                plane.apply(CONF)
                for name, spec in apps.items():
                    second.apply(name, **spec)
                assert {name: second.ready(name)["stack"]["id"] for name in apps} == ids
                assert [one for one in proxy.calls if one.action in WRITES] == []
                for name, spec in apps.items():
                    second.apply(name, **{**spec, "deletionPolicy": "Delete"})
                    stack = second.ready(name)["stack"]["name"]
                    second.delete(name)
                    assert second.stack(stack) == "DELETE_COMPLETE"
