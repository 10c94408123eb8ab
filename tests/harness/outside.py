"""What specs name outside their stacks: made in the emulator where names are free, put into its answers where it chooses them."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from harness.calls import Call
from harness.emulator import ACCOUNT, Emulator
from harness.proxy import AwsProxy

VPC, ZONE = "vpc-00000001", "eu-west-1a"  # the emulator's default
TASKS = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
BOUNDARY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_CHOSEN = (  # ids of security groups and subnets, ARNs of secrets, certificates and AWS's own policies
    r"sg-[0-9a-f]{17}", r"subnet-[0-9a-f]{17}", rf"arn:aws:secretsmanager:[a-z0-9-]+:{ACCOUNT}:secret:[\w/+=.@-]+-\w{{6}}",
    rf"arn:aws:acm:[a-z0-9-]+:{ACCOUNT}:certificate/[0-9a-f-]+", r"arn:aws:iam::aws:policy/\w+",
)  # fmt: skip


def make(emulator: Emulator, text: str) -> None:
    """The roles, policies and parameters that a text names."""
    iam, ssm = emulator.client("iam"), emulator.client("ssm")
    for role in sorted(set(re.findall(rf"arn:aws:iam::{ACCOUNT}:role/([\w-]+)", text))):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TASKS))
    for policy in sorted(set(re.findall(rf"arn:aws:iam::{ACCOUNT}:policy/([\w-]+)", text))):
        iam.create_policy(PolicyName=policy, PolicyDocument=json.dumps(BOUNDARY))
    for name in sorted(set(re.findall(r'"(/shop/[\w-]+)"', text))):
        ssm.put_parameter(Name=name, Value="hidden", Type="SecureString")


class Outside:
    """Installs itself as overlays of a proxy: what a text names by ids that AWS chooses is there; with no text, whatever is asked."""

    def __init__(self, proxy: AwsProxy, text: str | None = None) -> None:
        self._names = None if text is None else {one for pattern in _CHOSEN for one in re.findall(pattern, text)}
        named: dict[str, tuple[str, Callable[[str], Any]]] = {
            "DescribeSecret": (
                "secretsmanager",
                lambda one: {"ARN": one, "VersionIdsToStages": {"1": ["AWSCURRENT", "AWSPREVIOUS"]}},
            ),
            "DescribeCertificate": ("acm", lambda one: {"Certificate": {"CertificateArn": one, "Status": "ISSUED"}}),
        }
        for action, (service, made) in named.items():
            proxy.overlay(service, action, self._document(made))
        proxy.overlay("ec2", "DescribeSecurityGroups", self._listed("securityGroupInfo", _group))
        proxy.overlay("ec2", "DescribeSubnets", self._listed("subnetSet", _subnet))
        proxy.overlay("iam", "GetPolicy", self._policy)
        if text is None:
            proxy.overlay("iam", "GetRole", _role)
            proxy.overlay("ssm", "DescribeParameters", _parameters)
            proxy.overlay("ecs", "DescribeClusters", _clusters)

    def _policy(self, call: Call, status: int, body: bytes) -> tuple[int, bytes]:
        arn = str(call.parameters["PolicyArn"])
        made = f"<GetPolicyResponse><GetPolicyResult><Policy><Arn>{arn}</Arn></Policy></GetPolicyResult></GetPolicyResponse>"
        return (200, made.encode()) if status != 200 and self._there([arn]) else (status, body)

    def _there(self, names: Iterable[str]) -> list[str]:
        return [one for one in names if self._names is None or one in self._names]

    def _document(self, made: Callable[[str], Any]) -> Callable[[Call, int, bytes], tuple[int, bytes]]:
        def overlay(call: Call, status: int, body: bytes) -> tuple[int, bytes]:
            found = self._there([str(call.parameters.get("SecretId") or call.parameters.get("CertificateArn"))])
            return (200, json.dumps(made(found[0])).encode()) if status != 200 and found else (status, body)

        return overlay

    def _listed(self, tag: str, made: Callable[[str], str]) -> Callable[[Call, int, bytes], tuple[int, bytes]]:
        def overlay(call: Call, status: int, body: bytes) -> tuple[int, bytes]:
            asked = [str(value) for name, value in call.parameters.items() if re.fullmatch(r"Filter\.\d+\.Value\.\d+", name)]
            named = [one for one in asked if one.startswith(("sg-", "subnet-")) and f">{one}<".encode() not in body]
            items = "".join(made(one) for one in self._there(named))
            return status, re.sub(rf"<{tag}\s*/>|</{tag}>".encode(), _closing(tag, items), body, count=1)

        return overlay


def _closing(tag: str, items: str) -> Callable[[re.Match[bytes]], bytes]:
    return lambda match: (f"<{tag}>" if match[0].endswith(b"/>") else "").encode() + f"{items}</{tag}>".encode()


def _group(one: str) -> str:
    return f"<item><groupId>{one}</groupId><vpcId>{VPC}</vpcId></item>"


def _subnet(one: str) -> str:
    return f"<item><subnetId>{one}</subnetId><vpcId>{VPC}</vpcId><availabilityZone>{ZONE}</availabilityZone></item>"


def _role(call: Call, status: int, body: bytes) -> tuple[int, bytes]:
    if status == 200:
        return status, body
    name = call.parameters["RoleName"]
    fields = f"<RoleName>{name}</RoleName><Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn>"
    document = f"<AssumeRolePolicyDocument>{json.dumps(TASKS)}</AssumeRolePolicyDocument>"
    return 200, f"<GetRoleResponse><GetRoleResult><Role>{fields}{document}</Role></GetRoleResult></GetRoleResponse>".encode()


def _parameters(call: Call, *_: object) -> tuple[int, bytes]:
    names = call.parameters["ParameterFilters"][0]["Values"]
    return 200, json.dumps({"Parameters": [{"Name": one} for one in names]}).encode()


def _clusters(call: Call, *_: object) -> tuple[int, bytes]:
    return 200, json.dumps(
        {"clusters": [{"clusterArn": one, "status": "ACTIVE"} for one in call.parameters["clusters"]]}
    ).encode()
