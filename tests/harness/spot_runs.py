"""A schedule on Spot that finds none, of which the emulator knows nothing: what Scheduler and ECS say then.

The emulator's Scheduler starts no ECS task, so that the test sends the dead letter itself, to the queue that the schedule has in the
emulator. Its ECS never lacks capacity: a task is stopped by the test with ECS's reason, and the proxy says that it never started.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from harness.calls import Call
from harness.proxy import AwsProxy

NO_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
NO_IMAGE = "TaskDefinition is inactive"
RETRIED = {"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "2", "IS_PAYLOAD_TRUNCATED": "false"}


def dead_letter(schedule: str, cluster: str, execution: str = "", message: str = NO_CAPACITY, **changed: str) -> dict[str, Any]:
    """SendMessage's parameters beside the queue: a letter as EventBridge Scheduler sends it; `changed` attributes are others."""
    attributes = {
        "SCHEDULE_ARN": schedule,
        "TARGET_ARN": cluster,
        "EXECUTION_ID": execution or uuid.uuid4().hex[:16],
        "SCHEDULED_TIME": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ERROR_CODE": "AmazonECSException",
        "ERROR_MESSAGE": message,
        **RETRIED,
        **changed,
    }
    given = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    return {"MessageBody": "{}", "MessageAttributes": given}


def _never_started(_: Call, status: int, body: bytes) -> tuple[int, bytes]:
    answer = json.loads(body)
    for task in answer.get("tasks", ()):
        if task.get("stoppedReason") == NO_CAPACITY:
            task["stopCode"] = "TaskFailedToStart"
            task.pop("startedAt", None)
    return status, json.dumps(answer).encode()


def _spelled(_: Call, status: int, body: bytes) -> tuple[int, bytes]:
    """The emulator keeps CloudFormation's spelling of one property, which the API has another of."""
    return status, body.replace(b'"AwsvpcConfiguration"', b'"awsvpcConfiguration"')


@contextmanager
def without_spot(proxy: AwsProxy) -> Iterator[None]:
    """Stands on a proxy for as long as the context lasts."""
    with ExitStack() as stack:
        stack.enter_context(proxy.overlaid("ecs", "DescribeTasks", _never_started))
        stack.enter_context(proxy.overlaid("scheduler", "GetSchedule", _spelled))
        yield


def attribute(letter: Mapping[str, Any], name: str) -> str:
    """An attribute of a letter as it was received."""
    return str(letter["MessageAttributes"][name]["StringValue"])
