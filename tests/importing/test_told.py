"""What is displaced, empty or wrong is told, with its place."""

import pytest

from fargate_operator.importing.command import faults
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.serverless import convert
from fargate_operator.importing.source import parse

TOLD = {
    "an older spelling beside the newer": (
        "fargate:\n  vpc:\n    subnets: subnet-1\n    subnetIds: subnet-2\n  tasks: {a: {image: 'a:1'}}",
        "x.yml:5: fargate.vpc.subnets: is displaced by subnetIds, which stands beside it",
    ),
    "an older spelling of security groups": (
        "fargate:\n  tasks: {a: {image: 'a:1', vpc: {securityGroups: sg-1, securityGroupIds: sg-2}}}",
        "x.yml:4: fargate.tasks.a.vpc.securityGroups: is displaced by securityGroupIds, which stands beside it",
    ),
    "two prefixes of one event": (
        "functions: {a: {image: 'a:1', events: [{s3: {bucket: b, existing: true, rules: [{prefix: a/}, {prefix: b/}]}}]}}",
        "x.yml:3: functions.a.events[0].s3: has two prefixes; write an eventBridge event with a pattern that tells it",
    ),
    "an empty task": (
        "fargate:\n  tasks:\n    a:\n    b: {image: 'a:1'}",
        "x.yml:5: fargate.tasks.a: is empty, so it is left out",
    ),
    "an empty function": ("functions:\n  a: ~", "x.yml:4: functions.a: is empty, so it is left out"),
    "an empty function of a list": ("functions:\n  - a: ~", "x.yml:4: functions[0].a: is empty, so it is left out"),
    "an empty resource": ("resources:\n  Resources:\n    A:", "x.yml:5: resources.Resources.A: is empty, so it is left out"),
}


@pytest.mark.parametrize("case", TOLD)
def test_told(case: str) -> None:
    text, expected = TOLD[case]
    report = Report("x.yml")
    convert(parse(f"service: a\nprovider: {{name: aws, region: eu-west-1}}\n{text}\n", "x.yml"), Options(), report)
    assert expected in [str(one) for one in report.losses()]


SHARED = """\
service: a
provider:
  name: aws
  region: eu-west-1
  iamManagedPolicies: [x]
  iamRoleStatements:
    - {Effect: Allow, Action: "s3:*", Resource: "*"}
    - {Effect: Maybe}
  tags:
    "aws:a": b
fargate:
  cpu: 3
  containerInsights: false
  logRetentionInDays: 2
  vpc:
    subnetIds: [subnet-1]
    securityGroups: [a, a]
  environment:
    1A: x
  tasks: {a: {image: "a:1"}}
"""


def test_faults_of_what_all_share_have_their_lines() -> None:
    report = Report("x.yml")
    app = convert(parse(SHARED, "x.yml"), Options(), report)
    report.faults(faults(app))
    assert [(one.line, one.path) for one in report.losses()] == [
        (5, "spec.iam.managedPolicies[0]"),
        (10, "spec.tags.aws:a"),
        (12, "spec.cpu"),
        (14, "spec.logs.retentionInDays"),
        (19, "spec.environment.1A"),
    ]
