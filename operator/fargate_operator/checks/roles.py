"""Roles that have too much to say. Pure.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.errors import Fault
from fargate_operator.template import canonical

MOST_CHARACTERS = 10_240  # of all inline policies of a role, white space left out
_REMEDIES = {
    names.EXECUTION_ROLE: "give some workloads an executionRoleArn, or put secrets together as the keys of one",
    names.TASK_ROLE: "give some workloads a taskRoleArn, or put statements into a managed policy",
}


def role_faults(resources: Mapping[str, Any]) -> Iterable[Fault]:
    """A fault for each shared role of tasks whose inline policies IAM would refuse; `resources` are the operator's own."""
    for name, remedy in _REMEDIES.items():
        policies = resources.get(name, {}).get("Properties", {}).get("Policies", [])
        size = sum(len(canonical(_shortest(one["PolicyDocument"]))) for one in policies)
        if size > MOST_CHARACTERS:
            yield Fault("spec", f"gives the role {name} rights of {size} characters, IAM allows {MOST_CHARACTERS}; {remedy}")


def _shortest(value: Any) -> Any:
    """The value with functions as the text that they become; what only AWS knows is left out, so that no fault is wrong."""
    if isinstance(value, list):
        return [_shortest(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    match value:
        case {"Fn::Join": [_, list(parts)]}:
            return "".join(one for one in map(_shortest, parts) if isinstance(one, str))
    if len(value) == 1 and ("Ref" in value or next(iter(value)).startswith("Fn::")):
        return ""
    return {key: _shortest(one) for key, one in value.items()}
