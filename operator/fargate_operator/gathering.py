"""What is read from AWS at the last moment before a write, because AWS changes it by itself. Pure: `aws.live` asks.

Two things belong to Application Auto Scaling and ECS, and a template that resets them hurts: how many tasks of a service run,
once scaling was set, and the weights of the two target groups in a rule by which ECS moves traffic. An update is planned by what
was recorded of them (`Facts.counts`, `Facts.weights`) and written by what is live: an app that does not change costs no call.

What a comparison of the stack with its template (drift) must leave out, for the same reason: DesiredCount of a service with
scaling, and Actions of the ListenerRule of a service whose deployment is not Rolling.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fargate_operator import fallback, names
from fargate_operator.errors import Fault, InvalidSpec
from fargate_operator.facts import Count, Facts, Weights
from fargate_operator.fragments.deployment import shifts
from fargate_operator.fragments.shifting import FIRST
from fargate_operator.model import App
from fargate_operator.observation import StackObservation
from fargate_operator.plan import ROLLED_BACK
from fargate_operator.template import Template, digest
from fargate_operator.workloads.service import ServiceSpec


@dataclass(frozen=True, slots=True)
class Questions:
    """What to ask: `services` key → ARN of a service in `cluster`; `rules` key → ARNs of a rule and its second target group.

    `routed` are the services whose rule the stack has.
    """

    cluster: str = ""
    routed: frozenset[str] = frozenset()
    services: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answers:
    """Desired counts, and weights of the first and the second target group; no entry where AWS has no such service or rule."""

    counts: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def carried(app: App, recorded: Facts, facts: Facts) -> Facts:
    """`facts` with what was recorded of counts, weights and environmentFrom's objects, and what the spec adds.

    What this spec has no use for stays as well: it may never be applied, and the next one may want it. A write drops it.
    """
    counts, weights = dict(recorded.counts), dict(recorded.weights)
    for key, service in sorted((app.spec.services or {}).items()):
        weight = recorded.weights.get(key)
        if service.scaling:
            counts[key] = Count(service.desired_count)
        if shifts(service.deployment):
            weights[key] = weight or Weights(*FIRST)
        elif weight:
            weights[key] = Weights(*FIRST)  # for good: it says that Rolling must be written out
    spot = fallback.carried(app, recorded.spot)
    return replace(facts, counts=counts, weights=weights, config_maps=recorded.config_maps, copied=recorded.copied, spot=spot)


def questions(app: App, facts: Facts, template: Template, stack: StackObservation | None) -> Questions:
    """What must be known before this template is written over this stack."""
    outputs = stack.outputs if stack else {}
    services, rules = {}, {}
    for key, service in (app.spec.services or {}).items():
        arn = outputs.get(names.service_output(key))
        if arn and _wanted(facts, key, service):
            services[key] = arn
        rule, second = outputs.get(names.rule_output(key)), outputs.get(names.alternate_group_output(key))
        if rule and second and service.http and not _settled(facts.weights.get(key), rule_digest(template, key), stack):
            rules[key] = (rule, second)
    routed = frozenset(key for key in app.spec.services or {} if names.rule_output(key) in outputs)
    return Questions(outputs.get(names.CLUSTER_OUTPUT, ""), routed, services, rules)


def _wanted(facts: Facts, key: str, service: ServiceSpec) -> bool:
    """Whether what runs of a service that was scaled is to be kept: not where the spec wants another count by now."""
    count = facts.counts.get(key)
    return bool(count and not service.scaling and count.declared == service.desired_count)


def _settled(recorded: Weights | None, rule: str, stack: StackObservation | None) -> bool:
    """Whether the stack's rule is the recorded one, so that this write does not touch it as long as its weights stay as recorded.

    After a rollback what was recorded never came to be.
    """
    return bool(recorded and rule and recorded.rule == rule and stack and stack.status not in ROLLED_BACK)


def answered(app: App, facts: Facts, template: Template, asked: Questions, answers: Answers) -> Facts:
    """The facts to write by; InvalidSpec where a service cannot leave its strategy yet."""
    services = app.spec.services or {}
    counts = {key: one for key, one in facts.counts.items() if key in services}
    weights = {key: one for key, one in facts.weights.items() if key in services}
    faults = []
    for key, service in services.items():
        if key in counts and not service.scaling:
            if _wanted(facts, key, service) and key in answers.counts:
                counts[key] = Count(counts[key].declared, answers.counts[key])
            else:
                del counts[key]  # another count is wanted, or there is no such service: nothing to keep
        if shifts(service.deployment) and service.http:
            rule = rule_digest(template, key)
            if key not in asked.routed:
                weights[key] = Weights(*FIRST, rule)  # a new rule: ECS starts with the first group
            elif key in asked.rules or facts.weights[key].rule != rule:
                weights[key] = Weights(*answers.weights.get(key, FIRST), rule)
        elif answers.weights.get(key, FIRST)[1]:
            faults.append(Fault(f"spec.services.{key}.deployment.strategy", _STRANDED))
    if faults:
        raise InvalidSpec(faults)
    return replace(facts, counts=counts, weights=weights)


_STRANDED = (
    "cannot be Rolling now: the tasks are behind the second target group, which Rolling does not have, and no request would "
    "reach them; deploy once more as before (any change of the task definition does), which brings the traffic back to the first"
)


def rule_digest(template: Template, key: str) -> str:
    """The digest of a service's rule without the weights; empty where the template has none."""
    body = template.resources.get(names.listener_rule(key))
    return digest(_weightless(body)) if body else ""


def _weightless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _weightless(item) for name, item in value.items() if name != "Weight"}
    return [_weightless(item) for item in value] if isinstance(value, list) else value
