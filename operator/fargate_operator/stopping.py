"""That the operator ends: first nobody waits any longer, then no call begins. Pure: an edge asks before each call.

Being stopped is no error: like a kill -9 it may come between any two lines, and every line must survive that anyway. So it is no
Exception, which somebody on the way would take for a failure, and tell.
"""

import threading


class Stopping(BaseException):
    """The call does not begin: the operator is being stopped."""


class Stop:
    """Asked for, then shut. `ask` and `shut` may be called from any thread, and more than once."""

    def __init__(self) -> None:
        self._asked, self._shut = threading.Event(), threading.Event()

    @property
    def asked(self) -> bool:
        """Whether the operator is to end: what is under way may be finished, what waits is given up."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Wake and give up whoever waits."""
        self._asked.set()

    def shut(self) -> None:
        """From now on no call begins."""
        self._asked.set()
        self._shut.set()

    def check(self) -> None:
        """Before a call; Stopping where none may begin any more."""
        if self._shut.is_set():
            raise Stopping

    def wait(self, seconds: float) -> None:
        """Stopping as soon as the operator is to end."""
        if seconds > 0 and self._asked.wait(seconds):
            raise Stopping
