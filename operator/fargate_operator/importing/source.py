"""YAML as a tree that knows where everything stands.

YAML 1.2's core schema, as Serverless and Copilot read it: `yes`, `on` and `2012-10-17` are strings. CloudFormation's short tags
become the long intrinsic functions, aliases and merge keys are followed.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MOST_NODES = 200_000  # what aliases of aliases can make of a small file
MOST_LEVELS = 100
MOST_DIGITS = 1000  # more than any number has that means something, and less than Python refuses


class Unreadable(Exception):
    """An input that cannot be read; the message is one line that begins with the file."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands for a value that only the running account could tell, or that is lost.

    `parameter` is the SSM parameter that it is the value of, where it is exactly that.
    """

    why: str
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands; `line`, from 1, is its key's where it is in a map.

    `value` is a dict of str → Node, a list of Nodes, str, int, float, bool, None or Unknown; `written` is a scalar's text in the
    file, such as 1.10.
    """

    value: Any
    file: str
    line: int
    written: str = field(default="", compare=False)


_BLANK = "\0 \t\r\n\x85\u2028\u2029"


class _Loader(yaml.SafeLoader):
    """With the implicit types of YAML 1.2 alone, and with what PyYAML refuses of it: `?` in the words of a flow, and tabs."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    _inside = False  # a plain scalar, or the line where a block scalar begins

    def peek(self, index: int = 0) -> str:
        """Inside, PyYAML takes `?` for an indicator, and a tab for no blank; what is read in the end is the text itself."""
        char = str(super().peek(index))
        return {"?": "x", "\t": " "}.get(char, char) if self._inside else char

    def scan_plain(self) -> Any:
        return self._within(super().scan_plain)

    def scan_block_scalar_indicators(self, start_mark: Any) -> Any:
        return self._within(super().scan_block_scalar_indicators, start_mark)

    def scan_block_scalar_ignored_line(self, start_mark: Any) -> Any:
        return self._within(super().scan_block_scalar_ignored_line, start_mark)

    def _within(self, scan: Callable[..., Any], *marks: Any) -> Any:
        self._inside = True
        try:
            return scan(*marks)
        finally:
            self._inside = False

    def check_key(self) -> bool:
        return self.peek(1) in _BLANK

    def check_plain(self) -> bool:
        asks = self.peek() == "?" and self.peek(1) not in _BLANK and not (self.flow_level and self.peek(1) in ",[]{}")
        return bool(asks or super().check_plain())

    def scan_to_next_token(self) -> None:
        """Tabs are blanks, too, but where they would indent."""
        super().scan_to_next_token()
        while self.peek() == "\t":
            length = 0
            while self.peek(length) in " \t":
                length += 1
            indents = not self.buffer[self.pointer - self.column : self.pointer].strip(" ")
            if indents and not self.flow_level and self.peek(length) not in "#\0\r\n\x85\u2028\u2029":
                return
            self.forward(length)
            super().scan_to_next_token()


_PATTERNS: dict[str, re.Pattern[str]] = {}
for _tag, _pattern, _first in (
    ("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    ("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("merge", r"^<<$", ["<"]),
):
    _PATTERNS[_tag] = re.compile(_pattern)
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _PATTERNS[_tag], _first)


def read(path: Path | str) -> Node:
    """The one document of a file; Unreadable where there is none."""
    file = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{file}: is not UTF-8 text") from error
    return parse(text, file)


def parse(text: str, file: str) -> Node:
    """The one document of a text."""
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        told = getattr(error, "problem", None) or " ".join(str(error).split())
        raise Unreadable(f"{file}{line}: is not YAML: {told}") from error
    except RecursionError as error:
        raise Unreadable(f"{file}: is nested too deep") from error
    if root is None:
        return Node(None, file, 1)
    return _Builder(file).build(root, root.start_mark.line + 1, ())


class _Builder:
    """Nodes of YAML as ours; it counts them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0

    def build(self, node: Any, line: int, above: tuple[int, ...]) -> Node:
        self.count += 1
        if id(node) in above or len(above) > MOST_LEVELS or self.count > MOST_NODES:
            raise Unreadable(f"{self.file}:{line}: holds itself, or is nested too deep")
        above = (*above, id(node))
        tag = str(node.tag)
        value: Any
        if isinstance(node, yaml.MappingNode):
            value = {key: self.build(item, at, above) for key, item, at in self._pairs(node, above)}
        elif isinstance(node, yaml.SequenceNode):
            value = [self.build(item, item.start_mark.line + 1, above) for item in node.value]
        else:
            try:
                value = _scalar(tag, node.value)
            except ValueError as error:
                raise Unreadable(f"{self.file}:{line}: {error}") from error
        made = Node(value, self.file, line, node.value if isinstance(node, yaml.ScalarNode) else "")
        return made if tag.removeprefix(_CORE) in _TYPES else self._tagged(tag, made)

    def _pairs(self, node: Any, above: tuple[int, ...]) -> list[tuple[str, Any, int]]:
        """Keys with their values and lines; what is merged in stands behind, unless the map has it itself."""
        own: dict[str, tuple[str, Any, int]] = {}
        merged: dict[str, tuple[str, Any, int]] = {}
        for key, item in node.value:
            line = key.start_mark.line + 1
            if key.tag == f"{_CORE}merge":
                for one in self._merged(item, line):
                    if id(one) in above[:-1] or len(above) > MOST_LEVELS:
                        raise Unreadable(f"{self.file}:{line}: holds itself")
                    for pair in self._pairs(one, (*above, id(one))):
                        merged.setdefault(pair[0], pair)
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise Unreadable(f"{self.file}:{line}: a key must be a word")
            if str(key.value) in own:
                raise Unreadable(f"{self.file}:{line}: the key {key.value} stands here twice")
            own[str(key.value)] = (str(key.value), item, line)
        return [*own.values(), *(pair for name, pair in merged.items() if name not in own)]

    def _merged(self, item: Any, line: int) -> Iterator[Any]:
        for one in item.value if isinstance(item, yaml.SequenceNode) else [item]:
            if not isinstance(one, yaml.MappingNode):
                raise Unreadable(f"{self.file}:{line}: << takes a map, or a list of maps")
            yield one

    def _tagged(self, tag: str, node: Node) -> Node:
        name = tag.removeprefix("!")
        if not tag.startswith("!") or name not in _TAGS:
            raise Unreadable(f"{self.file}:{node.line}: the tag {tag} is not one of CloudFormation's")
        long = name if name in ("Ref", "Condition") else f"Fn::{name}"
        if name == "GetAtt" and isinstance(node.value, str):
            node = Node([Node(part, node.file, node.line) for part in node.value.split(".", 1)], node.file, node.line)
        return Node({long: node}, node.file, node.line)


