"""Facts: what a spec leaves open, looked up in EC2 and ECR."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate, translated
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal
from fargate_operator.facts import Facts, Subnets
from fargate_operator.fragments.network import Selector, selector_key
from fargate_operator.model import App, Image, network_questions

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
    for selector in network_questions(app):
        key = selector_key(selector)
        subnets[key] = known_subnets.get(key) or _subnets(clients.get("ec2", region), selector)
    return Facts(account, region, partition, subnets=dict(sorted(subnets.items())), images=images)


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


def _subnets(ec2: Any, selector: Selector | None) -> Subnets:
    with translated("DescribeSubnets"):
        if selector is None:
            vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
            if not vpcs:
                raise Terminal(
                    Reason.NetworkNotFound, "spec.network: the account has no default VPC; name subnetIds", outside=True
                )
            vpc, wanted = vpcs[0]["VpcId"], [{"Name": "default-for-az", "Values": ["true"]}]
        else:
            vpc = selector.vpc_id
            wanted = [{"Name": f"tag:{name}", "Values": [value]} for name, value in sorted((selector.tags or {}).items())]
        filters = [{"Name": "vpc-id", "Values": [vpc]}, *wanted]
        pages = ec2.get_paginator("describe_subnets").paginate(Filters=filters)
        found = sorted(subnet["SubnetId"] for page in pages for subnet in page["Subnets"])
    if not found:
        raise Terminal(Reason.NetworkNotFound, f"spec.network: no subnet of {vpc} matches", outside=True)
    return Subnets(vpc, tuple(found[:16]))


def pins(metadata: Mapping[str, Any], base: Facts) -> Facts:
    """The pins that a template's Metadata or a status recorded."""
    subnets = {key: Subnets(value[0], tuple(value[1:])) for key, value in (metadata.get("subnets") or {}).items()}
    return Facts(base.account_id, base.region, base.partition, subnets=subnets, images=dict(metadata.get("images") or {}))
