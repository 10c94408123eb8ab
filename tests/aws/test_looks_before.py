"""What AWS says of things that a spec names, as recorded from its API, through boto's own parsers."""

import json
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from fargate_operator.aws.preflight import look, trusted
from fargate_operator.errors import Transient
from fargate_operator.preflight import Found, Kind

ACCOUNT, REGION = "123456789012", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/apps/tasks"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop-AbCdEf"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/11111111-1111-4111-8111-111111111111"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shared"
LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/shared/0123456789abcdef/0123456789abcdef"
SOON = datetime(2026, 2, 1, tzinfo=UTC)


class Recorded:
    """boto3 clients whose answers were recorded; a call that was not is a failure."""

    def __init__(self, service):
        self.service = service
        session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name=REGION)
        self.client = session.client(service)
        self.stub = Stubber(self.client)
        self.stub.activate()

    def get(self, service, region):
        assert (service, region) == (self.service, REGION)
        return self.client


def trust(*services, action="sts:AssumeRole", effect="Allow", **more):
    return {"Statement": [{"Effect": effect, "Principal": {"Service": list(services)}, "Action": action, **more}]}


def allow(principal, **more):
    return {"Statement": [{"Effect": "Allow", "Principal": principal, **more}]}


def role(arn=ROLE, **document):
    text = json.dumps(document or trust("ecs-tasks.amazonaws.com"))
    return {
        "Role": {
            "Path": "/apps/",
            "RoleName": "tasks",
            "RoleId": "AROA" + "A" * 17,
            "Arn": arn,
            "CreateDate": SOON,
            "AssumeRolePolicyDocument": text,
        }
    }


