"""Child processes that die with their parent, whatever becomes of it."""

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
PORTS = (10_000, 32_768)  # below those that Linux gives to connections


def die_with_parent() -> None:
    """Have the calling process killed when the thread ends that started it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start it in a process group of its own, its output in `log`. Call from a thread that lives as long as the child."""
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  one prctl, no lock is taken
        )


def stop(process: subprocess.Popen[bytes], timeout: float = 10.0) -> int:
    """Terminate it, kill it when it does not listen; its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on.

    It is none of those that connections get for their own ends, or one of them could have it while a process is started anew.
    """
    while True:
        port = random.randrange(*PORTS)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
