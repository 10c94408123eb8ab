"""Values of the author's environment that stand in the FargateApp in plain text, which is meant for Git."""

from collections.abc import Iterator, Mapping
from typing import Any

from fargate_operator.importing.report import Report
from fargate_operator.importing.secrets import looks_secret
from fargate_operator.importing.source import Node

SHORTEST = 4  # characters that are looked for inside longer texts, too


def tell(spec: Mapping[str, Any], taken: Mapping[str, tuple[str, Node]], report: Report) -> None:
    """One line for each variable in `taken`, by name its value and where it is read, that looks secret and is written out.

    It looks so by its own name, or by that of the field that it stands in.
    """
    texts = list(_texts(spec, "spec"))
    for name, (value, node) in taken.items():
        stands = (
            path
            for path, text in texts
            if (value == text or (len(value) >= SHORTEST and value in text)) and (looks_secret(name) or looks_secret(_last(path)))
        )
        if value and (path := next(stands, "")):
            report.lose(node, f"${{env:{name}}}", "is written out in plain text; use `secrets`", path)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each text with its place; what stands in lists has the list's."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one, path)
