"""The lease runs out by the clock, whatever hangs: against an API server that takes calls and does not answer them."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from kubernetes import client

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


class _Refusing(BaseHTTPRequestHandler):
    """Each call gets the next of `answers`; the last one for ever."""

    answers: list[int]
    asked = 0

    def do_GET(self):
        status = self.answers[min(type(self).asked, len(self.answers) - 1)]
        type(self).asked += 1
        self.send_response(status, "Said So")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def refusing():
    """What reads the lease so often, where the API server answers so: the words of the log's warnings."""

    def read(answers, caplog):
        _Refusing.answers, _Refusing.asked = answers, 0
        with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            lock = _Lock("default", 1.0)
            lock._inner.api_instance._api = client.CoordinationV1Api(
                client.ApiClient(client.Configuration(host=f"http://127.0.0.1:{server.server_port}"))
            )
            for _ in answers:
                assert lock.get(NAME, "default")[0] is False
            server.shutdown()
        return [one.getMessage() for one in caplog.records]

    return read


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        pytest.param([403, 403, 403], ["403"], id="a refusal that lasts is told once"),
        pytest.param([403, 415, 403, 415], ["403", "415"], id="each kind of it is told"),
        pytest.param([404, 404], [], id="that there is no lease yet is no trouble"),
    ],
)
def test_what_is_wrong_with_the_lease_is_told(answers, told, refusing, caplog):
    assert refusing(answers, caplog) == [f"the lease fargate-operator: read: HTTP {one} Said So; trying again" for one in told]


@pytest.mark.usefixtures("hanging")
def test_that_the_api_server_does_not_answer_is_told_once(caplog):
    lock = _Lock("default", 0.1)
    for _ in range(2):
        assert lock.get(NAME, "default")[0] is False
    assert [one.getMessage() for one in caplog.records if one.name == "fargate_operator.lease"] == [
        "the lease fargate-operator: read: ReadTimeoutError; trying again"
    ]


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
