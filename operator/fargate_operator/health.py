"""/healthz, which tells how many apps are to be looked at, /readyz, and /metrics."""

import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A probe that has given up waiting is no news: it asks again. Anything else is a bug, and told."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def serve(
    port: int, ready: Callable[[], bool], waiting: Callable[[], int] = lambda: 0, metrics: Callable[[], bytes] = bytes
) -> ThreadingHTTPServer | None:
    """Answer on the port in a thread; nothing where it is 0. OSError where the port cannot be had."""
    if not port:
        return None

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, metrics(), CONTENT_TYPE_LATEST)
                return
            known = {"/healthz": True, "/readyz": ready()}
            good = known.get(self.path)
            self._answer(
                404 if good is None else 200 if good else 503,
                f"ok, {waiting()} in the queue\n".encode() if good else b"not ready\n",
                "text/plain; charset=utf-8",
            )

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes are not worth a line."""

    server = _Server(("", port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
