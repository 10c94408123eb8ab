"""What the compiler may know of the account it compiles for: a frozen value, looked up at the edge (`aws.resolve`).

Looking things up inside the compiler would make a template depend on when it was compiled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Subnets:
    """The subnets found for a network that names none, and the VPC that they lie in."""

    vpc_id: str
    subnet_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The account, and the answers to the questions that a spec leaves open.

    `subnets` has an entry a `network` value that names no subnetIds, under `network_key`; the default VPC's is under
    ``"default"``. `images` maps a name in `spec.images` to the URI that is deployed: with the digest where it could be
    resolved, as written where not.
    """

    account_id: str
    region: str
    partition: str = "aws"
    subnets: Mapping[str, Subnets] = field(default_factory=lambda: MappingProxyType({}))
    images: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


DEFAULT_NETWORK = "default"


def network_key(vpc_id: str, tags: Mapping[str, str]) -> str:
    """The key in `Facts.subnets` of a network selector."""
    return ",".join([vpc_id, *(f"{name}={value}" for name, value in sorted(tags.items()))])
