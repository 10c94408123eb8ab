"""ECS services and their tasks: what really runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translated
from fargate_operator.conditions import Reason
from fargate_operator.errors import ReconcileError, Waiting
from fargate_operator.masking import masked
from fargate_operator.observation import Container, Deployment, Ended, ServiceEvent, ServiceObservation, Share, Stop, StoppedTask
from fargate_operator.stopped import ended

MOST_TASKS = 20
MOST_STOPPED, _ENOUGH, _PAGE = 1000, 10, 100  # stopped tasks: of a service on Spot, of another, in one call
MOST_EVENTS = 30  # of the hundred that ECS tells, the newest first
_BATCH = 10  # services in one DescribeServices
_GONE = {"ServiceNotActiveException", "ServiceNotFoundException", "ClusterNotFoundException"}  # since it was read


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
    reason = masked(deployment.get("statusReason") or (deployment.get("rollback") or {}).get("reason", ""))
    if status in _UNDER_WAY:
        words = [status.lower().replace("_", " ") if status != "IN_PROGRESS" else "", reason]
        return Rollout("IN_PROGRESS", ": ".join(word for word in words if word), deployment.get("lifecycleStage", ""))
    return Rollout("COMPLETED" if status == "SUCCESSFUL" else "FAILED", reason or status.lower().replace("_", " "))


class Services:
    """Reads services; remembers of each what its tasks were read at, so that a steady one costs no further call."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._client = clients.get("ecs", region)
        self._tasks: dict[str, tuple[Any, tuple[str, ...]]] = {}
        self._stopped: dict[str, tuple[Any, tuple[Stop, ...]]] = {}  # of services on Spot

    def read(self, cluster: str, arns: Mapping[str, str], spot: Collection[str] = ()) -> dict[str, ServiceObservation]:
        """The services by key; one that ECS does not know is left out. Of those on `spot` what has stopped is told, too."""
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
            for one in described:
                if key := batch.get(one["serviceArn"]):
                    found[key] = self._observed(cluster, one, spot=key in spot)
        return found

    def forget(self, arns: Iterable[str]) -> None:
        """They are gone, or not to be read again."""
        for arn in arns:
            self._tasks.pop(arn, None)
            self._stopped.pop(arn, None)

    def _observed(self, cluster: str, service: Mapping[str, Any], *, spot: bool) -> ServiceObservation:
        deployments = service.get("deployments") or [{}]
        primary = next((one for one in deployments if one.get("status") == "PRIMARY"), deployments[0])
        rollout = Rollout(primary.get("rolloutState", ""), masked(primary.get("rolloutStateReason", "")).rstrip("."))
        if moves_traffic(service) and (rollout.state != "COMPLETED" or len(deployments) > 1):
            rollout = self._deployment(cluster, service) or rollout
        running = self._running(cluster, service)
        events = tuple(_event(one) for one in (service.get("events") or ())[:MOST_EVENTS])
        stops, tasks = self._ended(cluster, service, primary, spot=spot)
        why = ended(tasks, events, _since(service, primary), _failing(service)) if tasks is not None else None
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
            task_arns=running,
            stopped=why.message if why else "",
            ended=why,
            strategy=tuple(_share(one) for one in service.get("capacityProviderStrategy") or ()),
            events=events,
            lacking=primary.get("runningCount", 0) < primary.get("desiredCount", 0),
            deployed_at=primary.get("createdAt"),
            stops=stops,
            cluster=cluster,
        )

    def move(self, cluster: str, service: str, strategy: Sequence[Share]) -> None:
        """UpdateService with another capacity provider strategy, and nothing else. ECS wants a new deployment for it.

        See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html.
        """
        wanted: Any = [{"capacityProvider": one.provider, "weight": one.weight, "base": one.base} for one in strategy]
        try:
            with translated("UpdateService"):
                self._client.update_service(
                    cluster=cluster, service=service, capacityProviderStrategy=wanted, forceNewDeployment=True
                )
        except ReconcileError as error:
            if isinstance(error.__cause__, ClientError) and code(error.__cause__) in _GONE:
                raise Waiting(Reason.ServiceMissing, error.message, after=5.0) from error
            raise

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
        """The ARNs of running tasks."""
        arn, mark = service["serviceArn"], _mark(service)
        known = self._tasks.get(arn)
        if known and known[0] == mark:
            return known[1]
        with translated("ListTasks"):
            listed = self._client.list_tasks(cluster=cluster, serviceName=service["serviceName"], desiredStatus="RUNNING")
        tasks = tuple(sorted(listed["taskArns"])[:MOST_TASKS])
        self._tasks[arn] = (mark, tasks)
        return tasks

    def why(self, service_arn: str, since: datetime | None) -> Ended | None:
        """Why the tasks of a service have stopped since then, or were not started; None where ECS knows it no longer.

        ECS tells of a stopped task for an hour, and for a while of a service that was deleted, but not of one whose cluster was.
        """
        cluster = cluster_of(service_arn)
        found: list[Any] = []
        try:
            with translated("DescribeServices"):
                found = self._client.describe_services(cluster=cluster, services=[service_arn])["services"]
            if not found:
                return None
            tasks = self._stopped_tasks(cluster, service_arn.rsplit("/", 1)[-1], _ENOUGH)
        except ReconcileError as error:
            if not isinstance(error.__cause__, ClientError) or code(error.__cause__) not in _GONE:
                raise
            tasks = []  # of a service that is gone only its events are left, if those
        events = [_event(one) for service in found for one in (service.get("events") or ())[:MOST_EVENTS]]
        deployments = [one for service in found for one in deployments_of(service)]
        return ended([stopped_task(one) for one in tasks], events, since, deployments)

    def _ended(
        self, cluster: str, service: Mapping[str, Any], primary: Mapping[str, Any], *, spot: bool
    ) -> tuple[tuple[Stop, ...], list[StoppedTask] | None]:
        """What has stopped, of a service on Spot, and of one that lacks tasks, or whose rollout does; None: nothing is amiss.

        One with all its tasks is asked about only on Spot, and only when something has changed.
        """
        arn, mark, short = service["serviceArn"], _mark(service), _short(service) or _fails(primary)
        known = self._stopped.get(arn)
        if not short and (not spot or (known and known[0] == mark)):
            return (known[1] if known and spot else ()), None
        tasks = self._stopped_tasks(cluster, service["serviceName"], MOST_STOPPED if spot else _ENOUGH)
        stops = tuple(stop(one) for one in tasks) if spot else ()
        if spot:
            self._stopped[arn] = (mark, stops)
        return stops, [stopped_task(one) for one in tasks] if short else None

    def _stopped_tasks(self, cluster: str, service: str, most: int) -> list[Any]:
        """So many at most, with a hundred in each call, as ECS takes them."""
        asked: Any = {"cluster": cluster, "serviceName": service, "desiredStatus": "STOPPED"}
        arns: list[str] = []
        while len(arns) < most:
            with translated("ListTasks"):
                page = self._client.list_tasks(**asked)
            arns += page["taskArns"]
            if not page.get("nextToken"):
                break
            asked["nextToken"] = page["nextToken"]
        tasks: list[Any] = []
        for start in range(0, min(len(arns), most), _PAGE):
            with translated("DescribeTasks"):
                tasks += self._client.describe_tasks(cluster=cluster, tasks=arns[start : min(start + _PAGE, most)])["tasks"]
        return tasks


