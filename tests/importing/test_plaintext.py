"""What of the author's environment is written out is told where it looks secret, and never shown."""

import pytest

from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.secrets import looks_secret
from fargate_operator.importing.serverless import convert
from fargate_operator.importing.source import parse

ENVIRONMENT = {"DB_PASSWORD": "hunter2", "URL": "http://x", "UNUSED_TOKEN": "nowhere", "PLAIN": "s3cr3t", "SHORT_KEY": "q9z"}
NAMES = {"PASS": True, "dbPassword": True, "a_secret": True, "TOKEN": True, "API_KEY": True, "Credentials": True, "HOST": False}


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    assert looks_secret(name) == NAMES[name]


def test_each_is_told_once_by_its_name() -> None:
    text = """\
service: a
provider:
  name: aws
  region: eu-west-1
  environment:
    A: "postgres://u:${env:DB_PASSWORD}@h"
    B: ${env:DB_PASSWORD}
    C: ${env:URL}
    D: ${self:custom.deep}
    API_TOKEN: ${env:PLAIN}
custom:
  deep: ${env:SHORT_KEY}
  unused: ${env:UNUSED_TOKEN}
fargate: {tasks: {web: {image: "a:1"}}}
"""
    report = Report("x.yml")
    convert(parse(text, "x.yml"), Options(environment=ENVIRONMENT), report)
    told = [(one.line, one.path, one.target) for one in report.losses() if one.message.startswith("is written out in plain text")]
    assert told == [
        (6, "${env:DB_PASSWORD}", "spec.environment.A"),
        (10, "${env:PLAIN}", "spec.environment.API_TOKEN"),
        (12, "${env:SHORT_KEY}", "spec.environment.D"),
    ]
    assert not [one for one in report.losses() for value in ENVIRONMENT.values() if value in str(one)]
