"""What must hold in drift. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.fragments.drift import LEAST, MOST
from fargate_operator.fragments.values import seconds
from fargate_operator.model import App


def drift_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """An interval that is out of range."""
    interval = app.spec.drift.interval if app.spec.drift else None
    if interval is not None and not LEAST <= seconds(interval) <= MOST:
        yield Fault("spec.drift.interval", f"is {interval}; must be 10m to 168h")
