"""Sidecars, volumes, Service Connect and scheduled tasks, on a real API server and the AWS emulator."""

import json

import pytest
import yaml

from golden_cases import example

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

NETWORK = {"subnetIds": ["subnet-0a1b2c3d4e5f60718"], "securityGroupIds": ["sg-0a1b2c3d4e5f60718"]}


def test_a_task_runs_with_its_sidecars_and_mounts_its_volumes(world):
    world.apply(**example("sidecars-and-volumes")["spec"])
    status = world.ready()
    [task] = world.ecs.describe_tasks(cluster=status["clusterArn"], tasks=status["services"]["web"]["taskArns"])["tasks"]
    assert {one["name"] for one in task["containers"]} == {"web", "migrate", "proxy", "agent"}
    definition = world.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
    made = {one["name"]: one for one in definition["containerDefinitions"]}
    assert made["web"]["mountPoints"] == [
        {"sourceVolume": "assets", "containerPath": "/data/assets", "readOnly": True},
        {"sourceVolume": "uploads", "containerPath": "/data/uploads", "readOnly": False},
    ]
    assert [len(made["proxy"][name]) for name in ("dependsOn", "portMappings")] == [2, 1]
    iam = world.emulator.client("iam")
    role = definition["taskRoleArn"].rsplit("/", 1)[1]
    document = iam.get_role_policy(RoleName=role, PolicyName="FargateVolumesPolicy")["PolicyDocument"]
    granted = {one["Resource"].rsplit("/", 1)[1]: one["Action"] for one in document["Statement"]}
    mount, write = "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"
    # what the service only reads is written to by the scheduled task, which has the same role
    assert granted == {"fs-0a1b2c3d4e5f60718": [mount, write], "fs-0a1b2c3d4e5f60719": [mount, write]}


def test_a_namespace_is_made_once_and_goes_with_the_last_service_in_it(world):
    def namespaces():
        found = world.emulator.client("servicediscovery").list_namespaces()["Namespaces"]
        return [one["Name"] for one in found if one["Name"] == world.namespace]

    connect = {"connect": {"namespace": world.namespace}, "network": NETWORK, "image": "app"}
    world.apply(services={"orders": {**connect, "port": 8080}, "worker": connect})
    world.ready()
    assert namespaces() == [world.namespace]
    world.apply(services={"orders": {"image": "app", "port": 8080, "network": NETWORK}})
    world.ready()
    assert namespaces() == []


def test_a_scheduled_task_is_in_the_scheduler_as_it_was_written(world):
    sqs = world.emulator.client("sqs")
    sqs.create_queue(QueueName="letters")  # of the author; what stands behind the schedule's own
    world.apply(**example("nightly-report")["spec"], services=None)
    arn = world.ready()["scheduledTasks"]["report"]["scheduleArn"]
    schedule = world.emulator.client("scheduler").get_schedule(Name=arn.rsplit("/", 1)[1])
    target = schedule["Target"]
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("cron(0 3 ? * MON-FRI *)", "ENABLED")
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 2}
    url = sqs.get_queue_url(QueueName=target["DeadLetterConfig"]["Arn"].rsplit(":", 1)[1])["QueueUrl"]
    own = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    assert json.loads(own["RedrivePolicy"])["deadLetterTargetArn"] == "arn:aws:sqs:eu-west-1:123456789012:letters"
    assert target["EcsParameters"]["TaskCount"] == 2
    assert len(target["EcsParameters"]["CapacityProviderStrategy"]) == 1  # the emulator keeps the template's spelling in it
    assert "LaunchType" not in target["EcsParameters"]
    once = world.status()["scheduledTasks"]["once"]["scheduleArn"]
    assert world.emulator.client("scheduler").get_schedule(Name=once.rsplit("/", 1)[1])["State"] == "DISABLED"


def test_faults_of_containers_stall_the_app_and_name_their_fields(world):
    sidecars = {"a": {"image": "app", "dependsOn": {"b": "START"}}, "b": {"image": "app", "dependsOn": {"a": "START"}}}
    world.apply(services={"web": {"image": "app", "sidecars": sidecars}})
    assert "spec.services.web.sidecars.a.dependsOn: is a cycle: a → b → a" in world.stalled("InvalidSpec")


REFUSED = {
    "a sidecar's image that is not in images": (
        {"sidecars": {"a": {"image": "nope"}}},
        "each image of a sidecar in services must be a name in images",
    ),
    "a relative path": ({"volumes": {"a": {"mountPath": "data", "efs": {"fileSystemId": "fs-0a1b2c3d"}}}}, "mountPath"),
    "a file system's ARN": (
        {"volumes": {"a": {"mountPath": "/data", "efs": {"fileSystemId": "arn:aws:elasticfilesystem:x:y:file-system/fs-1"}}}},
        "fileSystemId",
    ),
    "a name that is no DNS name": ({"port": 80, "connect": {"namespace": "shop", "name": "My Shop"}}, "connect.name"),
    "a condition that ECS does not know": ({"sidecars": {"a": {"image": "app", "dependsOn": {"web": "READY"}}}}, "READY"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_admission_refuses(world, wrong):
    fields, words = REFUSED[wrong]
    with pytest.raises(RuntimeError, match=words):
        world.apply(services={"web": {"image": "app", **fields}})


@pytest.mark.parametrize("case", ["sidecars-and-volumes", "service-connect", "nightly-report"])
def test_admission_takes_the_example(world, case):
    manifest = example(case)
    manifest["metadata"]["namespace"] = world.namespace
    world.plane.kubectl("apply", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(manifest))
