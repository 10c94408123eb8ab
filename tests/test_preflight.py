"""What is asked of AWS before a template is sent, and what is wrong with the answers."""

import json
from datetime import UTC, datetime

import pytest

from fargate_operator import names
from fargate_operator.actions import Halt
from fargate_operator.compiler import compile_app
from fargate_operator.errors import Fault
from fargate_operator.facts import Facts, Lack, Listener, Subnets, recall, record
from fargate_operator.grounding import doubted, granted, grounded, judge
from fargate_operator.observation import StackObservation
from fargate_operator.parsing import parse_app
from fargate_operator.preflight import Found, Kind, Name, Use, questions
from test_model import manifest

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT, REGION = "123456789012", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tasks"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop-AbCdEf"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/one"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shared"
LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/shared/0123456789abcdef/0123456789abcdef"
SUBNETS = Subnets("vpc-1", ("subnet-1", "subnet-2"), ("a", "b"))
FACTS = Facts(
    ACCOUNT,
    REGION,
    subnets={"default": SUBNETS, "subnet-1,subnet-2": SUBNETS},
    images={"app": "example/app:1"},
    listener=Listener("vpc-1", ("sg-l",), "https://shared"),
)
HTTP = {"image": "app", "port": 80, "http": {"priority": 7, "host": "a.example.com"}}


def asked(stack=None, **spec):
    app = parse_app(manifest(**spec))
    return questions(app, FACTS, compile_app(app, FACTS).json(), stack)


def use(path, kind, id_, wants=""):
    return Use(path, Name(kind, id_), wants)