ANSWERS = {
    "a role": ("iam", Kind.Role, [ROLE], "get_role", role(), {ROLE: Found(trusted=frozenset({"ecs-tasks.amazonaws.com"}))}),
    "a role of the name under another path": ("iam", Kind.Role, [ROLE], "get_role", role(ROLE.replace("apps", "ops")), {ROLE: None}),
    "a policy": ("iam", Kind.Policy, ["arn:aws:iam::aws:policy/ReadOnlyAccess"], "get_policy", {"Policy": {}}, {"arn:aws:iam::aws:policy/ReadOnlyAccess": Found()}),
    "a secret": (
        "secretsmanager", Kind.Secret, [SECRET], "describe_secret",
        {"ARN": SECRET, "VersionIdsToStages": {"0" * 32: ["AWSCURRENT"], "1" * 32: ["AWSPREVIOUS", "blue"]}},
        {SECRET: Found(labels=frozenset({"AWSCURRENT", "AWSPREVIOUS", "blue"}))},
    ),
    "a secret that is scheduled for deletion": (
        "secretsmanager", Kind.Secret, [SECRET], "describe_secret", {"ARN": SECRET, "DeletedDate": SOON}, {SECRET: Found("deleted")},
    ),
    "a certificate": (
        "acm", Kind.Certificate, [CERTIFICATE], "describe_certificate", {"Certificate": {"Status": "ISSUED", "NotAfter": SOON}},
        {CERTIFICATE: Found("ISSUED", expires=SOON)},
    ),
    "parameters, of which one is missing": (
        "ssm", Kind.Parameter, ["/shop/a", "/shop/b"], "describe_parameters", {"Parameters": [{"Name": "/shop/a", "Type": "SecureString"}]},
        {"/shop/a": Found(), "/shop/b": None},
    ),
    "clusters, one of them gone": (
        "ecs", Kind.Cluster, [CLUSTER, f"{CLUSTER}-2"], "describe_clusters",
        {"clusters": [{"clusterArn": CLUSTER, "status": "INACTIVE", "capacityProviders": ["FARGATE"]}], "failures": [{"arn": f"{CLUSTER}-2", "reason": "MISSING"}]},
        {CLUSTER: Found("INACTIVE", labels=frozenset({"FARGATE"})), f"{CLUSTER}-2": None},
    ),
    "security groups, and one that was not asked for": (
        "ec2", Kind.SecurityGroup, ["sg-1", "sg-2"], "describe_security_groups",
        {"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1"}, {"GroupId": "sg-3", "VpcId": "vpc-1"}]},
        {"sg-1": Found(vpc_id="vpc-1"), "sg-2": None},
    ),
    "the further VPCs of security groups": (
        "ec2", Kind.GroupVpcs, ["sg-1", "sg-2"], "describe_security_group_vpc_associations",
        {"SecurityGroupVpcAssociations": [
            {"GroupId": "sg-1", "VpcId": "vpc-2", "State": "associated"}, {"GroupId": "sg-1", "VpcId": "vpc-3", "State": "disassociated"}]},
        {"sg-1": Found(labels=frozenset({"vpc-2"})), "sg-2": Found()},
    ),
    "subnets": (
        "ec2", Kind.Subnet, ["subnet-1"], "describe_subnets", {"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]},
        {"subnet-1": Found(vpc_id="vpc-1")},
    ),
    "a listener's rules": (
        "elbv2", Kind.Listener, [LISTENER], "describe_rules",
        {"Rules": [{"Priority": "7"}, {"Priority": "9"}, {"Priority": "default", "IsDefault": True}]},
        {LISTENER: Found(taken=frozenset({7, 9}), count=2)},
    ),
    "how many stacks": (
        "cloudformation", Kind.StackQuota, [""], "describe_account_limits",
        {"AccountLimits": [{"Name": "StackOutputsLimit", "Value": 200}, {"Name": "StackLimit", "Value": 3000}]}, {"": Found(count=3000)},
    ),
    "how many rules": (
        "elbv2", Kind.RuleQuota, [""], "describe_account_limits",
        {"Limits": [{"Name": "listeners-per-application-load-balancer", "Max": "50"}, {"Name": "rules-per-application-load-balancer", "Max": "200"}]},
        {"": Found(count=200)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read(name):
    service, kind, ids, operation, answer, expected = ANSWERS[name]
    aws = Recorded(service)
    aws.stub.add_response(operation, answer)
    assert look(aws, REGION, kind, ids) == expected
    aws.stub.assert_no_pending_responses()


ABSENT = {
    Kind.Role: ("iam", "get_role", "NoSuchEntity", ROLE),
    Kind.Policy: ("iam", "get_policy", "NoSuchEntity", f"arn:aws:iam::{ACCOUNT}:policy/gone"),
    Kind.Secret: ("secretsmanager", "describe_secret", "ResourceNotFoundException", SECRET),
    Kind.Certificate: ("acm", "describe_certificate", "ResourceNotFoundException", CERTIFICATE),
    Kind.Listener: ("elbv2", "describe_rules", "ListenerNotFound", LISTENER),
}


@pytest.mark.parametrize("kind", ABSENT)
def test_what_is_not_there_is_none_and_does_not_hide_the_next(kind):
    service, operation, code, name = ABSENT[kind]
    aws = Recorded(service)
    aws.stub.add_client_error(operation, code, http_status_code=404 if service == "iam" else 400)
    aws.stub.add_client_error(operation, "AccessDenied", http_status_code=403)
    assert look(aws, REGION, kind, [name, f"{name}-2"]) == {name: None}


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnauthorizedOperation", "ValidationException", "InvalidAction"])
def test_what_may_not_be_looked_at_or_cannot_be_asked_has_no_answer(code):
    aws = Recorded("ec2")
    aws.stub.add_client_error("describe_subnets", code, http_status_code=403)
    assert look(aws, REGION, Kind.Subnet, ["subnet-1"]) == {}


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 400), ("InternalFailure", 500)])
def test_of_a_service_that_throttles_or_fails_what_it_told_before_is_kept_and_the_rest_is_not_asked_for(code, status):
    aws = Recorded("secretsmanager")
    aws.stub.add_response("describe_secret", {"ARN": SECRET})
    aws.stub.add_client_error("describe_secret", code, http_status_code=status)
    assert look(aws, REGION, Kind.Secret, [SECRET, f"{SECRET}-2", f"{SECRET}-3"]) == {SECRET: Found()}
    aws.stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    "error",
    [
        Transient("AwsUnavailable", "iam in eu-west-1 does not answer"),  # of `aws.sending`
        ConnectTimeoutError(endpoint_url="https://x"),
        EndpointConnectionError(endpoint_url="https://x"),
        ReadTimeoutError(endpoint_url="https://x"),
    ],
)
def test_a_service_without_a_way_to_it_has_no_answer_and_is_asked_once(error):
    class Unreachable:
        asked = 0

        def get(self, *_):
            return self

        def get_role(self, **_):
            self.asked += 1
            raise error

    one = Unreachable()
    assert (look(one, REGION, Kind.Role, [ROLE, f"{ROLE}-2"]), one.asked) == ({}, 1)


