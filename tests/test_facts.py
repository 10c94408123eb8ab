import json

import pytest

from fargate_operator.facts import (
    ConfigMap,
    Copied,
    Count,
    Facts,
    Fallback,
    Listener,
    Subnets,
    Weights,
    config_map,
    pins,
    recall,
    record,
)

BASE = Facts("123456789012", "eu-west-1")
FULL = Facts(
    "123456789012",
    "eu-west-1",
    subnets={"default": Subnets("vpc-1", ("subnet-1", "subnet-2"), ("a", "b"))},
    images={"app": "example/app:1"},
    code={"api": "v1"},
    listener=Listener("vpc-1", ("sg-1",), "https://shop.example.com"),
    counts={"web": Count(None), "jobs": Count(2, 7), "off": Count(None, 0)},
    weights={"web": Weights(100, 0, "sha256:1")},
    config_maps={"config": ConfigMap("sha256:2")},
    copied={"secret": Copied("uid/1", ("KEY", "TOKEN")), "empty": Copied("uid/2")},
    spot={
        "web": Fallback(True, "2026-01-02T03:04:05Z", "2026-01-02T03:19:05Z", 2, "why"),
        "api": Fallback(False, "then", "later"),
    },
)


def test_what_was_looked_up_is_recalled_as_it_was_recorded():
    assert recall(json.loads(json.dumps(record(FULL))), BASE) == FULL


def test_of_a_config_map_only_the_digest_is_recorded_and_its_version_beside():
    facts = Facts("123456789012", "eu-west-1", config_maps={"config": config_map({"STAGE": "x" * 1000}, "uid/7")})
    again = Facts("123456789012", "eu-west-1", config_maps={"config": config_map({"STAGE": "x" * 1000}, "other/8")})
    assert record(facts) == record(again)
    assert len(json.dumps(pins(facts))) < 200
    assert pins(facts)["configMapVersions"] == {"config": "uid/7"}


def test_nothing_is_recorded_as_nothing():
    assert record(BASE) == {}
    assert recall({}, BASE) == BASE


def test_what_another_version_recorded_is_looked_up_anew():
    odd = {
        "subnets": {"default": ["vpc-1", "subnet-1"], "x": {"bogus": 1}},
        "images": [],
        "counts": {"web": 3},
        "configMaps": ["x"],
        "copied": {"secret": "uid/1"},
        "listener": {"url": "x"},
        "spot": {"web": {"on_demand": True}},
    }
    assert recall(odd, BASE) == BASE


@pytest.mark.parametrize(
    "recorded",
    [{"vpc_id": 3, "subnet_ids": ["a"]}, {"vpc_id": "v", "subnet_ids": "a"}, {"vpc_id": "v", "subnet_ids": [1]},
     {"vpc_id": "v", "subnet_ids": ["a", "b"], "zones": ["x"]}, {"vpc_id": "v"}, {"vpc_id": "v", "subnet_ids": ["a"], "more": 1}],
)  # fmt: skip
def test_subnets_that_somebody_else_recorded_wrongly_are_looked_up_anew(recorded):
    assert recall({"subnets": {"default": recorded}}, Facts("1", "eu-west-1")).subnets == {}
