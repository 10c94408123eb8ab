"""What is asked for an explanation, of whom and how often; against an AWS in dicts."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from fargate_operator.actions import Nothing, Wait
from fargate_operator.errors import Transient
from fargate_operator.explaining import Explainer
from fargate_operator.observation import Ended, Failure
from fargate_operator.parsing import parse_app
from fargate_operator.turn import Turn
from test_model import manifest
from test_plan import OWNER
from test_status import NOW, seen, service

ARN = "arn:aws:ecs:eu-west-1:1:service/c/web"
GROUP = "fargate-shop-FargateTasksLogGroup-1"
EXITED = Ended(
    "container web exited with 1\nEssential container in task exited", "arn:task/c/1", "web", 1, NOW - timedelta(seconds=30)
)
BROKE = Failure("WebService", "AWS::ECS::Service", "ECS Deployment Circuit Breaker was triggered", ARN, began=NOW)


class Aws:
    """One stack's resources and its log group; `asked` is what was asked of it."""

    def __init__(self, made=(("WebService", ARN), ("FargateTasksLogGroup", GROUP)), streams=None, refuse=""):
        self.made, self.asked, self.refuse, self.failure_, self.why_ = dict(made), [], refuse, BROKE, None
        self.streams = {(GROUP, "fargate/web/1"): ["a\x1b[0m", "TOKEN=s3cr3t", "the value-of-it"]} if streams is None else streams
        self.asked_secrets = 0
        self.clients, self.events = self, SimpleNamespace(failure=lambda _: self.failure_)

    def stacks(self, _):
        return self

    def services(self, _):
        return SimpleNamespace(why=self._why)

    def _why(self, arn, since):
        self.asked.append((arn, since))
        return self.why_

    def get(self, *_):
        return self

    def describe_stack_resources(self, *, StackName, LogicalResourceId=""):  # noqa: ARG002, N803
        """A hundred of them at most, or the one that is asked for."""
        self.asked.append(LogicalResourceId or "resources")
        if LogicalResourceId and LogicalResourceId not in self.made:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStackResources")
        found = {LogicalResourceId: self.made[LogicalResourceId]} if LogicalResourceId else dict(list(self.made.items())[:100])
        return {"StackResources": [{"LogicalResourceId": name, "PhysicalResourceId": one} for name, one in found.items()]}

    def get_log_events(self, *, logGroupName, logStreamName, limit, startFromHead):  # noqa: N803
        assert startFromHead is False
        self.asked.append((logGroupName, logStreamName))
        if self.refuse or (logGroupName, logStreamName) not in self.streams:
            raise ClientError({"Error": {"Code": self.refuse or "ResourceNotFoundException", "Message": "no"}}, "GetLogEvents")
        return {"events": [{"message": line} for line in self.streams[logGroupName, logStreamName][-limit:]]}


def explainer(aws, secrets=("value-of-it",), lines=20):
    def known(_):
        aws.asked_secrets += 1
        return None if secrets is None else list(secrets)

    return Explainer(aws, SimpleNamespace(secrets=known), lines)


def turn(status="UPDATE_COMPLETE", **more):
    one = seen(status, Wait() if status.endswith("PROGRESS") else Nothing(), app=parse_app(manifest()), **more)
    return Turn({"metadata": {"name": "shop"}, "spec": {}}, one, OWNER)


def told(aws, **how):
    return explainer(aws, **how).services(turn(), {"web": replace(service(running=0), ended=EXITED)})["web"].stopped


def test_the_end_of_the_log_is_told_without_secrets_once_for_a_task():
    aws = Aws()
    one = explainer(aws)
    for _ in range(3):
        found = one.services(turn(), {"web": replace(service(running=0), ended=EXITED)})["web"]
        assert found.stopped == f"{EXITED.message}\n| a\n| TOKEN=****\n| the ****"
    assert aws.asked == ["FargateTasksLogGroup", (GROUP, "fargate/web/1")]


def test_the_secrets_are_read_once_for_a_look_and_not_at_all_once_the_lines_are_known():
    aws = Aws()
    aws.streams[GROUP, "fargate/web/2"] = ["more of it"]
    one, other = replace(service(running=0), ended=EXITED), replace(service(running=0), ended=replace(EXITED, task_arn="task/2"))
    asked = explainer(aws)
    for _ in range(3):
        asked.services(turn(), {"web": one, "api": other})
    assert aws.asked_secrets == 1


