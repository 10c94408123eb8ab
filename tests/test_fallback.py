"""How long on demand, when back, when forgotten."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.facts import Fallback
from fargate_operator.fallback import carried, cooldown, due, fallen, left, moment, wanting
from fargate_operator.parsing import parse_app
from test_model import manifest

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BASE = 900.0


def app(**fields):
    return parse_app(manifest(services={"web": {"image": "app", **fields}}))


def after(one, seconds):
    return due({"web": one}, NOW + timedelta(seconds=seconds), BASE).get("web")


@pytest.mark.parametrize(
    ("fields", "wants"),
    [
        ({}, False),
        ({"spot": True}, True),
        ({"spot": False}, False),
        ({"capacity": {}}, True),
        ({"capacity": {"onDemandBase": 1, "spotWeight": 4}}, True),
        ({"capacity": {"spotWeight": 0}}, False),
        ({"spot": True, "overrides": {"service": {"CapacityProviderStrategy": []}}}, False),
        ({"spot": True, "overrides": {"service": {"LaunchType": "FARGATE"}}}, False),
        ({"spot": True, "overrides": {"service": {"ServiceName": "web"}}}, True),
        ({"spot": True, "overrides": {"service": {"DeploymentController": {"Type": "CODE_DEPLOY"}}}}, False),
        ({"spot": True, "overrides": {"service": {"DeploymentController": {"Type": "ECS"}}}}, True),
    ],
)
def test_who_may_fall_back(fields, wants):
    assert wanting(app(**fields)) == ({"web"} if wants else set())
    assert carried(app(**fields), {"web": fallen(None, NOW, BASE, "why")}).keys() == ({"web"} if wants else set())


@pytest.mark.parametrize(
    ("repeats", "base", "seconds"),
    [(1, 900, 900), (2, 900, 1800), (3, 900, 3600), (5, 900, 14400), (6, 900, 21600), (1000, 900, 21600), (1, 40000, 40000)],
)
def test_each_repeat_doubles_the_cool_down_up_to_six_hours(repeats, base, seconds):
    assert cooldown(repeats, base) == seconds


def test_it_goes_back_after_the_cool_down_and_is_forgotten_when_spot_did_well_for_long_enough():
    first = fallen(None, NOW, BASE, "no capacity")
    assert first == Fallback(True, "2026-01-02T03:04:05Z", "2026-01-02T03:19:05Z", 1, "no capacity")
    assert after(first, 899) == first
    back = after(first, 900)
    assert back == Fallback(False, "2026-01-02T03:19:05Z", "2026-01-02T04:19:05Z", 1, "no capacity")  # an hour at least
    assert after(back, 900 + 3599) == back
    assert after(back, 900 + 3600) is None


def test_what_happens_again_meanwhile_takes_twice_as_long_and_is_remembered_twice_as_long():
    back = after(fallen(None, NOW, BASE, "once"), 900)
    again = fallen(back, NOW + timedelta(seconds=1000), BASE, "twice")
    assert (again.repeats, again.reason) == (2, "twice")
    assert moment(again.until) - moment(again.since) == timedelta(seconds=1800)
    third = fallen(due({"web": again}, moment(again.until), BASE)["web"], moment(again.until), BASE, "thrice")
    returned = due({"web": third}, moment(third.until), BASE)["web"]
    assert moment(returned.until) - moment(returned.since) == timedelta(seconds=7200)


def test_what_ecs_says_within_the_second_of_the_return_counts():
    back = after(fallen(None, NOW, BASE, "once"), 900.3)
    assert moment(back.since) == NOW + timedelta(seconds=900)
    assert moment(back.until) == NOW + timedelta(seconds=900 + 3600 + 1)  # and none is forgotten too soon


def test_the_next_to_go_back_is_waited_for():
    one, other = fallen(None, NOW, BASE, "x"), fallen(None, NOW, 60.0, "x")
    assert left([one, other], NOW) == 60.0
    assert left([one, other], NOW + timedelta(seconds=100)) == 0.0
    assert left([after(one, 900)], NOW) is None


@pytest.mark.parametrize("written", ["", "soon", "2026-01-02T03:04:05"])
def test_a_time_of_another_version_hurts_nobody(written):
    odd = Fallback(True, written, written)
    assert not due({"web": odd}, NOW, BASE)["web"].on_demand


MOMENTS = st.floats(0, 1e7, allow_nan=False).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(
    first=MOMENTS,
    later=st.lists(MOMENTS, max_size=8),
    base=st.floats(0.5, 1e5),
    trouble=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_it_never_goes_back_inside_a_cool_down_and_time_that_stands_still_changes_nothing(first, later, base, trouble):
    known = {"web": fallen(None, first, base, "why")}
    for now, bad in zip(sorted(one for one in later if one >= first), trouble, strict=False):
        before = known.get("web")
        known = due(known, now, base)
        assert due(known, now, base) == known
        if before and before.on_demand and now < moment(before.until):
            assert known["web"] == before
        if bad:
            known = {"web": fallen(known.get("web"), now, base, "why")}
            assert fallen(known["web"], now, base, "other words") == known["web"]
            assert 1 <= known["web"].repeats <= 9
            assert moment(known["web"].until) > now
