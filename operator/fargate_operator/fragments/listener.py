"""The app's own load balancer: its security group, its listeners and their certificates. Pure.

See https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from fargate_operator import names
from fargate_operator.facts import Listener, Subnets
from fargate_operator.fragments.load_balancer import LoadBalancer
from fargate_operator.fragments.values import seconds
from fargate_operator.template import Resource

IDLE = 60
# TLS 1.3 and 1.2 with forward secrecy; see
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
MOST_DESCRIPTION = 255  # of a security group; an object's namespace and name can have 316 characters
_NOT_FOUND = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "Not found"}

Tags = list[dict[str, str]]


def arn(balancer: LoadBalancer) -> Any:
    """The listener that has the services' rules, as a template value."""
    return balancer.listener_arn or {"Ref": names.HTTPS_LISTENER if balancer.certificate_arns else names.HTTP_LISTENER}


def address(balancer: LoadBalancer, existing: Listener | None) -> tuple[Any, ...]:
    """`Scope.address` of the listener."""
    if balancer.listener_arn is None:
        scheme = "https://" if balancer.certificate_arns else "http://"
        return scheme, {"Fn::GetAtt": [names.LOAD_BALANCER, "DNSName"]}, ""
    if existing is None:  # named by a reference: not known before the stack is there
        return ()
    scheme, _, rest = existing.url.partition("://")
    name, colon, port = rest.partition(":")
    return f"{scheme}://", name, colon + port


def target_port(balancer: LoadBalancer) -> int:
    """A port for target groups that is another one with another load balancer.

    A target group belongs to one load balancer for good (aws-cdk#33253). When services move to another, or theirs is
    replaced because its scheme changed, they need new ones; a changed port makes CloudFormation replace them. It counts for
    nothing else: ECS registers each task with its own port. For that reason it is not the container's: a changed one would
    replace the group, and the rule would send requests to the new, empty one until the tasks have moved.
    """
    if balancer.listener_arn is None:
        return 81 if balancer.internal else 80
    existing = "/".join(balancer.listener_arn.split("/")[:4])  # its load balancer's part
    return 1024 + int(hashlib.sha256(existing.encode()).hexdigest(), 16) % 60000


def security_groups(balancer: LoadBalancer, existing: Listener | None) -> list[Any]:
    """What requests come from, as template values."""
    if balancer.listener_arn is None:
        return [{"Fn::GetAtt": [names.LOAD_BALANCER_SECURITY_GROUP, "GroupId"]}]
    return list(existing.security_group_ids) if existing else []


def resources(balancer: LoadBalancer, found: Subnets, title: str, tags: Tags) -> Iterable[Resource]:
    """All of it; `found` are the subnets to choose from, `title` says whose it is."""
    yield _security_group(balancer, found.vpc_id, title, tags)
    yield Resource(names.LOAD_BALANCER, "AWS::ElasticLoadBalancingV2::LoadBalancer", _balancer(balancer, found, tags))
    ending = {"Type": "fixed-response", "FixedResponseConfig": _NOT_FOUND}
    certificates = balancer.certificate_arns
    if certificates:
        redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
        yield _listener(names.HTTP_LISTENER, "HTTP", 80, {"Type": "redirect", "RedirectConfig": redirect}, tags)
        tls = {"Certificates": [{"CertificateArn": certificates[0]}], "SslPolicy": TLS_POLICY}
        yield _listener(names.HTTPS_LISTENER, "HTTPS", 443, ending, tags, tls)
    else:
        yield _listener(names.HTTP_LISTENER, "HTTP", 80, ending, tags)
    for arn in (certificates or ())[1:]:
        # one resource each: taken together, an update would add the new list and then remove the whole old one
        properties = {"ListenerArn": {"Ref": names.HTTPS_LISTENER}, "Certificates": [{"CertificateArn": arn}]}
        yield Resource(names.listener_certificate(arn), "AWS::ElasticLoadBalancingV2::ListenerCertificate", properties)


def one_a_zone(found: Subnets) -> list[str]:
    """The first subnet of each availability zone: a load balancer takes no second. All of them where zones are not known."""
    if not found.zones:
        return list(found.subnet_ids)
    first: dict[str, str] = {}
    for subnet, zone in zip(found.subnet_ids, found.zones, strict=True):
        first.setdefault(zone, subnet)
    return list(first.values())


def _security_group(balancer: LoadBalancer, vpc: str, title: str, tags: Tags) -> Resource:
    ports = (80, 443) if balancer.certificate_arns else (80,)
    ingress = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIpv6" if ":" in cidr else "CidrIp": cidr}
        for cidr in balancer.allowed_cidrs or ["0.0.0.0/0"]
        for port in ports
    ]
    properties: dict[str, Any] = {
        "GroupDescription": f"Load balancer of {title}"[:MOST_DESCRIPTION],
        "VpcId": vpc,
        "SecurityGroupIngress": ingress,
    }
    if tags:
        properties["Tags"] = tags
    return Resource(names.LOAD_BALANCER_SECURITY_GROUP, "AWS::EC2::SecurityGroup", properties)


def _balancer(balancer: LoadBalancer, found: Subnets, tags: Tags) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Type": "application",
        "Scheme": "internal" if balancer.internal else "internet-facing",
        # without IPv6 addresses of its own, nobody whom an IPv6 range lets in could reach it
        "IpAddressType": "dualstack" if any(":" in cidr for cidr in balancer.allowed_cidrs or ()) else "ipv4",
        "Subnets": one_a_zone(found),
        "SecurityGroups": [{"Fn::GetAtt": [names.LOAD_BALANCER_SECURITY_GROUP, "GroupId"]}],
        "LoadBalancerAttributes": _attributes(balancer),
    }
    if tags:
        properties["Tags"] = tags
    return properties


def _attributes(balancer: LoadBalancer) -> list[dict[str, str]]:
    """Each always has a value: one that is taken out of a template stays as it was in AWS."""
    logs = balancer.access_logs
    values = {
        "idle_timeout.timeout_seconds": str(seconds(balancer.idle_timeout) if balancer.idle_timeout else IDLE),
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "access_logs.s3.enabled": "true" if logs else "false",
    }
    if logs:
        values |= {"access_logs.s3.bucket": logs.bucket, "access_logs.s3.prefix": logs.prefix or ""}
    return [{"Key": name, "Value": value} for name, value in values.items()]


def _listener(
    logical_id: str, protocol: str, port: int, action: dict[str, Any], tags: Tags, more: dict[str, Any] | None = None
) -> Resource:
    properties: dict[str, Any] = {
        "LoadBalancerArn": {"Ref": names.LOAD_BALANCER},
        "Protocol": protocol,
        "Port": port,
        "DefaultActions": [action],
        **(more or {}),
    }
    if tags:
        properties["Tags"] = tags
    return Resource(logical_id, "AWS::ElasticLoadBalancingV2::Listener", properties)
