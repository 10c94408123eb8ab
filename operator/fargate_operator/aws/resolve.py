"""Facts: what a spec leaves open, looked up in EC2, ECR, S3 and Elastic Load Balancing."""

from typing import Any

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.code import versions
from fargate_operator.aws.errors import translated
from fargate_operator.aws.listeners import listener
from fargate_operator.aws.registry import Registry
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal, Transient
from fargate_operator.facts import Facts, Subnets
from fargate_operator.fragments.ecr import ecr_image, repository
from fargate_operator.fragments.network import Question
from fargate_operator.model import App, Image, network_questions

MOST_SUBNETS = 16  # an AwsvpcConfiguration takes no more


def resolve(clients: Clients, region: str, app: App, pins: Facts | None) -> Facts:
    """The facts for an app. What `pins` holds is not looked up again."""
    account, partition = clients.account(region)
    images, platforms = _images(clients, account, app, pins or Facts(account, region))
    known_subnets = pins.subnets if pins else {}
    subnets = {}
    for key, asked in network_questions(app).items():
        subnets[key] = known_subnets.get(key) or _subnets(clients.get("ec2", region), asked, _field(app, asked))
    objects = versions(clients, region, app, pins.code if pins else {})
    existing = None
    if arn := app.existing_listener():
        existing = (pins.listener if pins else None) or listener(clients.get("elbv2", region), arn)
    subnets = dict(sorted(subnets.items()))
    return Facts(account, region, partition, subnets=subnets, images=images, code=objects, listener=existing, platforms=platforms)


def _images(clients: Clients, account: str, app: App, pins: Facts) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """URI and digests by platform of each image. Of those that are built only what is pinned: `images` looks for them."""
    images, platforms = {}, {}
    for name, image in sorted((app.spec.images or {}).items()):
        if name in pins.images:
            images[name], found = pins.images[name], dict(pins.platforms.get(name, {}))
        elif image.build:
            continue
        else:
            images[name], found = image_uri(clients, account, image)
        if found:
            platforms[name] = found
    return images, platforms


def image_uri(clients: Clients, account: str, image: Image) -> tuple[str, dict[str, str]]:
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
        raise _missing(written)
    return f"{repository(written)}@{found.digest}", dict(found.platforms)


def _missing(image: str) -> Terminal:
    return Terminal(Reason.ImageNotFound, f"ECR has no image {image}; push it", outside=True)


def _field(app: App, asked: Question) -> str:
    """Whose question it is, for people."""
    balancer = app.spec.load_balancer
    own = balancer and balancer.subnet_ids and tuple(balancer.subnet_ids) == asked
    return "spec.loadBalancer.subnetIds" if own else "spec.network"


def _subnets(ec2: Any, asked: Question, field: str) -> Subnets:
    with translated("DescribeSubnets"):
        vpc, filters = _filters(ec2, asked)
        pages = ec2.get_paginator("describe_subnets").paginate(Filters=filters)
        found = sorted((one["SubnetId"], one["AvailabilityZone"], one["VpcId"]) for page in pages for one in page["Subnets"])
    if isinstance(asked, tuple):
        return _named(asked, found, field)
    if not found:
        raise Terminal(Reason.NetworkNotFound, f"spec.network: no subnet of {vpc} matches", outside=True)
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
        raise Terminal(Reason.NetworkNotFound, "spec.network: the account has no default VPC; name subnetIds", outside=True)
    vpc = str(vpcs[0]["VpcId"])
    return vpc, [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default-for-az", "Values": ["true"]}]


def _named(asked: tuple[str, ...], found: list[tuple[str, str, str]], field: str) -> Subnets:
    """Subnets that the spec names, in its order."""
    there = {one: (zone, vpc) for one, zone, vpc in found}
    if missing := [one for one in asked if one not in there]:
        message = f"{field}: the app's region has no subnet {', '.join(missing)}"
        raise Terminal(Reason.NetworkNotFound, message, outside=True)
    vpcs = sorted({vpc for _, vpc in there.values()})
    if len(vpcs) > 1:
        message = f"{field}: the subnets {', '.join(asked)} lie in {' and '.join(vpcs)}; they must lie in one VPC"
        raise Terminal(Reason.NetworkNotFound, message, outside=True)
    return Subnets(vpcs[0], asked, tuple(there[one][0] for one in asked))
