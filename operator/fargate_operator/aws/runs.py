"""What `runs` asks of SQS, EventBridge Scheduler and ECS: dead letters, the schedule, its tasks; and RunTask."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate, translated
from fargate_operator.masking import masked
from fargate_operator.runs import Letter, Schedule, Task, letter

MOST_LETTERS = 10  # one ReceiveMessage gives no more
_BATCH = 100  # tasks in one DescribeTasks


@dataclass(frozen=True, slots=True)
class Started:
    """A task that runs on demand now, or has been started by an earlier call with this token: then without a time."""

    task_arn: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """ECS has started nothing; `reason` is its word."""

    reason: str


class Runs:
    """The calls, in a region."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients, self._region = clients, region

    def letters(self, schedule: Schedule) -> tuple[Letter, ...]:
        """What lies in the queue, ten at most: one call, which does not wait."""
        with translated("ReceiveMessage"):
            received = self._clients.get("sqs", self._region).receive_message(
                QueueUrl=schedule.queue_url,
                MaxNumberOfMessages=MOST_LETTERS,
                WaitTimeSeconds=0,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
        return tuple(letter(one) for one in received.get("Messages", ()))

    def delete(self, schedule: Schedule, one: Letter) -> None:
        """It is dealt with."""
        with translated("DeleteMessage"):
            self._clients.get("sqs", self._region).delete_message(QueueUrl=schedule.queue_url, ReceiptHandle=one.receipt)

    def put_off(self, schedule: Schedule, one: Letter, seconds: int) -> None:
        """It is not to be received for so long."""
        with translated("ChangeMessageVisibility"):
            self._clients.get("sqs", self._region).change_message_visibility(
                QueueUrl=schedule.queue_url, ReceiptHandle=one.receipt, VisibilityTimeout=seconds
            )

    def schedule(self, schedule: Schedule) -> Mapping[str, Any]:
        """The schedule as it is now."""
        with translated("GetSchedule"):
            found: Mapping[str, Any] = self._clients.get("scheduler", self._region).get_schedule(
                Name=schedule.name, GroupName=schedule.group
            )
        return found

    def listed(self, schedule: Schedule, status: str) -> frozenset[str]:
        """ARNs of the family's tasks of a desired status: RUNNING or STOPPED."""
        with translated("ListTasks"):
            pages = (
                self._clients.get("ecs", self._region)
                .get_paginator("list_tasks")
                .paginate(cluster=schedule.cluster, family=schedule.family, desiredStatus=status)
            )
            return frozenset(arn for page in pages for arn in page["taskArns"])

    def described(self, schedule: Schedule, arns: Iterable[str]) -> tuple[Task, ...]:
        """The tasks; what ECS has forgotten meanwhile is left out."""
        wanted = sorted(arns)
        found: list[Task] = []
        for start in range(0, len(wanted), _BATCH):
            with translated("DescribeTasks"):
                ecs = self._clients.get("ecs", self._region)
                answer = ecs.describe_tasks(cluster=schedule.cluster, tasks=wanted[start : start + _BATCH])
            found += [_task(one) for one in answer["tasks"]]
        return tuple(found)

    def run(self, parameters: Mapping[str, Any]) -> Started | Refused:
        """RunTask with a client token. ReconcileErrors where nobody knows whether anything was started, or it is refused."""
        try:
            answer = self._clients.get("ecs", self._region).run_task(**parameters)
        except ClientError as error:
            if code(error) == "ConflictException":  # the token has been used, for the definition of then
                said: Any = error.response
                return Started(str((said.get("resourceIds") or [""])[0]))
            raise translate(error, "RunTask") from error
        except BotoCoreError as error:
            raise translate(error, "RunTask") from error
        if answer["tasks"]:
            one = _task(answer["tasks"][0])
            return Started(one.arn, one.created_at)
        return Refused(masked("; ".join(one.get("reason", "") for one in answer.get("failures", ()))) or "no task was started")


def _task(one: Mapping[str, Any]) -> Task:
    names = ("taskArn", "startedBy", "stopCode", "stoppedReason", "lastStatus")
    arn, by, stop, reason, last = (str(one.get(name) or "") for name in names)
    return Task(arn, by, stop, masked(reason), one.get("createdAt"), last)
