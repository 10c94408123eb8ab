"""What may be written of a git repository."""

import pytest

from fargate_operator.errors import InvalidSpec
from fargate_operator.parsing import parse_app
from test_model import manifest

URL = "https://git.example.com/acme/shop.git"
CONNECTION = "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a1b2c3d"


def faults(build=None, **git):
    image = {"build": {"git": {"url": URL, **git}, **(build or {})}, "tag": "v1"}
    try:
        parse_app(manifest(images={"app": image}, services={"web": {"image": "app"}}))
    except InvalidSpec as error:
        return [one.path.removeprefix("spec.images.app.build.") for one in error.faults]
    return []


@pytest.mark.parametrize(
    "url",
    [
        "http://git.example.com/acme/shop.git", "ssh://git@git.example.com/acme/shop.git", "git@git.example.com:acme/shop.git",
        "https://user:hunter2@git.example.com/acme/shop.git", "https://git.example.com", "https://git.example.com/acme/../other/x.git",
        "https://git.example.com/acme/%2e%2e/x.git", "https://git.example.com/acme/./x.git", "https://git.example.com/x.git?a=b", "https://git.example.com/x#y",
        "https://git.example.com\\@evil.example/x.git", "https://git.example.com /x.git", "https://git.example.com/$(id)", "https://git.example.com/a'b",
        "https://git.example.com//x.git", "https://-x.example/x.git", "file:///etc/passwd", "https://[::1]/x.git",
    ],
)  # fmt: skip
def test_a_url_that_is_none_or_could_be_read_as_another(url):
    assert faults(url=url) == ["git.url"]


@pytest.mark.parametrize("url", [URL, "https://git.example.com:8443/~team/shop_1.x", "https://10.0.0.1/a/b/c"])
def test_a_url_that_is_fine(url):
    assert faults(url=url) == []


@pytest.mark.parametrize("ref", ["a..b", "a//b", "main.lock", "x/", "a/.b", "-x", "a b", "$(id)", "a;b", "a^{}", "x."])
def test_a_name_that_git_gives_nothing(ref):
    assert faults(ref=ref) == ["git.ref"]


@pytest.mark.parametrize("ref", ["main", "release/1.x", "refs/tags/v1", "a" * 40, "v1.2-rc_1"])
def test_a_ref_that_is_fine(ref):
    assert faults(ref=ref) == []


@pytest.mark.parametrize(
    ("connection", "ref", "wrong"),
    [
        (CONNECTION, "main", []),
        (CONNECTION.replace("codeconnections", "codestar-connections"), "main", []),
        (CONNECTION, None, ["git.ref"]),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:x", "main", ["git.connectionArn"]),
        ("${Connection}", "main", ["git.connectionArn"]),
        (f"{CONNECTION}*", "main", ["git.connectionArn"]),
    ],
)
def test_a_connection(connection, ref, wrong):
    assert faults(connectionArn=connection, **({"ref": ref} if ref else {})) == wrong


@pytest.mark.parametrize(
    ("build", "wrong"),
    [
        ({"args": {"A": "x ${Table} y"}}, ["args.A"]),
        ({"target": "${AWS::Region}"}, ["target"]),
        ({"context": "${Table}"}, ["context"]),
        ({"dockerfile": "../Dockerfile"}, ["dockerfile"]),
        ({"args": {"A": "$HOME '\" `id`"}}, []),
    ],
)
def test_what_the_stack_would_put_into_a_build_is_not_known_yet(build, wrong):
    assert faults(build) == wrong


def test_a_password_in_a_url_is_not_told():
    with pytest.raises(InvalidSpec) as caught:
        parse_app(
            manifest(images={"app": {"build": {"git": {"url": "https://user:hunter2@git.example.com/a.git"}}, "tag": "v1"}})
        )
    assert "hunter2" not in caught.value.message