OURS = {
    "a role for all tasks, and one for its own": (
        {
            "iam": {"taskRoleArn": ROLE},
            "services": {"web": {"image": "app", "executionRoleArn": f"{ROLE}-2"}, "api": {"image": "app"}},
        },
        [
            use("spec.iam.taskRoleArn", Kind.Role, ROLE, "ecs-tasks.amazonaws.com"),
            use("spec.services.web.executionRoleArn", Kind.Role, f"{ROLE}-2", "ecs-tasks.amazonaws.com"),
        ],
    ),
    "a role that no workload has is not asked about": (
        {"iam": {"taskRoleArn": ROLE}, "services": {"web": {"image": "app", "taskRoleArn": f"{ROLE}-2"}}},
        [use("spec.services.web.taskRoleArn", Kind.Role, f"{ROLE}-2", "ecs-tasks.amazonaws.com")],
    ),
    "policies, AWS's own too, and a boundary": (
        {
            "iam": {
                "managedPolicies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
                "permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/most",
            }
        },
        [
            use("spec.iam.managedPolicies[0]", Kind.Policy, "arn:aws:iam::aws:policy/ReadOnlyAccess"),
            use("spec.iam.permissionsBoundary", Kind.Policy, f"arn:aws:iam::{ACCOUNT}:policy/most"),
        ],
    ),
    "a secret without its key, with the stage that is wanted": (
        {"secrets": {"KEY": f"{SECRET}:key:AWSPREVIOUS:"}},
        [use("spec.secrets.KEY", Kind.Secret, SECRET, "AWSPREVIOUS")],
    ),
    "a parameter by its name, however it is written": (
        {"secrets": {"ONE": "/shop/one", "TWO": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/two"}},
        [use("spec.secrets.ONE", Kind.Parameter, "/shop/one"), use("spec.secrets.TWO", Kind.Parameter, "/shop/two")],
    ),
    "secrets of other regions and accounts nobody tells us": (
        {"secrets": {"A": SECRET.replace(REGION, "us-east-1"), "B": SECRET.replace(ACCOUNT, "999999999999")}},
        [],
    ),
    "what the stack itself makes, or another exports": (
        {
            "resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {}}},
            "iam": {"taskRoleArn": "${Role.Arn}", "executionRoleArn": "${Import:role}"},
            "network": {"subnetIds": ["${Import:subnet}"], "securityGroupIds": ["${Import:group}"]},
        },
        [],
    ),
    "subnets and groups that no load balancer needs, by where they are named": (
        {
            "network": {"subnetIds": ["subnet-3"]},
            "services": {"web": {"image": "app", "network": {"securityGroupIds": ["sg-1"]}}},
        },
        [
            use("spec.network.subnetIds[0]", Kind.Subnet, "subnet-3", "subnet-3"),
            use("spec.services.web.network.securityGroupIds[0]", Kind.SecurityGroup, "sg-1", "subnet-3"),
        ],
    ),
    "groups in subnets that were looked up": (
        {"network": {"securityGroupIds": ["sg-1"]}},
        [use("spec.network.securityGroupIds[0]", Kind.SecurityGroup, "sg-1", "vpc-1")],
    ),
    "a cluster": ({"cluster": {"existing": CLUSTER}}, [use("spec.cluster.existing", Kind.Cluster, CLUSTER)]),
    "a cluster that is to have Spot": (
        {"cluster": {"existing": CLUSTER}, "services": {"web": {"image": "app", "spot": True}}},
        [
            use("spec.cluster.existing", Kind.Cluster, CLUSTER),
            use("spec.cluster.existing", Kind.Cluster, CLUSTER, "FARGATE_SPOT"),
        ],
    ),
    "a cluster for a mixture, which needs both": (
        {"cluster": {"existing": CLUSTER}, "services": {"web": {"image": "app", "capacity": {}}}},
        [use("spec.cluster.existing", Kind.Cluster, CLUSTER, one) for one in ("", "FARGATE", "FARGATE_SPOT")],
    ),
    "a certificate": (
        {"services": {"web": {"image": "app", "port": 80, "http": {}}}, "loadBalancer": {"certificateArns": [CERTIFICATE]}},
        [use("spec.loadBalancer.certificateArns[0]", Kind.Certificate, CERTIFICATE)],
    ),
    "a listener, and the priority of a rule that is new": (
        {"services": {"web": HTTP}, "loadBalancer": {"listenerArn": LISTENER}},
        [
            use("spec.loadBalancer.listenerArn", Kind.Listener, LISTENER),
            use("spec.services.web.http.priority", Kind.Listener, LISTENER, "7"),
        ],
    ),
}


@pytest.mark.parametrize("name", OURS)
def test_what_is_asked(name):
    spec, expected = OURS[name]
    assert list(asked(**spec)) == sorted(expected)


@pytest.mark.parametrize(
    ("status", "outputs"),
    [
        ("UPDATE_COMPLETE", {names.service_url_output("web"): "https://a.example.com"}),
        ("CREATE_FAILED", {}),
        ("UPDATE_FAILED", {}),
    ],
)
def test_the_priority_of_a_rule_that_may_be_the_stacks_own_is_not_asked_about(status, outputs):
    there = StackObservation("shop", "id", status, outputs=outputs)
    found = asked(there, services={"web": HTTP}, loadBalancer={"listenerArn": LISTENER})
    assert [one.path for one in found] == ["spec.loadBalancer.listenerArn"]


def test_of_a_workload_that_waits_for_its_image_nothing_is_asked():
    app = parse_app(manifest(services={"web": {"image": "app", "taskRoleArn": ROLE}}))
    assert questions(app, FACTS, json.dumps({}), None) == ()


ONE = Found(trusted=frozenset({"ecs-tasks.amazonaws.com"}))
WRONG = {
    "nothing": (use("p", Kind.Role, ROLE), None, f"there is no role {ROLE}"),
    "a role for tasks": (use("p", Kind.Role, ROLE, "ecs-tasks.amazonaws.com"), ONE, None),
    "a role for anybody": (use("p", Kind.Role, ROLE, "ecs-tasks.amazonaws.com"), Found(trusted=frozenset({"*"})), None),
    "a role for Lambda": (
        use("p", Kind.Role, ROLE, "ecs-tasks.amazonaws.com"),
        Found(trusted=frozenset({"lambda.amazonaws.com"})),
        f"the role {ROLE} does not let ecs-tasks.amazonaws.com assume it; add that to its trust policy",
    ),
    "a certificate": (use("p", Kind.Certificate, CERTIFICATE), Found("ISSUED"), None),
    "a certificate that is not issued yet": (
        use("p", Kind.Certificate, CERTIFICATE),
        Found("PENDING_VALIDATION"),
        f"the certificate {CERTIFICATE} is PENDING_VALIDATION; it must be ISSUED",
    ),
    "a certificate that has run out": (
        use("p", Kind.Certificate, CERTIFICATE),
        Found("ISSUED", expires=NOW),
        f"the certificate {CERTIFICATE} has expired; renew it, or name another",
    ),
    "a secret": (use("p", Kind.Secret, SECRET, "AWSCURRENT"), Found(labels=frozenset({"AWSCURRENT"})), None),
    "a secret that goes": (
        use("p", Kind.Secret, SECRET),
        Found("deleted"),
        f"the secret {SECRET} is scheduled for deletion; restore it, or name another",
    ),
    "a secret without the stage": (
        use("p", Kind.Secret, SECRET, "BLUE"),
        Found(labels=frozenset({"AWSCURRENT"})),
        f"the secret {SECRET} has no version of the stage BLUE",
    ),
    "a cluster": (use("p", Kind.Cluster, CLUSTER), Found("ACTIVE"), None),
    "a cluster that was deleted": (
        use("p", Kind.Cluster, CLUSTER),
        Found("INACTIVE"),
        f"the cluster {CLUSTER} is INACTIVE; it must be ACTIVE",
    ),
    "a cluster without Spot": (
        use("p", Kind.Cluster, CLUSTER, "FARGATE_SPOT"),
        Found("ACTIVE", labels=frozenset({"FARGATE"})),
        f"the cluster {CLUSTER} has no capacity provider FARGATE_SPOT, which spot and capacity need; add it to the cluster",
    ),
    "a group in the VPC": (use("p", Kind.SecurityGroup, "sg-1", "vpc-1"), Found(vpc_id="vpc-1"), None),
    "a group in another VPC": (
        use("p", Kind.SecurityGroup, "sg-1", "vpc-1"),
        Found(vpc_id="vpc-2"),
        "the security group sg-1 is not in vpc-1, where the tasks' other subnets are; all must be of one VPC",
    ),
    "a group in subnets that only CloudFormation knows": (use("p", Kind.SecurityGroup, "sg-1"), Found(vpc_id="vpc-2"), None),
    "a free priority": (use("p", Kind.Listener, LISTENER, "7"), Found(taken=frozenset({8})), None),
    "a priority that is taken": (
        use("p", Kind.Listener, LISTENER, "7"),
        Found(taken=frozenset({7})),
        "7 is the priority of another rule of the listener; choose one that is free",
    ),
    "a parameter": (use("p", Kind.Parameter, "/shop/one"), Found(), None),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name):
    one, answer, expected = WRONG[name]
    assert judge([one], {one.name: answer}, NOW) == ({one: expected} if expected else {})


def test_a_group_in_another_vpc_than_subnets_that_are_looked_up_with_it():
    subnet, group = use("s", Kind.Subnet, "subnet-1", "subnet-1"), use("g", Kind.SecurityGroup, "sg-1", "subnet-1")
    answers = {subnet.name: Found(vpc_id="vpc-1"), group.name: Found(vpc_id="vpc-2")}
    assert [one.path for one in judge([subnet, group], answers, NOW)] == ["g"]
    assert judge([group], {**answers, subnet.name: None}, NOW) == {}


@pytest.mark.parametrize(
    ("further", "expected"),
    [(Found(labels=frozenset({"vpc-1"})), []), (Found(labels=frozenset({"vpc-3"})), ["g"]), (Found(), ["g"]), (None, [])],
)
def test_a_group_may_be_associated_with_further_vpcs_and_where_nobody_tells_nothing_is_wrong(further, expected):
    group, vpcs = use("g", Kind.SecurityGroup, "sg-1", "vpc-1"), Name(Kind.GroupVpcs, "sg-1")
    answers = {group.name: Found(vpc_id="vpc-2")} | ({vpcs: further} if further else {})
    assert doubted(judge([group], {group.name: Found(vpc_id="vpc-2")}, NOW)) == {group.name, vpcs}
    assert [one.path for one in judge([group], {**answers, **granted([vpcs], answers)}, NOW)] == expected


def test_what_nobody_could_look_at_is_not_wrong():
    assert judge([one for one, *_ in WRONG.values()], {}, NOW) == {}


def lack(path, reason="PreflightFailed", message="is wrong"):
    return Lack(Fault(path, message), reason)


def test_faults_of_one_reason_keep_it_and_all_are_told_by_their_paths():
    assert grounded([lack("b", "ImageNotFound"), lack("a", "ImageNotFound")]) == Halt(
        "ImageNotFound", "a: is wrong (1 of 2)\nb: is wrong", 600.0
    )
    assert grounded([lack("b"), lack("a", "ImageNotFound"), lack("b")]) == Halt(
        "PreflightFailed", "a: is wrong (1 of 2)\nb: is wrong", 600.0
    )


def test_what_stands_in_for_something_missing_is_not_recorded():
    missing = (
        Lack(Fault("spec.images.app", "none"), "ImageNotFound", "images", "app"),
        Lack(Fault("spec.network", "none"), "NetworkNotFound", "subnets", "default"),
        Lack(Fault("spec.loadBalancer.listenerArn", "none"), "NetworkNotFound", "listener", ""),
    )
    facts = Facts(ACCOUNT, REGION, subnets={"default": SUBNETS, "other": SUBNETS}, images={"app": "x", "node": "y"},
                  listener=FACTS.listener, missing=missing)  # fmt: skip
    kept = recall(record(facts), Facts(ACCOUNT, REGION))
    assert kept == Facts(ACCOUNT, REGION, subnets={"other": SUBNETS}, images={"node": "y"})
