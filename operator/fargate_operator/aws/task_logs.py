"""The last lines that a container of a stopped task wrote, out of the log group of its own stack."""

import re
import threading
from collections import Counter

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate

PREFIX = "fargate"  # awslogs-stream-prefix of what the compiler makes
TRIES = 3  # reads that find nothing: the last lines of a task come some seconds after its end
MOST = 1000  # tasks that are remembered
_NONE = {"ResourceNotFoundException", "AccessDeniedException", "AccessDenied"}


class TaskLogs:
    """Reads each task's end once, where there is any.

    Log groups that the operator may not read give no lines: the platform has said so.
    An author may have pointed the container at another group: that one is never asked for. In the stack's own group the stream
    carries the task's id, which ECS makes up: what is in it, the task wrote.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[tuple[str, str], tuple[str, ...]] = {}
        self._empty: Counter[tuple[str, str]] = Counter()

    def last(self, clients: Clients, region: str, group: str, task_arn: str, container: str, lines: int) -> tuple[str, ...]:
        """So many lines at most, the oldest first."""
        key = (task_arn, container)
        with self._lock:
            if key in self._read or self._empty[key] >= TRIES:
                return self._read.get(key, ())
        found = _read(clients, region, group, f"{PREFIX}/{container}/{task_arn.rsplit('/', 1)[-1]}", lines)
        with self._lock:
            if len(self._read) + len(self._empty) > MOST:
                self._read.clear()
                self._empty.clear()
            if found:
                self._read[key] = found
            else:
                self._empty[key] += 1
        return found


def _read(clients: Clients, region: str, group: str, stream: str, lines: int) -> tuple[str, ...]:
    if re.search(r"[:*]", stream) or not group:
        return ()
    try:
        events = clients.get("logs", region).get_log_events(
            logGroupName=group, logStreamName=stream, limit=lines, startFromHead=False
        )["events"]
    except ClientError as error:
        if code(error) in _NONE:
            return ()
        raise translate(error, "GetLogEvents") from error
    told = [line for one in events for line in one["message"].splitlines() if line.strip()]
    return tuple(told[-lines:])
