"""What a template names that must be there before it is written. Pure: `aws.preflight` looks, `grounding` judges.

One service that cannot come up rolls the whole stack back; what AWS tells beforehand is told beforehand. Asked is only what the
final template holds, after `police` has let it pass: nobody finds out by it about things that the bounds do not let him reach.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fargate_operator.checks import arns
from fargate_operator.checks.arns import named_arns
from fargate_operator.facts import Facts
from fargate_operator.fragments.network import merge_networks, question, subnets_key
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.model import App
from fargate_operator.names import service_url_output
from fargate_operator.observation import StackObservation
from fargate_operator.plan import ROLLED_BACK, SETTLED

TASKS = "ecs-tasks.amazonaws.com"
PROVIDERS = ("FARGATE", "FARGATE_SPOT")


class Kind(StrEnum):
    """What can be looked at."""

    Role = "role"
    Policy = "managed policy"
    Secret = "secret"  # noqa: S105  the word
    Parameter = "parameter"
    Certificate = "certificate"
    Cluster = "cluster"
    SecurityGroup = "security group"
    GroupVpcs = "security group's further VPCs"  # asked only where it would be in another
    Subnet = "subnet"
    Listener = "listener"
    StackQuota = "quota of stacks"  # these two of the account, asked only when they are near
    RuleQuota = "quota of rules"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A thing by its ARN; a parameter by its name, security groups and subnets by their ids."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """Where a spec names a thing, and what it wants of it beyond being there: its kind's judge knows what that means."""

    path: str
    name: Name
    wants: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What AWS told of one thing; what things of its kind do not have stays empty.

    `trusted` are the services that may assume a role, ``*`` for anybody or where that cannot be told; `labels` a secret's stages,
    a cluster's capacity providers, or a group's further VPCs, ``*`` where nobody tells those; `taken` the priorities of a
    listener's rules; `count` a listener's rules, or a quota.
    """

    status: str = ""
    vpc_id: str = ""
    expires: datetime | None = None
    trusted: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    taken: frozenset[int] = frozenset()
    count: int = 0


Looks = Mapping[Name, Found | None]  # None: there is no such thing; no entry: nobody could tell


# ── what to ask ─────────────────────────────────────────────────────────────────


def questions(app: App, facts: Facts, text: str, stack: StackObservation | None) -> tuple[Use, ...]:
    """What is to be looked at, in the order of the paths; `text` is the final template as JSON, `stack` what is there now."""
    uses = [*_arns(app, facts), *_secrets(app, facts), *_networks(app, facts), *_rules(app, facts, stack)]
    kept = (one for one in uses if "${" not in one.name.id and any(f"{one.name.id}{end}" in text for end in '":'))
    named = (one for one in kept if one.wants not in PROVIDERS or f'"CapacityProvider":"{one.wants}"' in text)
    return tuple(sorted(set(named)))


_KINDS = {
    arns.ROLE: (Kind.Role, TASKS),
    arns.POLICY: (Kind.Policy, ""),
    arns.CERTIFICATE: (Kind.Certificate, ""),
    arns.SERVER_CERTIFICATE: (Kind.Certificate, ""),
    arns.CLUSTER: (Kind.Cluster, ""),
}


def _arns(app: App, facts: Facts) -> Iterator[Use]:
    for path, arn, what in named_arns(app):
        kind, wants = _KINDS.get(what, (None, ""))
        server = what is arns.SERVER_CERTIFICATE and ":acm:" not in (arn or "")
        if kind and arn and _here(arn, facts) and not server:
            yield Use(path, Name(kind, arn), wants)
            yield from (Use(path, Name(kind, arn), one) for one in PROVIDERS if kind is Kind.Cluster)


def _here(arn: str, facts: Facts) -> bool:
    """Whether it is of the app's own account and region, or AWS's own: of others nobody tells us."""
    parts = arn.split(":")
    region, account = (parts[3], parts[4]) if len(parts) > 5 else ("?", "?")
    return parts[1:2] == [facts.partition] and region in ("", facts.region) and account in ("", "aws", facts.account_id)


def _secrets(app: App, facts: Facts) -> Iterator[Use]:
    places = [("spec", app.spec.secrets), *((f"spec.{kind}.{key}", one.secrets) for kind, key, one in app.workloads())]
    for path, secrets in places:
        for name, value in (secrets or {}).items():
            parts, where = value.split(":"), f"{path}.secrets.{name}"
            if value.startswith("/"):
                yield Use(where, Name(Kind.Parameter, value))
            elif _here(value, facts) and parts[2] == "ssm":
                yield Use(where, Name(Kind.Parameter, parts[5].removeprefix("parameter")))
            elif _here(value, facts):
                stage = parts[8] if len(parts) == 10 else ""
                yield Use(where, Name(Kind.Secret, ":".join(parts[:7])), stage)


def _networks(app: App, facts: Facts) -> Iterator[Use]:
    """Security groups, and the subnets that no template needed to be looked up; each wants the VPC of the first subnet."""
    shared = app.spec.network
    for field, key, workload in app.workloads():
        task = isinstance(workload, TaskSpec)
        own = workload.network if isinstance(workload, TaskSpec) else None
        if not task and not getattr(workload, "vpc", False):
            continue
        network = merge_networks(shared, own)
        known = facts.subnets.get(subnets_key(question(network)))
        subnets, groups = network.subnet_ids or [], network.security_group_ids or []
        vpc = known.vpc_id if known else subnets[0] if subnets else ""
        place = f"spec.{field}.{key}.network"
        for number, one in enumerate(subnets if known is None else ()):
            where = place if own and own.subnet_ids else "spec.network"
            yield Use(f"{where}.subnetIds[{number}]", Name(Kind.Subnet, one), vpc)
        for number, one in enumerate(groups):
            where = place if own and own.security_group_ids else "spec.network"
            yield Use(f"{where}.securityGroupIds[{number}]", Name(Kind.SecurityGroup, one), vpc)


def _rules(app: App, facts: Facts, stack: StackObservation | None) -> Iterator[Use]:
    """The listener, and the priorities of rules that are to be new on it; those that the stack has are its own."""
    arn = app.existing_listener()
    if not arn or not _here(arn, facts):
        return
    yield Use("spec.loadBalancer.listenerArn", Name(Kind.Listener, arn))
    outputs = stack.outputs if stack else {}
    if app.spec.adoption == "Adopt" or (stack and stack.status not in SETTLED | ROLLED_BACK - {"UPDATE_FAILED"}):
        return  # whose a rule is cannot be told: what a failed update has made, and was kept, is in no output
    for key, one in app.exposed().items():
        if one.http and one.http.priority and service_url_output(key) not in outputs:
            yield Use(f"spec.services.{key}.http.priority", Name(Kind.Listener, arn), str(one.http.priority))
