"""Which images of a file are built."""

import pytest

from fargate_operator.parsing import parse_app
from fargate_operator.pushing.choosing import platform, wanted
from fargate_operator.settings import Unusable

GIT = {"url": "https://github.com/acme/shop.git"}
IMAGES = {
    "app": {"build": {}, "tag": "v1"},
    "php": {"build": {"target": "runtime"}, "tag": "v2@sha256:" + "0" * 64},
    "src": {"build": {"git": GIT}, "tag": "v3"},
    "web": {"uri": "public.ecr.aws/nginx/nginx:1"},
}


def app(images=None, **spec):
    images = IMAGES if images is None else images
    services = {f"use-{name}": {"image": name} for name in images}
    return parse_app({"metadata": {"name": "shop"}, "spec": {"images": images, "services": services, **spec}})


def chosen(*apps, image="", tag=""):
    return [(one.document, one.name, one.tag) for one in wanted("shop.yaml", enumerate(apps), image, tag)]


def first(images=None, **spec):
    return wanted("shop.yaml", [(0, app(images, **spec))], "", "")[0]


@pytest.mark.parametrize(
    ("given", "built"),
    [
        ({}, [(0, "app", "v1"), (0, "php", "v2")]),
        ({"tag": "v9"}, [(0, "app", "v9"), (0, "php", "v9")]),
        ({"image": "php"}, [(0, "php", "v2")]),
        ({"image": "src"}, [(0, "src", "v3")]),
    ],
    ids=["all but those that CodeBuild builds", "all with another tag", "one", "one that CodeBuild builds, by name"],
)
def test_what_is_asked_for_is_built(given, built):
    assert chosen(app(), **given) == built


def test_images_of_several_apps_are_built():
    other = app({"app": {"build": {}, "tag": "b"}})
    assert chosen(app(), other, image="app") == [(0, "app", "v1"), (1, "app", "b")]


WITH_BUILD = "those with build are: app, php, src"


@pytest.mark.parametrize(
    ("images", "given", "words"),
    [
        (IMAGES, {"image": "nope"}, f"shop.yaml: there is no image nope; {WITH_BUILD}"),
        (IMAGES, {"image": "web"}, f"shop.yaml: the image web has no build; {WITH_BUILD}"),
        ({"web": IMAGES["web"]}, {}, "shop.yaml: no image has build"),
        ({"web": IMAGES["web"]}, {"image": "nope"}, "shop.yaml: there is no image nope; no image has build"),
        ({"src": IMAGES["src"]}, {}, "shop.yaml: every image with build is built by CodeBuild; name one with --image: src"),
        (IMAGES, {"tag": "-x"}, "--tag: '-x' is no tag"),
        (IMAGES, {"tag": "v1@sha256:0"}, "--tag: 'v1@sha256:0' is no tag"),
        (IMAGES, {"tag": "x" * 129}, "is no tag"),
        (
            {"app": {"build": {"git": GIT}}},
            {"image": "app"},
            "default/shop: image app has no tag: give --tag, or write one at spec.images.app.tag",
        ),
    ],
)
def test_what_cannot_be_built_is_told(images, given, words):
    with pytest.raises(Unusable) as error:
        chosen(app(images), **given)
    assert words in str(error.value)


ONE = {"app": {"build": {}, "tag": "v1"}}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({}, "linux/amd64"),
        ({"architecture": "ARM64"}, "linux/arm64"),
        ({"architecture": "ARM64", "services": {"web": {"image": "app", "architecture": "X86_64"}}}, "linux/amd64"),
        ({"services": {"web": {"image": "app", "architecture": "ARM64"}}}, "linux/arm64"),
        ({"services": {}, "functions": {"api": {"image": "app", "architecture": "ARM64", "command": ["x"]}}}, "linux/arm64"),
        ({"services": {}, "architecture": "ARM64"}, "linux/amd64"),
        (
            {
                "images": {**ONE, "b": {"uri": "x"}},
                "services": {"web": {"image": "b", "architecture": "ARM64", "sidecars": {"s": {"image": "app"}}}},
            },
            "linux/arm64",
        ),
    ],
)
def test_an_image_is_built_for_what_it_runs_on(spec, found):
    assert platform(first(**{"images": ONE, **spec})) == found


def test_a_platform_that_is_given_wins():
    assert platform(first({"app": {"build": {"platform": "linux/arm64"}, "tag": "v1"}}, architecture="ARM64")) == "linux/arm64"


def test_an_image_that_no_platform_can_serve_is_told():
    users = {"a": {"image": "app", "architecture": "ARM64"}, "b": {"image": "app"}}
    with pytest.raises(Unusable) as error:
        platform(first(ONE, services=users))
    assert "is built for one platform, but used by spec.services.a on ARM64, spec.services.b on X86_64" in str(error.value)
