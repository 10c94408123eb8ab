"""What is looked at before a write, how often, and what a fault does to what runs: the reconciler's own code, on a world of fakes."""

from collections import Counter
from types import SimpleNamespace

import pytest
import yaml
from botocore.exceptions import ClientError, ConnectTimeoutError

from fargate_operator.bounds import parse_bounds
from fargate_operator.preflight import Kind, Name
from fargate_operator.preflighting import SHORT, Preflight
from fargate_operator.seen import condition
from test_detection import ACCOUNT, REGION, Life, Pages
from ways_around import DEFAULT

ROLE = f"arn:aws:iam::{ACCOUNT}:role/tasks"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop-AbCdEf"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop:v1"
NAMED = {"iam": {"taskRoleArn": ROLE}, "secrets": {"KEY": SECRET}}
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


class Account:
    """IAM, Secrets Manager, ECR and limits, of a world: `there` is what exists; calls are counted."""

    def __init__(self, aws):
        self.there, self.counts, self.error, self.limit = {ROLE, SECRET}, Counter(), "", 2000
        self.raises, self.rules, self.associated = {}, [], {}
        aws.get_role, aws.describe_secret, aws.describe_images = self.get_role, self.describe_secret, self.describe_images
        aws.describe_account_limits = self.describe_account_limits

    def _look(self, operation, name, code):
        self.counts[operation] += 1
        if operation in self.raises:
            raise self.raises[operation]
        if self.error or name not in self.there:
            raise ClientError({"Error": {"Code": self.error or code, "Message": ""}}, operation)

    def get_role(self, *, RoleName):  # noqa: N803
        arn = f"arn:aws:iam::{ACCOUNT}:role/{RoleName}"
        self._look("GetRole", arn, "NoSuchEntity")
        return {"Role": {"Arn": arn, "AssumeRolePolicyDocument": TRUST}}

    def describe_secret(self, *, SecretId):  # noqa: N803
        self._look("DescribeSecret", SecretId, "ResourceNotFoundException")
        return {"ARN": SecretId}

    def paginate(self, *, ListenerArn="", Filters=()):  # noqa: N803
        if ListenerArn:
            self.counts["DescribeRules"] += 1
            return [{"Rules": list(self.rules)}]
        self.counts["DescribeSecurityGroupVpcAssociations"] += 1
        return [{"SecurityGroupVpcAssociations": [
            {"GroupId": one, "VpcId": self.associated[one], "State": "associated"} for one in Filters[0]["Values"] if one in self.associated
        ]}]  # fmt: skip

    def describe_images(self, **_):
        raise ClientError({"Error": {"Code": "ImageNotFoundException"}}, "DescribeImages")

    def describe_account_limits(self):
        self.counts["DescribeAccountLimits"] += 1
        return {"AccountLimits": [{"Name": "StackLimit", "Value": self.limit}]}


@pytest.fixture
def life():
    one = Life(drift=None)
    one.account = Account(one.aws)
    one.operator._execution._preflight = Preflight(one.aws, lambda: one.seconds)
    one.written = lambda name="shop": one.aws.there[next(key for key in one.aws.there if f"-{name}-" in key)].updated_at
    return one


def change(life, **spec):
    life.apply(**{**life.spec, **spec})
    life.pass_(5)
    return life.kube.items["team", "shop"]["status"]


def told(life, kind="Ready"):
    one = condition(life.kube.items["team", "shop"]["status"], kind)
    return one.get("status"), one.get("reason")


def test_an_app_at_rest_costs_no_look_nor_does_one_that_is_reconciled_unchanged(life):
    change(life, **NAMED)
    assert life.account.counts == {"GetRole": 1, "DescribeSecret": 1}
    life.pass_(3600)
    life.now_please()
    life.pass_(5)
    assert (life.account.counts, told(life)) == ({"GetRole": 1, "DescribeSecret": 1}, ("True", "Succeeded"))


def test_thirty_apps_that_name_one_role_are_one_look(life):
    for number in range(30):
        life.apply(f"app-{number}", **{**life.spec, **NAMED})
    life.pass_(30)
    ready = [condition(one["status"], "Ready")["status"] for one in life.kube.items.values()]
    assert (ready, life.account.counts) == (["True"] * 31, {"GetRole": 1, "DescribeSecret": 1})


