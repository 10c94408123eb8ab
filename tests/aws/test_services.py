"""Services, against an ECS that keeps them in dicts."""

from typing import Any

import pytest

from fargate_operator.aws.services import Services


class Ecs:
    def __init__(self, service: dict[str, Any], deployment: dict[str, Any] | None = None) -> None:
        counts = {"desiredCount": 2, "runningCount": 2, "status": "ACTIVE"}
        self.service = {"serviceArn": "arn:web", "serviceName": "web", **counts, **service}
        self.deployment, self.asked = deployment, []

    def get(self, *_: str) -> "Ecs":
        return self

    def describe_services(self, **_: Any) -> Any:
        return {"services": [self.service]}

    def list_tasks(self, **_: Any) -> Any:
        return {"taskArns": ["arn:task"]}

    def list_service_deployments(self, **_: Any) -> Any:
        self.asked.append("list")
        return {"serviceDeployments": [{"serviceDeploymentArn": f"arn:{one}", "createdAt": one} for one in (1, 2)]}

    def describe_service_deployments(self, *, serviceDeploymentArns: list[str]) -> Any:  # noqa: N803
        self.asked += serviceDeploymentArns
        return {"serviceDeployments": [self.deployment] if self.deployment else []}


def read(ecs):
    found = Services(ecs, "eu-west-1").read("cluster", {"web": "arn:web"})["web"]
    return found.rollout, found.rollout_reason, found.stage


BLUE = {"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}
DONE, GOING = {"status": "PRIMARY", "rolloutState": "COMPLETED"}, {"status": "PRIMARY", "rolloutState": "IN_PROGRESS"}
BAKING = {"status": "IN_PROGRESS", "lifecycleStage": "BAKE_TIME"}


@pytest.mark.parametrize(
    ("service", "deployment", "told", "asked"),
    [
        ({"deployments": [GOING]}, BAKING, ("IN_PROGRESS", "", ""), []),
        ({**BLUE, "deployments": [DONE]}, BAKING, ("COMPLETED", "", ""), []),
        ({**BLUE, "deployments": [DONE], "currentServiceDeployment": "arn:9"}, BAKING, ("COMPLETED", "", ""), []),
        (
            {**BLUE, "deployments": [GOING], "currentServiceDeployment": "arn:9"},
            BAKING,
            ("IN_PROGRESS", "", "BAKE_TIME"),
            ["arn:9"],
        ),
        ({**BLUE, "deployments": [DONE, DONE]}, BAKING, ("IN_PROGRESS", "", "BAKE_TIME"), ["list", "arn:2"]),
        ({**BLUE, "deployments": [GOING]}, None, ("IN_PROGRESS", "", ""), ["list", "arn:2"]),
    ],
)
def test_a_service_deployment_is_asked_for_only_while_a_rollout_that_moves_traffic_is_under_way(service, deployment, told, asked):
    ecs = Ecs(service, deployment)
    assert read(ecs) == told
    assert ecs.asked == asked
