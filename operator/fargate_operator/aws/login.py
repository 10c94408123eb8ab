"""What whoever pushes an image asks of ECR: the login, and what is known of the tag."""

import base64
import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate, translated

# the host names of private registries, by the domains of AWS's partitions: the password is for nobody else
_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(amazonaws\.com(\.cn)?|amazonaws\.eu|on\.aws|on\.amazonwebservices\.com\.cn|c2s\.ic\.gov|sc2s\.sgov\.gov|"
    r"csp\.hci\.ic\.gov|cloud\.adc-e\.uk)"
)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository in ECR."""

    account: str
    region: str
    name: str


def repository(uri: str) -> Repository | None:
    """The repository of a URI without a tag; None where that is in another registry."""
    host, _, name = uri.partition("/")
    match = _HOST.fullmatch(host)
    return Repository(match["account"], match["region"], name) if match else None


def password(clients: Clients, where: Repository) -> str:
    """What the user AWS logs in with, for 12 hours.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    with translated("GetAuthorizationToken"):
        [found] = clients.get("ecr", where.region).get_authorization_token()["authorizationData"]
    return base64.b64decode(found["authorizationToken"]).decode().partition(":")[2]


def tagged(clients: Clients, where: Repository, tag: str) -> str | None:
    """The digest that the tag names; empty where there is no such tag, None where there is no such repository."""
    try:
        found = clients.get("ecr", where.region).describe_images(
            registryId=where.account, repositoryName=where.name, imageIds=[{"imageTag": tag}]
        )["imageDetails"]
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and code(error) == "ImageNotFoundException":
            return ""
        if isinstance(error, ClientError) and code(error) == "RepositoryNotFoundException":
            return None
        raise translate(error, "DescribeImages") from error
    return str(found[0]["imageDigest"]) if found else ""


def immutable(clients: Clients, where: Repository) -> bool:
    """Whether its tags can be pushed only once."""
    with translated("DescribeRepositories"):
        found: list[Any] = clients.get("ecr", where.region).describe_repositories(
            registryId=where.account, repositoryNames=[where.name]
        )["repositories"]
    return bool(found) and str(found[0].get("imageTagMutability", "")).startswith("IMMUTABLE")
