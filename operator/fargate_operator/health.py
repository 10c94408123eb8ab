"""/healthz, which tells how many apps are to be looked at, and /readyz."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def serve(port: int, ready: Callable[[], bool], waiting: Callable[[], int] = lambda: 0) -> ThreadingHTTPServer | None:
    """Answer on the port in a thread; nothing where it is 0."""
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

    server = ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
