"""The bucket: how long to wait, and that no stretch of time sees more than burst and rate allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocks import Clock
from fargate_operator.rate import Bucket


def test_as_many_as_the_burst_go_at_once_and_the_rest_one_after_the_other():
    bucket = Bucket(2.0, 3.0, Clock())
    assert [bucket.take() for _ in range(6)] == [0.0, 0.0, 0.0, 0.5, 1.0, 1.5]


def test_a_pause_fills_the_bucket_and_no_more():
    clock = Clock()
    bucket = Bucket(2.0, 3.0, clock)
    for _ in range(3):
        bucket.take()
    clock.now += 3600.0
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_the_burst_is_two_seconds_worth_and_never_less_than_one_call():
    assert [Bucket(5.0, clock=Clock()).take() for _ in range(10)] == [0.0] * 10
    assert Bucket(0.1, clock=Clock()).take() == 0.0


@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60), st.floats(0.5, 50.0), st.floats(1.0, 20.0))
def test_no_stretch_of_time_sees_more_than_burst_and_rate(pauses: list[float], rate: float, burst: float):
    clock = Clock()
    bucket, moments = Bucket(rate, burst, clock), []
    for pause in pauses:
        clock.now += pause
        moments.append(clock.now + bucket.take())
    for first in range(len(moments)):
        for last in range(first, len(moments)):
            assert last - first + 1 <= burst + rate * (moments[last] - moments[first]) + 1e-6
    assert moments == pytest.approx(sorted(moments))
