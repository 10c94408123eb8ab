import pytest
from cfnlint.api import lint

import golden_cases
from fargate_operator.references import PSEUDO, targets


@pytest.mark.parametrize("case", golden_cases.CASES)
def test_an_example_compiles_to_its_golden_template(case):
    assert golden_cases.golden(case).read_text() == golden_cases.rendered(case)


REGIONS = {"eu-west-1": "aws", "us-east-1": "aws", "cn-north-1": "aws-cn"}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("case", golden_cases.CASES)
def test_cfn_lint_finds_no_error_in_a_golden_template_in_any_region(case, region):
    template = golden_cases.moved(case, region, REGIONS[region])
    found = [str(match) for match in lint(template, regions=[region]) if match.rule.id.startswith("E")]
    assert found == []


@pytest.mark.parametrize("case", golden_cases.CASES)
def test_every_reference_resolves(case):
    template = golden_cases.compile_app(golden_cases.app(case), golden_cases.facts(case))
    dangling = (
        set(targets([template.resources, template.outputs])) - template.resources.keys() - template.parameters.keys() - PSEUDO
    )
    assert dangling == set()


def test_the_ancestors_example_has_the_ancestors_resources_and_outputs():
    template = golden_cases.compile_app(golden_cases.app("three-runtimes"), golden_cases.facts("three-runtimes"))
    assert {
        "FargateTasksCluster", "FargateTasksLogGroup", "FargateIamExecutionRole", "FargateIamTaskRole", "Servicetask1Task",
        "Servicetask1Service", "Servicetask2Task", "Servicetask2Service", "Scheduledtask1Task", "Scheduledtask1ScheduledTask",
    } <= template.resources.keys()  # fmt: skip
    assert {
        "Servicetask1TaskArn", "Servicetask1ServiceArn", "Servicetask2TaskArn", "Servicetask2ServiceArn", "Scheduledtask1TaskArn",
        "Scheduledtask1ScheduledTaskArn",
    } <= template.outputs.keys()  # fmt: skip
    service = template.resources["Servicetask1Service"]["Properties"]
    assert service["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    assert service["DesiredCount"] == 2
    assert "ServiceName" not in service
    task = template.resources["Scheduledtask1Task"]["Properties"]
    assert task["ContainerDefinitions"][0]["Command"] == ["/app/service.php", "my-scheduled-task", "1"]
