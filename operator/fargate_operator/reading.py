"""Manifest files as JSON data, as kubectl would send it: at the edge of `render`, `diff` and `push`.

Whatever a file holds, it is read in bounded time or Unreadable: aliases of aliases, what holds itself, types that JSON lacks.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from fargate_operator.template import encodes

MOST_VALUES = 1_000_000  # in a document, aliases followed: an object of the API server's has fewer
_JSON = (str, int, float, type(None))


class Unreadable(Exception):
    """A file that cannot be read, or holds no manifest; the message is one line."""


class _Loader(yaml.SafeLoader):
    """A date without quotes is a string, as it is for kubectl."""

    yaml_implicit_resolvers = {
        first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def documents(file: str) -> list[Any]:
    """What a file holds; Unreadable where it is no YAML, or more than JSON can say."""
    try:
        if file == "-":
            found = list(yaml.load_all(sys.stdin.read(), _Loader))
        else:
            with open(file, encoding="utf-8") as stream:  # noqa: PTH123  one open is no reason for a Path
                found = list(yaml.load_all(stream, _Loader))
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from error
    except RecursionError as error:
        raise Unreadable(f"{file}: is nested too deep") from error
    except (yaml.YAMLError, ValueError, ArithmeticError, LookupError, AttributeError, TypeError) as error:
        # a word with an explicit type that it is not of is met by PyYAML with whatever it stumbles over
        raise Unreadable(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    for one in found:
        if wrong := _wrong(one):
            raise Unreadable(f"{file}: {wrong}")
    return found


def _wrong(document: Any) -> str:
    """Why a document is nothing that an API server could be sent; empty where it is. A key is left to the judge of the spec."""
    left, count = [document], 0
    while left:
        value = left.pop()
        count += 1
        if count > MOST_VALUES:
            return f"has more than {MOST_VALUES} values with its aliases, or holds itself"
        if isinstance(value, Mapping):
            left += [*value.values(), *(key for key in value if isinstance(key, str))]
        elif isinstance(value, list):
            left += value
        elif not isinstance(value, _JSON):
            return f"has a value of the type {type(value).__name__}, which JSON does not have: put it in quotes"
        elif isinstance(value, str) and not encodes(value):
            return r"has half of a surrogate pair in a text, such as \ud800 alone: that is no character"
    return ""


def of_kind(held: Iterable[Any], kinds: Iterable[str]) -> list[Mapping[str, Any]]:
    """The objects of some kinds among documents."""
    wanted = list(kinds)
    return [one for one in held if isinstance(one, Mapping) and one.get("kind") in wanted]
