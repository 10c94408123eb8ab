"""/healthz and /readyz: whom they answer, and that one who has stopped waiting is no news."""

import socket
import struct
import threading
import time
import urllib.error
import urllib.request

import pytest

from fargate_operator.health import serve
from fargate_operator.main import answer
from fargate_operator.settings import Unusable
from harness.processes import free_port


@pytest.fixture
def port():
    return free_port()


def asked(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize(
    ("path", "ready", "expected"),
    [
        pytest.param("/healthz", False, (200, b"ok, 3 in the queue\n"), id="it is healthy while it is not ready"),
        pytest.param("/readyz", True, (200, b"ok, 3 in the queue\n"), id="it is ready"),
        pytest.param("/readyz", False, (503, b"not ready\n"), id="it is not ready"),
        pytest.param("/else", True, (404, b"not ready\n"), id="nothing else is there"),
    ],
)
def test_what_it_answers(port, path, ready, expected):
    with serve(port, lambda: ready, lambda: 3) as server:
        assert asked(port, path) == expected
        server.shutdown()


def test_a_probe_that_has_given_up_leaves_no_traceback(port, capfd):
    before = set(threading.enumerate())
    came, gone = threading.Event(), threading.Event()

    def ready():
        came.set()
        return gone.wait(10)

    with serve(port, ready) as server:
        with socket.create_connection(("127.0.0.1", port)) as probe:
            probe.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            assert came.wait(10)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing it resets the connection
        gone.set()
        until = time.monotonic() + 10
        while len(set(threading.enumerate()) - before) > 1 and time.monotonic() < until:  # one is the server's own
            time.sleep(0.01)
        assert asked(port, "/readyz")[0] == 200
        server.shutdown()
    assert capfd.readouterr().err == ""


def test_a_port_that_somebody_else_has_is_told_in_one_line(port):
    with socket.create_server(("", port)), pytest.raises(Unusable) as caught:
        answer(port, lambda: True, lambda: 0)
    assert str(caught.value) == f"--health-port: {port} cannot be listened on: Address already in use"
