"""Whose turn it is."""

from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.turns import EVERY, Key, Turns

KEYS = st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"))


def filled(*keys: Key, urgent: bool = False, into: Turns | None = None) -> Turns:
    turns = into or Turns()
    for key in keys:
        turns.add(key, urgent=urgent)
    return turns


def drained(turns: Turns) -> list[Key]:
    found = []
    while (key := turns.take()) is not None:
        found.append(key)
    return found


def test_a_namespace_with_few_apps_waits_for_no_namespace_with_many() -> None:
    turns = filled(*(("big", str(number)) for number in range(100)), ("small", "a"), ("small", "b"))
    assert [turns.take() for _ in range(4)] == [("big", "0"), ("small", "a"), ("big", "1"), ("small", "b")]


def test_what_is_urgent_comes_first_and_becomes_so_while_it_waits() -> None:
    turns = filled(("team", "a"), ("team", "b"), ("team", "c"))
    turns.add(("team", "c"), urgent=True)
    turns.add(("team", "c"), urgent=False)
    assert drained(turns) == [("team", "c"), ("team", "a"), ("team", "b")]


def test_what_is_not_urgent_is_late_and_not_starved() -> None:
    turns = filled(("team", "resync"))
    filled(*(("team", str(number)) for number in range(100)), urgent=True, into=turns)
    assert drained(turns).index(("team", "resync")) == EVERY


@given(st.lists(st.tuples(KEYS, st.booleans())))
def test_each_key_comes_once_and_none_is_lost(added: list[tuple[Key, bool]]) -> None:
    turns = Turns()
    for key, urgent in added:
        turns.add(key, urgent=urgent)
        assert key in turns
    found = drained(turns)
    assert sorted(found) == sorted({key for key, _ in added})
    assert not any(key in turns for key in found)
