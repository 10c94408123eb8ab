"""Template values as text, as far as the template itself tells: what CloudFormation will make of an intrinsic function. Pure.

A template of ours has no mappings or conditions, and parameters only for what nobody may read: all but these and the attributes
of its own resources is known. Those stand as tokens, and an attribute that only echoes a property (an SSM parameter's Value) is
that property: nothing is hidden behind it.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fargate_operator.facts import Facts

MARK = "\x00"  # around the logical ID and attribute of a token, around nothing where nothing is known
UNKNOWN = MARK + MARK
IMPORT = ":import"  # the token of Fn::ImportValue, whose name is judged by itself
OPAQUE = f"{MARK}:opaque{MARK}"  # what would hide text of the author's from the judge
MOST_DEPTH = 100  # attributes that lead to one another, and functions in functions
MOST_TEXT = 2_000_000  # characters that one template's values may make all in all
_VARIABLE = re.compile(r"\$\{(!?)([^${}]*)\}")
_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}


class TooLarge(Exception):
    """The values of a template make more text than can be judged."""


def token(logical_id: str, attribute: str = "") -> str:
    """What stands for a resource of the stack, or an attribute of it."""
    return f"{MARK}{logical_id}{'.' if attribute else ''}{attribute}{MARK}"


def alone(text: str) -> bool:
    """Whether a text is one token, and nothing else."""
    return len(text) > 1 and text[0] == text[-1] == MARK and text.count(MARK) == 2


def harmless(separator: str) -> bool:
    """Whether a text can be lost on the way without hiding anything."""
    return not re.search(r"[A-Za-z0-9{}]", separator)


def intrinsic(value: Any) -> str:
    """The name of the intrinsic function that a value is; empty for others."""
    if isinstance(value, Mapping) and len(value) == 1:
        name = str(next(iter(value)))
        return name if name in {"Ref", "Condition"} or name.startswith("Fn::") else ""
    return ""


class Evaluation:
    """The values of one template."""

    def __init__(self, resources: Mapping[str, Any], facts: Facts, stack_name: str = "") -> None:
        self._resources = resources
        self._pseudo = {
            "AWS::AccountId": facts.account_id,
            "AWS::Partition": facts.partition,
            "AWS::Region": facts.region,
            "AWS::URLSuffix": _SUFFIXES.get(facts.partition, UNKNOWN),
            "AWS::StackName": stack_name or UNKNOWN,
            "AWS::NoValue": "",
        }
        self._attributes: dict[tuple[str, str], str] = {}
        self._left = MOST_TEXT
        self._depth = 0

    def text(self, value: Any) -> str:
        """A scalar or an intrinsic function as text; TooLarge when all of them together make too much of it."""
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise TooLarge
        found = self._text(value)
        self._depth -= 1
        self._left -= len(found)
        if self._left < 0:
            raise TooLarge
        return found

    def _text(self, value: Any) -> str:
        if not isinstance(value, Mapping):
            return value if isinstance(value, str) else UNKNOWN if isinstance(value, list) else json.dumps(value)
        name = intrinsic(value)
        return self._function(name, value[name]) if name else UNKNOWN

    def _function(self, name: str, argument: Any) -> str:
        if name == "Ref":
            return self._pseudo.get(argument, token(argument)) if isinstance(argument, str) else OPAQUE
        if name == "Fn::GetAtt":
            return self._attribute(argument)
        if name == "Fn::Sub":
            return self._sub(argument)
        if name == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
            return self._join(*argument)
        if name == "Fn::Select" and isinstance(argument, list) and len(argument) == 2:
            return self._select(*argument)
        if name == "Fn::ImportValue":
            return token(IMPORT)
        if name == "Fn::Base64":
            return base64.b64encode(self.text(argument).encode(errors="replace")).decode()
        # of zones, networks, and what a macro makes, which is judged by its name; all others could carry any text
        return UNKNOWN if name in {"Fn::GetAZs", "Fn::Cidr", "Fn::Transform", "Condition"} else OPAQUE

    def _join(self, separator: Any, values: Any) -> str:
        between, items = self.text(separator), self.items(values)
        if isinstance(values, list) or not (len(items) == 1 and alone(items[0])):
            return between.join(items)
        return UNKNOWN if harmless(between) and items != [OPAQUE] else OPAQUE  # a list that only AWS knows

    def items(self, value: Any) -> list[str]:
        """A list, or an intrinsic function that makes one, as texts; one unknown text where it is not known."""
        if isinstance(value, list):
            return [self.text(item) for item in value]
        argument = value.get("Fn::Split") if isinstance(value, Mapping) else None
        if isinstance(argument, list) and len(argument) == 2 and (separator := self.text(argument[0])):
            return self.text(argument[1]).split(separator)
        return [self.text(value)]

    def _select(self, index: Any, values: Any) -> str:
        items, text = self.items(values), self.text(index)
        if isinstance(values, list) or not any(MARK in item for item in items):
            return items[int(text)] if text.isdecimal() and int(text) < len(items) else OPAQUE
        split = values.get("Fn::Split") if isinstance(values, Mapping) else None
        if isinstance(split, list) and len(split) == 2:  # a part of one attribute, or of a text that it is mixed into?
            whole = self.text(split[1])
            return UNKNOWN if alone(whole) and whole != OPAQUE and harmless(self.text(split[0])) else OPAQUE
        return UNKNOWN if len(items) == 1 and alone(items[0]) and items != [OPAQUE] else OPAQUE

    def _attribute(self, argument: Any) -> str:
        if isinstance(argument, str):
            argument = argument.split(".", 1)
        if not isinstance(argument, list) or len(argument) != 2:
            return OPAQUE
        logical_id, attribute = self.text(argument[0]), self.text(argument[1])
        key = logical_id, attribute
        if key not in self._attributes:
            self._attributes[key] = token(logical_id, attribute)  # should it lead back to itself
            resource = self._resources.get(logical_id)
            found: Any = resource.get("Properties") if isinstance(resource, Mapping) else None
            for step in attribute.split("."):
                found = found.get(step) if isinstance(found, Mapping) else None
            if found is not None:
                self._attributes[key] = self.text(found)
        return self._attributes[key]

    def _sub(self, argument: Any) -> str:
        pair = isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], Mapping)
        template, variables = (argument[0], argument[1]) if pair else (argument, {})
        if not isinstance(template, str):
            return OPAQUE
        parts, end = [], 0
        for match in _VARIABLE.finditer(template):
            escaped, name = match[1], match[2].strip()
            parts.append(template[end : match.start()])
            end = match.end()
            if escaped:
                parts.append(f"${{{name}}}")
            elif name in variables:
                parts.append(self.text(variables[name]))
            else:
                parts.append(self._attribute(name) if "." in name else self.text({"Ref": name}))
        return "".join([*parts, template[end:]])


def walk(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every value inside a value as (path, the key that it stands under, itself), lists handing their key down; keys too."""
    stack: list[tuple[str, str, Any]] = [(path, "", value)]
    while stack:
        where, key, one = stack.pop()
        yield where, key, one
        if isinstance(one, Mapping):
            stack += [(f"{where}.{name}", str(name), item) for name, item in reversed(list(one.items()))]
        elif isinstance(one, list):
            stack += [(f"{where}[{number}]", key, item) for number, item in reversed(list(enumerate(one)))]
