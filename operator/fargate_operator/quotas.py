"""Quotas that are about to break: told, and nothing is stopped for them; what is over one the compiler or AWS refuses. Pure.

The words hold no count that moves with every write: the same trouble is told once.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html and
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html.
"""

from collections.abc import Iterator

from fargate_operator.compiler import MOST_BYTES, MOST_OUTPUTS, MOST_RESOURCES
from fargate_operator.template import Template

NEAR = 0.9  # of a quota, from which on it is told
STACKS, RULES = 2_000, 100  # what an account has before it asks for more: in a region, on a load balancer


def near(count: int, most: int) -> bool:
    """Whether a quota is about to break."""
    return count >= NEAR * most


def of_template(template: Template, text: str) -> Iterator[str]:
    """What CloudFormation allows of one template, of which this has almost as much; `text` is its JSON."""
    for what, count, most in (
        ("resources in a stack", len(template.resources), MOST_RESOURCES),
        ("outputs of a stack", len(template.outputs) + 1, MOST_OUTPUTS),  # the reserved one
        ("bytes of a template", len(text.encode()), MOST_BYTES),
    ):
        if near(count, most):
            yield _says(what, most, "split the app before it has more")


def of_stacks(most: int) -> str:
    """Of a region that has almost as many stacks as it may have."""
    return _says("stacks in a region", most, "ask AWS for more")


def of_rules(most: int) -> str:
    """Of a listener that has almost as many rules as its load balancer may have."""
    return _says("rules on a load balancer", most, "ask AWS for more, or use another listener")


def _says(what: str, most: int, right: str) -> str:
    return f"{NEAR:.0%} or more of the {most:,} {what} are taken; {right}"