_FUNCTIONS = (
    "And Base64 Cidr Condition Equals FindInMap GetAtt GetAZs If ImportValue Join Length Not Or Ref Select Split Sub "
    "ToJsonString Transform"
)
_TAGS = frozenset(_FUNCTIONS.split())
_CORE = "tag:yaml.org,2002:"
_TYPES = frozenset(("str", "int", "float", "bool", "null", "map", "seq"))


def _scalar(tag: str, text: str) -> Any:
    kind = tag.removeprefix(_CORE)
    if kind in _PATTERNS and (not _PATTERNS[kind].search(text) or len(text) > MOST_DIGITS):
        raise ValueError(f"{text[:20]!r}{' and more' if len(text) > 20 else ''} is no {kind} that can be read")
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if kind == "float" and math.isfinite(number := float(text)):
        return number
    return text  # also a commit such as 123e4567, which no number can hold


def plain(node: Node) -> Any:
    """The value without its places."""
    if isinstance(node.value, dict):
        return {key: plain(item) for key, item in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


def planted(value: Any, like: Node) -> Node:
    """Plain data as Nodes, all of them at the place of `like`."""
    if isinstance(value, dict):
        return Node({str(key): planted(item, like) for key, item in value.items()}, like.file, like.line)
    if isinstance(value, list):
        return Node([planted(item, like) for item in value], like.file, like.line)
    return Node(value, like.file, like.line)
