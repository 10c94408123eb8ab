"""Where the load balancer sends requests: to the workload's own container, or to a sidecar that stands before it."""

from dataclasses import dataclass
from typing import Any

from fargate_operator import names
from fargate_operator.importing.copilot.containers import tcp_port
from fargate_operator.importing.copilot.values import as_written, text
from fargate_operator.importing.cursor import Cursor

_PLAIN = "with port 443 Copilot speaks HTTPS to the container; here the load balancer always speaks HTTP"
_SIDECAR = (
    "requests go to the workload's own container; to send them to a sidecar, the sidecar must have this port, image.port another "
    "one, and network.connect be left out"
)


@dataclass(frozen=True, slots=True)
class Target:
    """`port` gets the requests; `container` is the sidecar that has it, empty where it is the workload's own."""

    port: int | None
    container: str = ""

    def overrides(self, workload: str, own: int | None) -> dict[str, Any]:
        """What sends the requests to the sidecar; `own` is the port of the workload's own container."""
        if not self.container:
            return {}
        group = {"Ref": names.target_group(workload)}
        balancer = {"ContainerName": self.container, "ContainerPort": self.port, "TargetGroupArn": group}
        return {
            "container": {"PortMappings": [{"ContainerPort": own, "Protocol": "tcp"}]},
            "service": {"LoadBalancers": [balancer]},
        }


def own_port(top: Cursor) -> int | None:
    """`image.port`."""
    port = top.get("image", "port")
    return port.integer() if port else None


def target(top: Cursor) -> Target:
    """What `http` says of it; without http the port that the container listens on."""
    http, own = top.get("http"), own_port(top)
    if http is None or not isinstance(http.node.value, dict):
        return Target(own)
    named = http.get("target_container") or http.get("targetContainer")
    given = http.get("target_port")
    wanted = given.integer() if given else None
    found = Target(wanted or own)
    if named and (container := text(named)) and container != text(top.get("name")):
        sidecar = top.get("sidecars", container)
        written = sidecar.get("port") if sidecar else None
        port = tcp_port(as_written(written.node) or "") if written else None
        connected = top.get("network", "connect")
        if port and own and own != port and wanted in (None, port) and (connected is None or connected.node.value is False):
            found = Target(port, container)
        else:
            named.lose(_SIDECAR)
    if found.port == 443:
        (named or given or top.get("image", "port") or http).lose(_PLAIN)
    return found
