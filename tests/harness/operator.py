"""The operator as users run it: the command, in a process of its own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from harness.controlplane import NAMESPACE, ControlPlane
from harness.emulator import environ
from harness.processes import free_port, start, stop

COMMAND = Path(sys.executable).parent / "fargate-operator"


class OperatorProcess:
    """A context manager; settings are the command's, as keywords, `git` its configuration of git. Its rights are those of deploy/."""

    def __init__(self, plane: ControlPlane, endpoint: str, git: Path | None = None, **settings: str) -> None:
        self._plane, self._endpoint = plane, endpoint
        self._git = {"GIT_CONFIG_GLOBAL": str(git)} if git else {}
        self.port = free_port()
        quick = {"single_tenant": "true", "log_format": "console", "sweep_interval": "0.5s", "lease_duration": "5s"}
        quick |= {"read_rate": "500", "write_rate": "200"}  # what the emulator takes; those who test the rate set it
        chosen = {**quick, "health_port": str(self.port), "lease_namespace": NAMESPACE, **settings}
        self._settings = {f"FARGATE_OPERATOR_{name.upper()}": value for name, value in chosen.items()}
        self._log = Path(tempfile.mkstemp(prefix="operator-", suffix=".log")[1])
        self.process: subprocess.Popen[bytes] | None = None
        self.kubeconfig: Path | None = None  # instead of the control plane's
        self.environ: dict[str, str] = {}  # more of it, from the next start on

    def __enter__(self) -> Self:
        self.start()
        try:
            self.until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            stop(self.process)
        self._log.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it, anew where it ran before."""
        kubeconfig = self.kubeconfig or self._plane.operator_kubeconfig()
        compiled = {"PYTHONDONTWRITEBYTECODE": ""}  # as in the image: a third of what a start costs
        environment = {**environ(self._endpoint), **compiled, **self._settings, **self._git, "KUBECONFIG": str(kubeconfig)}
        environment |= self.environ
        self.process = start([str(COMMAND), "run"], self._log, environment)

    def until_ready(self, timeout: float = 60.0) -> None:
        """Wait for /readyz."""
        until = time.monotonic() + timeout
        while time.monotonic() < until and self.process is not None and self.process.poll() is None:
            if self.ready():
                return
            time.sleep(0.05)
        raise RuntimeError(f"the operator does not get ready:\n{self.log()[-4000:]}")

    def ready(self) -> bool:
        """Whether /readyz says so just now."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def log(self) -> str:
        """What it logged."""
        return self._log.read_text()
