"""Names of images in the Elastic Container Registry. Pure."""

import re
from dataclasses import dataclass

_ECR = re.compile(
    r"^(?P<account>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<name>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>.+))?$"
)


@dataclass(frozen=True, slots=True)
class EcrImage:
    """An image in a private repository of ECR; `tag` and `digest` are empty where the reference has none."""

    account: str
    region: str
    name: str  # of the repository
    tag: str = ""
    digest: str = ""


def ecr_image(written: str) -> EcrImage | None:
    """A reference such as ``<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>``; None where it is none of ECR's."""
    match = _ECR.match(written)
    if match is None:
        return None
    return EcrImage(match["account"], match["region"], match["name"], match["tag"] or "", match["digest"] or "")


def repository(uri: str) -> str:
    """A reference without its tag and digest; the registry's port stays."""
    bare = uri.partition("@")[0]
    head, colon, tail = bare.rpartition(":")
    return head if colon and "/" not in tail else bare
