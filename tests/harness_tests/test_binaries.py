import functools
import hashlib
import http.server
import io
import tarfile
import threading

import pytest

from harness import binaries, releases
from harness.processes import free_port


@pytest.fixture
def site(tmp_path):
    """A release site of our own: its address, and the digest of the archive that it holds."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in (*releases.TOOLS, "../../outside"):
            member = tarfile.TarInfo(f"controller-tools/envtest/{name}")
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    name = f"envtest-{releases.VERSION}"
    (tmp_path / "site" / name).mkdir(parents=True)
    (tmp_path / "site" / name / f"{name}-{releases.this_platform()}.tar.gz").write_bytes(content.getvalue())
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", hashlib.sha512(content.getvalue()).hexdigest()
        server.shutdown()
        thread.join()


def test_a_given_folder_of_binaries_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert binaries.assets() == tmp_path


def test_an_archive_with_the_pinned_digest_is_unpacked_and_can_be_run(site, tmp_path):
    address, digest = site
    folder = tmp_path / "cache" / "release"

    assert releases.fetch(folder, address, digest)
    assert {file.name: (file.read_text(), file.stat().st_mode & 0o111) for file in folder.iterdir()} == {
        name: (name, 0o111) for name in releases.TOOLS
    }


def test_an_archive_with_another_digest_is_refused(site, tmp_path):
    folder = tmp_path / "release"

    assert not releases.fetch(folder, site[0], "0" * 128)
    assert not folder.exists()


def test_where_no_site_answers_nothing_is_fetched(tmp_path):
    assert not releases.fetch(tmp_path / "release", f"http://127.0.0.1:{free_port()}", "0" * 128)


def test_what_was_fetched_is_found_again_without_asking(site, tmp_path, monkeypatch):
    address, digest = site
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CONTROL_PLANE_SITE", address)
    monkeypatch.setenv("PATH", "")  # nothing to build with, should it come to that
    monkeypatch.setitem(releases.PINS, releases.this_platform(), digest)

    first = binaries.assets()
    monkeypatch.setenv("CONTROL_PLANE_SITE", f"http://127.0.0.1:{free_port()}")

    assert binaries.assets() == first
    assert (first / "kubectl").read_text() == "kubectl"