def test_the_end_is_read_anew_until_half_a_minute_after_the_task_has_stopped():
    aws = Aws(streams={(GROUP, "fargate/web/1"): ["listening on 8080"]})
    one, fresh = explainer(aws), replace(service(running=0), ended=replace(EXITED, at=NOW - timedelta(seconds=29)))
    assert one.services(turn(), {"web": fresh})["web"].stopped.endswith("\n| listening on 8080")
    aws.streams[GROUP, "fargate/web/1"].append("panic: no configuration")
    assert one.services(turn(), {"web": fresh})["web"].stopped.endswith("\n| panic: no configuration")


def test_the_log_group_is_found_among_more_resources_than_cloudformation_lists():
    aws = Aws(made=[*((f"Queue{n}", f"queue-{n}") for n in range(150)), ("FargateTasksLogGroup", GROUP)])
    assert told(aws).endswith("| the ****")


def test_a_log_group_that_is_not_known_yet_is_no_empty_log():
    aws = Aws(made=[("WebService", ARN)])
    one, failed = explainer(aws), {"web": replace(service(running=0), ended=EXITED)}
    for _ in range(5):
        one.services(turn(), failed)
    aws.made["FargateTasksLogGroup"] = GROUP
    assert one.services(turn(), failed)["web"].stopped.endswith("| the ****")


def test_the_second_half_of_a_message_that_the_log_driver_has_split_is_not_told():
    first, second = "x" * 16_379 + "value", "-of-it, and more\nnext line"
    aws = Aws(streams={(GROUP, "fargate/web/1"): ["begin", first, second]})
    assert told(aws).split("\n| ")[1:] == ["begin", "x" * 199 + "…", "next line"]
    aws = Aws(streams={(GROUP, "fargate/web/1"): [first, second]})
    assert told(aws, lines=1).split("\n| ")[1:] == ["next line"]


def test_values_of_the_apps_secrets_are_hidden_in_what_cloudformation_repeats_of_a_program():
    aws = Aws()
    aws.failure_ = Failure("Migrate", "Custom::Migrate", "no way in with value-of-it", others=("Seed: value-of-it",))
    found = explainer(aws).failure(turn(), turn().seen.stack)
    assert (found.reason, found.others) == ("no way in with ****", ("Seed: ****",))


def test_lines_that_come_late_are_waited_for_and_not_for_ever():
    aws = Aws(streams={})
    one = explainer(aws)
    for _ in range(9):
        one.services(turn(), {"web": replace(service(running=0), ended=EXITED)})
    assert aws.asked == ["FargateTasksLogGroup", *[(GROUP, "fargate/web/1")] * 3]
    late = replace(EXITED, task_arn="arn:task/c/2")
    assert "|" not in one.services(turn(), {"web": replace(service(running=0), ended=late)})["web"].stopped
    aws.streams = {(GROUP, "fargate/web/2"): ["the end"]}
    assert one.services(turn(), {"web": replace(service(running=0), ended=late)})["web"].stopped.endswith("\n| the end")


@pytest.mark.parametrize(
    ("aws", "how"),
    [
        pytest.param(Aws(), {"lines": 0}, id="where the platform wants none"),
        pytest.param(Aws(), {"secrets": None}, id="where a Secret is not there to be hidden"),
        pytest.param(Aws(streams={("other", "fargate/web/1"): ["x"]}), {}, id="where the container writes to another group"),
        pytest.param(Aws(made=[("WebService", ARN)]), {}, id="where the stack has no log group"),
        pytest.param(Aws(refuse="AccessDeniedException"), {}, id="where the group is not the operator's to read"),
        pytest.param(Aws(refuse="ThrottlingException"), {}, id="where AWS does not answer now"),
    ],
)
def test_no_line_is_told(aws, how):
    assert told(aws, **how) == EXITED.message


@pytest.mark.parametrize("one", [replace(EXITED, exit_code=None), replace(EXITED, task_arn="")])
def test_nothing_is_asked_of_what_has_written_nothing(one):
    aws = Aws()
    assert explainer(aws).services(turn(), {"web": replace(service(), ended=one)})["web"].ended == one
    assert aws.asked == []


def remembered(at, message="the image x:1 cannot be pulled"):
    return {"services": {"web": {"stopped": {"message": message, "at": at.isoformat()}}}}