def test_a_parameter_without_a_slash_has_the_same_arn_as_one_with():
    aws = Recorded("ssm")
    wanted = {"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": ["/key", "/shop/key", "key"]}], "MaxResults": 50}
    aws.stub.add_response("describe_parameters", {"Parameters": [{"Name": "key"}]}, wanted)
    assert look(aws, REGION, Kind.Parameter, ["/key", "/shop/key"]) == {"/key": Found(), "/shop/key": None}


def test_60_parameters_are_three_calls_of_25_at_most():
    aws = Recorded("ssm")
    names = [f"/shop/{number}" for number in range(60)]
    for start in (0, 25, 50):
        wanted = {
            "ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": names[start : start + 25]}],
            "MaxResults": 50,
        }
        aws.stub.add_response("describe_parameters", {"Parameters": [{"Name": names[start]}]}, wanted)
    found = look(aws, REGION, Kind.Parameter, names)
    assert [name for name, one in found.items() if one] == [names[0], names[25], names[50]]
    assert found.keys() == set(names)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (trust("ecs-tasks.amazonaws.com", "lambda.amazonaws.com"), {"ecs-tasks.amazonaws.com", "lambda.amazonaws.com"}),
        (trust("ecs-tasks.amazonaws.com", Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}), {"ecs-tasks.amazonaws.com"}),
        (trust("ecs-tasks.amazonaws.com", action=["sts:TagSession", "STS:AssumeRole"]), {"ecs-tasks.amazonaws.com"}),
        (trust("ecs-tasks.amazonaws.com", action="sts:*"), {"ecs-tasks.amazonaws.com"}),
        (trust("ecs-tasks.amazonaws.com", action="sts:TagSession"), set()),
        (trust("ecs-tasks.amazonaws.com", effect="Deny"), set()),
        (trust("ecs-tasks.amazonaws.com", action="sts:Assume*"), {"ecs-tasks.amazonaws.com"}),
        (trust("ECS-Tasks.amazonaws.com", action=["STS:assumerol?"]), {"ecs-tasks.amazonaws.com"}),
        (trust("ecs-tasks.amazonaws.com", action="sts:AssumeRoleWith*"), set()),
        (trust("ecs-tasks.amazonaws.com", action="s[t]s:*"), set()),
        (allow({"Service": "ecs-tasks.amazonaws.com"}, NotAction="sts:TagSession"), {"ecs-tasks.amazonaws.com"}),
        (allow({"Service": "ecs-tasks.amazonaws.com"}, NotAction=["sts:Assume*"]), set()),
        (allow({"AWS": "*"}, Action="sts:AssumeRole"), {"*"}),
        (allow({"AWS": [ACCOUNT, "*"], "Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole"), {"*"}),
        ({"Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}, {"*"}),
        ({"Statement": [*trust("ecs-tasks.amazonaws.com")["Statement"], *trust("ecs-tasks.amazonaws.com", effect="Deny")["Statement"]]},
         {"ecs-tasks.amazonaws.com"}),
        ({"Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}}, set()),
        ({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}, {"*"}),
        ("%7B%22Statement%22%3A%5B%5D%7D", set()),
        ("no JSON", {"*"}),
        (None, {"*"}),
    ],
)  # fmt: skip
def test_whom_a_trust_policy_lets_in(document, expected):
    assert set(trusted(document)) == expected
