"""The SQS queue that EventBridge feeds. Only receives and deletes: what a message means, and whose it is, is not for here.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
"""

import logging
import re
from typing import Any

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import translated
from fargate_operator.events import Message

log = logging.getLogger(__name__)
WAIT = 20  # seconds, SQS's longest
READ = 30.0  # seconds until a poll counts as lost
BATCH = 10  # messages, SQS's largest batch
_REGION = re.compile(r"[/.]sqs(?:-fips)?\.([a-z0-9-]+)\.")


def region_of(url: str) -> str:
    """The region of a queue's URL, ``https://sqs.<region>.amazonaws.com/…``; empty where it does not tell."""
    found = _REGION.search(url)
    return found[1] if found else ""


class EventQueue:
    """Polled by one thread. Both calls raise ReconcileErrors: whoever calls waits before it calls again, boto3 does not retry."""

    def __init__(self, clients: Clients, url: str) -> None:
        self._clients, self._url = clients, url
        self._client: Any = None

    def receive(self) -> list[Message]:
        """Up to 10 messages; waits up to 20 s where there are none."""
        with translated("ReceiveMessage"):
            if self._client is None:
                self._client = self._clients.polling("sqs", region_of(self._url) or self._clients.region, READ)
            answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=WAIT)
        return [Message(one.get("Body", ""), one["ReceiptHandle"]) for one in answer.get("Messages", ())]

    def delete(self, messages: list[Message]) -> None:
        """Up to 10. One that SQS does not delete comes again, and does no harm."""
        if not messages:
            return
        entries = [{"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(messages)]
        with translated("DeleteMessageBatch"):
            answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        for one in answer.get("Failed", ()):
            log.debug("DeleteMessageBatch: %s", one.get("Code", ""))