@pytest.mark.parametrize(
    ("live", "previous", "message"),
    [
        (EXITED, {}, "container web exited with 1"),
        (EXITED, remembered(NOW), "container web exited with 1"),
        (None, remembered(NOW + timedelta(seconds=9)), "the image x:1 cannot be pulled"),
        (None, remembered(NOW - timedelta(seconds=9)), ""),
        (None, {}, ""),
    ],
)
def test_of_a_service_that_did_not_come_up_its_tasks_tell_why_or_what_was_seen_of_them_in_this_operation(live, previous, message):
    aws = Aws(streams={})
    aws.why_ = live
    one = turn(previous=previous)
    found = explainer(aws).failure(one, one.seen.stack)
    assert found.cause.split("\n")[0] == message
    assert ("Circuit Breaker" in found.cause) is bool(message)
    assert (ARN, NOW) in aws.asked


def test_of_a_reason_that_says_enough_nothing_more_is_asked():
    aws = Aws()
    aws.failure_ = replace(BROKE, reason="Invalid request provided: no such subnet")
    assert explainer(aws).failure(turn(), turn().seen.stack) == aws.failure_
    assert aws.asked == []


def test_that_ecs_does_not_answer_takes_nothing_from_what_is_known():
    aws = Aws()
    aws._why = lambda *_: (_ for _ in ()).throw(Transient("Throttled", "no"))
    assert explainer(aws).failure(turn(), turn().seen.stack) == BROKE


def making(seconds, **more):
    since = {
        "conditions": [
            {"type": "Reconciling", "status": "True", "lastTransitionTime": (NOW - timedelta(seconds=seconds)).isoformat()}
        ]
    }
    one = turn("CREATE_IN_PROGRESS", previous=since, **more)
    return one.with_seen(stack=replace(one.seen.stack, outputs={}))


def test_services_of_a_stack_that_is_made_are_found_in_one_call_after_a_while():
    aws = Aws(made={})
    one = explainer(aws)
    assert one.arns(making(20), {}) == {}
    assert aws.asked == []
    assert one.arns(making(40), {}) == {}
    aws.made = {"WebService": ARN}
    assert [one.arns(making(60), {}) for _ in range(3)] == [{"web": ARN}] * 3
    assert aws.asked == ["resources"] * 2


def test_each_operation_may_make_a_service_anew():
    aws = Aws()
    one, then = explainer(aws), making(60)
    assert [one.arns(then, {}) for _ in range(2)] == [{"web": ARN}] * 2
    aws.made = {"WebService": f"{ARN}-2"}
    later = then.with_seen(stack=replace(then.seen.stack, updated_at=NOW + timedelta(seconds=9)))
    assert [one.arns(later, {}) for _ in range(2)] == [{"web": f"{ARN}-2"}] * 2
    assert aws.asked == ["resources"] * 2


@pytest.mark.parametrize("found", [{"web": replace(service(running=0), service_arn=ARN, status="INACTIVE")}, {}])
def test_a_service_that_is_gone_is_no_news_of_a_stack_that_makes_it_anew_and_the_new_one_is_looked_for(found):
    aws = Aws()
    one = explainer(aws)
    assert one.arns(making(60), {}) == {"web": ARN}
    assert one.services(making(60), found) == {}
    aws.made = {"WebService": f"{ARN}-2"}
    assert one.arns(making(60), {}) == {"web": f"{ARN}-2"}


def test_a_service_of_the_outputs_that_is_gone_is_told():
    one, gone = explainer(Aws()), {"web": replace(service(running=0), service_arn=ARN, status="INACTIVE")}
    known = making(60)
    known = known.with_seen(stack=replace(known.seen.stack, outputs={"WebServiceArn": ARN}))
    assert (one.services(known, gone), one.services(turn(), gone)) == (gone, gone)


def test_on_reconcile_now_they_are_looked_at_at_once():
    assert explainer(Aws()).arns(replace(making(1), reconcile_now=True), {}) == {"web": ARN}


@pytest.mark.parametrize(
    "status", ["ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE_ROLLBACK_IN_PROGRESS"]
)
def test_nothing_is_asked_of_a_stack_that_makes_none(status):
    aws, one = Aws(), making(99)
    assert explainer(aws).arns(one.with_seen(stack=replace(one.seen.stack, status=status)), {"x": "y"}) == {"x": "y"}
    assert aws.asked == []
