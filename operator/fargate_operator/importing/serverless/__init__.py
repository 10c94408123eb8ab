"""A serverless.yml, with the serverless-fargate plugin or without, as a FargateApp.

The tree is resolved first (`variables`), then each section is read through a cursor that remembers what was read: what no section
knows is told at the end. See https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml.
"""

import re
from collections.abc import Mapping
from typing import Any

from fargate_operator.importing.cursor import Cursor, as_text
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.serverless import api, functions, images, plaintext, resources, shared, tables, tasks
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import lose_all, skip_all
from fargate_operator.importing.serverless.separation import separate
from fargate_operator.importing.serverless.stack import stack
from fargate_operator.importing.serverless.variables import Variables
from fargate_operator.importing.source import Node, Unreadable
from fargate_operator.importing.writer import manifest


def recognizes(root: Node) -> bool:
    """Whether it is a serverless.yml: a service and a provider."""
    return isinstance(root.value, dict) and {"service", "provider"} <= root.value.keys()


def convert(root: Node, options: Options, report: Report) -> dict[str, Any]:
    """The FargateApp."""
    if not isinstance(root.value, dict):
        raise Unreadable(f"{root.file}: must be a map")
    root = _older(root)
    variables = Variables(root, options)
    tree = variables.resolve(root)
    first = _converted(Cursor(tree, Report(root.file)), options, variables, {})
    context = _converted(Cursor(tree, report), options, variables, first.spec)
    plaintext.tell(context.spec, variables.taken, report)
    return manifest(options.name or _name(context.service), options.namespace, context.spec)


def _converted(top: Cursor, options: Options, variables: Variables, before: Mapping[str, Any]) -> Context:
    """`before` is the spec as far as it is known: topics and the like, which come with events, and which others may refer to."""
    context = _context(top, options, variables, before)
    context.put("region", variables.region)
    if region := context.provider.get("region"):
        region.skip()
    images.images(context)
    own = shared.shared(context)
    api.api(context)
    tasks.tasks(context, own)
    functions.functions(context)
    resources.resources(context)
    separate(context.spec)
    _rest(context, variables)
    top.unread()
    return context


def _older(root: Node) -> Node:
    """With the plugin's settings at the top, where the oldest ones have them in `custom`."""
    custom = root.value.get("custom")
    inside = custom.value.get("fargate") if custom and isinstance(custom.value, dict) else None
    if inside is None or "fargate" in root.value:
        return root
    rest = {name: one for name, one in custom.value.items() if name != "fargate"}
    return Node({**root.value, "custom": Node(rest, custom.file, custom.line), "fargate": inside}, root.file, root.line)


def _context(top: Cursor, options: Options, variables: Variables, before: Mapping[str, Any]) -> Context:
    service = top.get("service", "name") or top.get("service")
    word = service.plain() if service and not isinstance(service.node.value, dict) else ""
    if key := top.get("service", "awsKmsKeyArn"):
        key.lose("has no counterpart; environment variables are encrypted with Lambda's own key")
    listed = top.get("fargate", "tasks")
    names = [one.get("name") for _, one in listed.items()] if listed else []
    keys = [name for name, _ in listed.items()] if listed else []
    chosen = [str(one.node.value) if one else name for one, name in zip(names, keys, strict=True)]
    parts = found.each() if (found := top.get("functions")) else []
    made = frozenset(name for part in parts if isinstance(part.node.value, dict) for name, _ in part.items())
    raw = frozenset((*resources.ids(top), *before.get("resources", {})))
    routed = any("httpApi" in event for one in before.get("functions", {}).values() for event in one.get("events", {}).values())
    known = stack(raw, frozenset(chosen), made, api=routed)
    return Context(top, options, known, variables.stage, variables.region, str(word or "app"), mixed=bool(made))


def _name(service: str) -> str:
    """The service's name as Kubernetes takes names."""
    return re.sub(r"[^a-z0-9-]+", "-", service.lower()).strip("-")[:63].rstrip("-") or "app"


def _rest(context: Context, variables: Variables) -> None:
    """What makes nothing by itself: values for variables, plugins, and the framework's own ways."""
    top = context.top
    skip_all(top, tables.TOP_NOTHING)
    skip_all(context.provider, tables.PROVIDER_NOTHING)
    lose_all(context.provider, tables.PROVIDER_LOST)
    for name in ("memorySize", "timeout", "runtime", "architecture", "tracing"):
        if not context.mixed and (one := context.provider.get(name)):
            one.settle()  # of functions, of which there are none
    if gateway := context.provider.get("tracing", "apiGateway"):
        gateway.skip() if gateway.node.value is False else gateway.lose("has no counterpart")
    custom = top.get("custom")
    for name, one in custom.items() if custom else ():
        if name in variables.used or "" in variables.used or name in tables.HELPERS_SETTINGS:
            one.settle()
        else:
            one.lose("is a setting of a plugin, or a value that no variable reads; see what the plugin makes of it")
    _plugins(top)
    for name in ("stages",):
        listed = top.get(name)
        for _, one in listed.items() if listed else ():
            if parameters := one.get("params"):
                parameters.skip()  # were heeded when the variables were resolved
    if layers := top.get("layers"):
        layers.lose("are packed and uploaded by the framework; publish them yourself, and name their ARNs in the functions")


def _plugins(top: Cursor) -> None:
    listed = top.get("plugins")
    if listed and isinstance(listed.node.value, dict):
        if local := listed.get("localPath"):
            local.skip()
        listed = listed.get("modules")
    for one in listed.each() if listed else ():
        name = as_text(one.node)
        one.skip()
        if name not in tables.HELPERS:
            one.lose(
                f"the plugin {name or one.path} is not imported; see what it makes, and say it in the FargateApp's own fields"
            )