def test_all_faults_are_told_at_once_and_what_runs_stays_and_is_looked_after(life):
    written = life.written()
    life.account.there.clear()
    life.aws.counts.clear()
    status = change(life, images={"app": {"uri": IMAGE}}, **NAMED)
    expected = (
        f"spec.iam.taskRoleArn: there is no role {ROLE} (1 of 3)\nspec.images.app: ECR has no image {IMAGE}; push it\n"
        f"spec.secrets.KEY: there is no secret {SECRET}"
    )
    assert condition(status, "Stalled") | {"lastTransitionTime": ""} == {
        "type": "Stalled", "status": "True", "reason": "PreflightFailed", "message": expected, "observedGeneration": 2, "lastTransitionTime": "",
    }  # fmt: skip
    assert (life.written(), told(life), told(life, "WorkloadsReady"), told(life, "SpecValid")) == (
        written, ("False", "PreflightFailed"), ("True", "AllRunning"), ("True", "Valid"),
    )  # fmt: skip
    assert (life.aws.counts["ecs"] > 0, "images" in status, [one for _, one, _ in life.kube.events][-1]) == (
        True, False, "PreflightFailed",
    )  # fmt: skip


def test_what_was_mended_goes_on_when_it_is_asked_for(life):
    life.account.there.clear()
    change(life, **NAMED)
    life.account.there.update({ROLE, SECRET})
    life.now_please()
    life.come("shop", 1)
    life.pass_(5)
    assert told(life) == ("True", "Succeeded")


def test_what_was_mended_goes_on_by_itself(life):
    life.account.there.clear()
    change(life, **NAMED)
    life.account.there.update({ROLE, SECRET})
    life.pass_(601)
    life.come("shop")  # the follower has seen the update end
    life.pass_(1)
    assert told(life) == ("True", "Succeeded")


def test_what_a_write_was_stopped_for_is_not_looked_at_before_it_is_due(life):
    life.account.there.clear()
    change(life, **NAMED)
    before = dict(life.account.counts)
    for _ in range(6):
        life.pass_(90)
        life.come("shop")  # whoever wakes it
        life.pass_(1)
    assert (life.account.counts, told(life)) == (before, ("False", "PreflightFailed"))
    life.account.there.update({ROLE, SECRET})
    life.pass_(60)
    assert life.account.counts["GetRole"] > before["GetRole"]


def test_another_spec_is_looked_at_at_once(life):
    life.account.there.clear()
    change(life, **NAMED)
    life.account.there.update({ROLE, SECRET})
    life.pass_(60)
    change(life, **NAMED, services={"web": {"image": "app", "command": ["other"]}})
    life.come("shop")
    life.pass_(1)
    assert told(life) == ("True", "Succeeded")


def test_one_fault_of_an_image_keeps_its_reason(life):
    change(life, images={"app": {"uri": IMAGE}})
    assert told(life, "Stalled") == ("True", "ImageNotFound")


def test_an_image_whose_tag_is_gone_is_told_when_it_is_looked_up_anew_and_its_pin_stays(life):
    life.aws.describe_images = lambda **_: {"imageDetails": [{"imageDigest": "sha256:one"}]}
    life.aws.batch_get_image = lambda **_: {"images": []}
    before = change(life, images={"app": {"uri": IMAGE}})["images"]
    life.aws.describe_images = life.account.describe_images
    life.now_please()
    life.pass_(1)
    assert (told(life), life.kube.items["team", "shop"]["status"]["images"]) == (("False", "ImageNotFound"), before)
    life.pass_(601)
    assert told(life) == ("True", "Succeeded")


def test_an_image_that_nothing_uses_is_told_of_as_well(life):
    change(life, images={"app": {"uri": "example/app:1"}, "other": {"uri": IMAGE}})
    assert told(life, "Stalled") == ("True", "ImageNotFound")


def test_what_nobody_lets_us_look_at_stops_nothing(life):
    life.account.error = "AccessDenied"
    change(life, **NAMED)
    assert told(life) == ("True", "Succeeded")


