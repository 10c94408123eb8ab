"""docs/reference.md out of the CRD: every field of a FargateApp, so that none goes without a word."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fargate_operator.crd import crd

PATH = Path(__file__).parent.parent / "docs" / "reference.md"

_HEAD = """# Reference

Every field of a FargateApp, generated from the CRD (`make reference`). `<name>` stands for a name of your choice, `[]` for the items
of a list. `kubectl explain fargateapp.spec --recursive` tells the same on a cluster. What goes together with what is in the
[guide](guide.md).
"""


def fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    """Path, type and description of each field, parents first."""
    for name, one in schema.get("properties", {}).items():
        yield from _field(one, f"{path}.{name}", required=name in schema.get("required", ()))
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        yield from fields(more, f"{path}.<name>")
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")


def _field(schema: dict[str, Any], path: str, *, required: bool) -> Iterator[tuple[str, str, str]]:
    yield path, _kind(schema) + (", required" if required else ""), schema.get("description", "")
    yield from fields(schema, path)


def _kind(schema: dict[str, Any]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "enum" in schema:
        return " \\| ".join(f"`{one}`" for one in schema["enum"])
    if "items" in schema:
        return f"list of {_kind(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_kind(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "\\<").split())


def reference() -> str:
    """The page."""
    [version] = crd()["spec"]["versions"]
    top = version["schema"]["openAPIV3Schema"]["properties"]
    parts = [_HEAD]
    for name, title in (("spec", "Spec"), ("status", "Status")):
        rows = "\n".join(f"| `{path}` | {kind} | {_cell(text)} |" for path, kind, text in fields(top[name], name))
        parts.append(f"\n## {title}\n\n| field | type | meaning |\n| --- | --- | --- |\n{rows}\n")
    return "".join(parts)


if __name__ == "__main__":
    PATH.write_text(reference())
