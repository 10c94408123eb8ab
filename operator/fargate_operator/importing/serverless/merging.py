"""Several files that say something of the same, put together as the framework does: maps key by key, lists item by item."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

_NOTHING = object()


def merged(old: Any, new: Any) -> Any:
    """Both in one; where they differ in anything else than maps and lists, the new."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: merged(old[key], one) if key in old else one for key, one in new.items()}}
    if isinstance(old, list) and isinstance(new, list):
        pairs = zip_longest(old, new, fillvalue=_NOTHING)
        return [one if other is _NOTHING else other if one is _NOTHING else merged(one, other) for one, other in pairs]
    return new


def displaced(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Where the old says something else than the new, and is lost: `.Properties.Tags[0].Value`."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() & new.keys():
            yield from displaced(old[key], new[key], f"{path}.{key}")
    elif isinstance(old, list) and isinstance(new, list):
        for number, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from displaced(one, other, f"{path}[{number}]")
    elif old != new:
        yield path
