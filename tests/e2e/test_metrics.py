"""/metrics of an operator at work, as Prometheus would scrape it."""

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fargate_operator.metrics import PREFIX

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


@pytest.fixture
def scrape(operator):
    def scraped():
        with urllib.request.urlopen(f"http://127.0.0.1:{operator.port}/metrics", timeout=5) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        return {
            (one.name.removeprefix(PREFIX), *sorted(one.labels.items())): one.value
            for family in families
            for one in family.samples
        }

    return scraped


def of(scraped, name, **labels):
    return scraped.get((name, *sorted(labels.items())), 0.0)


def test_the_life_of_an_app_is_counted_and_its_name_is_no_label(world, scrape):
    before = scrape()
    world.apply()
    world.ready()
    world.wait(lambda: of(scrape(), "time_to_ready_seconds_count") > of(before, "time_to_ready_seconds_count"))
    after = scrape()
    create = {"service": "cloudformation", "operation": "CreateStack", "result": "ok"}
    assert of(after, "aws_calls_total", **create) == of(before, "aws_calls_total", **create) + 1
    assert of(after, "apps", condition="Ready", status="True") >= 1
    assert of(after, "leader") == 1
    assert of(after, "queue_scheduled") >= 1
    ready = {"result": "ready", "reason": "Succeeded"}
    assert of(after, "reconciles_total", **ready) > of(before, "reconciles_total", **ready)
    assert not [labels for labels in after if world.namespace in str(labels)]
    world.plane.kubectl("delete", "fargateapp", "shop", "-n", world.namespace)
    gone = {"result": "gone", "reason": ""}
    world.wait(lambda: of(scrape(), "reconciles_total", **gone) > of(after, "reconciles_total", **gone))


def test_what_aws_throttles_is_counted(world, proxy, scrape):
    throttles = {"service": "cloudformation", "region": "eu-west-1"}
    before = scrape()
    proxy.fail("cloudformation", "CreateStack", code="Throttling")
    world.apply(services=None, tasks={"migrate": {"image": "app"}})
    world.ready()
    after = scrape()
    assert of(after, "aws_throttles_total", **throttles) == of(before, "aws_throttles_total", **throttles) + 1
