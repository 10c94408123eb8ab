"""Names in Service Connect's namespaces, and the namespaces' own. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.errors import Fault
from fargate_operator.fragments.connect import discovery_name
from fargate_operator.model import App


def connect_faults(app: App, raw: Mapping[str, Any]) -> Iterable[Fault]:
    """Two names that are one, and a name for nothing."""
    taken: dict[tuple[str, str], str] = {}
    stems: dict[str, str] = {}
    for key, service in sorted((app.spec.services or {}).items()):
        connect, path = service.connect, f"spec.services.{key}.connect"
        if connect is None:
            continue
        if connect.name and "port" not in raw["services"][key]:
            yield Fault(f"{path}.name", "needs port: without one the service is only a client of the namespace")
        place = connect.namespace, discovery_name(key, connect)
        if service.port and place in taken:
            yield Fault(f"{path}.name", f"{place[1]} is the name of {taken[place]} in this namespace; choose another")
        if service.port:
            taken.setdefault(place, key)
        stem = names.namespace(connect.namespace)
        if connect.own() and stems.setdefault(stem, connect.namespace) != connect.namespace:
            yield Fault(f"{path}.namespace", f"collides with {stems[stem]}: both are {stem} as identifiers; rename one")
