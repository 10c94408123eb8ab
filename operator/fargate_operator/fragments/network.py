"""Where tasks run: subnets, security groups, public addresses. Pure."""

from typing import Annotated, Any

from pydantic import Field

from fargate_operator.facts import DEFAULT_NETWORK, Facts, network_key
from fargate_operator.fragments.values import Flag, Strict, Tags, Text, text


class Selector(Strict):
    """Subnets by VPC and tags, looked up when the spec changes."""

    vpc_id: Text = Field(description="The VPC whose subnets are taken")
    tags: Tags | None = text("Tags that each subnet has; default: all subnets of the VPC")


class Network(Strict):
    """The network of tasks. Without subnetIds and selector: the account's default VPC, with public addresses."""

    subnet_ids: Annotated[list[Text], Field(min_length=1, max_length=16)] | None = text("Subnets that tasks run in")
    security_group_ids: Annotated[list[Text], Field(min_length=1, max_length=5)] | None = text(
        "Security groups of the tasks; default: one of the app's own, the VPC's own default where subnetIds are given"
    )
    assign_public_ip: Flag | None = text("Whether tasks get public addresses; default true in the default VPC, else false")
    selector: Selector | None = text("Chooses subnets by VPC and tags, instead of subnetIds")

    cel = [
        {
            "rule": "!(has(self.subnetIds) && has(self.selector))",
            "message": "subnetIds and selector exclude each other",
        }
    ]


def merge_networks(shared: Network | None, own: Network | None) -> Network:
    """Field by field, the workload's own value first; its subnetIds displace a shared selector and the other way round."""
    merged = shared.model_dump(exclude_none=True) if shared else {}
    chosen = own.model_dump(exclude_none=True) if own else {}
    if {"subnet_ids", "selector"} & chosen.keys():
        merged.pop("subnet_ids", None)
        merged.pop("selector", None)
    return Network.model_validate({**merged, **chosen})


def question(network: Network) -> str | None:
    """The key in `Facts.subnets` that answers where this network is, None when it says so itself."""
    if network.subnet_ids:
        return None
    return selector_key(network.selector)


def selector_key(selector: Selector | None) -> str:
    """The key in `Facts.subnets` of a selector; None is the account's default VPC."""
    return network_key(selector.vpc_id, selector.tags or {}) if selector else DEFAULT_NETWORK


def configuration(network: Network, facts: Facts, groups: dict[str, str]) -> dict[str, Any]:
    """The AwsvpcConfiguration. `groups` maps a VPC to the logical ID of the app's own security group in it."""
    key = question(network)
    found = facts.subnets[key] if key is not None else None
    public = network.assign_public_ip if network.assign_public_ip is not None else key == DEFAULT_NETWORK
    body: dict[str, Any] = {"AssignPublicIp": "ENABLED" if public else "DISABLED"}
    if network.security_group_ids:
        body["SecurityGroups"] = network.security_group_ids
    elif found:
        body["SecurityGroups"] = [{"Fn::GetAtt": [groups[found.vpc_id], "GroupId"]}]
    body["Subnets"] = list(found.subnet_ids) if found else network.subnet_ids
    return body
