"""What is wrong with what AWS told of the things that a template names, and how that is told: all at once. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from fargate_operator.actions import Action, Cancel, Halt, Protect, Recreate, Wait
from fargate_operator.conditions import Reason
from fargate_operator.errors import Fault, Terminal
from fargate_operator.facts import Facts, Lack
from fargate_operator.messages import listed
from fargate_operator.observation import StackObservation
from fargate_operator.plan import NEVER_UP, OUTSIDE, busy
from fargate_operator.preflight import Found, Kind, Looks, Name, Use


def judge(uses: Iterable[Use], answers: Looks, now: datetime) -> Mapping[Use, str]:
    """What is wrong with each, and what would be right; what nobody could look at is not wrong."""
    found = {}
    for use in uses:
        if use.name in answers:
            one = answers[use.name]
            wrong = _JUDGES[use.name.kind](use, one, answers, now) if one else f"there is no {use.name.kind} {use.name.id}"
            if wrong:
                found[use] = wrong
    return found


def _role(use: Use, one: Found, *_: object) -> str:
    if use.wants in one.trusted or "*" in one.trusted:
        return ""
    return f"the role {use.name.id} does not let {use.wants} assume it; add that to its trust policy"


def _certificate(use: Use, one: Found, _: Looks, now: datetime) -> str:
    if one.expires and one.expires <= now:
        return f"the certificate {use.name.id} has expired; renew it, or name another"
    return "" if one.status == "ISSUED" else f"the certificate {use.name.id} is {one.status}; it must be ISSUED"


def _secret(use: Use, one: Found, *_: object) -> str:
    if one.status:
        return f"the secret {use.name.id} is scheduled for deletion; restore it, or name another"
    return (
        f"the secret {use.name.id} has no version of the stage {use.wants}" if use.wants and use.wants not in one.labels else ""
    )


def _cluster(use: Use, one: Found, *_: object) -> str:
    if one.status != "ACTIVE":
        return f"the cluster {use.name.id} is {one.status}; it must be ACTIVE"
    if use.wants and use.wants not in one.labels:
        return (
            f"the cluster {use.name.id} has no capacity provider {use.wants}, which spot and capacity need; add it to the cluster"
        )
    return ""


def _in_vpc(use: Use, one: Found, answers: Looks, _: datetime) -> str:
    first = answers.get(Name(Kind.Subnet, use.wants))
    vpc = first.vpc_id if first else use.wants if use.wants.startswith("vpc-") else ""
    further = answers.get(Name(Kind.GroupVpcs, use.name.id)) if use.name.kind is Kind.SecurityGroup else None
    if not vpc or one.vpc_id == vpc or (further and further.labels & {vpc, "*"}):
        return ""
    return f"the {use.name.kind} {use.name.id} is not in {vpc}, where the tasks' other subnets are; all must be of one VPC"


def doubted(wrong: Iterable[Use]) -> set[Name]:
    """What is to be looked at again, or only now, before anything is said to be wrong."""
    found = set()
    for use in wrong:
        found.add(use.name)
        if use.wants.startswith("subnet-"):
            found.add(Name(Kind.Subnet, use.wants))
        if use.name.kind is Kind.SecurityGroup:
            found.add(Name(Kind.GroupVpcs, use.name.id))
    return found


def granted(asked: Iterable[Name], answers: Looks) -> Looks:
    """Of groups whose further VPCs nobody tells: they may be in any."""
    return {one: Found(labels=frozenset({"*"})) for one in asked if one.kind is Kind.GroupVpcs and one not in answers}


def _listener(use: Use, one: Found, *_: object) -> str:
    if use.wants and int(use.wants) in one.taken:
        return f"{use.wants} is the priority of another rule of the listener; choose one that is free"
    return ""


def _sound(*_: object) -> str:
    return ""


_JUDGES: Mapping[Kind, Callable[[Use, Found, Looks, datetime], str]] = {
    Kind.Role: _role,
    Kind.Policy: _sound,
    Kind.Secret: _secret,
    Kind.Parameter: _sound,
    Kind.Certificate: _certificate,
    Kind.Cluster: _cluster,
    Kind.SecurityGroup: _in_vpc,
    Kind.GroupVpcs: _sound,
    Kind.Subnet: _in_vpc,
    Kind.Listener: _listener,
    Kind.StackQuota: _sound,
    Kind.RuleQuota: _sound,
}


class Unresolved(Terminal):
    """Of what a spec leaves open something is missing; `facts` have all the rest, and stand-ins."""

    def __init__(self, facts: Facts) -> None:
        halt = grounded(facts.missing)
        super().__init__(halt.reason, halt.message, outside=True)
        self.facts = facts


def lack(use: Use, wrong: str) -> Lack:
    """As those that were found when the facts were looked up."""
    return Lack(Fault(use.path, wrong), Reason.PreflightFailed)


def grounded(lacks: Iterable[Lack]) -> Halt:
    """What becomes of a write that would fail: nothing, until the next try. The reason is that of all, or PreflightFailed."""
    found = sorted(set(lacks))
    reasons = {one.reason for one in found}
    reason = next(iter(reasons)) if len(reasons) == 1 else Reason.PreflightFailed
    return Halt(reason, listed([str(one.fault) for one in found]), OUTSIDE)


def held(action: Action, stack: StackObservation | None, missing: Iterable[Lack]) -> Action:
    """The action, but nothing is given up for a template that has stand-ins: what is missing may be what runs, and come back."""
    lacks = tuple(missing)
    if stack is None or not lacks:
        return action
    gives_up = isinstance(action, Cancel | Recreate) or (isinstance(action, Protect) and stack.status in NEVER_UP)
    if not gives_up:
        return action
    halt = grounded(lacks)
    return Wait(halt.message) if busy(stack.status) else halt
