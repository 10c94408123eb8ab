"""The listener: who is told and how often, what is deleted, and what becomes of a queue that cannot be used."""

import json
import logging

import pytest

from fargate_operator import event_listener
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal, Transient
from fargate_operator.event_index import EventIndex
from fargate_operator.event_listener import Listener
from fargate_operator.events import Kind, Message
from fargate_operator.queue import Queue
from harness import events

SHOP, BLOG = ("team", "shop"), ("team", "blog")


class Clock:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Sqs:
    """A queue that hands out what is not deleted."""

    def __init__(self, clock):
        self._clock = clock
        self.messages = []
        self.wait = 20.0
        self.error = self.kept = None
        self._number = 0

    def send(self, *bodies):
        for body in bodies:
            self._number += 1
            self.messages.append(Message(body if isinstance(body, str) else json.dumps(body), f"receipt-{self._number}"))

    def receive(self):
        if self.error:
            raise self.error
        if not self.messages:
            self._clock.now += self.wait
        return self.messages[:10]

    def delete(self, messages):
        if self.kept:
            raise self.kept
        self.messages = [one for one in self.messages if one not in messages]


class Place:
    """A listener with all that is around it."""

    def __init__(self):
        self.clock = Clock()
        self.sqs, self.index, self.queue = Sqs(self.clock), EventIndex(), Queue(self.clock)
        self.doubted, self.added, self.news = [], [], True
        self.listener = Listener(self.sqs, self.index, self._doubt, self._add, self.clock)
        self.index.register(SHOP, "stack", {events.STACK, events.SERVICE, events.CLUSTER})
        self.index.register(BLOG, "images", {f"ecr:eu-west-1:123456789012:{events.REPOSITORY}"})

    def _doubt(self, key, hint):
        if isinstance(self.news, Exception):
            raise self.news
        self.doubted.append((key, hint.kind))
        return self.news

    def _add(self, key, after):
        self.added.append((key, after))
        self.queue.add(key, after)

    def told(self, *bodies):
        self.sqs.send(*bodies)
        return self.listener.once()


@pytest.fixture
def place():
    return Place()


def test_the_app_that_an_event_is_about_comes_at_once_and_the_message_is_gone(place):
    assert place.told(events.stopped(), events.push()) == 0.0
    assert place.doubted == [(SHOP, Kind.Task), (BLOG, Kind.Push)]
    assert place.added == [(SHOP, 0.0), (BLOG, 0.0)]
    assert place.sqs.messages == []


def test_what_is_nobodys_and_what_is_no_event_is_gone_without_a_word_to_any_app(place):
    foreign = [events.stack("UPDATE_COMPLETE", f"{events.STACK}0"), events.build("FAILED"), events.push(repository="x")]
    place.told(*foreign)
    place.told(*events.forged()[:10])
    place.told(*events.forged()[10:])
    assert (place.added, place.doubted, place.sqs.messages) == ([], [], [])


def test_an_event_that_is_no_news_brings_no_turn(place):
    place.news = False
    place.told(events.stack("UPDATE_IN_PROGRESS"))
    assert (place.added, place.sqs.messages) == ([], [])


def test_a_burst_is_one_turn_and_all_that_it_tells_of_is_in_doubt(place):
    place.told(*[events.stopped() for _ in range(5)], events.stack("UPDATE_COMPLETE"))
    assert place.added == [(SHOP, 0.0)]
    assert place.doubted == [(SHOP, Kind.Task)] * 5 + [(SHOP, Kind.Stack)]


def test_events_that_go_on_and_on_bring_one_turn_a_second_and_the_last_of_them_brings_one(place):
    turns, begun, last = [], place.clock.now, ("zz", "last")
    for _ in range(40):  # eight a second, for five seconds
        place.told(events.stopped())
        place.queue.add(last)  # so that get does not wait
        while (key := place.queue.get()) != last:
            turns.append(place.clock.now - begun)
            place.queue.done(key)
        place.queue.done(last)
        place.clock.now += 0.125
    assert turns == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert place.queue.get() == SHOP


def test_events_while_a_worker_has_the_app_bring_exactly_one_more_turn(place):
    place.told(events.stopped())
    assert place.queue.get() == SHOP
    for _ in range(3):
        place.clock.now += 2.0
        place.told(events.stopped())
    place.queue.done(SHOP)
    assert place.queue.get() == SHOP
    place.queue.done(SHOP)
    place.queue.add(BLOG, 100.0)
    place.clock.now += 100.0
    assert place.queue.get() == BLOG


def test_a_message_that_meets_a_bug_stays_in_the_queue_and_holds_up_no_other(place, caplog):
    place.news = RuntimeError("a bug")
    assert place.told(events.stopped(), "{}") == 0.0
    assert [one.receipt for one in place.sqs.messages] == ["receipt-1"]
    assert "a bug" in caplog.text


@pytest.mark.parametrize(
    "error", [Terminal(Reason.AwsRefused, "no such queue"), Transient(Reason.AccessDenied, "denied"), RuntimeError("a bug")]
)
def test_a_queue_that_cannot_be_used_is_tried_again_with_backoff_and_told_of_now_and_then(place, caplog, error):
    caplog.set_level(logging.INFO)
    place.sqs.error = error
    pauses = []
    for _ in range(40):
        pauses.append(place.listener.once())
        place.clock.now += pauses[-1]
    assert 0.5 <= pauses[0] <= 1.0
    assert all(30.0 <= pause <= 60.0 for pause in pauses[7:])
    told = caplog.text.count("all goes by sweeps meanwhile")
    assert 1 <= told <= 1 + sum(pauses) // event_listener.AGAIN
    place.sqs.error = None
    assert place.told(events.stopped()) == 0.0
    assert place.added == [(SHOP, 0.0)]
    assert caplog.text.count("can be used again") == 1
    place.sqs.error = error
    assert place.listener.once() <= 1.0


def test_a_queue_that_lets_nothing_be_deleted_is_no_reason_to_hurry(place):
    place.sqs.kept = Transient(Reason.AccessDenied, "denied")
    pauses = [place.told(events.stopped()) for _ in range(8)]
    assert 0.5 <= pauses[0] <= 1.0
    assert pauses[7] >= 30.0
    assert place.added[0] == (SHOP, 0.0)


@pytest.mark.parametrize(("wait", "pause"), [(20.0, 0.0), (0.01, event_listener.QUICK)])
def test_a_poll_that_does_not_wait_makes_no_hot_loop(place, wait, pause):
    place.sqs.wait = wait
    assert place.listener.once() == pause


def test_messages_that_are_no_events_are_counted_in_a_line_a_minute(place, caplog):
    for _ in range(120):
        place.told("{}", "[]")
        place.clock.now += 1.0
    assert [one.args for one in caplog.records] == [(1,), (120,)]
    place.clock.now += 60.0
    place.listener.once()
    assert caplog.records[-1].args == (119,)


def test_what_comes_when_the_operator_ends_is_left_for_the_next(place):
    place.listener.stop()
    place.told(events.stopped())
    assert (place.added, len(place.sqs.messages)) == ([], 1)
    place.listener.run()  # ends
