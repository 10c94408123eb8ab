"""What is asked of the API server for ConfigMaps and Secrets, and what its answers and errors become."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import urllib3
from kubernetes import client

from fargate_operator.errors import Transient
from fargate_operator.kube_objects import Forbidden, Gone, Objects

METADATA = {"namespace": "team", "name": "one", "uid": "u", "resourceVersion": "7"}


class Api:
    """Gives its answers in turn; `asked` are paths with their query, and what was accepted."""

    def __init__(self, *answers):
        self.answers, self.asked, self.closed = list(answers), [], []

    def param_serialize(self, method, path, *, query_params, header_params, auth_settings):
        assert (method, auth_settings) == ("GET", ["BearerToken"])
        self.asked.append((path, dict(query_params), header_params["Accept"]))
        return ("GET", path)

    def call_api(self, *_, _request_timeout):
        assert len(_request_timeout) == 2
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return SimpleNamespace(
            response=SimpleNamespace(
                status=status,
                reason="why",
                data=data,
                close=lambda: self.closed.append("closed"),
                drain_conn=lambda: self.closed.append("read"),
                release_conn=lambda: self.closed.append("released"),
                stream=lambda **_: iter([data[:7], data[7:]]),
            )
        )


def test_of_a_secret_only_the_metadata_is_asked_where_that_is_enough():
    api = Api((200, {"metadata": METADATA}))
    assert Objects(api).version("secrets", "team", "one") == "u/7"
    assert api.asked == [
        ("/api/v1/namespaces/team/secrets/one", {}, "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
    ]
    assert api.closed == ["read", "released"]


def test_a_whole_secret_is_decoded_and_a_config_maps_binary_data_is_left_out():
    secret = {"metadata": METADATA, "data": {"KEY": "dmFsdWU="}}
    config = {"metadata": METADATA, "data": {"STAGE": "prod"}, "binaryData": {"LOGO": "AAAA"}}
    objects = Objects(Api((200, secret), (200, config)))
    found = objects.secret("team", "one")
    assert (found.version, found.data) == ("u/7", {"KEY": b"value"})
    assert objects.config_map("team", "one").data == {"STAGE": "prod"}


def test_what_is_not_there_is_none():
    objects = Objects(Api(*[(404, {})] * 3))
    assert [objects.version("secrets", "team", "x"), objects.secret("team", "x"), objects.config_map("team", "x")] == [None] * 3


@pytest.fixture
def server():
    """An API server on a socket, which has just the Secret one; yields its address and the set of its connections."""
    connections = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            connections.add(self.client_address)
            found = self.path.endswith("/one")
            body = json.dumps(
                {"metadata": METADATA} if found else {"kind": "Status", "code": 404, "message": "x" * 3000}
            ).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as one:
        one.daemon_threads = True
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{one.server_port}", connections
        one.shutdown()


def test_what_was_said_of_a_missing_object_is_not_in_the_way_of_the_next_answer(server):
    address, connections = server
    chosen = client.Configuration()
    chosen.host, chosen.retries = address, 0
    with client.ApiClient(chosen) as api:
        objects = Objects(api)
        assert [objects.version("secrets", "team", name) for name in ("x", "one") * 3] == [None, "u/7"] * 3
        api.rest_client.pool_manager.clear()
    assert len(connections) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((403, {"message": "s3cret"}), Forbidden, "does not let the operator get secrets in namespace team; its service account needs the right to"),
        ((500, {"message": "s3cret"}), Transient, "get secrets: 500 why"),
        (urllib3.exceptions.ReadTimeoutError(None, "/s3cret", "s3cret"), Transient, "get secrets: ReadTimeoutError"),
        ((200, b"s3cret, and no JSON"), Transient, "get secrets: the answer cannot be read"),
    ],
)  # fmt: skip
def test_an_error_says_what_was_tried_and_nothing_of_what_came(answer, kind, words):
    with pytest.raises(kind) as caught:
        Objects(Api(answer)).secret("team", "one")
    assert words in caught.value.message
    assert "s3cret" not in caught.value.message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_list_goes_by_pages_of_metadata_and_ends_with_its_version():
    first = {"metadata": {"resourceVersion": "5", "continue": "more"}, "items": [{"metadata": METADATA}]}
    api = Api((200, first), (200, {"metadata": {"resourceVersion": "5"}, "items": []}))
    assert list(Objects(api).list("secrets", None)) == [(("team", "one", "u/7"), "5"), (("", "", ""), "5")]
    assert [query.get("continue") for _, query, _ in api.asked] == [None, "more"]
    assert {accept.split(";")[1] for _, _, accept in api.asked} == {"as=PartialObjectMetadataList"}


def lines(*events):
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


def test_a_watch_tells_events_and_bookmarks_and_that_it_is_too_late():
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
    watched = Objects(Api((200, lines({"type": "MODIFIED", "object": {"metadata": METADATA}}, bookmark, gone)))).watch(
        "secrets", "team", "5"
    )
    assert next(watched) == ("MODIFIED", ("team", "one", "u/7"), "7")
    assert next(watched) == ("BOOKMARK", ("", "", ""), "9")
    with pytest.raises(Gone):
        next(watched)


@pytest.mark.parametrize(("status", "kind"), [(410, Gone), (403, Forbidden), (503, Transient)])
def test_a_watch_that_is_refused_says_why(status, kind):
    with pytest.raises(kind):
        next(Objects(Api((status, {}))).watch("secrets", None, "5"))
