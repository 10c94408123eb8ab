"""The AWS emulator, from an environment of its own: it pins another botocore than the operator has."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

import boto3

from harness.processes import free_port, start, stop

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-emulator"
ACCOUNT = "123456789012"
REGION = "eu-west-1"


class Emulator:
    """A context manager; `endpoint` speaks AWS's protocols."""

    def __init__(self) -> None:
        self._dir = Path(tempfile.mkdtemp(prefix="emulator-"))
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> Self:
        environment = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._port),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_REGION": REGION,
            "HOME": str(self._dir),
            "TMPDIR": str(self._dir),
            "PYTHONPATH": "",
        }
        self._process = start([str(VENV / "bin" / "ministack")], self._dir / "log", environment)
        try:
            self._until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            stop(self._process)
        shutil.rmtree(self._dir, ignore_errors=True)

    def _until_ready(self) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until and self._process is not None and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):
                    return
            except urllib.error.HTTPError:
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"the emulator does not come up:\n{(self._dir / 'log').read_text()[-2000:]}")

    def environ(self) -> dict[str, str]:
        """What makes boto3 talk to it."""
        return environ(self.endpoint)

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of the test's own, made once: that costs up to a second."""
        if (service, region) not in self._clients:
            self._clients[service, region] = client(service, self.endpoint, region)
        return self._clients[service, region]


def client(service: str, endpoint: str, region: str = REGION) -> Any:
    """A boto3 client of the emulated account."""
    session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="test", region_name=region)
    return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


def environ(endpoint: str) -> dict[str, str]:
    """Credentials of the emulated account: there an access key of 12 digits is its id."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def install() -> None:
    """Make the environment from the locked requirements."""
    requirements = ROOT / "requirements" / "emulator.txt"
    stamp = VENV / ".installed"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return
    print("emulator: installing", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(VENV / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "-r", str(requirements)], check=True, env={**os.environ, "PYTHONPATH": ""})
    stamp.write_text(requirements.read_text())


if __name__ == "__main__":
    install()
