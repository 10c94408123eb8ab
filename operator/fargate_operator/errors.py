"""The three errors of a reconcile, and the faults of a spec.

Everything that goes wrong becomes one of these at the edge; `summarize` turns them into conditions. Anything else that is
raised is a bug. Pure: imports nothing of the package.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong with a spec.

    `path` is the field in the manifest's own notation (``spec.services.web.image``); `message` says what is wrong and what
    would be right, without a full stop.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class ReconcileError(Exception):
    """Why a reconcile ended early; `reason` is a PascalCase word of `conditions.Reason`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Terminal(ReconcileError):
    """Trying again as things are is no use: Stalled.

    `outside` tells that the cause lies outside the object (an image that is missing in ECR): tried again every 10 minutes.
    """

    def __init__(self, reason: str, message: str, *, outside: bool = False) -> None:
        super().__init__(reason, message)
        self.outside = outside


class Missing(Terminal):
    """One thing outside the object is not there, or not as it must be; its fault names the field that wants it."""

    def __init__(self, reason: str, fault: Fault) -> None:
        super().__init__(reason, str(fault), outside=True)
        self.fault = fault


class InvalidSpec(Terminal):
    """The spec has faults; all of them, sorted by path."""

    def __init__(self, faults: Iterable[Fault], reason: str = "InvalidSpec", *, outside: bool = False) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__(reason, "; ".join(str(fault) for fault in self.faults), outside=outside)


class OutOfBounds(InvalidSpec):
    """The spec is sound, but the platform does not allow it in this namespace."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__(faults, "OutOfBounds")


class Waiting(ReconcileError):
    """Not an error: something is not there yet. Come back after `after` seconds."""

    def __init__(self, reason: str, message: str, *, after: float) -> None:
        super().__init__(reason, message)
        self.after = after


class Transient(ReconcileError):
    """It may work next time: exponential backoff with jitter (throttling, 5xx, expired credentials, AccessDenied).

    `refused` tells that the call was not even sent, as calls of others have found nobody there.
    """

    def __init__(self, reason: str, message: str, *, refused: bool = False) -> None:
        super().__init__(reason, message)
        self.refused = refused