def _short(service: Mapping[str, Any]) -> bool:
    return bool(service["runningCount"] < service["desiredCount"])


def _fails(deployment: Mapping[str, Any]) -> bool:
    """Whether tasks of a rollout fail, though those of before still run: all that it wants may seem to be there."""
    lacking = deployment.get("runningCount", 0) < deployment.get("desiredCount", 0)
    told = bool(deployment.get("failedTasks")) or "circuit breaker" in deployment.get("rolloutStateReason", "")
    return lacking or told or deployment.get("rolloutState") == "FAILED"


def _failing(service: Mapping[str, Any]) -> list[Deployment]:
    """The deployments where one of them fails; else the last task that stopped is the one that matters, whosever it was."""
    told = deployments_of(service)
    return told if any(one.failed for one in told) else []


def _since(service: Mapping[str, Any], deployment: Mapping[str, Any]) -> Any:
    """What stopped before the newest rollout was of another, but where that is one back after a failure."""
    back = "circuit breaker" in deployment.get("rolloutStateReason", "") or deployment.get("rolloutState") == "FAILED"
    steady = [one["createdAt"] for one in service.get("events") or () if "steady state" in one.get("message", "")]
    return None if back else max([*steady, *([deployment["createdAt"]] if deployment.get("createdAt") else [])], default=None)


def _mark(service: Mapping[str, Any]) -> Any:
    """Counts, deployments and the newest event: the same mean the same tasks."""
    deployments = [(one.get("id"), one.get("rolloutState")) for one in service.get("deployments") or ()]
    moving = [one for one in service.get("events") or () if "steady state" not in one.get("message", "")]
    newest = moving[0].get("id") if moving else ""
    return service["runningCount"], service.get("pendingCount"), service["desiredCount"], deployments, newest


def _share(one: Mapping[str, Any]) -> Share:
    return Share(one["capacityProvider"], one.get("weight", 0), one.get("base", 0))


def _event(one: Mapping[str, Any]) -> ServiceEvent:
    return ServiceEvent(one.get("id", ""), one["createdAt"], masked(one.get("message", "")))


def stop(task: Mapping[str, Any]) -> Stop:
    """A stopped task of DescribeTasks; one that has its notice only tells when it began to stop."""
    return Stop(
        task["taskArn"],
        task.get("stopCode", ""),
        masked(task.get("stoppedReason", "")),
        task.get("stoppedAt") or task.get("stoppingAt"),
        task.get("capacityProviderName", ""),
    )


def stopped_task(task: Mapping[str, Any]) -> StoppedTask:
    """A stopped task of DescribeTasks."""
    return StoppedTask(
        task["taskArn"],
        task.get("stopCode", ""),
        masked(task.get("stoppedReason", "")),
        task.get("stoppedAt") or task.get("stoppingAt"),
        tuple(
            Container(one["name"], one.get("exitCode"), masked(one.get("reason", "")), one.get("healthStatus", ""))
            for one in task.get("containers", ())
        ),
        deployment=task.get("startedBy", ""),
        definition=task.get("taskDefinitionArn", ""),
    )


def deployments_of(service: Mapping[str, Any]) -> list[Deployment]:
    """The deployments that ECS still knows; the failed ones are those whose rollout has failed, or else those whose tasks do."""
    told = service.get("deployments") or ()
    failed = [one for one in told if one.get("rolloutState") == "FAILED"]
    failed = failed or [one for one in told if one.get("rolloutState") != "COMPLETED" and one.get("failedTasks")]
    return [Deployment(one.get("id", ""), one.get("taskDefinition", ""), one in failed) for one in told]


def cluster_of(service_arn: str) -> str:
    """The cluster's name: ``arn:aws:ecs:<region>:<account>:service/<cluster>/<service>``."""
    return service_arn.split("/")[1]
