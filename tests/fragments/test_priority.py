"""Priorities of rules: more specific first, each its own, and none moved by another service."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.fragments.load_balancer import Http
from fargate_operator.fragments.priority import FIRST, RANGES, priorities

ORDERED = [  # the most specific first
    ("shop.example.com", "/api/v2/users"),
    ("shop.example.com", "/api/v2"),
    ("shop.example.com", "/a"),
    ("shop.example.com", None),
    ("*.shop.example.com", "/api"),
    ("*.shop.example.com", None),
    ("*.example.com", "/a/b/c"),
    ("*.example.com", None),
    ("*.com", "/"),
    ("shop-?.*", "/"),
    (None, "/api/v2"),
    (None, "/api"),
    (None, "/"),
]
KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)
ROUTES = st.sampled_from(ORDERED).map(lambda one: Http(host=one[0], path=one[1]))


@given(st.lists(KEYS, min_size=len(ORDERED), max_size=len(ORDERED), unique=True))
def test_what_asks_for_more_comes_first_whatever_the_services_are_called(keys):
    services = {key: Http(host=host, path=path) for key, (host, path) in zip(keys, ORDERED, strict=True)}
    found = list(priorities(services).values())
    assert all(earlier < later for earlier, later in pairwise(found))


@given(st.dictionaries(KEYS, ROUTES, min_size=1, max_size=20), KEYS, ROUTES)
def test_a_service_that_comes_or_goes_moves_no_other(services, key, http):
    before = priorities({name: one for name, one in services.items() if name != key})
    after = priorities({**services, key: http})
    assert {name: after[name] for name in before} == before


def test_services_that_change_places_keep_their_priorities():
    one, two = Http(path="/one"), Http(path="/two")
    assert priorities({"a": one, "b": two}) == priorities({"a": two, "b": one})


def test_a_priority_that_is_given_wins():
    assert priorities({"web": Http(priority=7), "api": Http(path="/api", priority=50000)}) == {"web": 7, "api": 50000}


@pytest.mark.parametrize("path", ["/api", "/api/"])
def test_a_slash_at_the_end_of_a_path_makes_no_difference(path):
    assert priorities({"api": Http(path=path)}) == priorities({"api": Http(path="/other")})


def test_the_ranges_follow_each_other_within_what_a_listener_takes():
    ranges = list(RANGES.values())
    assert ranges[0].start == FIRST
    assert all(earlier.stop == later.start for earlier, later in pairwise(ranges))
    assert ranges[-1][-1] <= 50000


def test_priorities_are_the_same_in_every_version():
    """A change here renumbers the rules of every app that runs, while they are taken."""
    services = {"web": Http(), "api": Http(path="/api"), "shop": Http(host="shop.example.com"), "all": Http(host="*.example.com")}
    assert priorities(services) == {"all": 30341, "api": 46833, "shop": 17212, "web": 49810}
