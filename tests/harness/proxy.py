"""An HTTP proxy before the emulator, in a thread of the test's process: counts AWS calls, changes answers, injects faults."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, Self

import aiohttp
from aiohttp import web
from yarl import URL

from harness.calls import Call, failure, identify

Hook = Callable[[str, str, int], None]  # service, action, which call it is since the last reset, from 1
Overlay = Callable[[Call, int, bytes], tuple[int, bytes]]  # the call, the answer's status and body → the new ones
Rewrite = Callable[[Call, bytes], bytes]  # the call and its body → the body that the emulator gets

_NOT_FORWARDED = {"connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding", "expect"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What becomes of a call. `kind`: refuse (the emulator never sees it), reset (nor does it, and there is no answer), lost (it does,
    and the answer is lost), slow (it goes on later). `after`: seconds before that."""

    kind: str
    status: int = 400
    code: str = ""
    message: str = "injected"
    after: float = 0.0


class Interference(Protocol):
    """Has a say in every call. It runs in the proxy's thread and may not block for long."""

    def request(self, call: Call, body: bytes) -> tuple[Trouble | None, bytes]:
        """What is to go wrong with the call, and the body that the emulator is to get."""

    def answer(self, call: Call, sent: bytes, status: int, body: bytes) -> tuple[int, bytes]:
        """What the caller is to get; told of each call that the emulator has answered, with what it was sent."""


class AwsProxy:
    """A context manager; `endpoint` takes the place of the emulator's. Hooks and overlays run in the proxy's thread."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.endpoint = ""
        self.latency = 0.0  # seconds, before each call
        self.trouble: Callable[[Call], Trouble | None] = lambda _: None  # of any call
        self.held: frozenset[str] = frozenset()  # actions whose answers are kept back for as long as they stand here
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="aws-proxy", daemon=True)
        self._before: list[Hook] = []
        self._after: list[Hook] = []
        self._calls: list[Call] = []
        self._faults: dict[tuple[str, str], list[Trouble]] = {}
        self._overlays: dict[tuple[str, str], Overlay] = {}
        self._rewrites: dict[tuple[str, str], Rewrite] = {}
        self.interference: Interference | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def calls(self) -> list[Call]:
        """All since the last reset, in order of arrival; refused ones too."""
        with self._lock:
            return list(self._calls)

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """How often each (service, action) was called since the last reset."""
        return Counter((call.service, call.action) for call in self.calls)

    def reset(self) -> None:
        """Forget calls, faults, overlays, rewrites, hooks, trouble, latency and what is held."""
        with self._lock:
            for one in (self._calls, self._faults, self._overlays, self._rewrites, self._before, self._after):
                one.clear()
            self.latency, self.trouble, self.held = 0.0, lambda _: None, frozenset()

    def fail(self, service: str, action: str, code: str, *, status: int = 400, times: int = 1, message: str = "injected") -> None:
        """The next `times` calls never reach the emulator."""
        with self._lock:
            self._faults[service, action] = [Trouble("refuse", status, code, message)] * times

    def overlay(self, service: str, action: str, change: Overlay) -> None:
        """Change each of the emulator's answers to it."""
        with self._lock:
            self._overlays[service, action] = change

    @contextmanager
    def overlaid(self, service: str, action: str, change: Overlay) -> Iterator[None]:
        """`overlay`, for as long as the context lasts; what it displaces comes back."""
        with self._lock:
            old = self._overlays.get((service, action))
        self.overlay(service, action, change)
        try:
            yield
        finally:
            self.overlay(service, action, old or _as_it_is)

    def rewrite(self, service: str, action: str, change: Rewrite) -> None:
        """Change the body of each such call on its way; the emulator checks no signatures."""
        with self._lock:
            self._rewrites[service, action] = change

    @contextmanager
    def rewritten(self, service: str, action: str, change: Callable[[Rewrite], Rewrite]) -> Iterator[None]:
        """`rewrite`, for as long as the context lasts, with what it displaces: `change` gets that."""
        with self._lock:
            old = self._rewrites.get((service, action), lambda _, body: body)
        self.rewrite(service, action, change(old))
        try:
            yield
        finally:
            self.rewrite(service, action, old)

    def before(self, hook: Hook) -> None:
        """Call it before each call goes to the emulator."""
        with self._lock:
            self._before.append(hook)

    def after(self, hook: Hook) -> None:
        """Call it when the emulator has answered, before the caller knows."""
        with self._lock:
            self._after.append(hook)

    async def _open(self) -> None:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=64), auto_decompress=False, timeout=aiohttp.ClientTimeout(total=60)
        )
        self._runner = web.ServerRunner(web.Server(self._answer))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.endpoint = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _close(self) -> None:
        await self._client.close()
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        call = identify(request.method, request.path, request.query_string, request.headers, body)
        key = call.service, call.action
        with self._lock:
            self._calls.append(call)
            number = len(self._calls)
            before, after = list(self._before), list(self._after)
            overlay = self._overlays.get(key, _as_it_is)
            rewrite = self._rewrites.get(key, _unchanged)
            fault = self._take(key)
        while (left := self.latency - (time.monotonic() - call.at)) > 0:  # noqa: ASYNC110  another thread may end it
            await asyncio.sleep(min(left, 0.1))
        for hook in before:
            hook(*key, number)
        body = rewrite(call, body)
        trouble = fault or self.trouble(call)
        if self.interference and not trouble:
            trouble, body = self.interference.request(call, body)
        if trouble and (refused := await self._refused(request, call, trouble)):
            return refused
        status, headers, answer = await self._forward(request, body)
        status, answer = overlay(call, status, answer)
        while call.action in self.held:  # noqa: ASYNC110  another thread ends it
            await asyncio.sleep(0.1)
        if self.interference:
            status, answer = self.interference.answer(call, body, status, answer)
        for hook in after:
            hook(*key, number)
        if trouble and trouble.kind == "lost":
            await asyncio.sleep(trouble.after)
            return _cut(request)
        return web.Response(status=status, body=answer, headers=headers)

    async def _refused(self, request: web.BaseRequest, call: Call, trouble: Trouble) -> web.StreamResponse | None:
        if trouble.kind == "lost":
            return None
        await asyncio.sleep(trouble.after)
        if trouble.kind == "reset":
            return _cut(request)
        if trouble.kind == "refuse":
            headers, error = failure(call, trouble.code, trouble.message)
            return web.Response(status=trouble.status, body=error, headers=headers)
        return None

    def _take(self, key: tuple[str, str]) -> Trouble | None:
        left = self._faults.get(key)
        return left.pop() if left else None

    async def _forward(self, request: web.BaseRequest, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_FORWARDED}
        headers["Accept-Encoding"] = "identity"  # overlays read the body
        url = URL(self.target + request.raw_path, encoded=True)
        try:
            async with self._client.request(request.method, url, data=body, headers=headers, allow_redirects=False) as got:
                kept = {name: value for name, value in got.headers.items() if name.lower() not in _NOT_FORWARDED}
                return got.status, kept, await got.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return 502, {"Content-Type": "text/plain"}, f"the emulator does not answer: {error}".encode()


def _as_it_is(_: Call, status: int, body: bytes) -> tuple[int, bytes]:
    return status, body


def _unchanged(_: Call, body: bytes) -> bytes:
    return body


def _cut(request: web.BaseRequest) -> web.Response:
    """No answer: the connection is reset."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
