"""Where tasks run: subnets, security groups, public addresses. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from fargate_operator.facts import Facts
from fargate_operator.fragments.values import Flag, Strict, Tags, Text, need, text


class Selector(Strict):
    """Subnets by VPC and tags, looked up when the spec changes and on reconcile-now; what was found stays until then."""

    vpc_id: Text = need("The VPC whose subnets are taken", aws="NetworkConfiguration.AwsvpcConfiguration.Subnets")
    tags: Tags | None = text(
        "Tags that each subnet has", default="all subnets of the VPC", aws="NetworkConfiguration.AwsvpcConfiguration.Subnets"
    )


class Network(Strict):
    """The network of tasks. Without subnetIds and selector: the account's default VPC, with public addresses."""

    subnet_ids: Annotated[list[Text], Field(min_length=1, max_length=16)] | None = text(
        "Subnets that tasks run in", default="the default VPC's", aws="NetworkConfiguration.AwsvpcConfiguration.Subnets"
    )
    security_group_ids: Annotated[list[Text], Field(min_length=1, max_length=5)] | None = text(
        "Security groups of the tasks",
        default="one of the app's own; for tasks without http in subnetIds, the VPC's own default",
        aws="NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
    )
    assign_public_ip: Flag | None = text(
        "Whether tasks get public addresses",
        default="true in the default VPC, else false",
        aws="NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp",
    )
    selector: Selector | None = text("Chooses subnets by VPC and tags, instead of subnetIds", default="none")

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


DEFAULT_NETWORK = "default"
Question = Selector | tuple[str, ...] | None  # which subnets: by a selector, by their ids, or the account's default VPC


def question(network: Network) -> Question:
    """What must be asked to know a network's VPC and zones."""
    return tuple(network.subnet_ids) if network.subnet_ids else network.selector


def subnets_key(asked: Question) -> str:
    """The key in `Facts.subnets` of a question's answer."""
    if asked is None:
        return DEFAULT_NETWORK
    return (
        ",".join(asked)
        if isinstance(asked, tuple)
        else ",".join([asked.vpc_id, *(f"{name}={value}" for name, value in sorted((asked.tags or {}).items()))])
    )


def own_group(network: Network, *, always: bool) -> bool:
    """Whether tasks there get a security group of the app's own; `always`: in subnets that are named by their ids, too."""
    return not network.security_group_ids and (always or not network.subnet_ids)


def configuration(network: Network, facts: Facts, groups: Mapping[str, str], *, always: bool = False) -> dict[str, Any]:
    """The AwsvpcConfiguration. `groups` maps a VPC to the logical ID of the app's own security group in it."""
    asked = question(network)
    public = network.assign_public_ip if network.assign_public_ip is not None else asked is None
    body: dict[str, Any] = {"AssignPublicIp": "ENABLED" if public else "DISABLED"}
    if network.security_group_ids:
        body["SecurityGroups"] = network.security_group_ids
    elif own_group(network, always=always):
        body["SecurityGroups"] = [{"Fn::GetAtt": [groups[facts.subnets[subnets_key(asked)].vpc_id], "GroupId"]}]
    body["Subnets"] = network.subnet_ids or list(facts.subnets[subnets_key(asked)].subnet_ids)
    return body
