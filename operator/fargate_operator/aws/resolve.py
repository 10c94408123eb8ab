"""Facts: what a spec leaves open, looked up in EC2, ECR and S3."""

import re
from typing import Any

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.code import versions
from fargate_operator.aws.errors import code, translate, translated
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal
from fargate_operator.facts import Facts, Subnets
from fargate_operator.fragments.network import Question
from fargate_operator.model import App, Image, network_questions

MOST_SUBNETS = 16  # an AwsvpcConfiguration takes no more
_ECR = re.compile(
    r"^(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<name>[^:@]+)(:(?P<tag>[^@]+))?(?P<digest>@.+)?$"
)


def resolve(clients: Clients, region: str, app: App, pins: Facts | None) -> Facts:
    """The facts for an app. What `pins` holds is not looked up again."""
    account, partition = clients.account(region)
    known_images = pins.images if pins else {}
    known_subnets = pins.subnets if pins else {}
    images = {
        name: known_images.get(name) or image_uri(clients, account, image)
        for name, image in sorted((app.spec.images or {}).items())
    }
    subnets = {}
    for key, asked in network_questions(app).items():
        subnets[key] = known_subnets.get(key) or _subnets(clients.get("ec2", region), asked)
    objects = versions(clients, region, app, pins.code if pins else {})
    return Facts(account, region, partition, subnets=dict(sorted(subnets.items())), images=images, code=objects)


def image_uri(clients: Clients, account: str, image: Image) -> str:
    """With the tag's digest where ECR tells it; images of other registries as they are written."""
    written = image.written()
    match = _ECR.match(written)
    if match is None or match["digest"]:
        return written
    tag = match["tag"] or "latest"
    try:
        found = clients.get("ecr", match["region"]).describe_images(
            registryId=match["account"], repositoryName=match["name"], imageIds=[{"imageTag": tag}]
        )
    except ClientError as error:
        if code(error) in {"ImageNotFoundException", "RepositoryNotFoundException"}:
            raise _missing(written) from error
        if match["account"] != account and code(error).startswith("AccessDenied"):
            return written  # somebody else's registry that lets us pull but not look
        raise translate(error, "DescribeImages") from error
    if not found["imageDetails"]:
        raise _missing(written)
    digest = found["imageDetails"][0]["imageDigest"]
    return f"{written.rsplit(':', 1)[0] if match['tag'] else written}@{digest}"


def _missing(image: str) -> Terminal:
    return Terminal(Reason.ImageNotFound, f"ECR has no image {image}; push it", outside=True)


def _subnets(ec2: Any, asked: Question) -> Subnets:
    with translated("DescribeSubnets"):
        vpc, filters = _filters(ec2, asked)
        pages = ec2.get_paginator("describe_subnets").paginate(Filters=filters)
        found = sorted((one["SubnetId"], one["AvailabilityZone"], one["VpcId"]) for page in pages for one in page["Subnets"])
    if isinstance(asked, tuple):
        return _named(asked, found)
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


def _named(asked: tuple[str, ...], found: list[tuple[str, str, str]]) -> Subnets:
    """Subnets that the spec names, in its order."""
    there = {one: (zone, vpc) for one, zone, vpc in found}
    if missing := [one for one in asked if one not in there]:
        message = f"spec.network: the app's region has no subnet {', '.join(missing)}"
        raise Terminal(Reason.NetworkNotFound, message, outside=True)
    vpcs = sorted({vpc for _, vpc in there.values()})
    if len(vpcs) > 1:
        message = f"spec.network: the subnets {', '.join(asked)} lie in {' and '.join(vpcs)}; they must lie in one VPC"
        raise Terminal(Reason.NetworkNotFound, message, outside=True)
    return Subnets(vpcs[0], asked, tuple(there[one][0] for one in asked))
