"""`${…}` in strings, as the contract of the resource tells: references to what else is in the stack. Pure.

`${Table}`, `${Table.Arn}`, `${AWS::AccountId}` and `${Import:name}` become Ref, Fn::GetAtt, a pseudo parameter and
Fn::ImportValue, where Table is one of the app's own raw resources. `${!X}` is a plain `${X}`; anything else stays.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

PSEUDO = frozenset(f"AWS::{name}" for name in ("AccountId", "Partition", "Region", "StackId", "StackName", "URLSuffix"))
_REFERENCE = re.compile(r"\$\{(!?)([^${}]+)\}")


def substitute(value: Any, resources: Collection[str]) -> Any:
    """The value with every string's references replaced; arguments of Fn::Sub are CloudFormation's own and stay."""
    if isinstance(value, str):
        return _string(value, resources) if "${" in value else value
    if isinstance(value, dict):
        return {key: _sub(item, resources) if key == "Fn::Sub" else substitute(item, resources) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [substitute(item, resources) for item in value]
    return value


def substitute_all(bodies: Mapping[str, Any], resources: Collection[str]) -> dict[str, Any]:
    """`substitute` for each of many bodies; most have no reference, which their JSON tells faster than a walk."""
    return {name: substitute(body, resources) if "${" in json.dumps(body) else body for name, body in bodies.items()}


def _sub(argument: Any, resources: Collection[str]) -> Any:
    if isinstance(argument, list) and len(argument) == 2:
        return [argument[0], substitute(argument[1], resources)]
    return argument


def _string(text: str, resources: Collection[str]) -> Any:
    parts: list[Any] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        parts += [text[end : match.start()], _replacement(match, resources)]
        end = match.end()
    joined = list(_joined([*parts, text[end:]]))
    if len(joined) == 1:
        return joined[0]
    return {"Fn::Join": ["", joined]} if joined else ""


def _joined(parts: list[Any]) -> Iterator[Any]:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        text = ""
        yield part
    if text:
        yield text


def _replacement(match: re.Match[str], resources: Collection[str]) -> Any:
    escaped, name = match.groups()
    if escaped:
        return f"${{{name}}}"
    if name in PSEUDO or name in resources:
        return {"Ref": name}
    if name.startswith("Import:"):
        return {"Fn::ImportValue": name.removeprefix("Import:")}
    stem, _, attribute = name.partition(".")
    if attribute and stem in resources:
        return {"Fn::GetAtt": [stem, attribute]}
    return match.group()


def targets(value: Any) -> set[str]:
    """The logical IDs (or parameters) that Ref, Fn::GetAtt and Fn::Sub inside a template value name."""
    found: set[str] = set()
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, list | tuple):
            left += one
        elif isinstance(one, dict):
            for key, item in one.items():
                if key == "Ref" and isinstance(item, str):
                    found.add(item)
                elif key == "Fn::GetAtt" and item and isinstance(item, str | list):
                    found.add(item.split(".")[0] if isinstance(item, str) else str(item[0]))
                elif key == "Fn::Sub":
                    found.update(_sub_targets(item))
                elif not isinstance(item, str | int):
                    left.append(item)
    return found


_NAMED = (  # Ref, Fn::GetAtt with a list, and with a string, whose name ends at the first dot
    re.compile(r'"Ref":"((?:[^"\\]|\\.)*)"'),
    re.compile(r'"Fn::GetAtt":\["((?:[^"\\]|\\.)*)"'),
    re.compile(r'"Fn::GetAtt":"((?:[^".\\]|\\.)*)'),
)


def may_dangle(text: str, known: Collection[str]) -> bool:
    """Whether a template's canonical JSON may name something else than `known`: no, for sure, or `targets` has to look."""
    if '"Fn::Sub":' in text:
        return True
    return not all(name in known for pattern in _NAMED for name in set(pattern.findall(text)))


def _sub_targets(item: Any) -> Iterator[str]:
    pair = isinstance(item, list) and len(item) == 2 and isinstance(item[1], dict)
    text, variables = (item[0], item[1]) if pair else (item, {})
    yield from targets(variables)
    for escaped, name in _REFERENCE.findall(text if isinstance(text, str) else ""):
        stem = name.split(".")[0]
        if not escaped and stem not in variables:
            yield stem
