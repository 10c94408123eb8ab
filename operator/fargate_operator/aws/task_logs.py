"""The last lines that a container of a stopped task wrote, out of the log group of its own stack."""

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate
from fargate_operator.log_lines import MOST_RAW

PREFIX = "fargate"  # awslogs-stream-prefix of what the compiler makes
TRIES = 3  # reads of an ended log that find nothing
MOST = 1000  # tasks that are remembered
_SPLIT = 16_000  # bytes: the log driver cuts a message at 16 KiB, and goes on with it in the next event
_NONE = {"ResourceNotFoundException", "AccessDeniedException", "AccessDenied"}


@dataclass(frozen=True, slots=True)
class Stream:
    """What one container of one task wrote."""

    region: str
    task_arn: str
    container: str

    @property
    def name(self) -> str:
        """As the log driver names it."""
        return f"{PREFIX}/{self.container}/{self.task_arn.rsplit('/', 1)[-1]}"


class TaskLogs:
    """Has each task's end read until it is complete, and keeps what may be told of it: never what a container wrote itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[Stream, list[str]] = {}
        self._empty: Counter[Stream] = Counter()

    def last(
        self,
        stream: Stream,
        *,
        read: Callable[[Stream], list[str] | None],
        told: Callable[[list[str]], list[str] | None],
        settled: bool,
    ) -> list[str]:
        """What is told of its last lines, the oldest first.

        `read` gives None where there is no log yet, and `told` where nothing may be told now: both are asked again.
        `settled`: nothing more is to come, so that what is read now stands for good.
        """
        with self._lock:
            if stream in self._told or self._empty[stream] >= TRIES:
                return self._told.get(stream, [])
        raw = read(stream)
        lines = told(raw) if raw else None
        if settled and raw is not None and not (raw and lines is None):
            self._keep(stream, lines)
        return lines or []

    def _keep(self, stream: Stream, lines: list[str] | None) -> None:
        with self._lock:
            if len(self._told) + len(self._empty) > MOST:
                self._told.clear()
                self._empty.clear()
            if lines is not None:
                self._told[stream] = lines
            else:
                self._empty[stream] += 1


def read(clients: Clients, group: str, stream: Stream, lines: int) -> list[str]:
    """So many last lines at most, the oldest first, each cut. Of a message that the log driver has split the beginning only.

    Log groups that the operator may not read give no lines: the platform has said so. An author may have pointed the container
    at another group: that one is never asked for. In the stack's own group the stream carries the task's id, which ECS makes
    up: what is in it, the task wrote.
    """
    if re.search(r"[:*]", stream.name):
        return []
    try:
        events = clients.get("logs", stream.region).get_log_events(
            logGroupName=group, logStreamName=stream.name, limit=lines + 1, startFromHead=False
        )["events"]
    except ClientError as error:
        if code(error) in _NONE:
            return []
        raise translate(error, "GetLogEvents") from error
    told: list[str] = []
    split = False
    for one in events:
        written = one["message"].splitlines()[1 if split else 0 :]
        split = len(one["message"].encode(errors="replace")) >= _SPLIT and not one["message"].endswith("\n")
        if len(events) > lines and one is events[0]:
            continue  # one more than is told: it only shows whether the next goes on with it
        told += [line[:MOST_RAW] for line in written[-lines:] if line.strip()]
    return told[-lines:]
