"""A serverless.yml, with the serverless-fargate plugin or without, as a FargateApp."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report
from fargate_operator.importing.source import Node
from fargate_operator.importing.writer import manifest


def recognizes(root: Node) -> bool:
    """Whether it is a serverless.yml: a service and a provider."""
    return isinstance(root.value, dict) and {"service", "provider"} <= root.value.keys()


def convert(root: Node, options: Options, report: Report) -> dict[str, Any]:
    """The FargateApp."""
    top = Cursor(root, report)
    top.unread()
    return manifest(options.name or "app", options.namespace, {})
