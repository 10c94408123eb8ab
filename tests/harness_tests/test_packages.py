import os

import pytest

from harness import packages


def test_what_is_there_is_not_installed(monkeypatch):
    monkeypatch.setattr(packages.subprocess, "run", lambda *_, **__: pytest.fail("nothing is missing"))
    packages.ensure("sh", "cat")


def test_without_root_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(RuntimeError, match=r"apt-get install surely-no-program$"):
        packages.ensure("sh", "surely-no-program")


def test_what_apt_says_is_told_where_it_fails(monkeypatch, tmp_path):
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho no such package >&2\nexit 100\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(RuntimeError, match="no such package"):
        packages.ensure("surely-no-program")
