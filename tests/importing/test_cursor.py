"""Nothing that was not read is forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.report import Report
from fargate_operator.importing.source import Node, Unknown, parse, planted


def start(text: str) -> Cursor:
    return Cursor(parse(text, "x.yml"), Report("x.yml"))


def told(cursor: Cursor) -> list[str]:
    cursor.unread("?")
    return [str(one) for one in cursor.report.losses()]


def test_what_was_read_is_not_told() -> None:
    root = start("a: {b: 1, c: 2}\nd: 3\n")
    for name in ("a", "d"):
        found = root.get(name)
        assert found
        found.plain()
    assert told(root) == []


def test_the_largest_part_of_which_nothing_was_read_is_told() -> None:
    root = start("a:\n  b: 1\n  c: {d: 2, e: [3]}\nf: {g: 4}\n")
    found = root.get("a", "b")
    assert found
    assert found.integer() == 1
    assert told(root) == ["x.yml:3: a.c: ?", "x.yml:4: f: ?"]


def test_null_is_nothing() -> None:
    assert told(start("a:\nb: ~")) == []


def test_a_loss_is_told_once_and_what_is_below_it_not_at_all() -> None:
    root = start("a: {b: {c: 1}}")
    found = root.get("a")
    assert found
    found.lose("why")
    found.lose("why")
    assert told(root) == ["x.yml:1: a: why"]


def test_an_unknown_value_inside_is_told_and_left_out() -> None:
    tree = Node({"a": Node([Node(1, "f", 1), Node(Unknown("who knows"), "f", 2)], "f", 1)}, "f", 1)
    root = Cursor(tree, Report("f"))
    assert root.plain() == {"a": [1]}
    assert told(root) == ["f:2: a[1]: who knows"]


def test_values_of_another_type_are_told() -> None:
    root = start("a: x\nb: 1.5\nc: maybe\nd: '7'\ne: 'true'\nf: true")
    values = [found.integer() for name in "abdf" if (found := root.get(name))]
    flags = [found.flag() for name in "ce" if (found := root.get(name))]
    assert (values, flags) == ([None, None, 7, None], [None, True])
    assert told(root) == [
        "x.yml:1: a: must be a whole number",
        "x.yml:2: b: must be a whole number",
        "x.yml:3: c: must be true or false",
        "x.yml:6: f: must be a whole number",
    ]


trees = st.recursive(
    st.integers() | st.text(max_size=3) | st.booleans(),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.text(max_size=3), inner, min_size=1, max_size=3),
)


def leaves(value: object, steps: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    return [steps] if below is None else [one for key, item in below for one in leaves(item, (*steps, key))]


@given(st.dictionaries(st.text(max_size=3), trees, min_size=1, max_size=4), st.data())
def test_each_leaf_is_either_read_or_told(tree: dict[str, object], data: st.DataObject) -> None:
    """Whatever is read of a tree, the rest is told: by itself, or by a part of which nothing was read."""
    every = leaves(tree)
    read = set(data.draw(st.lists(st.sampled_from(every))))
    root = Cursor(planted(tree, Node(None, "f", 1)), Report("f"))
    for steps in read:
        cursor = root
        for step in steps:
            cursor = next(
                one
                for one in (cursor.each() if isinstance(step, int) else [c for _, c in cursor.items()])
                if one.steps[-1] == step
            )
        cursor.skip()
    told = [one.steps for one in root._unsettled()]
    for steps in every:
        covers = [one for one in told if steps[: len(one)] == one]
        assert len(covers) == (0 if steps in read else 1)


@pytest.mark.parametrize("text", ["--5", "9" * 5000, "5-", "٣"])
def test_what_only_looks_like_a_number_is_told(text: str) -> None:
    root = start(f"a: '{text}'")
    found = root.get("a")
    assert found
    assert (found.integer(), told(root)) == (None, ["x.yml:1: a: must be a whole number"])
