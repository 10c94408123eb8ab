"""What a ref is now: asked of real servers on loopback, at a bounded rate, and never for long."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fargate_operator import refs
from fargate_operator.refs import BURST, SOON, Known, LsRemote, NoSuchRef, Refs, Unreachable
from harness.git_host import URL, GitHost

COMMIT, NEXT = "a" * 40, "b" * 40


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Host:
    """Answers with what it has, or as it is told."""

    def __init__(self):
        self.refs, self.asked, self.fails = {"main": COMMIT}, [], ""

    def __call__(self, url, ref):
        self.asked.append((url, ref))
        if self.fails:
            raise Unreachable(self.fails)
        if ref not in self.refs:
            raise NoSuchRef(ref)
        return self.refs[ref]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def host():
    return Host()


def test_an_answer_is_shared_until_the_interval_is_over(host, clock):
    known = Refs(60.0, host, clock)
    assert known.look("x", "main") == Known(COMMIT, again=60.0)
    host.refs["main"] = NEXT
    clock.now += 59
    assert known.look("x", "main") == Known(COMMIT, again=1.0)
    clock.now += 1
    assert known.look("x", "main").commit == NEXT
    assert len(host.asked) == 2


def test_to_reconcile_now_asks_at_once(host, clock):
    known = Refs(60.0, host, clock)
    known.look("x", "main")
    host.refs["main"] = NEXT
    assert known.look("x", "main", asked=True).commit == NEXT


def test_a_ref_that_nobody_asks_for_any_more_is_forgotten(host, clock):
    known = Refs(60.0, host, clock)
    known.look("gone", "main")
    for number in range(30):
        clock.now += 60
        known.look("x", "main")
        known.look(f"new-{number}", COMMIT)
    known.look("y", "main")
    assert set(known._entries) == {("x", "main"), ("y", "main")}


def test_a_commit_is_not_asked_for(host, clock):
    assert Refs(60.0, host, clock).look("x", COMMIT) == Known(COMMIT, again=float("inf"))
    assert host.asked == []


def test_over_all_repositories_the_rate_is_bounded_and_what_is_known_stays(host, clock):
    known = Refs(60.0, host, clock)
    for number in range(int(BURST) + 3):
        known.look(str(number), "main")
    assert len(host.asked) == BURST
    assert known.look("6", "main") == Known(again=SOON)
    clock.now += 1
    assert known.look("6", "main").commit == COMMIT
    assert len(host.asked) == BURST + 1


def test_a_request_that_the_rate_does_not_let_through_is_owed(host, clock):
    known = Refs(60.0, host, clock)
    known.look("x", "main")
    for number in range(9):
        known.look(str(number), "main")
    host.refs["main"] = NEXT
    assert known.look("x", "main", asked=True) == Known(COMMIT, again=SOON)
    clock.now += SOON
    assert known.look("x", "main").commit == NEXT


def test_a_host_that_fails_is_asked_less_and_less_and_what_it_said_before_stays(host, clock):
    known = Refs(60.0, host, clock)
    known.look("x", "main")
    host.fails = "503"
    waits = []
    for _ in range(6):
        clock.now += 601
        found = known.look("x", "main")
        waits.append(found.again)
        assert (found.commit, found.unreachable) == (COMMIT, "503")
    assert waits == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0]
    host.fails = ""
    clock.now += 601
    assert known.look("x", "main") == Known(COMMIT, again=60.0)


def test_a_ref_that_is_gone_is_told_with_what_it_was(host, clock):
    known = Refs(60.0, host, clock)
    known.look("x", "main")
    host.refs.clear()
    clock.now += 60
    assert known.look("x", "main") == Known(COMMIT, missing=True, again=60.0)


# ── real servers ───────────────────────────────────────────────────────────────


@pytest.fixture
def git(monkeypatch):
    with GitHost() as one:
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(one.config))
        yield one


def test_branches_tags_and_head_are_found_by_their_names(git):
    one = git.repository("acme/shop")
    main, feature = one.head(), one.commit("refs/heads/feature/x")
    one.tag("v1", main)
    asked = {ref: LsRemote()(one.url, ref) for ref in ("", "HEAD", "main", "refs/heads/main", "feature/x", "v1", "refs/tags/v1")}
    assert asked == {
        "": main,
        "HEAD": main,
        "main": main,
        "refs/heads/main": main,
        "feature/x": feature,
        "v1": main,
        "refs/tags/v1": main,
    }


def test_a_tag_goes_before_a_branch_of_its_name_as_in_git(git):
    one = git.repository("acme/shop")
    one.tag("both", main := one.head())
    one.commit("refs/heads/both")
    assert LsRemote()(one.url, "both") == main


def test_a_ref_that_is_not_there(git):
    with pytest.raises(NoSuchRef):
        LsRemote()(git.repository("acme/shop").url, "none")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("401 Unauthorized", "it wants somebody to sign in"),
        ("404 Not Found", "there is no git repository"),
        ("503 Service Unavailable", "unexpected http resp 503"),
    ],
)
def test_what_a_host_says_is_told(git, status, words):
    one = git.repository("acme/shop")
    git.refuses = status
    with pytest.raises(Unreachable, match=words):
        LsRemote()(one.url, "main")


def test_a_repository_that_is_not_there(git):
    git.repository("acme/shop")
    with pytest.raises(Unreachable, match="there is no git repository"):
        LsRemote()(f"{URL}/acme/none.git", "main")


def test_nobody_listens():
    with pytest.raises(Unreachable, match="Connection refused"):
        LsRemote()("https://127.0.0.1:9/x.git", "main")


@contextmanager
def server(answer, monkeypatch, tmp_path):
    """A host that answers as `answer` writes it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        config = tmp_path / "config"
        config.write_text(f'[url "http://127.0.0.1:{http.server_port}/"]\n\tinsteadOf = https://hostile.example/\n')
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        yield "https://hostile.example/x.git"
        http.shutdown()


