"""Which repositories an app may be built from, before anybody is asked."""

import json

import pytest

from fargate_operator.bounds import Bounds
from fargate_operator.bounds_file import BoundsFile
from fargate_operator.errors import OutOfBounds
from fargate_operator.fetching import git_faults
from fargate_operator.parsing import parse_app
from fargate_operator.templates import Templates
from test_model import manifest
from ways_around import DEFAULT


def app(url="https://git.example.com/acme/shop.git"):
    return parse_app(manifest(images={"app": {"build": {"git": {"url": url}}}}, services={"web": {"image": "app"}}))


@pytest.mark.parametrize(
    ("url", "allowed", "fine"),
    [
        ("https://git.example.com/acme/shop.git", ["https://git.example.com/acme/*"], True),
        ("https://GIT.example.com/acme/shop.git", ["https://git.example.com/acme/*"], True),
        ("https://git.example.com/Acme/shop.git", ["https://git.example.com/acme/*"], False),
        ("https://git.example.com:8443/acme/shop.git", ["https://git.example.com/acme/*"], False),
        ("https://git.example.com.evil.example/acme/x", ["https://git.example.com/*"], False),
        ("https://git.example.com/acme-evil/x", ["https://git.example.com/acme/*"], False),
        ("https://git.example.com/acme/shop.git", [], False),
    ],
)
def test_a_repository_must_be_named(url, allowed, fine):
    bounds = Bounds.model_validate({**DEFAULT, "gitRepositories": allowed, "rolePath": "/fargate/"})
    faults = list(git_faults(app(url), bounds))
    assert [one.path for one in faults] == ([] if fine else ["spec.images.app.build.git.url"])
    assert all("by the bound gitRepositories of namespace" in one.message for one in faults)


def test_without_bounds_for_the_namespace_there_is_none():
    assert [one.path for one in git_faults(app(), None)] == ["metadata.namespace"]
    pushed = parse_app(manifest(images={"app": {"build": {}, "tag": "v1"}}, services={"web": {"image": "app"}}))
    assert list(git_faults(pushed, None)) == []


def test_it_is_judged_before_anything_is_read(tmp_path):
    file = tmp_path / "bounds.json"
    file.write_text(json.dumps({"default": DEFAULT}))
    with pytest.raises(OutOfBounds, match="allowed: https://git"):
        Templates(BoundsFile(str(file))).may_read(app())
    Templates(None).may_read(app())
