"""The roles of deploy/aws/roles.yaml as plain data, with an evaluator that knows as much of IAM as their statements use."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

from fargate_operator.bounds import matches
from fargate_operator.evaluation import Evaluation
from fargate_operator.facts import Facts
from harness.calls import Call

PATH = Path(__file__).parent.parent / "deploy" / "aws" / "roles.yaml"
ACCOUNT = "123456789012"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/fargate-operator-boundary"
SERVICE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/fargate-operator-cloudformation"
OWN_STACK = f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/fargate-roles/1"
EVENT_QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:fargate-operator-events"
PARAMETERS = {"EventQueueArn": EVENT_QUEUE, "StackPrefix": "fargate-", "RolePath": "/fargate/", "TemplateBucket": "templates", "Boundary": BOUNDARY,
              "CodeBuckets": ["arn:aws:s3:::code", "arn:aws:s3:::other-code"]}  # fmt: skip


def statements(role: str) -> list[dict[str, Any]]:
    """A role's statements, with the template's own boundary and a bucket, everything resolved to strings."""
    policies = cfn_yaml.load(str(PATH))["Resources"][role]["Properties"]["Policies"]
    return [_plain(one) for policy in policies for one in policy["PolicyDocument"]["Statement"]]


# CloudFormation reads what a stack is made of with the caller's rights, so that no call of the operator's own needs them.
FOR_DRIFT = {"ReadForDrift", "ReadRolesForDrift"}


def actions(role: str, effect: str = "Allow", without: Collection[str] = ()) -> set[str]:
    """What a role's statements name; `without` are the Sids of those that are left out."""
    chosen = [one for one in statements(role) if one["Effect"] == effect and one["Sid"] not in without]
    return {action for one in chosen for action in _listed(one["Action"])}


# What a call needs beside the action of its name: its parameter → the action.
IMPLIED = {
    "propagateTags": "ecs:TagResource",
    "RoleARN": "iam:PassRole",
    "TemplateURL": "s3:GetObject",
    "Tags.member.1.Key": "cloudformation:TagResource",
}


ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}  # where IAM has another word for a call


def called(calls: Iterable[Call]) -> set[str]:
    """The actions that calls need."""
    named = {f"{one.service}:{one.action}" for one in calls}
    named = {ACTIONS.get(one, one) for one in named}
    named |= {"cloudformation:DetectStackResourceDrift"} if "cloudformation:DetectStackDrift" in named else set()
    return named | {action for one in calls for parameter, action in IMPLIED.items() if parameter in one.parameters}


def allows(role: str, action: str, resource: str, **context: str) -> bool:
    """Whether IAM would: an Allow that fits, and no Deny. `context` holds condition keys, with _ for the colon."""
    keys = {name.replace("_", ":", 1): value for name, value in context.items()}
    effects = {one["Effect"] for one in statements(role) if _fits(one, action, resource, keys)}
    return effects == {"Allow"}


def _fits(one: dict[str, Any], action: str, resource: str, keys: dict[str, str]) -> bool:
    wanted = {key: _listed(value) for test in one.get("Condition", {}).values() for key, value in test.items()}
    return (
        matches(action, _listed(one["Action"]))
        and matches(resource, _listed(one["Resource"]))
        and all(key in keys and matches(keys[key], values) for key, values in wanted.items())
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> Any:
    """The template's functions worked out, each If by its first answer: an own boundary, a bucket."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        return _plain(value["Fn::If"][1])
    if value.get("Ref") == "AWS::StackId":
        return OWN_STACK
    if "Ref" in value and value["Ref"] in PARAMETERS:
        return PARAMETERS[value["Ref"]]
    if "Fn::GetAtt" in value:
        assert value["Fn::GetAtt"] == ["CloudFormationRole", "Arn"]
        return SERVICE_ROLE
    if "Fn::Join" in value:
        return value["Fn::Join"][0].join(_plain(value["Fn::Join"][1]))
    if "Fn::Split" in value:
        return _plain(value["Fn::Split"][1]).split(value["Fn::Split"][0])
    if "Fn::Sub" in value:
        argument = value["Fn::Sub"]
        text, own = argument if isinstance(argument, list) else (argument, {})
        return Evaluation({}, Facts(ACCOUNT, "eu-west-1")).text({"Fn::Sub": [text, {**PARAMETERS, **_plain(own)}]})
    return {key: _plain(one) for key, one in value.items()}
