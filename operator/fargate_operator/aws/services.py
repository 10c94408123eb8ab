"""ECS services and their tasks: what really runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translated
from fargate_operator.observation import ServiceObservation

MOST_TASKS = 20
_BATCH = 10  # services in one DescribeServices


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout as ECS tells it: RolloutState and reason; of one under way that moves traffic the lifecycle stage, too."""

    state: str
    reason: str = ""
    stage: str = ""


_UNDER_WAY = {"PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}


def moves_traffic(service: Mapping[str, Any]) -> bool:
    """Whether the strategy is another than ROLLING: then a service deployment tells more than the service itself."""
    return bool((service.get("deploymentConfiguration") or {}).get("strategy", "ROLLING") != "ROLLING")


def rollout_of(deployment: Mapping[str, Any]) -> Rollout:
    """A service deployment's status as a RolloutState; one that was rolled back or stopped has failed."""
    status = deployment["status"]
    reason = deployment.get("statusReason") or (deployment.get("rollback") or {}).get("reason", "")
    if status in _UNDER_WAY:
        words = [status.lower().replace("_", " ") if status != "IN_PROGRESS" else "", reason]
        return Rollout("IN_PROGRESS", ": ".join(word for word in words if word), deployment.get("lifecycleStage", ""))
    return Rollout("COMPLETED" if status == "SUCCESSFUL" else "FAILED", reason or status.lower().replace("_", " "))


class Services:
    """Reads services; remembers of each what its tasks were read at, so that a steady one costs no further call."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._client = clients.get("ecs", region)
        self._tasks: dict[str, tuple[Any, tuple[str, ...]]] = {}

    def read(self, cluster: str, arns: Mapping[str, str]) -> dict[str, ServiceObservation]:
        """The services by key; one that ECS does not know is left out."""
        found: dict[str, ServiceObservation] = {}
        keys = sorted(arns)
        for start in range(0, len(keys), _BATCH):
            batch = {arns[key]: key for key in keys[start : start + _BATCH]}
            try:
                with translated("DescribeServices"):
                    described = self._client.describe_services(cluster=cluster, services=list(batch))["services"]
            except Exception as error:
                if isinstance(error.__cause__, ClientError) and code(error.__cause__) == "ClusterNotFoundException":
                    return found
                raise
            found |= {batch[one["serviceArn"]]: self._observed(cluster, one) for one in described if one["serviceArn"] in batch}
        return found

    def _observed(self, cluster: str, service: Mapping[str, Any]) -> ServiceObservation:
        deployments = service.get("deployments") or [{}]
        primary = next((one for one in deployments if one.get("status") == "PRIMARY"), deployments[0])
        short = service["runningCount"] < service["desiredCount"]
        rollout = Rollout(primary.get("rolloutState", ""), primary.get("rolloutStateReason", "").rstrip("."))
        if moves_traffic(service) and (rollout.state != "COMPLETED" or len(deployments) > 1):
            rollout = self._deployment(cluster, service) or rollout
        return ServiceObservation(
            service_arn=service["serviceArn"],
            task_definition_arn=service.get("taskDefinition", ""),
            status=service.get("status", ""),
            desired=service["desiredCount"],
            running=service["runningCount"],
            pending=service.get("pendingCount", 0),
            rollout=rollout.state,
            rollout_reason=rollout.reason,
            stage=rollout.stage,
            task_arns=self._running(cluster, service),
            stopped=self._stopped(cluster, service["serviceName"]) if short else "",
        )

    def _deployment(self, cluster: str, service: Mapping[str, Any]) -> Rollout | None:
        """The service deployment under way, or else the newest one; None where ECS knows none."""
        arn = service.get("currentServiceDeployment")
        if not arn:
            with translated("ListServiceDeployments"):
                listed = self._client.list_service_deployments(cluster=cluster, service=service["serviceArn"])[
                    "serviceDeployments"
                ]
            if not listed:
                return None
            arn = max(listed, key=lambda one: str(one.get("createdAt", "")))["serviceDeploymentArn"]
        with translated("DescribeServiceDeployments"):
            found = self._client.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
        return rollout_of(found[0]) if found else None

    def _running(self, cluster: str, service: Mapping[str, Any]) -> tuple[str, ...]:
        """The ARNs of running tasks. Counts, deployments and the newest event that are the same mean the same tasks."""
        deployments = [(one.get("id"), one.get("rolloutState")) for one in service.get("deployments") or ()]
        moving = [one for one in service.get("events") or () if "steady state" not in one.get("message", "")]
        newest = moving[0].get("id") if moving else ""
        mark = (service["runningCount"], service.get("pendingCount"), service["desiredCount"], deployments, newest)
        arn = service["serviceArn"]
        known = self._tasks.get(arn)
        if known and known[0] == mark:
            return known[1]
        with translated("ListTasks"):
            listed = self._client.list_tasks(cluster=cluster, serviceName=service["serviceName"], desiredStatus="RUNNING")
        tasks = tuple(sorted(listed["taskArns"])[:MOST_TASKS])
        self._tasks[arn] = (mark, tasks)
        return tasks

    def _stopped(self, cluster: str, service: str) -> str:
        """Why a task of the service stopped last: its reason, the container and its exit code."""
        with translated("ListTasks"):
            arns = self._client.list_tasks(cluster=cluster, serviceName=service, desiredStatus="STOPPED")["taskArns"]
            tasks = self._client.describe_tasks(cluster=cluster, tasks=arns[:10])["tasks"] if arns else []
        if not tasks:
            return ""
        task = max(tasks, key=lambda one: str(one.get("stoppedAt", "")))
        parts = [task.get("stoppedReason", "")]
        for container in task.get("containers", ()):
            if container.get("reason") or container.get("exitCode"):
                exited = f" exit code {container['exitCode']}" if container.get("exitCode") is not None else ""
                parts.append(f"container {container['name']}{exited} {container.get('reason', '')}".strip())
        return ", ".join(part for part in parts if part)
