"""What a ref of a public git repository is now, as ``git ls-remote`` would tell. At the edge: it asks the repository's host.

Nobody is signed in: a repository that wants that cannot be reached. An answer is shared by all that ask for it, and asked for
anew after an interval. See https://git-scm.com/docs/protocol-v2.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import urllib3
from dulwich.client import HTTPUnauthorized, Urllib3HttpGitClient, default_urllib3_manager
from dulwich.config import StackedConfig, apply_instead_of
from dulwich.errors import GitProtocolError, NotGitRepository

from fargate_operator.fragments.build import is_commit

log = logging.getLogger(__name__)
TIMEOUT = 5.0  # seconds for a host to connect, and for each of its answers to go on
LONGEST = 20.0  # seconds for all of it
MOST_BYTES = 4_000_000  # of an answer: a repository of old has 100,000 refs under one prefix
MOST_REDIRECTS = 3
MOST_FAILURES = 600.0  # seconds between two tries of a host that does not answer
RATE, BURST = 1.0, 5.0  # questions a second, over all repositories
SOON = 2.0  # seconds until what the rate did not let through is tried again

Ask = Callable[[str, str], str]  # url, ref → commit; raises Unreachable, NoSuchRef


class Unreachable(Exception):
    """The repository does not answer as one; the message is its host's, in one line."""


class NoSuchRef(Exception):
    """The repository has no such branch or tag."""


@dataclass(frozen=True, slots=True)
class Known:
    """Of a ref: the commit that it was last, and what is wrong with it now.

    `missing`: the repository has no such ref. `unreachable`: why it does not answer; `failures` of them in a row. `again`:
    seconds until it is worth to ask anew.
    """

    commit: str = ""
    missing: bool = False
    unreachable: str = ""
    failures: int = 0
    again: float = 0.0


@dataclass(slots=True)
class _Entry:
    known: Known
    at: float
    asking: bool = False


