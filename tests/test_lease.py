"""The lease runs out by the clock, whatever hangs: against an API server that takes calls and does not answer them."""

import socket
import threading
import time

import pytest
from kubernetes import client

from fargate_operator.lease import KEPT, Lease


@pytest.fixture
def hanging():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen(16)
        before = client.Configuration.get_default_copy()
        chosen = client.Configuration(host=f"http://127.0.0.1:{one.getsockname()[1]}")
        chosen.retries = 0
        client.Configuration.set_default(chosen)
        yield
        client.Configuration.set_default(before)


@pytest.mark.usefixtures("hanging")
def test_it_is_lost_before_another_may_have_it_even_while_a_renewal_hangs():
    lost = threading.Event()
    lease = Lease("default", 3.0, lost.set)
    lease.held.set()  # as if it had just got it
    began = time.monotonic()
    lease.start()
    assert lost.wait(10)
    assert 3.0 * KEPT - 0.1 <= time.monotonic() - began < 3.0


@pytest.mark.usefixtures("hanging")
def test_letting_go_of_it_does_not_hang():
    lease = Lease("default", 3.0, lambda: None)
    lease.held.set()
    began = time.monotonic()
    lease.release(0.3)
    assert time.monotonic() - began < 3.0
