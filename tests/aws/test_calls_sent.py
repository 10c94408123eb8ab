"""What goes out, attempt by attempt: real clients of boto3 against a server that says what it is told to say."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from fargate_operator.aws.clients import READ, Clients
from fargate_operator.aws.sending import Sending, kind_of
from fargate_operator.aws.stacks import Stacks
from fargate_operator.conditions import Reason
from fargate_operator.errors import ReconcileError, Transient
from fargate_operator.outages import IN_A_ROW, Outages
from fargate_operator.stopping import Stop, Stopping

REGION = "eu-west-1"
LIST = b"<ListStacksResponse><ListStacksResult><StackSummaries/></ListStacksResult></ListStacksResponse>"
CREATED = b"<CreateStackResponse><CreateStackResult><StackId>id</StackId></CreateStackResult></CreateStackResponse>"
ATTEMPTS = 4  # of a call: botocore's first, and three more
THROTTLED = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"


class Server:
    """Answers with what stands in `answers`, one after the other; then well."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                target = self.headers.get("X-Amz-Target", "")  # of ECS
                outer.asked.append(target or next(one[7:] for one in body.split("&") if one.startswith("Action=")))
                well = b"{}" if target else CREATED if "CreateStack" in body else LIST
                status, answer = outer.answers.pop(0) if outer.answers else (200, well)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch):
    one = Server()
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))  # between two attempts
    for name, value in (("ENDPOINT_URL", one.endpoint), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x")):
        monkeypatch.setenv(f"AWS_{name}", value)
    yield one
    one.stop()


class Waits(Stop):
    """Notes the waits instead of taking them."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))


@pytest.fixture
def stop():
    return Waits()


@pytest.fixture
def clients(stop, clock, back):
    return Clients(REGION, Sending(stop, Outages(back.append, clock), 2.0, 0.5, clock))


@pytest.fixture
def cloudformation(server, clients):  # noqa: ARG001  it must be there first
    return clients.get("cloudformation", REGION)


def test_each_attempt_takes_its_turn_those_that_botocore_repeats_too(server, stop, cloudformation):
    server.answers = [(400, THROTTLED), (400, THROTTLED)]
    cloudformation.list_stacks()
    assert server.asked == ["ListStacks"] * 3
    cloudformation.list_stacks()
    cloudformation.list_stacks()
    assert stop.waits == [0.0, 0.0, 0.0, 0.0, 0.5]


def test_what_changes_stacks_has_a_rate_of_its_own(stop, cloudformation):
    for _ in range(3):
        cloudformation.create_stack(StackName="shop", TemplateBody="{}")
    cloudformation.list_stacks()
    assert stop.waits == [0.0, 2.0, 4.0, 0.0]


def test_clients_of_one_region_share_the_rate_and_those_of_others_have_theirs(stop, clients, server):  # noqa: ARG001
    for region in (REGION, REGION, REGION, REGION, "us-east-1"):
        clients.get("cloudformation", region).list_stacks()
    clients.get("ecs", REGION).list_clusters()
    assert stop.waits == [0.0, 0.0, 0.0, 0.0, 0.0, 0.5]


def test_a_call_that_would_begin_at_the_end_does_not(server, stop, cloudformation, clients):
    stop.shut()
    for call in (cloudformation.list_stacks, clients.polling("sqs", REGION, 1.0).list_queues):
        with pytest.raises(Stopping):
            call()
    assert server.asked == []


def test_a_call_that_waits_for_its_turn_is_given_up_when_the_end_is_asked_for(server):
    stop = Stop()
    cloudformation = Clients(REGION, Sending(stop, Outages(), 0.01, 0.01)).get("cloudformation", REGION)
    cloudformation.list_stacks()
    stop.ask()
    with pytest.raises(Stopping):
        cloudformation.list_stacks()
    assert server.asked == ["ListStacks"]


def refused(call):
    with pytest.raises(Transient) as error:
        call()
    return error.value


def test_what_fails_again_and_again_is_asked_no_more_until_its_time_has_come(server, clock, back, cloudformation):
    server.answers = [(503, b"")] * ATTEMPTS * IN_A_ROW
    for _ in range(IN_A_ROW - 1):
        with pytest.raises(ClientError, match="503"):
            cloudformation.list_stacks()
    error = refused(cloudformation.list_stacks)  # it has failed once, and is not sent again
    said = "ListStacks: cloudformation in eu-west-1 does not answer: HTTP 503"
    assert (error.reason, error.message, error.refused) == (Reason.AwsUnavailable, said, True)
    asked = len(server.asked)
    assert asked == ATTEMPTS * (IN_A_ROW - 1) + 1
    refused(cloudformation.list_stacks)
    assert len(server.asked) == asked
    server.answers = []
    clock.now += 1.0
    cloudformation.list_stacks()
    assert (len(server.asked), back) == (asked + 1, [REGION])


def test_what_breaks_one_call_refuses_no_other(server, cloudformation):
    for _ in range(2 * IN_A_ROW):
        server.answers = [(500, b"")] * ATTEMPTS
        with pytest.raises(ClientError, match="500"):
            cloudformation.create_stack(StackName="bad", TemplateBody="{}")
    cloudformation.list_stacks()
    assert server.asked == ["CreateStack"] * 2 * ATTEMPTS * IN_A_ROW + ["ListStacks"]


def down(server, call):
    server.answers = [(503, b"")] * ATTEMPTS * IN_A_ROW
    for _ in range(IN_A_ROW):
        with pytest.raises((ClientError, Transient)):
            call()
    server.answers = []


def test_what_is_refused_takes_nobodys_turn(server, stop, clock, clients, cloudformation):
    ecs = clients.get("ecs", REGION)
    down(server, ecs.list_clusters)
    clock.now += 0.9  # it is not tried yet; the bucket is full again, but for one
    for _ in range(50):
        refused(ecs.list_clusters)
    clock.now += 0.05
    stop.waits.clear()
    cloudformation.create_stack(StackName="shop", TemplateBody="{}")
    cloudformation.list_stacks()
    assert max(stop.waits) < 4.0


def test_a_trial_whose_answer_nobody_can_read_is_over(server, clock, cloudformation):
    down(server, cloudformation.list_stacks)
    clock.now += 1.0
    server.answers = [(200, b"<p>a proxy's page")]
    assert "invalid XML" in refused(cloudformation.list_stacks).message
    clock.now += 10.0
    told = []
    other = threading.Thread(target=lambda: told.append(cloudformation.list_stacks()["ResponseMetadata"]["HTTPStatusCode"]))
    other.start()
    other.join(10)
    assert told == [200]


@pytest.mark.parametrize(
    ("kind", "calls"),
    {
        "read": (
            ("cloudformation", "DescribeStacks"), ("cloudformation", "ListStacks"), ("cloudformation", "GetTemplate"),
            ("cloudformation", "DetectStackDrift"), ("ecs", "ListTasks"), ("ecr", "BatchGetImage"), ("s3", "HeadObject"),
            ("codebuild", "BatchGetBuilds"), ("logs", "GetLogEvents"), ("sts", "GetCallerIdentity"),
        ),
        "stack write": (
            ("cloudformation", "CreateStack"), ("cloudformation", "DeleteStack"), ("cloudformation", "CreateChangeSet"),
            ("cloudformation", "RollbackStack"), ("cloudformation", "UpdateTerminationProtection"),
        ),
        "other write": (
            ("ecs", "UpdateService"), ("ecs", "RunTask"), ("ecr", "PutImage"), ("codebuild", "StartBuild"), ("s3", "PutObject"),
        ),
    }.items(),
)  # fmt: skip
def test_each_call_counts_as_what_it_does(kind, calls):
    assert {kind_of(*one) for one in calls} == {kind}


def test_what_changes_something_else_takes_no_turn_of_stacks_or_reads(stop, clients, cloudformation):
    for _ in range(3):
        clients.get("ecs", REGION).run_task(taskDefinition="migrate")
    cloudformation.create_stack(StackName="shop", TemplateBody="{}")
    cloudformation.list_stacks()
    assert [one for one in stop.waits if one] == [2.0, 4.0]


def test_clients_that_botocore_makes_for_credentials_wait_no_minute(clients, monkeypatch, server):  # noqa: ARG001
    made = clients._session._session.create_client("sts", REGION, config=Config(signature_version=UNSIGNED))
    limits = (made.meta.config.connect_timeout, made.meta.config.read_timeout, made.meta.config.retries["total_max_attempts"])
    assert limits == (3.0, 5.0, 2)
    assert clients.get("ecs", REGION).meta.config.read_timeout == READ


def test_being_throttled_is_no_outage(server, cloudformation):
    server.answers = [(503, THROTTLED)] * 8
    for _ in range(2):
        with pytest.raises(ClientError, match="Rate exceeded"):
            cloudformation.list_stacks()
    cloudformation.list_stacks()


def test_a_stack_that_cannot_be_asked_for_is_no_bug(server, clients):
    stacks = Stacks(clients, REGION)
    server.stop()
    with pytest.raises(ReconcileError) as error:
        stacks.describe("shop")
    assert error.value.reason == Reason.AwsUnavailable
