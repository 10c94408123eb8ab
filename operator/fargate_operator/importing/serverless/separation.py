"""A variable that is plain in one place and secret in another, which ECS and Lambda do not take in one workload."""

from typing import Any

KINDS = ("services", "scheduledTasks", "tasks", "functions")


def separate(spec: dict[str, Any]) -> None:
    """Where a workload has as plain what all share as a secret, or the other way round: each workload gets it by itself."""
    workloads = [one for kind in KINDS for one in spec.get(kind, {}).values()]
    for shared, other in (("secrets", "environment"), ("environment", "secrets")):
        for name in list(spec.get(shared, {})):
            if not any(name in one.get(other, {}) for one in workloads):
                continue
            value = spec[shared].pop(name)
            for one in workloads:
                if name not in one.get(other, {}):
                    one[shared] = {name: value, **one.get(shared, {})}
