"""An image's tag in a manifest's text: found by where YAML says it stands, and nothing but it is changed. Pure."""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_Path = tuple[Any, ...]
_ABSENT = object()
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # as YAML 1.1 has it
_NOWHERE = "the tag cannot be written where it belongs"


class Unpinnable(Exception):
    """The text is such that the tag cannot be written into it; the message says why, without the image's name."""


def pinned(text: str, document: int, image: str, tag: str) -> str:
    """The text with ``spec.images.<image>.tag`` of its document, counted from 0, set to `tag`.

    Everything else stays as it is, to the byte; Unpinnable where that cannot be.
    """
    try:
        change = _change(text, _image(text, document, image), tag)
        _check(text, change, (document, "spec", "images", image, "tag"), tag)
    except yaml.YAMLError as error:
        raise Unpinnable(_NOWHERE) from error
    except RecursionError as error:
        raise Unpinnable("the file is nested too deep") from error
    return change


def _image(text: str, document: int, image: str) -> tuple[yaml.Node, yaml.MappingNode]:
    """The key of the image, and its map."""
    found = next(itertools.islice(yaml.compose_all(text, Loader=yaml.SafeLoader), document, None), None)
    key: yaml.Node | None = None
    for name in ("spec", "images", image):
        key, found = _entry(found, name)
        if key is None or found is None:
            raise Unpinnable(f"{name} is not written in it, but comes by an alias or a merge key")
        if _elsewhere(key, found):
            raise Unpinnable(f"{name} is an alias; write it out")
    if key is None or not isinstance(found, yaml.MappingNode) or not found.value:
        raise Unpinnable("it is no map")
    return key, found


def _entry(node: yaml.Node | None, name: str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """Key and value; of two keys the last, which is the one that counts."""
    entries = node.value if isinstance(node, yaml.MappingNode) else ()
    return next(((key, value) for key, value in reversed(entries) if key.value == name), (None, None))


def _elsewhere(key: yaml.Node, value: yaml.Node) -> bool:
    """Whether the value of a key is an alias: what it stands for was written before the key."""
    return bool(value.start_mark.index < key.end_mark.index)


def _change(text: str, place: tuple[yaml.Node, yaml.MappingNode], tag: str) -> str:
    parent, image = place
    key, value = _entry(image, "tag")
    if key is None or value is None:
        return _inserted(text, parent, image, tag)
    if _elsewhere(key, value):
        raise Unpinnable("its tag is an alias; write it out")
    start, end = value.start_mark.index, value.end_mark.index
    if text[start : start + 1] in ("&", "!"):
        raise Unpinnable("its tag has an anchor or a type; write it without")
    if not isinstance(value, yaml.ScalarNode) or value.style in ("|", ">"):
        raise Unpinnable("its tag is not written on one line")
    quote = value.style or ('"' if image.flow_style else "")
    return f"{text[:start]}{'' if value.value else ' '}{quote}{tag}{quote}{text[end:]}"


def _inserted(text: str, parent: yaml.Node, image: yaml.MappingNode, tag: str) -> str:
    """A line of its own below the image's name; in a flow, before what it begins with."""
    first = image.value[0][0]
    start = first.start_mark.index
    if image.flow_style:  # quoted, since not every reader of YAML takes a colon in a flow's plain text
        name = '"tag"' if first.style == '"' else "tag"
        return f'{text[:start]}{name}: "{tag}", {text[start:]}'
    indent = text[start - first.start_mark.column : start]
    if indent.strip(" ") or first.start_mark.line == parent.start_mark.line:
        raise Unpinnable("its fields are not written each on a line of its own")
    [line] = itertools.islice(_BREAK.finditer(text, parent.end_mark.index), 1)
    return f"{text[: line.end()]}{indent}tag: {tag}{line[0]}{text[line.end() :]}"


def _check(old: str, new: str, path: _Path, tag: str) -> None:
    """The texts must hold the same but for the tag, which is the wanted one."""
    before, after = (list(yaml.safe_load_all(text)) for text in (old, new))
    others = [one for one in _differences(before, after, ()) if one != path]
    if any(one[: len(path) - 1] == path[: len(one)][: len(path) - 1] for one in others):
        raise Unpinnable(_NOWHERE)  # it became something else of the image, or broke what the image is in
    if others:
        told = ".".join(str(step) for step in others[0][1:])
        raise Unpinnable(f"{told} would change with its tag, by an alias or a merge key; write them out")
    if after[path[0]]["spec"]["images"][path[-2]].get("tag") != tag:
        raise Unpinnable(_NOWHERE)


def _differences(old: Any, new: Any, path: _Path) -> Iterator[_Path]:
    """Where the two differ; what only one of them has differs as a whole."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in old.keys() | new.keys():
            yield from _differences(old.get(key, _ABSENT), new.get(key, _ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, other, (*path, place))
    elif type(old) is not type(new) or old != new:
        yield path
