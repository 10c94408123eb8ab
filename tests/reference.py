"""docs/reference.md out of the model: every field of a FargateApp, with what it makes in AWS and an example out of examples/."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fargate_operator.crd import crd, spec_schema

ROOT = Path(__file__).parent.parent
PATH = ROOT / "docs" / "reference.md"
MOST_EXAMPLE = 100  # characters

_HEAD = """# Reference

Every field of a FargateApp, generated from the model and the [examples](../examples) (`make reference`). `<name>` stands for a name
of your choice, `[]` for the items of a list. `kubectl explain fargateapp.spec.services.http` tells the same on a cluster. What goes
together with what is in the [guides](guides).
"""


@dataclass(frozen=True)
class Field:
    """One field: its path, type, what is said of it, and whether it has parts that say the rest."""

    path: str
    kind: str
    text: str
    default: str = ""
    aws: str = ""
    required: bool = False
    parts: bool = False


def spec_fields() -> list[Field]:
    """All fields of the spec, parents first."""
    return list(_fields(spec_schema(annotated=True), "spec"))


def _fields(schema: Mapping[str, Any], path: str) -> Iterator[Field]:
    for name, one in schema.get("properties", {}).items():
        yield _field(one, f"{path}.{name}", required=name in schema.get("required", ()))
        yield from _fields(one, f"{path}.{name}")
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        yield from _fields(more, f"{path}.<name>")
    if "items" in schema:
        yield from _fields(schema["items"], f"{path}[]")


def _field(schema: Mapping[str, Any], path: str, *, required: bool) -> Field:
    said = (schema.get(key, "") for key in ("x-text", "x-default", "x-aws"))
    text, default, aws = said if "x-text" in schema else (schema.get("description", ""), "", "")
    return Field(path, _kind(schema), text, default, aws, required=required, parts=any(True for _ in _fields(schema, path)))


def _kind(schema: Mapping[str, Any]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "enum" in schema:
        return " \\| ".join(f"`{one}`" for one in schema["enum"])
    if "items" in schema:
        return f"list of {_kind(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_kind(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))


def values(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Path and value of each field that a spec uses."""
    return _values(spec, spec_schema(), "spec")


def _values(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    more = schema.get("additionalProperties")
    for name, one in value.items() if isinstance(value, Mapping) else ():
        if name in schema.get("properties", {}):
            yield f"{path}.{name}", one
            yield from _values(one, schema["properties"][name], f"{path}.{name}")
        elif isinstance(more, dict):
            yield from _values(one, more, f"{path}.<name>")
    for one in value if isinstance(value, list) and "items" in schema else ():
        yield from _values(one, schema["items"], f"{path}[]")


@cache
def _examples() -> dict[str, Any]:
    """Of each path the first value in the examples, those with every field first."""
    found: dict[str, Any] = {}
    for file in sorted((ROOT / "examples").glob("*.yaml"), key=lambda one: (one.stem != "everything", one.stem)):
        for one in yaml.safe_load_all(file.read_text()):
            for path, value in values(one.get("spec", {})):
                found.setdefault(path, value)
    return found


def _example(field: Field) -> str:
    if field.parts or field.path not in _examples():
        return ""
    text = yaml.safe_dump(_examples()[field.path], default_flow_style=True, width=1000, allow_unicode=True)
    text = " ".join(text.removesuffix("...\n").split())
    return f"`{text}`" if len(text) <= MOST_EXAMPLE else f"`{text[:MOST_EXAMPLE]} …`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "\\<").split())


def _section(title: str, fields: list[Field]) -> str:
    rows = [
        f"| `{one.path}` | {one.kind}{', required' if one.required else ''} | {_cell(one.text)} | {_cell(one.default)} "
        f"| {_cell(one.aws)} | {_example(one).replace('|', chr(92) + '|')} |"
        for one in fields
    ]
    head = "| field | type | meaning | default | in AWS | example |\n| --- | --- | --- | --- | --- | --- |"
    return "\n".join([f"\n## {title}\n", head, *rows, ""])


_SECTIONS = ("loadBalancer", "services", "scheduledTasks", "tasks", "functions", "httpApi")


def reference() -> str:
    """The page."""
    fields = spec_fields()
    of = {name: [one for one in fields if one.path.split(".")[1] == name] for name in _SECTIONS}
    rest = [one for one in fields if one.path.split(".")[1] not in _SECTIONS]
    parts = [_HEAD, _section("Spec: the app", rest), *(_section(f"Spec: {name}", of[name]) for name in _SECTIONS)]
    [version] = crd()["spec"]["versions"]
    status = list(_fields(version["schema"]["openAPIV3Schema"]["properties"]["status"], "status"))
    rows = "\n".join(f"| `{one.path}` | {one.kind} | {_cell(one.text)} |" for one in status)
    return "".join([*parts, f"\n## Status\n\n| field | type | meaning |\n| --- | --- | --- |\n{rows}\n"])


if __name__ == "__main__":
    PATH.write_text(reference())
