"""What must hold in a service's deployment. Pure.

See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.fragments.deployment import Deployment, shifts
from fargate_operator.fragments.values import seconds
from fargate_operator.model import App
from fargate_operator.workloads.service import ServiceSpec

MOST_BAKE = 86400  # seconds


def deployment_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """Every fault of every service's deployment."""
    for key, service in (app.spec.services or {}).items():
        if service.deployment:
            path = f"spec.services.{key}.deployment"
            yield from (Fault(f"{path}.{field}", message) for field, message in _faults(service.deployment, service))


def _faults(deployment: Deployment, service: ServiceSpec) -> Iterable[tuple[str, str]]:
    strategy = deployment.strategy or "Rolling"
    if not shifts(deployment):
        if deployment.bake_time:
            yield "bakeTime", "is for BlueGreen, Linear and Canary; Rolling keeps no old tasks to bake beside"
        return
    if not service.http and not service.connect:
        yield (
            "strategy",
            f"{strategy} moves traffic to new tasks and needs http or connect; must be Rolling without",
        )
    if service.http and service.http.stickiness:
        wrong = f"{strategy} cannot go with http.stickiness: clients that stick to old tasks cannot be moved"
        yield "strategy", f"{wrong}; leave one of the two out"
    if deployment.circuit_breaker:
        yield "circuitBreaker", f"is for Rolling; with {strategy} name alarms instead"
    if deployment.bake_time:
        yield from _bake_time(seconds(deployment.bake_time))


def _bake_time(bake: int) -> Iterable[tuple[str, str]]:
    if bake > MOST_BAKE:
        yield "bakeTime", f"is {bake}s; must be 0m to 24h"
    elif bake % 60:
        yield "bakeTime", f"is {bake}s; ECS counts whole minutes"
