"""Events as EventBridge puts them on a queue, which the emulator never does; with the ARNs of an app where a test has one.

Fields and values are those of AWS's documentation, cut to what tells them apart:
https://docs.aws.amazon.com/eventbridge/latest/ref/events.html
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from harness.emulator import ACCOUNT, REGION

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop"
SERVICE = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/shop/web"
DEFINITION = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:7"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/team-shop-123456/6a7e8feb-b491-4cf7-a9f1-bf3703467718"
PROJECT = "team-shop-123456-app"
REPOSITORY = "team-shop/app"


def event(source: str, kind: str, resources: list[str], detail: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The envelope that all have."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-03-10T08:15:30Z",
        "region": REGION,
        "resources": resources,
        "detail": dict(detail),
    } | changes


def stack(status: str, stack_id: str = STACK) -> dict[str, Any]:
    """CloudFormation: a stack has another status."""
    detail = {
        "stack-id": stack_id,
        "status-details": {"status": status, "status-reason": ""},
        "client-request-token": "a1b2c3",
    }
    return event("aws.cloudformation", "CloudFormation Stack Status Change", [stack_id], detail)


def task(cluster: str = CLUSTER, group: str = "service:web", definition: str = DEFINITION, **changes: Any) -> dict[str, Any]:
    """ECS: a task runs; `changes` are of the detail."""
    arn = f"{cluster.replace(':cluster/', ':task/')}/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    detail = {
        "attachments": [
            {
                "id": "43f1b5a3-8c4c-4cbd-8d0f-b9d3a0e1c2f4",
                "type": "eni",
                "status": "ATTACHED",
                "details": [{"name": "privateIPv4Address", "value": "10.0.0.7"}],
            }
        ],
        "availabilityZone": f"{REGION}a",
        "capacityProviderName": "FARGATE_SPOT",
        "clusterArn": cluster,
        "connectivity": "CONNECTED",
        "containers": [
            {
                "containerArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:container/shop/0f1e2d3c/cf159fd6",
                "name": "web",
                "image": "example/app:1",
                "lastStatus": "RUNNING",
                "taskArn": arn,
            }
        ],
        "cpu": "256",
        "memory": "512",
        "createdAt": "2026-03-10T08:14:52.123Z",
        "desiredStatus": "RUNNING",
        "enableExecuteCommand": False,
        "group": group,
        "launchType": "FARGATE",
        "lastStatus": "RUNNING",
        "overrides": {"containerOverrides": [{"name": "web"}]},
        "platformVersion": "1.4.0",
        "startedBy": "ecs-svc/8230598102438523459",
        "taskArn": arn,
        "taskDefinitionArn": definition,
        "updatedAt": "2026-03-10T08:15:30.456Z",
        "version": 3,
    } | changes
    return event("aws.ecs", "ECS Task State Change", [arn], detail)


def stopped(cluster: str = CLUSTER, group: str = "service:web", definition: str = DEFINITION) -> dict[str, Any]:
    """ECS: a task has stopped by itself."""
    told = {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"}
    ended = {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stoppedAt": "2026-03-10T08:15:30.456Z"}
    return task(cluster, group, definition, **told, **ended)


def interrupted(cluster: str = CLUSTER, group: str = "service:web", definition: str = DEFINITION) -> dict[str, Any]:
    """ECS: Spot takes a task away in two minutes."""
    told = {"stopCode": "SpotInterruption", "stoppedReason": "Your Spot Task was interrupted."}
    return task(cluster, group, definition, **told, desiredStatus="STOPPED")


def service(name: str, service_arn: str = SERVICE, **changes: Any) -> dict[str, Any]:
    """ECS: a service action, such as SERVICE_TASK_PLACEMENT_FAILURE."""
    cluster = service_arn.replace(":service/", ":cluster/").rpartition("/")[0]
    kind = "ERROR" if name.endswith("FAILURE") else "INFO"
    detail = {"eventType": kind, "eventName": name, "clusterArn": cluster, "createdAt": "2026-03-10T08:15:30.456Z"} | changes
    return event("aws.ecs", "ECS Service Action", [service_arn], detail)


def deployment(name: str, service_arn: str = SERVICE) -> dict[str, Any]:
    """ECS: a deployment, such as SERVICE_DEPLOYMENT_FAILED."""
    detail = {
        "eventType": "ERROR" if name.endswith("FAILED") else "INFO",
        "eventName": name,
        "deploymentId": "ecs-svc/8230598102438523459",
        "updatedAt": "2026-03-10T08:15:30Z",
        "reason": "ECS deployment circuit breaker: task failed to start.",
    }
    return event("aws.ecs", "ECS Deployment State Change", [service_arn], detail)


def build(status: str, project: str = PROJECT) -> dict[str, Any]:
    """CodeBuild: a build has another status."""
    arn = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:build/{project}:8745a7a9-c340-456a-9166-edf953571bee"
    detail = {
        "build-status": status,
        "project-name": project,
        "build-id": arn,
        "additional-information": {
            "build-complete": status != "IN_PROGRESS",
            "initiator": "fargate-operator",
            "build-number": 12.0,
            "logs": {"group-name": f"/aws/codebuild/{project}", "stream-name": "8745a7a9-c340-456a-9166-edf953571bee"},
            "phases": [{"phase-context": [], "phase-type": "BUILD", "phase-status": status, "duration-in-seconds": 36}],
        },
        "current-phase": "COMPLETED",
        "current-phase-context": "[]",
        "version": "1",
    }
    return event("aws.codebuild", "CodeBuild Build State Change", [arn], detail)


def push(tag: str | None = "v2", repository: str = REPOSITORY, **changes: Any) -> dict[str, Any]:
    """ECR: an image was pushed; a child of a manifest list has no tag. `changes` are of the detail."""
    detail = {
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd12345678",
        "action-type": "PUSH",
    } | ({"image-tag": tag} if tag else {})
    return event("aws.ecr", "ECR Image Action", [], detail | changes)


def forged() -> list[str]:
    """Bodies that no rule of ours sends."""
    return [
        "",
        "no JSON",
        "null",
        "[]",
        '{"detail-type": 7}',
        '{"detail-type": {}}',
        json.dumps(event("aws.ec2", "EC2 Instance State-change Notification", [], {"state": "running"})),
        json.dumps(stack("UPDATE_COMPLETE") | {"source": "my.own"}),
        json.dumps(stack("UPDATE_COMPLETE") | {"detail": "UPDATE_COMPLETE"}),
        json.dumps({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]}),
        "[" * 100_000,
        '{"detail":' * 20_000,
    ]
