"""What a scrape tells, read back by the client's own parser; all names are documented, and labels are bounded."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fargate_operator.metrics import PREFIX, Gauges, Metrics

DOCS = Path(__file__).parents[1] / "docs" / "operations.md"


@pytest.fixture
def metrics():
    made = Metrics()
    made.gauges(Gauges(lambda: (3, 12.5), lambda: 40, lambda: {("Ready", "True"): 7}, lambda: {"eu-west-1": 1.5}, lambda: True))
    made.reconciled("ready", "AllRunning", 0.2)
    made.called("cloudformation", "eu-west-1", "DescribeStacks", "ok")
    made.called("cloudformation", "eu-west-1", "DescribeStacks", "throttled")
    made.ready(33.0)
    return made


def samples(metrics):
    families = text_string_to_metric_families(metrics.text().decode())
    return {(one.name, *sorted(one.labels.items())): one.value for family in families for one in family.samples}


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("reconciles_total", {"result": "ready", "reason": "AllRunning"}, 1),
        ("reconcile_duration_seconds_sum", {"result": "ready"}, 0.2),
        ("aws_calls_total", {"service": "cloudformation", "operation": "DescribeStacks", "result": "ok"}, 1),
        ("aws_throttles_total", {"service": "cloudformation", "region": "eu-west-1"}, 1),
        ("time_to_ready_seconds_sum", {}, 33),
        ("time_to_ready_seconds_bucket", {"le": "30.0"}, 0),
        ("queue_depth", {}, 3),
        ("queue_oldest_seconds", {}, 12.5),
        ("queue_scheduled", {}, 40),
        ("apps", {"condition": "Ready", "status": "True"}, 7),
        ("follower_lag_seconds", {"region": "eu-west-1"}, 1.5),
        ("leader", {}, 1),
    ],
)
def test_it_is_told(metrics, name, labels, value):
    assert samples(metrics)[(PREFIX + name, *sorted(labels.items()))] == value


def test_the_process_is_told_of(metrics):
    assert samples(metrics)[("process_resident_memory_bytes",)] > 0


def test_every_metric_is_documented_and_no_other(metrics):
    told = {family.name for family in text_string_to_metric_families(metrics.text().decode()) if family.name.startswith(PREFIX)}
    documented = {one.removesuffix("_total") for one in re.findall(rf"`({PREFIX}\w+)`", DOCS.read_text())}
    assert {one.removesuffix("_created") for one in told} == documented
