import json

from fargate_operator.facts import Count, Facts, Listener, Subnets, Weights, recall, record

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
)


def test_what_was_looked_up_is_recalled_as_it_was_recorded():
    assert recall(json.loads(json.dumps(record(FULL))), BASE) == FULL


def test_nothing_is_recorded_as_nothing():
    assert record(BASE) == {}
    assert recall({}, BASE) == BASE


def test_what_another_version_recorded_is_looked_up_anew():
    odd = {
        "subnets": {"default": ["vpc-1", "subnet-1"], "x": {"bogus": 1}},
        "images": [],
        "counts": {"web": 3},
        "listener": {"url": "x"},
    }
    assert recall(odd, BASE) == BASE
