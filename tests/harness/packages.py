"""Debian's own packages, where a test needs a program that the machine lacks."""

import os
import shutil
import subprocess


def ensure(*tools: str) -> None:
    """Install those that are not there; each is a package of its own name. RuntimeError where that cannot be done."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise RuntimeError(
            f"this machine has no {' and no '.join(missing)}, which only root can install: apt-get install {' '.join(missing)}"
        )
    print(f"setup: installing {' and '.join(missing)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update", "-q"), ("install", "-q", "-y", "--no-install-recommends", *missing)):
        done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"apt-get {' '.join(command)}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
