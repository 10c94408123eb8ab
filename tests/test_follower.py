"""The follower: who is told, and when AWS is not asked at all."""

import threading
import time
from collections.abc import Callable

import pytest

from fargate_operator.conditions import Reason
from fargate_operator.errors import Transient
from fargate_operator.follower import Follower

SHOP, BLOG = ("team", "shop"), ("team", "blog")


class Region:
    """CloudFormation as the follower knows it."""

    def __init__(self) -> None:
        self.busy: set[str] = set()
        self.asked = 0
        self.ended: list[tuple[tuple[str, str], str, str]] = []
        self.error: Exception | None = None

    def in_progress(self, _: str) -> frozenset[str]:
        self.asked += 1
        if self.error:
            raise self.error
        return frozenset(self.busy)

    def until(self, true: Callable[[], object]) -> None:
        end = time.monotonic() + 5
        while not true():
            assert time.monotonic() < end
            time.sleep(0.005)


@pytest.fixture
def region() -> Region:
    return Region()


@pytest.fixture
def follower(region):
    thread = Follower(region.in_progress, lambda *told: region.ended.append(told), interval=0.02)
    thread.start()
    yield thread
    thread.stop()
    thread.join(5)


@pytest.mark.usefixtures("follower")
def test_aws_is_not_asked_while_nothing_is_in_progress(region):
    time.sleep(0.2)
    assert region.asked == 0


def test_a_stack_is_told_of_once_when_it_has_ended_and_the_asking_ends_with_it(region, follower):
    region.busy = {"id-shop", "id-blog"}
    follower.follow("eu-west-1", "id-shop", "stack-shop", SHOP)
    follower.follow("eu-west-1", "id-blog", "stack-blog", BLOG)
    region.until(lambda: region.asked > 3)
    assert region.ended == []
    region.busy = {"id-blog"}
    region.until(lambda: region.ended)
    assert region.ended == [(SHOP, "eu-west-1", "stack-shop")]
    region.busy = set()
    region.until(lambda: len(region.ended) == 2)
    time.sleep(0.1)  # a sweep that was under way
    asked = region.asked
    time.sleep(0.2)
    assert region.asked == asked
    assert len(region.ended) == 2


@pytest.mark.parametrize("error", [Transient(Reason.Throttled, "slow down"), RuntimeError("a bug")])
def test_a_sweep_that_fails_loses_nothing(region, follower, error):
    region.error = error
    follower.follow("eu-west-1", "id-shop", "stack-shop", SHOP)
    region.until(lambda: region.asked > 3)
    assert region.ended == []
    region.error = None
    region.until(lambda: region.ended)
    assert region.ended == [(SHOP, "eu-west-1", "stack-shop")]


def test_a_stack_that_is_known_to_have_ended_is_neither_asked_after_nor_told_of(region, follower):
    region.busy = {"id-shop"}
    follower.follow("eu-west-1", "id-shop", "stack-shop", SHOP)
    region.until(lambda: region.asked > 3)
    follower.rests("eu-west-1", "id-shop")
    follower.rests("eu-west-1", "id-blog")  # of which it never heard
    region.busy = set()
    time.sleep(0.1)  # a sweep that was under way
    asked = region.asked
    time.sleep(0.2)
    assert (region.asked, region.ended) == (asked, [])


def test_what_ails_the_sweep_is_said_once_until_it_goes_well_again(region, follower, caplog):
    region.busy = {"id-shop"}
    region.error = Transient(Reason.AwsUnavailable, "ListStacks: no answer")
    follower.follow("eu-west-1", "id-shop", "stack-shop", SHOP)
    region.until(lambda: region.asked >= 3)
    assert caplog.messages == ["sweep of eu-west-1: ListStacks: no answer"]
    region.error = None
    before = region.asked
    region.until(lambda: region.asked >= before + 3)
    region.error = Transient(Reason.AwsUnavailable, "ListStacks: no answer")
    region.until(lambda: len(caplog.messages) == 2)


def test_a_region_that_hangs_holds_up_no_other():
    swept, release = [], threading.Event()

    def in_progress(region):
        swept.append(region)
        if region == "dead":
            release.wait(10)
        return frozenset({"dead-stack", "well-stack"})

    thread = Follower(in_progress, lambda *_: None, interval=0.02)
    thread.start()
    thread.follow("dead", "dead-stack", "dead", SHOP)
    Region().until(lambda: "dead" in swept)
    thread.follow("well", "well-stack", "well", BLOG)
    Region().until(lambda: swept.count("well") > 3)
    thread.stop()
    release.set()
    assert swept.count("dead") == 1


def test_its_lag_counts_from_the_last_sweep_that_went_well_while_something_is_followed() -> None:
    region = Region()
    follower = Follower(region.in_progress, lambda *_: None, 0.0)
    assert follower.lag() == {}
    region.busy, region.error = {"id"}, Transient(Reason.AwsUnavailable, "down")
    follower.follow("eu-west-1", "id", "name", SHOP)
    time.sleep(0.05)
    with pytest.raises(Transient):
        follower._sweep("eu-west-1")
    before = follower.lag()["eu-west-1"]
    assert before >= 0.05
    region.error = None
    follower._sweep("eu-west-1")
    assert follower.lag()["eu-west-1"] < before
    follower.rests("eu-west-1", "id")
    assert follower.lag() == {"eu-west-1": 0.0}
