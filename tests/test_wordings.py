"""AWS's wordings, as they were recorded, in short."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fargate_operator import task_wordings
from fargate_operator.aws.services import stopped_task
from fargate_operator.failure import told
from fargate_operator.messages import FIRST, fit
from fargate_operator.observation import Container, Deployment, Failure, ServiceEvent, StoppedTask
from fargate_operator.stopped import culprit, ended
from fargate_operator.wordings import MOST_BRIEF, brief, trimmed
from test_status import NOW

AUTH = "ResourceInitializationError: unable to pull secrets or registry auth: "
FETCH = (
    AUTH + "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): "
)
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf"
PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
EFS = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: "


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ('Resource handler returned message: "bad (Service: Lambda, Status Code: 400, Request ID: 1)" (RequestToken: 2, HandlerErrorCode: InvalidRequest)', "bad"),
        ('Resource handler returned message: "bad (Service: AmazonECS; Status Code: 400; Error Code: ClusterBusyException; Request ID: 1; Proxy: null)" (RequestToken: 2, HandlerErrorCode: GeneralServiceException)', "bad (ClusterBusyException)"),
        ('Resource handler returned message: "it did not come up" (RequestToken: 2, HandlerErrorCode: InternalFailure)', "it did not come up (InternalFailure)"),
        ('Resource handler returned message: "Rate exceeded" (RequestToken: 2, HandlerErrorCode: Throttling)', "Rate exceeded"),
        ("plain words", "plain words"),
        ('says "quoted" (in brackets) and more', 'says "quoted" (in brackets) and more'),
    ],
)  # fmt: skip
def test_a_reason_without_its_wrapping(reason, told):
    assert trimmed(reason) == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: iam:CreateRole on resource: z with an explicit deny in a service control policy", "x is not authorized to perform iam:CreateRole"),
        ("short", "short"),
        ("A sentence that is as long as one may be, and says it all. " + "And another, which nobody needs, " * 4, "A sentence that is as long as one may be, and says it all"),
    ],
)  # fmt: skip
def test_it_is_told_in_short(said, told):
    assert brief(said) == told
    assert len(told) <= MOST_BRIEF


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (f"{PULL}docker.io/library/x:1: toomanyrequests: You have reached your pull rate limit", "the image x:1 cannot be pulled: the registry's rate limit is reached"),
        ("CannotPullContainerError: write /var/lib: no space left on device", "the image is larger than the task's disk (ephemeralStorageGiB)"),
        ("CannotPullContainerError: something new", "the image cannot be pulled"),
        (f"{FETCH}failed to fetch secret {ARN} from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded. Please check your task network configuration", "the secret shop/db-AbCdEf cannot be read: no way to it from the subnets"),
        (f"{FETCH}failed to fetch secret {ARN} from secrets manager: AccessDeniedException: Access to KMS is not allowed", "the secret shop/db-AbCdEf cannot be read: the execution role may not use its key"),
        (f"{AUTH}execution resource retrieval failed: retrieved secret from Secrets Manager did not contain json key password", "a secret has no key password"),
        (f"{AUTH}unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed: dial tcp 52.1.1.1:443: i/o timeout", "ECR cannot be asked for a login: no way to ECR from the subnets"),
        (f"{AUTH}unable to retrieve ecr registry auth: AccessDeniedException: User: x is not authorized to perform: ecr:GetAuthorizationToken", "ECR cannot be asked for a login: the execution role may not"),
        (f"{EFS}b'Failed to resolve \"fs-0ab1.efs.eu-west-1.amazonaws.com\"'", "the file system fs-0ab1 cannot be mounted: it has no mount target in these zones"),
        (f"{EFS}b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' : unsuccessful", "the file system cannot be mounted: access denied"),
        (f"{EFS}Command '['mount']' timed out", "the file system cannot be mounted: its security group does not let the task in"),
        ("ResourceInitializationError: failed to validate logger args: : signal: killed", "logs cannot be written: no way to CloudWatch Logs from the subnets"),
        ("failed to launch a task with (error ECS was unable to assume the role that was provided for this task.)", "ECS cannot assume the task's role"),
        ("Timeout waiting for network interface provisioning to complete.", "the task got no network interface in time"),
        ('CannotStartContainerError: exec: "serve": executable file not found in $PATH', "the container cannot start: serve is not in the image"),
        ("nobody has heard of this", ""),
    ],
)  # fmt: skip
def test_what_ecs_says_of_a_task(words, told):
    assert task_wordings.brief(words) == told
    assert len(told) <= MOST_BRIEF


def task(arn="t", code="EssentialContainerExited", reason="Essential container in task exited", at=NOW, **container):
    return StoppedTask(arn, code, reason, at, (Container("web", **{"exit_code": 1, **container}),))


@pytest.mark.parametrize(
    ("code", "told"),
    [(0, "container web ended (exit code 0), which the container of a service must not"), (1, "container web exited with 1"),
     (127, "container web exited with 127: its command was not found in the image"), (139, "container web crashed: segmentation fault (exit code 139)")],
)  # fmt: skip
def test_what_an_exit_code_means(code, told):
    assert ended([task(exit_code=code)]).message.split("\n")[0] == told


def test_what_ecs_stops_on_purpose_is_no_failure_and_a_fault_comes_before_what_was_done_to_it():
    scaled = task("s", "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", exit_code=143)
    spot = task("p", "SpotInterruption", "Your Spot Task was interrupted.", exit_code=143)
    assert ended([scaled]) is None
    assert ended([scaled, spot]).message == "Fargate Spot took the task back\nYour Spot Task was interrupted"
    assert ended([scaled, spot, task()]).task_arn == "t"


def test_what_stopped_before_is_of_another_time():
    assert ended([task(at=NOW - timedelta(hours=1))], since=NOW) is None
    event = ServiceEvent("1", NOW - timedelta(hours=1), "(service web) was unable to place a task. Reason: x.")
    assert ended([], [event], since=NOW) is None


def test_of_several_containers_the_one_that_failed_is_told():
    quiet, sick, bad = Container("a", 0), Container("b", 143, health="UNHEALTHY"), Container("c", 2)
    worded = Container("d", None, "CannotPullContainerError: x")
    found = [culprit(StoppedTask("t", containers=tuple(one))).name for one in ([quiet, bad], [quiet, bad, sick], [sick, worded])]
    assert found == ["c", "b", "d"]


def test_secrets_in_what_ecs_says_are_masked():
    said = 'CannotStartContainerError: exec: "--password=hunter2": executable file not found in $PATH'
    told = {
        "taskArn": "t",
        "stopCode": "TaskFailedToStart",
        "stoppedReason": said,
        "containers": [{"name": "web", "reason": said}],
    }
    assert "hunter2" not in ended([stopped_task(told)]).message


LONG = "CheckoutBackofficeTargetGroup"
DENIED = "User: x is not authorized to perform: elasticloadbalancing:CreateTargetGroup on resource: arn:aws:y because no policy allows it"


@pytest.mark.parametrize(
    ("name", "kind", "first"),
    [
        ("WebTargetGroup", "AWS::ElasticLoadBalancingV2::TargetGroup",
         "WebTargetGroup (TargetGroup): not authorized to perform elasticloadbalancing:CreateTargetGroup"),
        (LONG, "AWS::ElasticLoadBalancingV2::TargetGroup",
         f"{LONG} (TargetGroup): not authorized to perform elasticloadbalancing:CreateTargetGroup"),
        (f"{LONG}OfTheWholeShop", "AWS::ElasticLoadBalancingV2::TargetGroup",
         f"{LONG}OfTheWholeShop: not authorized to perform elasticloadbalancing:CreateTargetGroup"),
        (LONG * 3, "AWS::X::Y", f"{(LONG * 3)[:53]}…: not authorized to perform elasticloadbalancing:CreateTargetGroup"),
        ("Role", "AWS::IAM::Role", "Role (AWS::IAM::Role): not authorized to perform elasticloadbalancing:CreateTargetGroup"),
        ("", "", "not authorized to perform elasticloadbalancing:CreateTargetGroup"),
    ],
)  # fmt: skip
def test_a_long_name_leaves_room_for_the_reason_and_is_told_in_full_below(name, kind, first):
    lines = fit(told(Failure(name, kind, DENIED))).split("\n")
    whole = f"{name} ({kind})" if kind else ""
    expected = [first, *([whole] if not first.startswith(whole) else []), DENIED]
    assert (lines, len(lines[0]) <= FIRST) == (expected, True)


OOM = "OutOfMemoryError: container killed"
KNOWN = {
    "one that failed, and the one before": (
        [Deployment("svc/2", "web:2", failed=True), Deployment("svc/1", "web:1")], "exited with 1"),
    "one that was rolled back to": ([Deployment("svc/3", "web:1")], "exited with 1"),
    "one that failed with the task definition of before": (
        [Deployment("svc/2", "web:1", failed=True), Deployment("svc/1", "web:1")], "exited with 1"),
    "none": ([], "ran out of memory"),
    "others alone": ([Deployment("svc/8", "web:8")], "ran out of memory"),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_of_a_rollout_that_failed_its_own_tasks_tell_why_not_younger_ones_of_another(name):
    deployments, expected = KNOWN[name]
    same = any(one.failed and one.definition == "web:1" for one in deployments)
    new = replace(task("new", exit_code=1), deployment="svc/2", definition="web:1" if same else "web:2")
    old = replace(task("old", reason=OOM, at=NOW + timedelta(minutes=1), exit_code=137), deployment="svc/1", definition="web:1")
    assert expected in ended([new, old], deployments=deployments).message.split("\n")[0]
