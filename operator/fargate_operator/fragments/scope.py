"""What a workload may know of the rest of its app: the shared values, and where the shared resources are. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fargate_operator.facts import Facts
from fargate_operator.fragments.build import PLATFORMS
from fargate_operator.fragments.ecr import repository
from fargate_operator.fragments.environment_from import EnvironmentSource
from fargate_operator.fragments.network import Network, configuration, merge_networks, question, subnets_key
from fargate_operator.fragments.overrides import Overrides

MISSING = "missing.invalid"  # the registry of images that are not there


@dataclass(frozen=True, slots=True)
class Scope:
    """Shared values of an app. `cluster`, `cluster_arn`, `log_group`, `execution_role` and `task_role` are template values."""

    facts: Facts
    cluster: Any
    cluster_arn: Any
    log_group: Any
    execution_role: Any
    task_role: Any
    cpu: int
    memory: int | str
    architecture: str | None
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    tags: Mapping[str, str]
    network: Network | None
    overrides: Overrides | None
    security_groups: dict[str, str]  # VPC → logical ID of the app's own security group in it
    environment_from: tuple[EnvironmentSource, ...] = ()
    listener: Any = None  # a template value: where the services' rules stand; None where no service has http
    priorities: Mapping[str, int] = field(default_factory=dict)  # service → its rule's place among the listener's
    target_port: int = 80  # of the target groups, see `fragments.listener`; not the containers'
    address: tuple[Any, ...] = ()  # where the listener is: protocol with ://, host and what follows it; empty where not known

    @property
    def own_cluster(self) -> bool:
        """Whether the app has a cluster of its own, with both of Fargate's capacity providers."""
        return isinstance(self.cluster, dict)

    def awsvpc(self, own: Network | None, *, always: bool = False) -> dict[str, Any]:
        """The AwsvpcConfiguration of a workload; `always`: with a group of the app's own where no other is named."""
        return configuration(merge_networks(self.network, own), self.facts, self.security_groups, always=always)

    def image(self, name: str, architecture: str | None) -> str:
        """The URI of an image for an architecture; a stand-in while it is missing: what has it is not sent."""
        return image_uri(self.facts, name, architecture or self.architecture) or f"{MISSING}/{name.lower()}"

    def vpc(self, own: Network | None) -> str:
        """The VPC of a workload whose subnets were looked up."""
        return self.facts.subnets[subnets_key(question(merge_networks(self.network, own)))].vpc_id


def image_uri(facts: Facts, name: str, architecture: str | None) -> str:
    """The URI of an image for an architecture; empty where it is not there."""
    uri = facts.images.get(name, "")
    digest = facts.platforms.get(name, {}).get(PLATFORMS[architecture])
    return f"{repository(uri)}@{digest}" if uri and digest else uri


def tag_list(*maps: Mapping[str, str] | None) -> list[dict[str, str]]:
    """CloudFormation's list of tags; later maps win, the order is by name."""
    merged = {name: value for tags in maps for name, value in (tags or {}).items()}
    return [{"Key": name, "Value": value} for name, value in sorted(merged.items())]
