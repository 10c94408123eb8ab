"""Looks at what a template names, many at once where AWS takes many. Metadata only: no value of a secret or parameter is read.

Whatever we may not look at, or AWS cannot be asked about, has no answer: that is no fault of the app's.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate
from fargate_operator.bounds import matches
from fargate_operator.conditions import Reason
from fargate_operator.errors import ReconcileError
from fargate_operator.preflight import Found, Kind

log = logging.getLogger(__name__)
_ABSENT = {"NoSuchEntity", "ResourceNotFoundException", "ListenerNotFound", "ListenerNotFoundException"}
_ASSOCIATED = {"associating", "associated"}
_ASSUME = "sts:assumerole"
_FILTERED, _PARAMETERS, _CLUSTERS = 200, 25, 100  # ids in one call; a parameter may have two names

Looked = Mapping[str, Found | None]  # no entry: it could not be seen
_Look = Callable[[Any, Sequence[str]], Looked]


def look(clients: Clients, region: str, kind: Kind, ids: Sequence[str]) -> Looked:
    """What there is of these. Where AWS does not tell nothing is raised; who is away or throttles is not asked for the rest."""
    service, size, ask = _KINDS[kind]
    found: dict[str, Found | None] = {}
    for start in range(0, len(ids), size):
        batch = ids[start : start + size]
        try:
            found |= ask(clients.get(service, region), batch)
        except (ClientError, BotoCoreError, ReconcileError) as error:  # `aws.sending` has translated some by now
            told = error if isinstance(error, ReconcileError) else translate(error, f"looking for the {kind} {', '.join(batch)}")
            log.debug("preflight: %s", told.message)
            if told.reason in {Reason.AwsUnavailable, Reason.Throttled}:
                break
    return found


def _each(one: Callable[[Any, str], Found | None]) -> _Look:
    """Of a call that takes one at a time: what AWS does not have is None."""

    def ask(client: Any, ids: Sequence[str]) -> Looked:
        [only] = ids
        try:
            return {only: one(client, only)}
        except ClientError as error:
            if code(error) not in _ABSENT:
                raise
            return {only: None}

    return ask


def _all(many: Callable[[Any, Sequence[str]], Iterable[tuple[str, Found]]]) -> _Look:
    """Of a call that takes many and tells of those that are there."""
    return lambda client, ids: {**dict.fromkeys(ids), **{name: one for name, one in many(client, ids) if name in ids}}


def _role(iam: Any, arn: str) -> Found | None:
    role = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    if role["Arn"] != arn:
        return None  # of the name, under another path: what the spec names is not there
    return Found(trusted=frozenset(trusted(role.get("AssumeRolePolicyDocument"))))


def trusted(document: Any) -> Iterator[str]:
    """The services that a trust policy lets in, whatever its conditions and denials; ``*``: anybody, or it cannot be read.

    Actions may be patterns, of any case. See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html.
    """
    try:
        read = json.loads(unquote(document)) if isinstance(document, str) else document
        statements = read["Statement"]
        for one in statements if isinstance(statements, list) else [statements]:
            if one["Effect"] == "Allow" and _assumes(one):
                principal = one.get("Principal", "*")  # NotPrincipal: all but a few
                known = isinstance(principal, dict) and "*" not in _lower(principal.get("AWS"))
                yield from _lower(principal.get("Service")) if known else ["*"]
    except (KeyError, TypeError, ValueError, AttributeError):
        yield "*"


def _assumes(statement: Mapping[str, Any]) -> bool:
    if "NotAction" in statement:
        return not matches(_ASSUME, _lower(statement["NotAction"]))
    return matches(_ASSUME, _lower(statement.get("Action")))


def _lower(value: Any) -> list[str]:
    return [str(one).lower() for one in (value if isinstance(value, list) else [value] if value else [])]


def _policy(iam: Any, arn: str) -> Found:
    iam.get_policy(PolicyArn=arn)
    return Found()


def _secret(secrets: Any, arn: str) -> Found:
    told = secrets.describe_secret(SecretId=arn)
    stages = {stage for stages in (told.get("VersionIdsToStages") or {}).values() for stage in stages}
    return Found("deleted" if told.get("DeletedDate") else "", labels=frozenset(stages))


def _certificate(acm: Any, arn: str) -> Found:
    told = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    return Found(str(told["Status"]), expires=told.get("NotAfter"))


def _listener(elb: Any, arn: str) -> Found:
    pages = elb.get_paginator("describe_rules").paginate(ListenerArn=arn)
    rules = [int(one["Priority"]) for page in pages for one in page["Rules"] if str(one["Priority"]).isdecimal()]
    return Found(taken=frozenset(rules), count=len(rules))


def _parameters(ssm: Any, names: Sequence[str]) -> Iterator[tuple[str, Found]]:
    """The ARN of the parameter ``key`` is that of ``/key``: either will do."""
    plain = [one[1:] for one in names if one.rfind("/") == 0]
    filters = [{"Key": "Name", "Option": "Equals", "Values": [*names, *plain]}]
    for page in ssm.get_paginator("describe_parameters").paginate(ParameterFilters=filters, PaginationConfig={"PageSize": 50}):
        yield from ((f"/{str(one['Name']).removeprefix('/')}", Found()) for one in page["Parameters"])


def _clusters(ecs: Any, arns: Sequence[str]) -> Iterator[tuple[str, Found]]:
    for one in ecs.describe_clusters(clusters=list(arns))["clusters"]:
        yield one["clusterArn"], Found(one.get("status", ""), labels=frozenset(one.get("capacityProviders") or ()))


def _filtered(operation: str, key: str, filter_: str, field: str) -> Callable[[Any, Sequence[str]], Iterator[tuple[str, Found]]]:
    """Of EC2, by a filter: an id that is named by itself, and is not there, is an error instead."""

    def ask(ec2: Any, ids: Sequence[str]) -> Iterator[tuple[str, Found]]:
        for page in ec2.get_paginator(operation).paginate(Filters=[{"Name": filter_, "Values": list(ids)}]):
            yield from ((str(one[field]), Found(vpc_id=one.get("VpcId", ""))) for one in page[key])

    return ask


def _vpcs(ec2: Any, ids: Sequence[str]) -> Iterator[tuple[str, Found]]:
    """The VPCs that security groups were associated with, beside those that they were made in."""
    found: dict[str, set[str]] = {one: set() for one in ids}
    pages = ec2.get_paginator("describe_security_group_vpc_associations")
    for page in pages.paginate(Filters=[{"Name": "group-id", "Values": list(ids)}]):
        for one in page["SecurityGroupVpcAssociations"]:
            if one.get("State") in _ASSOCIATED and one["GroupId"] in found:
                found[one["GroupId"]].add(one["VpcId"])
    yield from ((name, Found(labels=frozenset(vpcs))) for name, vpcs in found.items())


def _stack_quota(cloudformation: Any, _: str) -> Found | None:
    limits = cloudformation.describe_account_limits()["AccountLimits"]
    return next((Found(count=int(one["Value"])) for one in limits if one["Name"] == "StackLimit"), None)


def _rule_quota(elb: Any, _: str) -> Found | None:
    limits = elb.describe_account_limits()["Limits"]
    return next((Found(count=int(one["Max"])) for one in limits if one["Name"] == "rules-per-application-load-balancer"), None)


_KINDS: Mapping[Kind, tuple[str, int, _Look]] = {
    Kind.Role: ("iam", 1, _each(_role)),
    Kind.Policy: ("iam", 1, _each(_policy)),
    Kind.Secret: ("secretsmanager", 1, _each(_secret)),
    Kind.Parameter: ("ssm", _PARAMETERS, _all(_parameters)),
    Kind.Certificate: ("acm", 1, _each(_certificate)),
    Kind.Cluster: ("ecs", _CLUSTERS, _all(_clusters)),
    Kind.SecurityGroup: (
        "ec2",
        _FILTERED,
        _all(_filtered("describe_security_groups", "SecurityGroups", "group-id", "GroupId")),
    ),
    Kind.GroupVpcs: ("ec2", _FILTERED, _all(_vpcs)),
    Kind.Subnet: ("ec2", _FILTERED, _all(_filtered("describe_subnets", "Subnets", "subnet-id", "SubnetId"))),
    Kind.Listener: ("elbv2", 1, _each(_listener)),
    Kind.StackQuota: ("cloudformation", 1, _each(_stack_quota)),
    Kind.RuleQuota: ("elbv2", 1, _each(_rule_quota)),
}
