"""What must hold of how changes are made. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.model import App


def change_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """Alarms that only the template knows: CloudFormation watches alarms by ARNs that stand beside the template."""
    for number, arn in enumerate((app.spec.changes.alarms if app.spec.changes else None) or ()):
        path = f"spec.changes.alarms[{number}]"
        if "${" in arn:
            yield Fault(path, f"{arn!r} is a reference, which means nothing beside the template; write the alarm's whole ARN")
        elif not arn.startswith("arn:"):
            yield Fault(path, f"{arn!r} is no ARN; must be arn:aws:cloudwatch:<region>:<account>:alarm:<name>")
