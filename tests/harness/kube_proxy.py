"""A TLS proxy before the kube-apiserver, for the operator alone: its certificate is its own, the operator's kubeconfig trusts it.

It passes the bearer token on and streams watches; what is to go wrong is said by `interference`. It runs in a thread of its own.
"""

import asyncio
import contextlib
import json
import shutil
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web
from yarl import URL

from harness.controlplane import ControlPlane
from harness.proxy import Trouble

Interference = Callable[[str, str, bool], Trouble | None]  # method, path, whether it is a watch → what is to go wrong
_DROPPED = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"}
_REASONS = {409: "Conflict", 429: "TooManyRequests", 500: "InternalError"}


class KubeProxy:
    """A context manager; `kubeconfig` is the operator's own, by way of the proxy."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._dir = Path(tempfile.mkdtemp(prefix="kube-proxy-"))
        self.kubeconfig = self._dir / "kubeconfig"
        self.interference: Interference | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="kube-proxy", daemon=True)
        self._watches: list[web.BaseRequest] = []

    def __enter__(self) -> Self:
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        config = json.loads(self._plane.operator_kubeconfig().read_text())
        cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(self._dir / "cert")}
        config["clusters"][0]["cluster"] = cluster
        self.kubeconfig.write_text(json.dumps(config))
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._dir, ignore_errors=True)

    def cut_watches(self) -> int:
        """Every watch ends in the middle; how many there were."""

        async def cut() -> int:
            watches = list(self._watches)
            for one in watches:
                _abort(one)
            return len(watches)

        return asyncio.run_coroutine_threadsafe(cut(), self._loop).result(10)

    async def _open(self) -> int:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=False), auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
        )
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._certificate()).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def _close(self) -> None:
        for one in list(self._watches):
            _abort(one)
        await self._client.close()
        await self._runner.cleanup()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _certificate(self) -> ssl.SSLContext:
        cert, key = self._dir / "cert", self._dir / "key"
        subject = ["-subj", "/CN=kube-proxy", "-addext", "subjectAltName=IP:127.0.0.1"]
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            str(key),
            "-out",
            str(cert),
        ]
        subprocess.run([*command, *subject], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return context

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        watching = request.query.get("watch") in {"1", "true"}
        trouble = self.interference(request.method, request.path, watching) if self.interference else None
        if trouble and trouble.kind != "lost":
            await asyncio.sleep(trouble.after)
            if trouble.kind == "reset":
                return _abort(request)
            if trouble.kind == "refuse":
                return _refusal(trouble)
        try:
            return await self._forward(request, body, watching=watching, lost=trouble is not None and trouble.kind == "lost")
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return _abort(request)  # as if there were no API server

    async def _forward(self, request: web.BaseRequest, body: bytes, *, watching: bool, lost: bool) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _DROPPED}
        headers["Accept-Encoding"] = "identity"
        url = URL(self._plane.url + request.raw_path, encoded=True)
        bare = ("Content-Type", "User-Agent", "Accept")  # the client library sends bodies without a type
        async with self._client.request(request.method, url, data=body or None, headers=headers, skip_auto_headers=bare) as got:
            kept = {name: value for name, value in got.headers.items() if name.lower() not in _DROPPED}
            if not watching:
                answer = await got.read()
                return _abort(request) if lost else web.Response(status=got.status, body=answer, headers=kept)
            return await self._stream(request, got, kept)

    async def _stream(self, request: web.BaseRequest, got: aiohttp.ClientResponse, headers: dict[str, str]) -> web.StreamResponse:
        response = web.StreamResponse(status=got.status, headers=headers)
        await response.prepare(request)
        self._watches.append(request)
        try:
            async for part in got.content.iter_any():
                await response.write(part)
            with contextlib.suppress(ConnectionError):
                await response.write_eof()
        finally:
            self._watches.remove(request)
        return response


def _abort(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refusal(trouble: Trouble) -> web.Response:
    status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": trouble.message,
                              "reason": _REASONS[trouble.status], "code": trouble.status}  # fmt: skip
    headers = {"Retry-After": "1"} if trouble.status == 429 else {}
    return web.Response(status=trouble.status, text=json.dumps(status), content_type="application/json", headers=headers)