AWAY = [
    ClientError({"Error": {"Code": "Throttling", "Message": ""}}, "GetRole"),
    ClientError({"Error": {"Code": "InternalFailure"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "GetRole"),
    ConnectTimeoutError(endpoint_url="https://iam.amazonaws.com/"),
]


@pytest.mark.parametrize("error", AWAY)
def test_a_service_that_does_not_answer_stops_nothing_and_hides_no_fault_of_what_others_tell(life, error):
    written, life.account.raises = life.written(), {"GetRole": error}
    life.account.there.discard(SECRET)
    status = change(life, **NAMED)
    assert condition(status, "Ready")["message"] == f"spec.secrets.KEY: there is no secret {SECRET}"
    assert told(life, "WorkloadsReady") == ("True", "AllRunning")
    life.account.there.add(SECRET)
    life.now_please()
    life.pass_(1)
    life.come("shop")  # the follower has seen the update end
    life.pass_(1)
    assert (told(life), life.written() != written) == (("True", "Succeeded"), True)


def test_a_service_that_does_not_answer_is_not_asked_again_for_half_a_minute(life):
    life.account.raises = {"GetRole": AWAY[2]}
    for number in range(10):
        life.apply(f"app-{number}", **{**life.spec, **NAMED})
    life.pass_(20)
    ready = [condition(one["status"], "Ready")["status"] for one in life.kube.items.values()]
    assert (ready, life.account.counts) == (["True"] * 11, {"DescribeSecret": 1, "GetRole": 1})
    life.pass_(SHORT)
    change(life, **NAMED)
    assert life.account.counts == {"DescribeSecret": 1, "GetRole": 2}


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken"])
def test_what_could_not_be_seen_is_looked_at_again_when_asked_for_and_after_half_a_minute(life, code):
    life.account.there.clear()
    life.account.error = code
    change(life, **NAMED)
    assert told(life) == ("True", "Succeeded")
    life.account.error = ""
    life.apply(**{**life.spec, **NAMED, "environment": {"A": "1"}})
    life.now_please()
    life.pass_(5)
    assert told(life) == ("False", "PreflightFailed")
    life.account.error = code
    life.pass_(SHORT + 1)
    change(life, **NAMED, environment={"A": "2"})
    assert told(life) == ("True", "Succeeded")
    life.account.error = ""
    life.pass_(SHORT + 1)
    change(life, **NAMED, environment={"A": "3"})
    assert told(life) == ("False", "PreflightFailed")


def test_a_priority_that_another_app_has_taken_meanwhile_is_seen_and_a_moment_costs_no_look(life):
    rules, arn = life.account.rules, f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/shared/0/0"
    name = Name(Kind.Listener, arn)
    preflight = life.operator._execution._preflight
    life.aws.get_paginator = lambda operation: life.account if operation == "describe_rules" else Pages(operation)
    assert preflight._looks(REGION, {name})[name].taken == frozenset()
    rules.append({"Priority": "7"})
    assert preflight._looks(REGION, {name})[name].taken == frozenset()
    life.seconds += SHORT
    assert preflight._looks(REGION, {name})[name].taken == {7}
    assert life.account.counts["DescribeRules"] == 2


def test_a_group_of_another_vpc_is_asked_about_once_more_before_it_is_refused(life):
    vpcs = {"subnet-0123456789abcdef0": "vpc-1", "sg-0123456789abcdef0": "vpc-2"}
    life.aws.get_paginator = lambda operation: life.account if "associations" in operation else Away(operation, vpcs)
    status = change(life, environment={"A": "1"})
    assert condition(status, "Ready")["message"].split("\n")[1] == (
        "spec.network.securityGroupIds[0]: the security group sg-0123456789abcdef0 is not in vpc-1, where the tasks' other subnets are; "
        "all must be of one VPC"
    )
    life.account.associated = {"sg-0123456789abcdef0": "vpc-1"}
    life.pass_(601)
    life.come("shop")
    life.pass_(1)
    assert told(life) == ("True", "Succeeded")


class Away(Pages):
    """EC2's answers, with the VPC of each thing."""

    def __init__(self, operation, vpcs):
        super().__init__(operation)
        self.vpcs = vpcs

    def paginate(self, **asked):
        return [{self.key: [one | {"VpcId": self.vpcs[one[self.id]]} for one in super().paginate(**asked)[0][self.key]]}]


def test_what_the_bounds_refuse_is_not_looked_at(life):
    bounds = parse_bounds(yaml.safe_dump({"default": DEFAULT})).of("team")
    life.operator._templates._bounds = SimpleNamespace(of=lambda _: bounds)
    change(life, **NAMED)
    assert (told(life, "Stalled"), life.account.counts) == (("True", "OutOfBounds"), {})


def test_a_suspended_app_is_not_looked_at(life):
    life.account.there.clear()
    change(life, suspend=True, **NAMED)
    assert (told(life), life.account.counts) == (("False", "Suspended"), {})


def test_a_deletion_is_not_looked_at(life):
    life.account.there.clear()
    change(life, **NAMED)
    asked = Counter(life.account.counts)
    life.kube.items["team", "shop"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    life.come("shop")
    life.pass_(5)
    assert life.account.counts == asked


@pytest.mark.parametrize(
    ("stacks", "limit", "expected"), [(1799, 2000, []), (1900, 2000, ["2,000"]), (2800, 3000, ["3,000"]), (1900, 3000, [])]
)
def test_a_quota_that_is_near_is_told_once_and_stops_nothing(life, stacks, limit, expected):
    life.aws.count, life.account.limit = lambda _: stacks, limit
    for number in range(3):
        status = change(life, environment={"NUMBER": str(number)})
    texts = [f"90% or more of the {one} stacks in a region are taken; ask AWS for more" for one in expected]
    assert [message for _, reason, message in life.kube.events if reason == "QuotaNear"] == texts
    assert (told(life), status["stack"].get("warnings", [])) == (("True", "Succeeded"), texts)
    assert condition(status, "StackReady")["message"] == "".join(texts)
    assert life.account.counts["DescribeAccountLimits"] <= 1
    change(life, environment={"NUMBER": "9"})
    life.pass_(3600)
    assert life.kube.items["team", "shop"]["status"]["stack"].get("warnings", []) == texts
