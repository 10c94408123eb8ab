"""What must hold for the load balancer: its own fields, and where it and its services are. Pure."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.facts import Facts
from fargate_operator.fragments.load_balancer import AccessLogs, LoadBalancer
from fargate_operator.fragments.network import Network, merge_networks, question, subnets_key
from fargate_operator.fragments.values import seconds
from fargate_operator.model import App


def balancer_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """Faults of spec.loadBalancer."""
    balancer = app.spec.load_balancer
    if balancer is None:
        return
    yield from (Fault(f"spec.loadBalancer.{path}", message) for path, message in _balancer(balancer))


def _balancer(balancer: LoadBalancer) -> Iterable[tuple[str, str]]:
    if balancer.listener_arn:
        for name in sorted(balancer.model_fields_set - {"listener_arn"}):
            if getattr(balancer, name) is not None:
                yield (
                    str(type(balancer).model_fields[name].alias),
                    "is of a load balancer of the app's own; leave it or listenerArn out",
                )
    if balancer.idle_timeout and not 1 <= seconds(balancer.idle_timeout) <= 4000:
        yield "idleTimeout", f"is {seconds(balancer.idle_timeout)}s; must be 1s to 4000s"
    yield from _twice("certificateArns", balancer.certificate_arns or ())
    yield from _twice("subnetIds", balancer.subnet_ids or ())
    yield from _twice("allowedCidrs", balancer.allowed_cidrs or ())
    for number, cidr in enumerate(balancer.allowed_cidrs or ()):
        if wrong := _cidr(cidr):
            yield f"allowedCidrs[{number}]", wrong
    yield from _unknown("subnetIds", balancer.subnet_ids)
    if balancer.access_logs:
        yield from _access_logs(balancer.access_logs)


def _twice(name: str, values: Iterable[str]) -> Iterable[tuple[str, str]]:
    seen: set[str] = set()
    for number, value in enumerate(values):
        if value in seen:
            yield f"{name}[{number}]", f"{value} is there twice"
        seen.add(value)


def _cidr(cidr: str) -> str:
    try:
        ipaddress.ip_network(cidr)
    except ValueError:
        try:
            return f"{cidr} has bits set beyond its prefix; must be {ipaddress.ip_network(cidr, strict=False)}"
        except ValueError:
            return f"{cidr} is no range of addresses; must be such as 203.0.113.0/24 or 2001:db8::/32"
    return ""


def _unknown(name: str, subnets: Iterable[str] | None) -> Iterable[tuple[str, str]]:
    for number, subnet in enumerate(subnets or ()):
        if "${" in subnet:
            yield f"{name}[{number}]", "must be a subnet's id: its VPC and zone must be known before the stack is made"


def _access_logs(logs: AccessLogs) -> Iterable[tuple[str, str]]:
    if logs.bucket.startswith("arn:"):
        yield "accessLogs.bucket", "must be the bucket's name, not its ARN"
    prefix = logs.prefix or ""
    if prefix.startswith("/") or prefix.endswith("/") or "AWSLogs" in prefix:
        yield "accessLogs.prefix", "must not begin or end with a slash, nor hold AWSLogs, which AWS puts after it"


def network_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """Services with http in subnets that cannot be looked up, or without security groups where only the author knows them."""
    listener = (app.spec.load_balancer.listener_arn if app.spec.load_balancer else None) or ""
    for key, one in app.exposed().items():
        network = merge_networks(app.spec.network, one.network)
        where = f"spec.services.{key}.network" if one.network and one.network.subnet_ids else "spec.network"
        yield from (Fault(f"{where}.{path}", message) for path, message in _unknown("subnetIds", network.subnet_ids))
        if "${" in listener and not network.security_group_ids:
            path = f"spec.services.{key}.network.securityGroupIds"
            yield Fault(path, "is required with a listenerArn that is a reference: who is to be let in cannot be looked up")


def placement_faults(app: App, facts: Facts) -> Iterable[Fault]:
    """What only a look into AWS shows; not judged where nobody looked (`render`)."""
    network = app.balancer_network()
    if network is not None:
        yield from _zones(app, network, facts)
    vpc, at = _balancer_vpc(network, facts)
    if not vpc:
        return
    for key, one in app.exposed().items():
        found = facts.subnets[subnets_key(question(merge_networks(app.spec.network, one.network)))]
        if found.zones and found.vpc_id != vpc:
            own = one.network and (one.network.subnet_ids or one.network.selector)
            where = f"spec.services.{key}.network" if own else "spec.network"
            yield Fault(where, f"lies in {found.vpc_id}, the load balancer in {vpc}; {at} must lie in one VPC with it")


def _balancer_vpc(network: Network | None, facts: Facts) -> tuple[str, str]:
    """Where the load balancer is, and which field says so."""
    if network is None:
        return (facts.listener.vpc_id, "spec.loadBalancer.listenerArn") if facts.listener else ("", "")
    found = facts.subnets[subnets_key(question(network))]
    return (found.vpc_id, "spec.loadBalancer.subnetIds") if found.zones else ("", "")


def _zones(app: App, network: Network, facts: Facts) -> Iterable[Fault]:
    found = facts.subnets[subnets_key(question(network))]
    own = bool(app.spec.load_balancer and app.spec.load_balancer.subnet_ids)
    path = "spec.loadBalancer.subnetIds" if own else "spec.network"
    zones = set(found.zones)
    if len(zones) == 1:
        one = next(iter(zones))
        right = "name others" if own else "name others here or in spec.loadBalancer.subnetIds"
        yield Fault(path, f"{', '.join(found.subnet_ids)} lie in one zone, {one}; a load balancer needs two at least: {right}")
    elif own and len(zones) < len(found.zones):
        pairs = sorted(f"{subnet} in {zone}" for subnet, zone in zip(found.subnet_ids, found.zones, strict=True))
        yield Fault(path, f"has two subnets of one zone ({', '.join(pairs)}); a load balancer takes one of each")
