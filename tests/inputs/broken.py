"""Valid specs, broken: wrong types at any depth, fields that are missing, unknown or huge, keys of all sorts."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from golden_cases import CASES, example
from inputs.hostile import HALF, TEXTS, VALUES, deep
from inputs.schema import specs

MIB = 2**20
ANY = st.sampled_from(VALUES).map(copy.deepcopy)  # what is drawn may be broken further


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a value, without recursion."""
    left = [value]
    while left:
        one = left.pop()
        found = list(one.items()) if isinstance(one, dict) else list(enumerate(one)) if isinstance(one, list) else []
        for key, item in found:
            yield one, key
            left.append(item)


def _huge(size: int) -> st.SearchStrategy[Any]:
    return st.sampled_from(
        [
            "x" * size,
            "${" * (size // 2),
            "é" * (size // 2),
            "a-" * (size // 2),
            "a" * size + "!",
            "0" * size,
            "/" * size,
            "[" * size,
        ]
    )


def _lots(draw: st.DrawFn, spec: Any, size: int) -> None:
    """Many of something that there is, until the object has about so many characters."""
    kind, value = draw(st.sampled_from(["services", "tasks", "functions", "resources", "tags", "environment"])), {"image": "app"}
    if kind in {"tags", "environment"}:
        spec[kind] = {f"K{number}": "v" * 50 for number in range(size // 60)}
    elif kind == "resources":
        spec[kind] = {f"R{number}": {"Type": "AWS::SNS::Topic"} for number in range(size // 40)}
    else:
        spec[kind] = {f"w-{number}": value for number in range(size // 28)}


def _break(draw: st.DrawFn, spec: Any, size: int) -> None:
    """One fault, somewhere."""
    there = list(places(spec))
    how = draw(
        st.sampled_from(
            ["value", "value", "value", "delete", "key", "unknown", "huge", "long key", "deep", "type", "lots", "half"]
        )
    )
    if how == "lots" or not there:
        return _lots(draw, spec, size)
    container, key = draw(st.sampled_from(there))
    if how == "value":
        container[key] = draw(ANY)
    elif how == "delete":
        del container[key]
    elif how == "huge":
        container[key] = draw(_huge(size))
    elif how == "deep":
        container[key] = deep(draw(st.sampled_from([5, 59, 61, 1000])))
    elif how == "half":
        container[key] = HALF
    elif how == "type":
        container[key] = draw(st.sampled_from([str, lambda one: [one], lambda one: {"x": one}, bool]))(container[key])
    elif isinstance(container, dict):
        name = draw(st.sampled_from([*TEXTS, "bogus", HALF]) if how != "long key" else _huge(min(size, 10_000)))
        container[name] = container.pop(key) if how == "key" else draw(ANY)
    return None


def _examples() -> st.SearchStrategy[Any]:
    return st.sampled_from(CASES).map(lambda case: example(case)["spec"])


@st.composite
def broken(draw: st.DrawFn, size: int = 10_000) -> dict[str, Any]:
    """A spec with one to four faults; `size` is how many characters what is huge has."""
    spec = copy.deepcopy(draw(specs() | _examples()))
    for _ in range(draw(st.integers(1, 4))):
        _break(draw, spec, size)
    return spec
