import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.processes import start, stop

PARENT = """
import sys, time
from pathlib import Path
from harness.processes import start
print(start(["sleep", "60"], Path(sys.argv[1])).pid, flush=True)
time.sleep(60)
"""


def alive(pid):
    """Whether it runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_dies_when_its_parent_is_killed(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        child = int(parent.stdout.readline())
        was_alive = alive(child)
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 5
    while alive(child) and time.monotonic() < until:
        time.sleep(0.02)

    assert (was_alive, alive(child)) == (True, False)


def test_one_that_does_not_listen_is_killed(tmp_path):
    log = tmp_path / "log"
    process = start(["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"], log)
    until = time.monotonic() + 5
    while "up" not in log.read_text() and time.monotonic() < until:
        time.sleep(0.02)

    assert stop(process, timeout=0.3) == -signal.SIGKILL
