"""Starts the operator anew whenever it has ended, as a Deployment would, and signals it."""

import signal
import threading
import time
from typing import Self

from harness.operator import OperatorProcess


class Keeper:
    """A context manager. The thread that starts the processes lives as long as they do."""

    def __init__(self, operator: OperatorProcess) -> None:
        self._operator = operator
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._stopped = threading.Event()
        self._asked: float | None = None  # when it was asked to end
        self.ended: list[tuple[int, float]] = []  # exit code, seconds from SIGTERM (0.0: nobody had asked)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._operator.__exit__()

    def _run(self) -> None:
        self._operator.start()
        while not self._stopped.wait(0.05):
            process = self._operator.process
            if process is None or process.poll() is None:
                continue
            self.ended.append((process.returncode, time.monotonic() - self._asked if self._asked else 0.0))
            self._asked = None
            self._operator.start()

    def until_ready(self, timeout: float = 120.0) -> None:
        """Wait for /readyz, of whichever process it is that answers."""
        until = time.monotonic() + timeout
        while not self._operator.ready():
            if time.monotonic() > until:
                raise RuntimeError(f"the operator does not get ready:\n{self._operator.log()[-4000:]}")
            time.sleep(0.1)

    def strike(self, number: signal.Signals, environ: dict[str, str] | None = None) -> bool:
        """The signal; what is started then has this added to its environment. Whether there was a process to get it."""
        if environ is not None:
            self._operator.environ = environ
        process = self._operator.process
        if process is None or process.poll() is not None:
            return False
        if number == signal.SIGTERM:
            self._asked = time.monotonic()
        process.send_signal(number)
        return True
