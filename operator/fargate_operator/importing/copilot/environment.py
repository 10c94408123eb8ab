"""What the environment adds to a manifest: variables in strings, its own values over the others, and its own manifest.

See https://aws.github.io/copilot-cli/docs/developing/manifest-env-var/ and
https://aws.github.io/copilot-cli/docs/manifest/environment/.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fargate_operator.importing.copilot.values import text, texts
from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.source import Node, Unknown

APPLICATION, ENVIRONMENT = "COPILOT_APPLICATION_NAME", "COPILOT_ENVIRONMENT_NAME"
_OPTIONS = {APPLICATION: "give --app", ENVIRONMENT: "give --env"}
VARIABLE = re.compile(r"\$\{([_a-zA-Z][_a-zA-Z0-9]*)\}")
# keys of which an override with one of the first takes the second away, by the map that holds them
_EXCLUSIVE = {
    "image": (("build",), ("location",)),
    "count": (
        ("spot",),
        ("range", "cooldown", "cpu_percentage", "memory_percentage", "requests", "response_time", "queue_delay"),
    ),
    "efs": (("uid", "gid"), ("id", "root_dir", "auth")),
}


@dataclass(frozen=True, slots=True)
class Environment:
    """What an environment's own manifest tells; empty where none was given."""

    private: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    internal_certificates: tuple[str, ...] = ()


def prepared(root: Node, environment: str, variables: Mapping[str, str]) -> Node:
    """The manifest with its variables filled in and, where an environment is named, the environment's values over its own."""
    filled = _filled(root, variables)
    if not isinstance(filled.value, dict) or "environments" not in filled.value or not environment:
        return filled
    rest = {key: item for key, item in filled.value.items() if key != "environments"}
    overrides = filled.value["environments"].value
    own = overrides.get(environment) if isinstance(overrides, dict) else None
    base = Node(rest, filled.file, filled.line)
    return merged(base, own, ()) if own is not None else base


def merged(base: Node, over: Node, path: tuple[str, ...]) -> Node:
    """As Copilot does it: maps key by key, all else replaced, null nothing, and what excludes each other one or the other."""
    if over.value is None:
        return base
    whole = len(path) > 1 and path[-2] == "secrets"
    if whole or not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    kept = dict(base.value)
    for one, other in (pair for name in path[-1:] if name in _EXCLUSIVE for pair in (_EXCLUSIVE[name], _EXCLUSIVE[name][::-1])):
        if any(key in over.value for key in one):
            kept = {key: item for key, item in kept.items() if key not in other}
    items = {key: merged(kept[key], item, (*path, key)) if key in kept else item for key, item in over.value.items()}
    return Node({**kept, **items}, base.file, base.line)


def _filled(node: Node, variables: Mapping[str, str]) -> Node:
    value: Any = node.value
    if isinstance(value, dict):
        value = {key: _filled(item, variables) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_filled(item, variables) for item in value]
    elif isinstance(value, str):
        missing = [name for name in VARIABLE.findall(value) if name not in variables]
        if missing:
            what = _OPTIONS.get(missing[0], "set it in the environment of the command")
            value = Unknown(f"${{{missing[0]}}} is not known here: {what}")
        else:
            value = VARIABLE.sub(lambda match: variables[match[1]], value)
    return replace(node, value=value)


def environment(top: Cursor, spec: dict[str, Any]) -> Environment:
    """An environment's own manifest, of which subnets, certificates, addresses, access logs and insights are carried over."""
    found = {}
    for kind in ("public", "private"):
        subnets = top.get("network", "vpc", "subnets", kind)
        ids = [text(one.get("id")) for one in subnets.each()] if subnets else []
        found[kind] = tuple(one for one in ids if one)
        found[f"{kind} certificates"] = tuple(texts(top.get("http", kind, "certificates")))
    if found["public"] or found["private"]:
        _skip(top.get("network", "vpc", "id"))
    if insights := top.get("observability", "container_insights"):
        spec["cluster"] = {"containerInsights": "enabled" if insights.flag() else "disabled"}
    if addresses := top.get("http", "public", "ingress", "source_ips"):
        spec.setdefault("loadBalancer", {})["allowedCidrs"] = texts(addresses)
    logs = top.get("http", "public", "access_logs")
    if logs and (bucket := logs.get("bucket_name")):
        wanted = {"bucket": text(bucket), "prefix": text(logs.get("prefix"))}
        spec.setdefault("loadBalancer", {})["accessLogs"] = {key: value for key, value in wanted.items() if value}
    for step in ("name", "type"):
        _skip(top.get(step))
    top.unread("belongs to the environment; the operator makes nothing that several apps share, as a VPC or a CDN")
    return Environment(found["private"], found["public"], found["public certificates"], found["private certificates"])


def _skip(cursor: Cursor | None) -> None:
    if cursor:
        cursor.skip()
