"""Facts: what a spec leaves open, looked up in EC2, ECR, S3 and Elastic Load Balancing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.code import unversioned, version
from fargate_operator.aws.errors import translated
from fargate_operator.aws.listeners import listener
from fargate_operator.aws.registry import Registry
from fargate_operator.conditions import Reason
from fargate_operator.errors import Fault, Missing, Transient
from fargate_operator.facts import Facts, Lack, Listener, Subnets
from fargate_operator.fragments.ecr import ecr_image, repository
from fargate_operator.fragments.network import Question
from fargate_operator.grounding import Unresolved
from fargate_operator.model import App, Image, network_questions

T = TypeVar("T")

NO_DIGEST = f"sha256:{'0' * 64}"
MOST_SUBNETS = 16  # an AwsvpcConfiguration takes no more


@dataclass(frozen=True, slots=True)
class _Lookups:
    """The lookups of one app: what is missing is gathered, and something else stands in for it."""

    missing: list[Lack] = field(default_factory=list)

    def get(self, part: str, key: str, stand_in: T, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except Missing as error:
            self.missing.append(Lack(error.fault, error.reason, part, key))
            return stand_in


def resolve(clients: Clients, region: str, app: App, pins: Facts | None) -> Facts:
    """The facts for an app. What `pins` holds is not looked up again. Unresolved with all that is missing."""
    account, partition = clients.account(region)
    pins, lookups = pins or Facts(account, region), _Lookups()
    images, platforms = _images(clients, account, app, pins, lookups)
    facts = Facts(
        account,
        region,
        partition,
        subnets=dict(sorted(_all_subnets(clients, region, app, pins, lookups).items())),
        images=images,
        code=_code(clients, region, app, pins, lookups),
        listener=_listener(clients, region, app, pins, lookups),
        platforms=platforms,
        missing=tuple(lookups.missing),
    )
    if facts.missing:
        raise Unresolved(facts)
    return facts


def _all_subnets(clients: Clients, region: str, app: App, pins: Facts, lookups: _Lookups) -> dict[str, Subnets]:
    found = {}
    for key, asked in network_questions(app).items():
        stand_in = Subnets("", asked if isinstance(asked, tuple) else ())
        ask = partial(_subnets, clients, region, asked, _field(app, asked))
        found[key] = pins.subnets.get(key) or lookups.get("subnets", key, stand_in, ask)
    return found


def _code(clients: Clients, region: str, app: App, pins: Facts, lookups: _Lookups) -> dict[str, str]:
    """Function → version of its code. What is pinned is not looked up again."""
    looked = unversioned(app).items()
    return {
        key: pins.code.get(key) or lookups.get("code", key, "unknown", partial(version, clients, region, key, code))
        for key, code in looked
    }


def _listener(clients: Clients, region: str, app: App, pins: Facts, lookups: _Lookups) -> Listener | None:
    arn = app.existing_listener()
    if not arn:
        return None
    stand_in = Listener("", (), "http://unknown")
    return pins.listener or lookups.get("listener", "", stand_in, lambda: listener(clients.get("elbv2", region), arn))


def _images(
    clients: Clients, account: str, app: App, pins: Facts, lookups: _Lookups
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """URI and digests by platform of each image. Of those that are built only what is pinned: `images` looks for them."""
    images, platforms = {}, {}
    for name, image in sorted((app.spec.images or {}).items()):
        if name in pins.images:
            images[name], found = pins.images[name], dict(pins.platforms.get(name, {}))
        elif image.build:
            continue
        else:
            stand_in: tuple[str, dict[str, str]] = (f"{repository(image.written())}@{NO_DIGEST}", {})
            ask = partial(image_uri, clients, account, f"spec.images.{name}", image)
            images[name], found = lookups.get("images", name, stand_in, ask)
        if found:
            platforms[name] = found
    return images, platforms


def image_uri(clients: Clients, account: str, path: str, image: Image) -> tuple[str, dict[str, str]]:
    """With the tag's digest where ECR tells it, and the digest of each platform; images of other registries as written."""
    written = image.written()
    ecr = ecr_image(written)
    if ecr is None:
        return written, {}
    try:
        found = Registry(clients, ecr.region, ecr.account).find(ecr.name, ecr.tag, ecr.digest)
    except Transient as error:
        if error.reason == Reason.AccessDenied and (ecr.account != account or ecr.digest):
            return written, {}  # a registry that lets us pull but not look
        raise
    if found is None and ecr.digest:
        return written, {}  # nothing is known of it, and nothing has to be
    if found is None:
        raise Missing(Reason.ImageNotFound, Fault(path, f"ECR has no image {written}; push it"))
    return f"{repository(written)}@{found.digest}", dict(found.platforms)


def _field(app: App, asked: Question) -> str:
    """Whose question it is, for people."""
    balancer = app.spec.load_balancer
    own = balancer and balancer.subnet_ids and tuple(balancer.subnet_ids) == asked
    return "spec.loadBalancer.subnetIds" if own else "spec.network"


def _subnets(clients: Clients, region: str, asked: Question, path: str) -> Subnets:
    ec2 = clients.get("ec2", region)
    with translated("DescribeSubnets"):
        vpc, filters = _filters(ec2, asked)
        pages = ec2.get_paginator("describe_subnets").paginate(Filters=filters)
        found = sorted((one["SubnetId"], one["AvailabilityZone"], one["VpcId"]) for page in pages for one in page["Subnets"])
    if isinstance(asked, tuple):
        return _named(asked, found, path)
    if not found:
        raise Missing(Reason.NetworkNotFound, Fault("spec.network", f"no subnet of {vpc} matches"))
    found = found[:MOST_SUBNETS]
    return Subnets(vpc, tuple(one for one, _, _ in found), tuple(zone for _, zone, _ in found))


def _filters(ec2: Any, asked: Question) -> tuple[str, list[dict[str, Any]]]:
    """The VPC, empty where it is what is asked, and the filters of DescribeSubnets."""
    if isinstance(asked, tuple):
        return "", [{"Name": "subnet-id", "Values": list(asked)}]
    if asked is not None:
        tags = [{"Name": f"tag:{name}", "Values": [value]} for name, value in sorted((asked.tags or {}).items())]
        return asked.vpc_id, [{"Name": "vpc-id", "Values": [asked.vpc_id]}, *tags]
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not vpcs:
        raise Missing(Reason.NetworkNotFound, Fault("spec.network", "the account has no default VPC; name subnetIds"))
    vpc = str(vpcs[0]["VpcId"])
    return vpc, [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default-for-az", "Values": ["true"]}]


def _named(asked: tuple[str, ...], found: list[tuple[str, str, str]], path: str) -> Subnets:
    """Subnets that the spec names, in its order."""
    there = {one: (zone, vpc) for one, zone, vpc in found}
    if missing := [one for one in asked if one not in there]:
        raise Missing(Reason.NetworkNotFound, Fault(path, f"the app's region has no subnet {', '.join(missing)}"))
    vpcs = sorted({vpc for _, vpc in there.values()})
    if len(vpcs) > 1:
        message = f"the subnets {', '.join(asked)} lie in {' and '.join(vpcs)}; they must lie in one VPC"
        raise Missing(Reason.NetworkNotFound, Fault(path, message))
    return Subnets(vpcs[0], asked, tuple(there[one][0] for one in asked))
