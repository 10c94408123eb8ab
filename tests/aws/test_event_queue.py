"""The event queue as SQS has it: what is asked for, and what is told of it."""

import pytest
from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.events import EventQueue, region_of
from fargate_operator.conditions import Reason
from fargate_operator.errors import ReconcileError
from fargate_operator.events import Message

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"


class Sqs:
    """SQS, of one queue."""

    def __init__(self):
        self.messages = {"r1": "one", "r2": "two"}
        self.refuses = ""
        self.waited = []

    def receive_message(self, *, QueueUrl, MaxNumberOfMessages, WaitTimeSeconds):  # noqa: N803
        assert (QueueUrl, MaxNumberOfMessages) == (URL, 10)
        self._refuse("ReceiveMessage")
        self.waited.append(WaitTimeSeconds)
        found = [{"Body": body, "ReceiptHandle": receipt} for receipt, body in self.messages.items()]
        return {"Messages": found} if found else {}  # as SQS does it

    def delete_message_batch(self, *, QueueUrl, Entries):  # noqa: N803
        assert QueueUrl == URL
        assert len({one["Id"] for one in Entries}) == len(Entries)
        self._refuse("DeleteMessageBatch")
        gone = [self.messages.pop(one["ReceiptHandle"], None) for one in Entries]
        return {
            "Failed": [{"Id": str(number), "Code": "ReceiptHandleIsInvalid"} for number, one in enumerate(gone) if one is None]
        }

    def _refuse(self, action):
        if self.refuses:
            raise ClientError(
                {"Error": {"Code": self.refuses, "Message": "x"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, action
            )


class Asked:
    """Clients that note what they were asked for."""

    region = "us-east-1"

    def __init__(self, sqs):
        self.sqs, self.asked = sqs, []

    def polling(self, *what):
        self.asked.append(what)
        return self.sqs


@pytest.fixture
def sqs():
    return Sqs()


def test_messages_are_received_and_deleted_in_the_region_of_the_url(sqs):
    clients = Asked(sqs)
    queue = EventQueue(clients, URL)
    assert clients.asked == []
    messages = queue.receive()
    assert messages == [Message("one", "r1"), Message("two", "r2")]
    queue.delete(messages)
    assert queue.receive() == []
    queue.delete([])
    queue.delete(messages)  # which are gone
    [(service, region, timeout)] = clients.asked
    assert (service, region) == ("sqs", "eu-west-1")
    assert all(0 < waited < timeout for waited in sqs.waited)


@pytest.mark.parametrize(
    ("code", "reason"), [("AWS.SimpleQueueService.NonExistentQueue", Reason.AwsRefused), ("AccessDenied", Reason.AccessDenied)]
)
def test_refusals_are_the_operators_errors(sqs, code, reason):
    queue = EventQueue(Asked(sqs), URL)
    messages = queue.receive()
    sqs.refuses = code
    for call in (queue.receive, lambda: queue.delete(messages)):
        with pytest.raises(ReconcileError) as caught:
            call()
        assert caught.value.reason == reason


def test_a_client_that_cannot_be_made_is_an_error_like_any_other(monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(ReconcileError) as caught:
        EventQueue(Clients(), "https://queue.example.com/123456789012/events").receive()
    assert caught.value.reason == Reason.AwsUnavailable


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (URL, "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/events", "cn-north-1"),
        ("https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/events", "us-gov-west-1"),
        ("https://vpce-1-a.sqs.eu-central-1.vpce.amazonaws.com/123456789012/events", "eu-central-1"),
        ("http://127.0.0.1:4566/123456789012/events", ""),
    ],
)
def test_the_url_tells_the_region(url, region):
    assert region_of(url) == region


def test_a_client_that_polls_waits_longer_and_leaves_trying_again_to_its_caller():
    clients = Clients("eu-west-1")
    client = clients.polling("sqs", "eu-west-1", 30.0)
    assert client.meta.config.read_timeout > 20
    assert client.meta.config.retries["total_max_attempts"] == 1
    assert client is not clients.get("sqs", "eu-west-1")