def test_a_redirect_to_another_host_is_not_followed(monkeypatch, tmp_path, git):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", "http://127.0.0.2:1/x.git/info/refs?service=git-upload-pack")
        handler.end_headers()

    before = git.asked
    with server(answer, monkeypatch, tmp_path) as url, pytest.raises(Unreachable, match="it redirects to another host"):
        LsRemote()(url, "main")
    assert git.asked == before


def test_a_host_that_redirects_without_end_is_left(monkeypatch, tmp_path):
    asked = []

    def answer(handler):
        asked.append(handler.path)
        handler.send_response(302)
        handler.send_header("Location", f"/{len(asked)}/info/refs?service=git-upload-pack")
        handler.end_headers()

    with server(answer, monkeypatch, tmp_path) as url, pytest.raises(Unreachable):
        LsRemote()(url, "main")
    assert len(asked) == refs.MOST_REDIRECTS + 1


def begin(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
    handler.end_headers()


def test_an_answer_without_end_is_cut_off(monkeypatch, tmp_path):
    monkeypatch.setattr(refs, "MOST_BYTES", 100_000)

    def answer(handler):
        begin(handler)
        line = b"003f" + b"a" * 40 + b" refs/heads/xxxxxxxxx\n"[:19]
        try:
            handler.wfile.write(b"001e# service=git-upload-pack\n0000")
            while True:
                handler.wfile.write(line)
        except OSError:
            pass

    with server(answer, monkeypatch, tmp_path) as url, pytest.raises(Unreachable):
        LsRemote()(url, "main")


def test_a_host_that_answers_by_drops_is_left_and_not_asked_again_meanwhile(monkeypatch, tmp_path):
    monkeypatch.setattr(refs, "LONGEST", 0.5)
    asked, end = [], threading.Event()

    def answer(handler):
        asked.append(handler.path)
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not end.wait(0.05):
                handler.wfile.write(b"x")
        except OSError:
            pass

    ask = LsRemote()
    with server(answer, monkeypatch, tmp_path) as url:
        begun = time.monotonic()
        with pytest.raises(Unreachable, match=r"no answer in 0\.5 s"):
            ask(url, "main")
        assert time.monotonic() - begun < 5
        with pytest.raises(Unreachable, match="it has not answered the last question yet"):
            ask(url, "main")
        end.set()
    assert len(asked) == 1


def test_what_is_told_has_no_credentials_and_no_query():
    told = refs._told(OSError("http://user:hunter2@proxy.example/x?token=abc failed"))
    assert told == "http://proxy.example/x failed"
