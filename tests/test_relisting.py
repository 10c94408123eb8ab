"""Objects that went without a word, found by a list that takes its time."""

import asyncio
from collections.abc import Callable

import pytest

from fargate_operator.queue import Queue
from fargate_operator.relisting import Relist
from fargate_operator.watch import Watch

SHOP, BLOG = ("team", "shop"), ("team", "blog")


class Place:
    """An API server that lists, what a watch tells meanwhile, and the queue."""

    def __init__(self) -> None:
        self.there, self.meanwhile = {SHOP, BLOG}, list[Callable[[], None]]()
        self.added: list[tuple[str, str]] = []
        self.watch = Watch(Queue(), 300.0)
        self.relist = Relist(self, (), self.watch, self.added.append)  # type: ignore[arg-type]
        for key in (SHOP, BLOG):
            self.tell("ADDED", key, "first")

    def keys(self, _: tuple[str, ...]) -> set[tuple[str, str]]:
        found = set(self.there)
        for one in self.meanwhile:
            one()
        return found

    def tell(self, kind: str, key: tuple[str, str], uid: str) -> None:
        item = {"metadata": {"namespace": key[0], "name": key[1], "uid": uid, "generation": 1}}
        asyncio.run(self.watch._event({"type": kind, "object": item}))


@pytest.fixture
def place() -> Place:
    return Place()


def test_what_was_taken_away_by_force_is_told_and_reconciled_so_that_it_is_forgotten(place, caplog):
    place.there.remove(SHOP)
    place.relist.look()
    assert (place.added, place.watch.keys()) == ([SHOP], {BLOG})
    assert caplog.messages == ["team/shop was taken away by force; its stack, if there is one, stays"]
    place.relist.look()
    assert place.added == [SHOP]


def test_what_was_made_while_the_list_was_read_was_not_taken_away(place, caplog):
    new = ("team", "new")
    place.meanwhile = [lambda: place.tell("ADDED", new, "first")]
    place.relist.look()
    assert (place.added, place.watch.keys(), caplog.messages) == ([], {SHOP, BLOG, new}, [])


def test_what_was_made_anew_while_the_list_was_read_was_not_taken_away(place, caplog):
    place.there.remove(SHOP)
    place.meanwhile = [lambda: place.tell("DELETED", SHOP, "first"), lambda: place.tell("ADDED", SHOP, "second")]
    place.relist.look()
    assert (place.added, place.watch.keys(), caplog.messages) == ([], {SHOP, BLOG}, [])


def test_the_watch_has_told_of_everything_once_it_knows_what_is_listed(place):
    assert place.relist.told()
    place.there.add(("team", "new"))
    assert not place.relist.told()
