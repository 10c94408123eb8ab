"""What ECS says of a rollout, as the status shows it."""

import pytest

from fargate_operator.aws.services import Rollout, rollout_of
from fargate_operator.verdicts import trouble_of
from test_status import service


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        ({"status": "SUCCESSFUL"}, Rollout("COMPLETED", "successful")),
        ({"status": "IN_PROGRESS", "lifecycleStage": "BAKE_TIME"}, Rollout("IN_PROGRESS", "", "BAKE_TIME")),
        ({"status": "PENDING"}, Rollout("IN_PROGRESS", "pending")),
        (
            {"status": "ROLLBACK_IN_PROGRESS", "lifecycleStage": "CLEAN_UP", "rollback": {"reason": "alarm"}},
            Rollout("IN_PROGRESS", "rollback in progress: alarm", "CLEAN_UP"),
        ),
        ({"status": "ROLLBACK_SUCCESSFUL", "statusReason": "alarm shop-5xx"}, Rollout("FAILED", "alarm shop-5xx")),
        ({"status": "STOPPED"}, Rollout("FAILED", "stopped")),
    ],
)
def test_a_service_deployment_is_a_rollout(deployment, expected):
    assert rollout_of(deployment) == expected


@pytest.mark.parametrize(
    ("observed", "reason", "message"),
    [
        (
            service(rollout="IN_PROGRESS", stage="BAKE_TIME", running=2, desired=2),
            "RollingOut",
            "the rollout is under way (BAKE_TIME), 2 of 2 tasks run",
        ),
        (
            service(
                rollout="IN_PROGRESS", rollout_reason="ECS deployment in progress", running=1, desired=2, stopped="exit code 1"
            ),
            "RollingOut",
            "the rollout is under way, 1 of 2 tasks run: exit code 1\nECS deployment in progress",
        ),
        (service(rollout="FAILED", rollout_reason="alarm"), "RolloutFailed", "the rollout failed: alarm"),
        (
            service(
                rollout="FAILED",
                rollout_reason="ECS deployment circuit breaker: tasks failed to start",
                stopped="web exited\n| no",
            ),
            "RolloutFailed",
            "the rollout failed: web exited\nECS deployment circuit breaker: tasks failed to start\n| no",
        ),
        (service(running=1, desired=2), "TasksNotRunning", "1 of 2 tasks run"),
    ],
)
def test_a_rollout_says_how_far_it_is_and_why(observed, reason, message):
    assert trouble_of(observed) == (reason, message)
