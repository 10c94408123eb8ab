"""ECS Service Connect: services that find each other by name. Pure.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any

from pydantic import StringConstraints

from fargate_operator import names
from fargate_operator.fragments.container import log_configuration
from fargate_operator.fragments.scope import Scope
from fargate_operator.fragments.values import Strict, need, text
from fargate_operator.template import Resource

_CONNECT = "AWS::ECS::Service ServiceConnectConfiguration"
# An ARN or a reference is used as it is; of a name an own namespace is made, whose logical ID the name goes into.
NAMESPACE = r"^(arn:.+|.*\$\{.+|[A-Za-z0-9][A-Za-z0-9_.-]{0,127})$"
DNS_NAME = r"^[a-z0-9_][a-z0-9_.-]*$"
Namespace = Annotated[str, StringConstraints(strict=True, max_length=256, pattern=NAMESPACE)]
DnsName = Annotated[str, StringConstraints(strict=True, max_length=64, pattern=DNS_NAME)]


class Connect(Strict):
    """The service's name in a namespace, and its access to the others there."""

    namespace: Namespace = need(
        "The name of a namespace of the app's own, made in the stack and shared by the services that name it; or the ARN of a "
        "Cloud Map namespace",
        aws=f"{_CONNECT}.Namespace, AWS::ServiceDiscovery::HttpNamespace",
    )
    name: DnsName | None = text(
        "What others in the namespace call it, on its port; needs port",
        default="the service's key, in lower case, where it has a port",
        aws=f"{_CONNECT}.Services.ClientAliases.DnsName",
    )

    def own(self) -> bool:
        """Whether the namespace is one of the app's own."""
        return not self.namespace.startswith("arn:") and "${" not in self.namespace


def dns_name(key: str, connect: Connect) -> str:
    """What others call the service."""
    return connect.name or key.lower()


def discovery_name(key: str, connect: Connect) -> str:
    """The name of the service in Cloud Map, which has no dots."""
    return dns_name(key, connect).replace(".", "-")


def port_mapping(key: str, port: int, connect: Connect | None, *, http: bool) -> dict[str, Any]:
    """The container definition's PortMapping; named where Service Connect refers to it.

    ECS cannot change the protocol of a port that Service Connect has published.
    """
    mapping: dict[str, Any] = {"ContainerPort": port, "Protocol": "tcp"}
    if connect:
        mapping |= {"Name": key.lower(), **({"AppProtocol": "http"} if http else {})}
    return mapping


def connect_configuration(key: str, port: int | None, connect: Connect, scope: Scope) -> dict[str, Any]:
    """The service's ServiceConnectConfiguration: with a port it is published, without it only finds the others."""
    namespace: Any = connect.namespace
    if connect.own():
        namespace = {"Fn::GetAtt": [names.namespace(namespace), "Arn"]}
    body: dict[str, Any] = {"Enabled": True, "Namespace": namespace, "LogConfiguration": log_configuration(scope)}
    if port:
        alias = {"DnsName": dns_name(key, connect), "Port": port}
        published = {"PortName": key.lower(), "DiscoveryName": discovery_name(key, connect), "ClientAliases": [alias]}
        body["Services"] = [published]
    return body


def connect_ingress(key: str, port: int, awsvpc: dict[str, Any]) -> Resource | None:
    """`<N>ConnectIngress`: where the service's tasks are in the app's own security group, they must be reached from it.

    A group lets nobody in by itself, its own members neither.
    """
    own = [group for group in awsvpc.get("SecurityGroups", ()) if isinstance(group, dict)]  # ids that are written are strings
    if not own:
        return None
    properties = {
        "Description": f"Service Connect: {key}",
        "GroupId": own[0],
        "SourceSecurityGroupId": own[0],
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
    }
    return Resource(f"{names.identifier(key)}ConnectIngress", "AWS::EC2::SecurityGroupIngress", properties)


def namespace_resource(name: str, tags: list[dict[str, str]]) -> Resource:
    """A namespace of the app's own: by API calls only, without a DNS zone, which Service Connect does not need."""
    properties: dict[str, Any] = {"Name": name, **({"Tags": tags} if tags else {})}
    return Resource(names.namespace(name), "AWS::ServiceDiscovery::HttpNamespace", properties)


def after_servers(made: list[Resource]) -> list[Resource]:
    """The resources, with each service that is only a client made after the services that are published in its namespace.

    A task finds only what was published before it started.
    """
    members = {one.logical_id: (one, one.properties.get("ServiceConnectConfiguration")) for one in made}
    connected = {name: (one, found) for name, (one, found) in members.items() if isinstance(found, dict)}

    def servers(client: Resource) -> Iterable[str]:
        _, own = connected.get(client.logical_id, (client, {}))
        if own and "Services" not in own:
            for name, (server, other) in connected.items():
                same = "Services" in other and other.get("Namespace") == own.get("Namespace")
                if same and client.logical_id not in server.depends_on:
                    yield name

    return [replace(one, depends_on=(*one.depends_on, *servers(one))) for one in made]
