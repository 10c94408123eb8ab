"""A real git repository behind HTTP on loopback, which an operator finds under an https:// URL by git's own insteadOf."""

import tempfile
import threading
import time
from pathlib import Path
from typing import Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dulwich.objects import Commit, Tag, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo
from dulwich.server import BackendRepo, DictBackend
from dulwich.web import make_wsgi_chain

URL = "https://git.example.com"
WHO = b"Somebody <somebody@example.com>"


class GitHost:
    """A context manager; `config` is for GIT_CONFIG_GLOBAL. Repositories are ``https://git.example.com/<name>.git``."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="git-")
        self._repositories: dict[str, BackendRepo] = {}
        self._opened: list[Repo] = []
        self._server: WSGIServer | None = None
        self.asked = 0  # questions so far, right or wrong
        self.refuses = ""  # the status of every answer, such as 503 Service Unavailable

    def __enter__(self) -> Self:
        self._chain = make_wsgi_chain(DictBackend(self._repositories))
        self._server = make_server("127.0.0.1", 0, self._answer, handler_class=_Quiet)
        threading.Thread(target=self._server.serve_forever, name="git-host", daemon=True).start()
        config = f'[url "http://127.0.0.1:{self._server.server_port}/"]\n\tinsteadOf = {URL}/\n'
        self.config.write_text(config)
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        for one in self._opened:
            one.close()
        self._folder.cleanup()

    @property
    def config(self) -> Path:
        """Git's configuration that leads the URLs here."""
        return Path(self._folder.name) / "gitconfig"

    def repository(self, name: str) -> "Repository":
        """A repository of that name, the first time with one commit on main."""
        path = Path(self._folder.name) / f"{name.replace('/', '-')}.git"
        if not path.exists():
            path.mkdir()
            self._opened.append(made := Repo.init_bare(str(path), default_branch=b"main"))
            self._repositories[f"/{name}.git"] = made
            Repository(made, f"{URL}/{name}.git").commit()
        self._opened.append(repo := Repo(str(path)))
        return Repository(repo, f"{URL}/{name}.git")

    def _answer(self, environ, start):  # type: ignore[no-untyped-def]
        self.asked += 1
        if self.refuses:
            start(self.refuses, [("Content-Type", "text/plain")])
            return [b"refused\n"]
        return self._chain(environ, start)


class Repository:
    """One of them."""

    def __init__(self, repo: Repo, url: str) -> None:
        self._repo, self.url = repo, url

    def commit(self, ref: str = "refs/heads/main") -> str:
        """One more commit there, and its id."""
        tree, commit = Tree(), Commit()
        commit.tree, commit.author, commit.committer = tree.id, WHO, WHO
        commit.author_time = commit.commit_time = int(time.time())
        commit.author_timezone = commit.commit_timezone = 0
        commit.message = str(time.monotonic_ns()).encode()
        self._repo.object_store.add_objects([(tree, None), (commit, None)])
        self._repo.refs[Ref(ref.encode())] = commit.id
        return commit.id.decode()

    def tag(self, name: str, commit: str) -> str:
        """An annotated tag of a commit, and the tag's own id."""
        tag = Tag()
        tag.name, tag.tagger, tag.message = name.encode(), WHO, b"A release"
        tag.tag_time, tag.tag_timezone = int(time.time()), 0
        tag.object = (Commit, commit.encode())
        self._repo.object_store.add_object(tag)
        self._repo.refs[Ref(f"refs/tags/{name}".encode())] = tag.id
        return tag.id.decode()

    def head(self, ref: str = "refs/heads/main") -> str:
        """What a ref is now."""
        return self._repo.refs[Ref(ref.encode())].decode()

    def remove(self, ref: str) -> None:
        """No such ref any more."""
        del self._repo.refs[Ref(ref.encode())]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its base's word
        pass
