"""Whether a rollout goes on, though the stack that waits for it has no event: by ECS's stages, states and counts. Pure.

CloudFormation tells nothing of a service between the beginning and the end of its rollout, which waits by design: while traffic
is shifted and baked (bakeTime is up to a day), while a hook decides, for gracePeriod, while tasks of before drain. See
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html.
"""

from collections.abc import Mapping
from datetime import datetime

from fargate_operator.observation import ServiceObservation
from fargate_operator.seen import Status

# those in which the new tasks start are no stages that wait: RECONCILE_SERVICE, SCALE_UP
_WAITS = frozenset(
    {
        "PRE_SCALE_UP",
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "POST_TEST_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
        "BAKE_TIME",
        "CLEAN_UP",
    }
)


def waits(service: ServiceObservation) -> bool:
    """Whether its rollout is under way without a trouble: in a stage that waits, or with all its tasks there."""
    if service.rollout != "IN_PROGRESS" or not _well(service):
        return False
    return service.stage in _WAITS or (service.running >= service.desired and not service.lacking)


def moved_at(previous: Status, services: Mapping[str, ServiceObservation], now: datetime) -> datetime | None:
    """When services, by key, were last seen to be otherwise than before, in the operation at hand; None: never.

    What changes while tasks fail is no progress: they are started again and again.
    """
    known = previous.get("services") or {}
    if any(_well(one) and key in known and _before(known[key]) != _now(one) for key, one in services.items()):
        return now
    told = (previous.get("stack") or {}).get("movedAt")
    return _moment(told) if told else None


def _well(service: ServiceObservation) -> bool:
    return service.status == "ACTIVE" and service.rollout != "FAILED" and not service.stopped


def _before(told: Status) -> tuple[object, ...]:
    return told.get("rollout", ""), told.get("desired"), told.get("running"), told.get("taskDefinitionArn")


def _now(one: ServiceObservation) -> tuple[object, ...]:
    return one.stage or one.rollout, one.desired, one.running, one.task_definition_arn


def _moment(told: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(told)
    except ValueError:  # somebody has written it
        return None
    return found if found.tzinfo else None
