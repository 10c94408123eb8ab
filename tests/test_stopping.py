"""The end: who waits is woken, then no call begins; the lease is let go when nobody can write any more."""

import threading
import time

import pytest

from fargate_operator import shutdown
from fargate_operator.shutdown import Shutdown
from fargate_operator.stopping import Stop, Stopping


def test_a_wait_is_given_up_as_soon_as_the_end_is_asked_for():
    stop, given_up = Stop(), threading.Event()

    def wait() -> None:
        with pytest.raises(Stopping):
            stop.wait(60.0)
        given_up.set()

    threading.Thread(target=wait, daemon=True).start()
    stop.ask()
    assert given_up.wait(5)
    stop.check()  # calls may still begin


def test_nothing_to_wait_for_is_no_wait_even_at_the_end():
    stop = Stop()
    stop.ask()
    stop.wait(0.0)


def test_no_call_begins_once_it_is_shut():
    stop = Stop()
    stop.shut()
    with pytest.raises(Stopping):
        stop.check()


def test_being_stopped_is_no_failure_that_somebody_tells_on_the_way():
    assert not issubclass(Stopping, Exception)


@pytest.fixture
def _quick(monkeypatch):
    monkeypatch.setattr(shutdown, "FINISH", 0.2)
    monkeypatch.setattr(shutdown, "ABANDON", 0.4)
    monkeypatch.setattr(shutdown, "LINGER", 0.0)


class Course:
    """What happens, in order, with a worker that works until `finish` is set."""

    def __init__(self) -> None:
        self.stop, self.finish, self.ended = Stop(), threading.Event(), threading.Event()
        self.happened: list[object] = []
        self.worker = threading.Thread(target=self._work, daemon=True)
        self.worker.start()
        self.shutdown = Shutdown(self.stop, self._release, self._end)
        self.shutdown.watch([self.worker])

    def _work(self) -> None:
        self.finish.wait(30)
        self.happened.append("worked")

    def _release(self) -> None:
        with pytest.raises(Stopping):
            self.stop.check()
        self.happened.append("released")

    def _end(self, code: int) -> None:
        self.happened.append(code)
        self.ended.set()


@pytest.mark.usefixtures("_quick")
def test_a_worker_that_comes_to_its_end_is_waited_for_before_the_lease_is_let_go():
    course = Course()
    course.shutdown.begin()
    course.finish.set()
    assert course.ended.wait(5)
    assert course.happened == ["worked", "released", 0]


@pytest.mark.usefixtures("_quick")
def test_a_worker_that_hangs_is_left_and_can_begin_no_call_before_the_lease_is_let_go():
    course = Course()
    began = time.monotonic()
    course.shutdown.begin(1)
    course.shutdown.begin(0)  # twice is once
    assert course.ended.wait(5)
    assert course.happened == ["released", 1]
    assert 0.4 <= time.monotonic() - began < 3
    course.finish.set()


@pytest.mark.usefixtures("_quick")
def test_a_lease_that_cannot_be_let_go_keeps_the_process_not():
    course = Course()
    course.finish.set()

    def broken() -> None:
        raise RuntimeError("a bug")

    course.shutdown = Shutdown(course.stop, broken, course._end)
    course.shutdown.begin()
    course.shutdown.wait()
    assert course.ended.wait(5)
