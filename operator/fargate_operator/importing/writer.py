"""A FargateApp as YAML: fields in the order of the reference, and what was not carried over as comments where it belongs."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from fargate_operator.importing.report import Loss
from fargate_operator.model import Spec
from fargate_operator.names import DOMAIN

WIDTH = 120
_PLAIN = re.compile(r"(\./)?[A-Za-z/_][\w./@()*?=+,:;$-]*( [\w./@()*?=+,:;$-]+)*", re.ASCII)
# words that some reader of YAML takes for something else than text
_WORDS = ("true", "false", "yes", "no", "on", "off", "y", "n", "null")


def manifest(name: str, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The whole FargateApp; parts of the spec that are empty are left out, the rest stands in the order of the reference."""
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": f"{DOMAIN}/v1alpha1", "kind": "FargateApp", "metadata": metadata, "spec": ordered(spec, Spec)}


def ordered(value: Any, model: Any) -> Any:
    """The value with the fields of each part in the order of the model; maps by name keep their own order."""
    found = _model(model)
    if found is None or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [ordered(item, found) for item in value]
    if not isinstance(model, type):  # a map by name, or an optional part
        if _is_map(model):
            return {key: ordered(item, found) for key, item in value.items()}
        return ordered(value, found)
    fields = {str(field.alias or name): field.annotation for name, field in found.model_fields.items()}
    nested = ((name, ordered(value.get(name), annotation)) for name, annotation in fields.items())
    known = {name: item for name, item in nested if item not in (None, {}, [])}
    return known | {name: item for name, item in value.items() if name not in fields}


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation holds, at whatever depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model(one))), None)


def _is_map(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is dict or any(_is_map(one) for one in get_args(annotation))


_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write(app: Mapping[str, Any], losses: Iterable[Loss], source: str) -> str:
    """The manifest as YAML, each loss as a comment at its target, or at what of it exists; the others at the head."""
    notes: dict[str, list[str]] = {}
    for loss in losses:
        notes.setdefault(_place(app, loss.target), []).append(loss.comment())
    head = [f"Imported from {source} by fargate-operator import.", *notes.pop("", [])]
    lines = [*(line for note in head for line in _comment(note, 0)), *_map(app, 0, "", notes)]
    return "\n".join(lines) + "\n"


def _place(app: Any, target: str) -> str:
    """The nearest part of the target that exists, the spec itself excepted."""
    found: list[str] = []
    for step in target.replace("[", ".[").split(".") if target else ():
        if not isinstance(app, Mapping) or step not in app:
            break
        app = app[step]
        found.append(step)
    return ".".join(found) if len(found) > 1 else ""


def _comment(text: str, indent: int) -> list[str]:
    lines = textwrap.wrap(text, WIDTH - indent - 4, break_long_words=False, break_on_hyphens=False)
    return [f"{' ' * indent}# {'  ' if number else ''}{line}" for number, line in enumerate(lines)]


def _map(value: Mapping[str, Any], indent: int, path: str | None, notes: Mapping[str, list[str]]) -> Iterator[str]:
    """`path` is None inside lists, where nothing is commented."""
    for key, item in value.items():
        place = None if path is None else f"{path}.{key}".removeprefix(".")
        for note in notes.get(place or "", ()):
            yield from _comment(note, indent)
        yield from _item(f"{' ' * indent}{_text(key)}:", item, indent, place, notes)


def _item(head: str, item: Any, indent: int, place: str | None, notes: Mapping[str, list[str]]) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        yield head
        yield from _map(item, indent + 2, place, notes)
    elif isinstance(item, list | tuple) and item:
        yield head
        yield from _list(item, indent + 2)
    else:
        yield f"{head} {_scalar(item)}"


def _list(items: Iterable[Any], indent: int) -> Iterator[str]:
    lead = " " * indent
    for item in items:
        if isinstance(item, Mapping) and item:
            first, *rest = _map(item, indent + 2, None, {})
            yield f"{lead}- {first.lstrip()}"
            yield from rest
        elif isinstance(item, list | tuple) and item:
            yield f"{lead}-"
            yield from _list(item, indent + 2)
        else:
            yield f"{lead}- {_scalar(item)}"


def _scalar(value: Any) -> str:
    if isinstance(value, float) and "e" in (written := repr(value)) and "." not in written:
        return written.replace("e", ".0e")  # which YAML 1.1 takes for a number as well
    return _text(value) if isinstance(value, str) else json.dumps(list(value) if isinstance(value, tuple) else value)


def _text(text: str) -> str:
    """In quotes wherever any reader of YAML, 1.1 or 1.2, could take it for something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and yaml.safe_load(text) == text:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else _SHORT.get(char) or f"\\U{ord(char):08X}"
