"""The lease runs out by the clock, whatever hangs: against an API server that takes calls and does not answer them."""

import socket
import threading
import time

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from fargate_operator.lease import KEPT, NAME, Lease


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


class Cluster:
    """One Lease and its holder; `then` happens between a read and what comes after it."""

    def __init__(self) -> None:
        self.holder, self.uid, self.version, self.then = "", "uid-1", "1", lambda: None

    def read_namespaced_lease(self, name, namespace, **_):
        assert (name, namespace) == (NAME, "default")
        if not self.holder:
            raise ApiException(status=404)
        metadata = client.V1ObjectMeta(name=name, uid=self.uid, resource_version=self.version)
        found = client.V1Lease(metadata=metadata, spec=client.V1LeaseSpec(holder_identity=self.holder))
        self.then()
        return found

    def delete_namespaced_lease(self, *_, body=None, **__):
        wanted = body.preconditions if body else None
        if wanted and (wanted.uid, wanted.resource_version) != (self.uid, self.version):
            raise ApiException(status=409)
        self.holder = ""

    def taken(self, by):
        self.holder, self.version = by, "2"


@pytest.fixture
def cluster(monkeypatch):
    one = Cluster()
    monkeypatch.setattr(client, "CoordinationV1Api", lambda: one)
    return one


@pytest.fixture
def held(cluster):
    lease = Lease("default", 15.0, lambda: None)
    lease.held.set()
    cluster.holder = lease._lock.identity
    return lease


def test_its_own_is_let_go_of(cluster, held):
    held.release()
    assert cluster.holder == ""


def test_that_of_a_successor_stays(cluster, held):
    cluster.taken("successor")
    held.release()
    assert cluster.holder == "successor"


def test_that_of_a_successor_who_came_just_now_stays(cluster, held):
    cluster.then = lambda: cluster.taken("successor")
    held.release()
    assert cluster.holder == "successor"


def test_one_that_was_renewed_too_long_ago_is_left_alone(cluster, held):
    held._lock.renewed -= 15.0
    cluster.then = lambda: pytest.fail("it was asked for")
    held.release()
    assert cluster.holder == held._lock.identity


def test_what_is_lost_is_held_no_longer(held):
    held._stopped()
    assert not held.held.is_set()
