"""/healthz, which tells how many apps are to be looked at, and /readyz."""

import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A probe that has given up waiting is no news: it asks again. Anything else is a bug, and told."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def serve(port: int, ready: Callable[[], bool], waiting: Callable[[], int] = lambda: 0) -> ThreadingHTTPServer | None:
    """Answer on the port in a thread; nothing where it is 0. OSError where the port cannot be had."""
    if not port:
        return None

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = {"/healthz": True, "/readyz": ready()}
            good = known.get(self.path)
            self.send_response(404 if good is None else 200 if good else 503)
            self.end_headers()
            self.wfile.write(f"ok, {waiting()} in the queue\n".encode() if good else b"not ready\n")

        def log_message(self, *_: object) -> None:
            """Probes are not worth a line."""

    server = _Server(("", port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
