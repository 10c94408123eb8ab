"""What a spec leaves open, against an ECR and an EC2 that keep their things in dicts."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fargate_operator.aws.resolve import resolve
from fargate_operator.crd import GROUP, VERSION
from fargate_operator.errors import Terminal
from fargate_operator.facts import Facts, Listener, Subnets, recall, record
from fargate_operator.model import App
from fargate_operator.parsing import parse_app

ACCOUNT = "123456789012"
SHOP = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop"


class Account:
    """ECR, EC2 and who we are, in one."""

    def __init__(self) -> None:
        self.images = {("shop", "v1"): "sha256:one"}
        self.subnets = {"vpc-default": ["subnet-b", "subnet-a"]}
        self.listeners: dict[str, dict[str, Any]] = {}
        self.refuses = True  # a listener that is not there, instead of an empty answer
        self.asked: list[str] = []
        self.manifests: dict[str, tuple[str, str]] = {}

    def get(self, *_: str) -> "Account":
        return self

    def account(self, _: str) -> tuple[str, str]:
        return ACCOUNT, "aws"

    def describe_images(self, *, registryId: str, repositoryName: str, imageIds: list[dict[str, str]]) -> Any:  # noqa: N803
        assert registryId == ACCOUNT
        self.asked.append(repositoryName)
        [asked] = imageIds
        found = asked.get("imageDigest") or self.images.get((repositoryName, asked["imageTag"]))
        if found is None:
            answer = {"Error": {"Code": "ImageNotFoundException", "Message": "none"}}
            raise ClientError(answer, "DescribeImages")  # type: ignore[arg-type]
        return {"imageDetails": [{"imageDigest": found}] if found else []}

    def batch_get_image(self, *, repositoryName: str, imageIds: list[dict[str, str]], **_: Any) -> Any:  # noqa: N803
        media, manifest = self.manifests.get(imageIds[0]["imageDigest"], ("", "{}"))
        return {"images": [{"imageManifest": manifest, "imageManifestMediaType": media}]} if repositoryName else {}

    def describe_vpcs(self, **_: Any) -> Any:
        return {"Vpcs": [{"VpcId": one} for one in self.subnets]}

    def describe_listeners(self, *, ListenerArns: list[str]) -> Any:  # noqa: N803
        self.asked.append("listener")
        found = [{**self.listeners[one], "LoadBalancerArn": "shared"} for one in ListenerArns if one in self.listeners]
        if not found and self.refuses:
            raise ClientError({"Error": {"Code": "ListenerNotFound", "Message": "none"}}, "DescribeListeners")
        return {"Listeners": found}

    def describe_load_balancers(self, *, LoadBalancerArns: list[str]) -> Any:  # noqa: N803
        assert LoadBalancerArns == ["shared"]
        groups = ["sg-b", "sg-a"]
        return {"LoadBalancers": [{"VpcId": "vpc-default", "SecurityGroups": groups, "DNSName": "shared.example.com"}]}

    def get_paginator(self, _: str) -> "Account":
        return self

    def paginate(self, Filters: list[dict[str, Any]]) -> Iterator[Any]:  # noqa: N803
        self.asked.append("subnets")
        wanted = {one["Name"]: one["Values"] for one in Filters}
        there = [(vpc, subnet) for vpc, subnets in self.subnets.items() for subnet in subnets]
        found = [one for one in there if one[0] in wanted.get("vpc-id", one) and one[1] in wanted.get("subnet-id", one)]
        return iter(
            [{"Subnets": [{"SubnetId": subnet, "VpcId": vpc, "AvailabilityZone": f"zone-{subnet[-1]}"}]} for vpc, subnet in found]
        )


def app(uri: str, **more: Any) -> App:
    spec = {"images": {"app": {"uri": uri}}, "services": {"web": {"image": "app"}}, **more}
    metadata = {"namespace": "team", "name": "shop", "uid": "u", "generation": 1}
    return parse_app({"apiVersion": f"{GROUP}/{VERSION}", "kind": "FargateApp", "metadata": metadata, "spec": spec})


def facts(account: Account, uri: str, pins: Facts | None = None) -> Facts:
    return resolve(account, "eu-west-1", app(uri), pins)  # type: ignore[arg-type]


def test_a_tag_in_ecr_becomes_its_digest() -> None:
    assert facts(Account(), f"{SHOP}:v1").images == {"app": f"{SHOP}@sha256:one"}


@pytest.mark.parametrize("uri", ["public.ecr.aws/nginx/nginx:1", "docker.io/library/php:8", f"{SHOP}@sha256:{'1' * 64}"])
def test_what_cannot_be_resolved_or_is_already_stays_as_written(uri: str) -> None:
    assert facts(Account(), uri).images == {"app": uri}


INDEX = {
    "manifests": [
        {"digest": "sha256:amd", "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {"digest": "sha256:about", "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
}


def test_of_a_manifest_list_the_digest_of_each_platform_is_known() -> None:
    account = Account()
    account.manifests["sha256:one"] = ("application/vnd.oci.image.index.v1+json", json.dumps(INDEX))
    found = facts(account, f"{SHOP}:v1")
    assert (found.images, found.platforms) == (
        {"app": f"{SHOP}@sha256:one"},
        {"app": {"linux/amd64": "sha256:amd", "linux/arm64": "sha256:arm"}},
    )
    assert recall(record(found), found) == found


@pytest.mark.parametrize("manifest", ["", "no JSON", "[]", '{"config": 1}', '{"manifests": [1]}', '{"config": {"digest": "x"}}'])
def test_of_a_manifest_that_cannot_be_read_no_platform_is_known(manifest: str) -> None:
    account = Account()
    account.manifests["sha256:one"] = ("application/vnd.oci.image.manifest.v1+json", manifest)
    assert facts(account, f"{SHOP}:v1").platforms == {}


@pytest.mark.parametrize("known", [None, ""])
def test_an_image_that_is_missing_says_so_and_lies_outside_the_object(known: str | None) -> None:
    account = Account()
    if known is not None:
        account.images["shop", "v2"] = known  # an empty answer instead of an error
    with pytest.raises(Terminal) as caught:
        facts(account, f"{SHOP}:v2")
    assert (caught.value.reason, caught.value.outside) == ("ImageNotFound", True)


def test_no_network_means_the_default_vpc() -> None:
    assert facts(Account(), f"{SHOP}:v1").subnets == {
        "default": Subnets("vpc-default", ("subnet-a", "subnet-b"), ("zone-a", "zone-b"))
    }


def test_an_account_without_a_default_vpc_says_so() -> None:
    account = Account()
    account.subnets.clear()
    with pytest.raises(Terminal) as caught:
        facts(account, f"{SHOP}:v1")
    assert caught.value.reason == "NetworkNotFound"


def test_what_is_pinned_is_not_looked_up_again() -> None:
    account = Account()
    before = facts(account, f"{SHOP}:v1")
    account.asked.clear()
    account.images["shop", "v1"] = "sha256:two"
    assert facts(account, f"{SHOP}:v1", before) == before
    assert account.asked == []


WEB = {"web": {"image": "app", "port": 80, "http": {}}}


def test_subnets_that_the_spec_names_are_looked_up_where_a_load_balancer_needs_their_vpc_and_zones() -> None:
    account = Account()
    named = app("example/app:1", network={"subnetIds": ["subnet-b", "subnet-a"]}, services=WEB)
    found = resolve(account, "eu-west-1", named, None)  # type: ignore[arg-type]
    assert found.subnets == {"subnet-b,subnet-a": Subnets("vpc-default", ("subnet-b", "subnet-a"), ("zone-b", "zone-a"))}


def test_subnets_that_nothing_depends_on_are_not_looked_up() -> None:
    account = Account()
    resolve(account, "eu-west-1", app("example/app:1", network={"subnetIds": ["subnet-x"]}), None)  # type: ignore[arg-type]
    assert account.asked == []


@pytest.mark.parametrize(("subnets", "words"), [(["subnet-x"], "no subnet subnet-x"), (["subnet-a", "subnet-c"], "one VPC")])
def test_subnets_that_are_not_there_or_lie_apart_say_so(subnets: list[str], words: str) -> None:
    account = Account()
    account.subnets["vpc-other"] = ["subnet-c"]
    with pytest.raises(Terminal, match=words) as caught:
        resolve(account, "eu-west-1", app("example/app:1", network={"subnetIds": subnets}, services=WEB), None)  # type: ignore[arg-type]
    assert caught.value.reason == "NetworkNotFound"


def test_a_load_balancers_subnets_that_are_not_there_say_so_by_their_own_field() -> None:
    spec = app("example/app:1", services=WEB, loadBalancer={"subnetIds": ["subnet-a", "subnet-x"]})
    with pytest.raises(Terminal, match=r"spec\.loadBalancer\.subnetIds: the app's region has no subnet subnet-x"):
        resolve(Account(), "eu-west-1", spec, None)  # type: ignore[arg-type]


def test_several_selectors_are_asked_each_and_pinned() -> None:
    account = Account()
    account.subnets["vpc-other"] = ["subnet-c"]
    places = {
        key: {"image": "app", "network": {"selector": {"vpcId": vpc, "tags": {"Tier": "a"}}}}
        for key, vpc in (("one", "vpc-default"), ("two", "vpc-other"))
    }
    both = app("example/app:1", services=places)
    found = resolve(account, "eu-west-1", both, None)  # type: ignore[arg-type]
    assert found.subnets.keys() == {"vpc-default,Tier=a", "vpc-other,Tier=a"}
    account.asked.clear()
    assert resolve(account, "eu-west-1", both, recall(record(found), found)) == found  # type: ignore[arg-type]
    assert account.asked == []


LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shared/0123456789abcdef/0123456789abcdef"


def behind(listener: str) -> App:
    services = {"web": {"image": "app", "port": 80, "http": {"host": "a.example.com", "priority": 1}}}
    if "${" in listener:
        services["web"]["network"] = {"securityGroupIds": ["sg-0123456789abcdef0"]}
    return app("example/app:1", services=services, loadBalancer={"listenerArn": listener})


@pytest.mark.parametrize(
    ("protocol", "port", "url"),
    [
        ("HTTPS", 443, "https://shared.example.com"),
        ("HTTP", 80, "http://shared.example.com"),
        ("HTTP", 8080, "http://shared.example.com:8080"),
    ],
)
def test_an_existing_listener_is_looked_up_once(protocol: str, port: int, url: str) -> None:
    account = Account()
    account.listeners[LISTENER] = {"Protocol": protocol, "Port": port}
    found = resolve(account, "eu-west-1", behind(LISTENER), None)  # type: ignore[arg-type]
    assert found.listener == Listener("vpc-default", ("sg-a", "sg-b"), url)
    account.asked.clear()
    assert resolve(account, "eu-west-1", behind(LISTENER), recall(record(found), found)) == found  # type: ignore[arg-type]
    assert account.asked == []


@pytest.mark.parametrize("refuses", [True, False])
def test_a_listener_that_is_not_there_says_so_and_lies_outside_the_object(*, refuses: bool) -> None:
    account = Account()
    account.refuses = refuses
    with pytest.raises(Terminal, match=r"spec\.loadBalancer\.listenerArn: there is no listener") as caught:
        resolve(account, "eu-west-1", behind(LISTENER), None)  # type: ignore[arg-type]
    assert (caught.value.reason, caught.value.outside) == ("NetworkNotFound", True)


def test_a_listener_that_is_a_reference_is_not_looked_up() -> None:
    account = Account()
    assert resolve(account, "eu-west-1", behind("${Import:listener}"), None).listener is None  # type: ignore[arg-type]
    assert "listener" not in account.asked
