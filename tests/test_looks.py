"""Services are read when they are due, and when somebody says that something has happened to them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fargate_operator.looks import Looks
from fargate_operator.pace import Outcome
from fargate_operator.seen import Seen

SHOP, BLOG = ("team", "shop"), ("team", "blog")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
READ = Seen({}, 1, BEGIN, services={}, again=10.0)  # a turn that has read, and comes again for another reason before they are due
LATER = replace(READ, now=BEGIN + timedelta(seconds=10), services=None)


@pytest.fixture
def looks():
    found = Looks()
    for key in (SHOP, BLOG):
        assert found.services(key, READ) is None
        assert found.paced(key, READ, Outcome(300.0)) == Outcome(10.0)
    return found


def test_services_that_were_read_are_good_until_they_are_due(looks):
    assert looks.services(SHOP, LATER) == {}


def test_services_in_doubt_are_read_once_and_nobody_elses(looks):
    looks.doubt(SHOP)
    assert looks.services(SHOP, LATER) is None
    assert looks.services(BLOG, LATER) == {}
    looks.paced(SHOP, READ, Outcome(300.0))
    assert looks.services(SHOP, LATER) == {}


def test_a_doubt_that_comes_while_a_turn_has_read_already_counts_for_the_next(looks):
    assert looks.services(SHOP, LATER) == {}
    looks.doubt(SHOP)
    looks.paced(SHOP, replace(LATER, services={}), Outcome(300.0))
    assert looks.services(SHOP, LATER) is None


def test_what_is_forgotten_is_neither_known_nor_in_doubt(looks):
    looks.doubt(SHOP)
    looks.forget(SHOP)
    assert looks.services(SHOP, LATER) is None
    looks.paced(SHOP, READ, Outcome(300.0))
    assert looks.services(SHOP, LATER) == {}
