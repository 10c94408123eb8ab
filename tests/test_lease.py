"""The lease runs out by the clock, whatever hangs: against an API server that takes calls and does not answer them."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.leaderelection.leaderelectionrecord import LeaderElectionRecord

from fargate_operator.lease import KEPT, NAME, Lease, _Lock


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


LEASE = b'{"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {"name": "fargate-operator"}, "spec": {}}'


class _Refusing(BaseHTTPRequestHandler):
    """Each call gets the next of `answers`; the last one for ever."""

    answers: list[int]
    asked = 0

    def do_GET(self):
        status = self.answers[min(type(self).asked, len(self.answers) - 1)]
        type(self).asked += 1
        body = b"" if status >= 400 else LEASE
        self.send_response(status, "Said So")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def lock():
    """Of an API server that answers as `_Refusing` is told to."""
    _Refusing.asked = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        before = client.Configuration.get_default_copy()
        client.Configuration.set_default(client.Configuration(host=f"http://127.0.0.1:{server.server_port}"))
        yield _Lock("default", 1.0)
        client.Configuration.set_default(before)
        server.shutdown()


def _warnings(caplog):
    return [one.getMessage() for one in caplog.records if one.name == "fargate_operator.lease"]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        pytest.param([403, 403, 403], ["403"], id="a refusal that lasts is told once"),
        pytest.param([403, 415, 403, 415], ["403", "415"], id="each kind of it is told"),
        pytest.param([403, 200, 403], ["403", "403"], id="one that comes back is told again"),
        pytest.param([404, 404], [], id="that there is no lease yet is no trouble"),
    ],
)
def test_what_is_wrong_with_the_lease_is_told(answers, told, lock, caplog):
    _Refusing.answers = answers
    assert [lock.get(NAME, "default")[0] for _ in answers] == [one == 200 for one in answers]
    assert _warnings(caplog) == [f"the lease fargate-operator: read: HTTP {one} Said So; trying again" for one in told]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(200, [], id="that goes well"),
        pytest.param(409, [], id="another was quicker, which is no trouble"),
        pytest.param(403, ["the lease fargate-operator: replace: HTTP 403 Said So; trying again"], id="a refusal is told"),
    ],
)
def test_renewing_it(answer, told, lock, caplog):
    _Refusing.answers = [200, answer]
    lock.get(NAME, "default")
    now = "2026-01-01 00:00:00.000001"
    assert lock.update(NAME, "default", LeaderElectionRecord("me", "3", now, now)) is (answer == 200)
    assert _warnings(caplog) == told


@pytest.mark.usefixtures("hanging")
def test_that_the_api_server_does_not_answer_is_told_once(caplog):
    lock = _Lock("default", 0.1)
    for _ in range(2):
        assert lock.get(NAME, "default")[0] is False
    assert _warnings(caplog) == ["the lease fargate-operator: read: ReadTimeoutError; trying again"]


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