class Refs:
    """The answers so far, by repository and ref. Thread-safe."""

    def __init__(self, interval: float, ask: Ask | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._ask, self._clock = interval, ask or LsRemote(), clock
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._owed: set[tuple[str, str]] = set()  # asked for at once, and not yet asked
        self._tokens, self._filled = BURST, clock()

    def look(self, url: str, ref: str, *, asked: bool = False) -> Known:
        """The commit that a ref is, asked anew where it is time, or `asked`; the rate holds for those, too."""
        if is_commit(ref):
            return Known(ref, again=float("inf"))
        key = (url, ref)
        with self._lock:
            if asked:
                self._owed.add(key)
            entry = self._entries.get(key)
            left = self._left(key, entry)
            if left > 0:
                return replace(entry.known if entry else Known(), again=left)
            self._tokens -= 1.0
            self._owed.discard(key)
            if entry is None:
                self._clean()
            entry = self._entries.setdefault(key, _Entry(Known(), self._clock()))
            entry.asking = True
        known = self._answer(entry.known, url, ref)
        with self._lock:
            entry.known, entry.at, entry.asking = known, self._clock(), False
        return replace(known, again=self._wait(known))

    def _left(self, key: tuple[str, str], entry: _Entry | None) -> float:
        """Seconds until it may be asked; 0: now."""
        now = self._clock()
        self._tokens = min(BURST, self._tokens + (now - self._filled) * RATE)
        self._filled = now
        if entry and entry.asking:
            return SOON
        due = 0.0 if entry is None or key in self._owed else entry.at + self._wait(entry.known) - now
        return due if due > 0 else 0.0 if self._tokens >= 1.0 else SOON

    def _clean(self) -> None:
        """Whatever nobody has asked for any more, though it was time twice: the repositories of apps that are gone."""
        old = self._clock() - 2 * max(self._interval, MOST_FAILURES)
        self._entries = {key: one for key, one in self._entries.items() if one.asking or one.at > old}
        self._owed &= self._entries.keys()

    def _wait(self, known: Known) -> float:
        """A host that fails is asked less and less."""
        longest = max(self._interval, MOST_FAILURES)
        return min(longest, self._interval * 2.0 ** min(max(0, known.failures - 1), 16))

    def _answer(self, before: Known, url: str, ref: str) -> Known:
        try:
            return Known(self._ask(url, ref))
        except NoSuchRef:
            return Known(before.commit, missing=True)
        except Unreachable as error:
            return Known(before.commit, unreachable=str(error), failures=before.failures + 1)


# ── the question itself ────────────────────────────────────────────────────────


class LsRemote:
    """Asks a repository's host, for `LONGEST` at most: one that answers by drops is left to a thread, and not asked meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slow: dict[str, threading.Thread] = {}

    def __call__(self, url: str, ref: str) -> str:
        """The commit; raises Unreachable, NoSuchRef."""
        host = urlsplit(url).netloc
        with self._lock:
            slow = self._slow.get(host)
        if slow and slow.is_alive():
            raise Unreachable("it has not answered the last question yet")
        done: list[Mapping[str, str] | Exception] = []
        thread = threading.Thread(target=_into, args=(done, url, ref), name="ls-remote", daemon=True)
        thread.start()
        thread.join(LONGEST)
        with self._lock:
            self._slow.pop(host, None)
            if not done:
                self._slow[host] = thread
                raise Unreachable(f"no answer in {LONGEST:g} s")
        if isinstance(answer := done[0], Exception):
            log.debug("ls-remote %s: %r", url, answer)
            raise Unreachable(_told(answer)) from answer
        found = next((answer[one] for one in names_of(ref) if one in answer), "")
        if not is_commit(found):
            raise NoSuchRef(ref)
        return found


def _into(done: list[Mapping[str, str] | Exception], url: str, ref: str) -> None:
    try:
        done.append(_refs(url, ref))
    except Exception as error:  # noqa: BLE001  told to whoever waits
        done.append(error)


def names_of(ref: str) -> list[str]:
    """What a ref may be called in a repository, first what counts first; of an annotated tag the commit."""
    if not ref or ref == "HEAD":
        return ["HEAD"]
    full = [ref] if ref.startswith("refs/") else [f"refs/tags/{ref}", f"refs/heads/{ref}"]
    return [f"{one}{end}" for one in full for end in ("^{}", "")]


def _refs(url: str, ref: str) -> dict[str, str]:
    config = StackedConfig.default()
    base = apply_instead_of(config, url)
    pool = default_urllib3_manager(config, _Pool, _ProxiedPool, base_url=base, timeout=TIMEOUT)
    client = Urllib3HttpGitClient(base, pool_manager=pool, config=config)
    try:
        prefixes = [one.encode() for one in names_of(ref) if not one.endswith("^{}")]
        found = client.get_refs(b"", ref_prefix=prefixes).refs
        return {name.decode(errors="replace"): id_.decode("ascii", "replace") for name, id_ in found.items() if id_}
    finally:
        pool.clear()


def _told(error: Exception) -> str:
    """What went wrong, in one line, without what a URL could have in it."""
    if isinstance(error, HTTPUnauthorized):
        return "it wants somebody to sign in: it is private, or not there"
    if isinstance(error, NotGitRepository):
        return "there is no git repository"
    if isinstance(error, GitProtocolError | OSError | urllib3.exceptions.HTTPError):
        return _line(str(error)) or type(error).__name__
    return f"its answer cannot be read ({type(error).__name__})"


def _line(text: str) -> str:
    cause = re.search(r"\(Caused by \w+\(['\"]?(?:\w+\([^)]*\): )?(.*?)['\"]?\)\)$", text, re.DOTALL)
    text = cause[1] if cause else text
    text = " ".join(re.sub(r"<[^<>]*object at 0x[0-9a-f]+>", "", text).split())
    return re.sub(r"(https?://)[^\s/@]*@", r"\1", re.sub(r"\?[^\s'\")]*", "", text))[:300]


class _Elsewhere(urllib3.exceptions.HTTPError):
    """A redirect to another host than the one that was allowed."""


class _SameHost:
    """Follows redirects on the one host, and reads no answer for longer, or of more, than it should take."""

    _host: tuple[str, str | None, int | None] | None = None
    _until = 0.0

    def urlopen(self, method: str, url: str, redirect: bool = True, **given: Any) -> urllib3.BaseHTTPResponse:  # noqa: FBT001, FBT002  urllib3's own
        parts = urlsplit(url)
        host = (parts.scheme, parts.hostname, parts.port)
        if self._host is None:
            self._host, self._until = host, time.monotonic() + LONGEST
        if host != self._host:
            raise _Elsewhere(f"it redirects to another host, {parts.hostname}")
        given.setdefault(
            "retries", urllib3.Retry(total=MOST_REDIRECTS, connect=0, read=0, status=0, other=0, redirect=MOST_REDIRECTS)
        )
        answer: urllib3.BaseHTTPResponse = super().urlopen(method, url, redirect, **given)  # type: ignore[misc]
        answer.read = _Bounded(answer, self._until)  # type: ignore[method-assign,assignment]
        return answer


class _Bounded:
    """`read` of an answer, until a moment and so many bytes."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, until: float) -> None:
        self._answer, self._until, self._left = answer, until, MOST_BYTES
        self._read1 = answer.read1

    def __call__(self, amount: int | None = None, *_: Any, **__: Any) -> bytes:
        parts: list[bytes] = []
        wanted = MOST_BYTES + 1 if amount is None or amount < 0 else amount
        while wanted > 0:
            if time.monotonic() > self._until:
                raise urllib3.exceptions.HTTPError(f"no whole answer in {LONGEST:g} s")
            part = self._read1(wanted)
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
            self._left -= len(part)
            if self._left < 0:
                raise urllib3.exceptions.HTTPError(f"an answer of more than {MOST_BYTES} bytes")
        return b"".join(parts)


class _Pool(_SameHost, urllib3.PoolManager):  # type: ignore[misc]
    pass


class _ProxiedPool(_SameHost, urllib3.ProxyManager):  # type: ignore[misc]
    pass
