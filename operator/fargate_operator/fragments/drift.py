"""Drift: what a spec says of resources of its stack that somebody changed by hand. Pure. `fargate_operator.drift` judges it."""

from typing import Literal

from fargate_operator.fragments.values import Duration, Strict, text

LEAST, MOST = 600, 604_800  # seconds: 500 apps at 10 minutes are about what one detection a second can serve
DEFAULT_INTERVAL = 21_600  # seconds


class Drift(Strict):
    """What is done about resources of the stack that were changed by hand."""

    policy: Literal["Ignore", "Warn", "Revert"] | None = text(
        "Ignore looks for nothing; Warn tells of drift in status.stack.drift and by an Event; Revert puts it back, too",
        default="Ignore",
        aws="DetectStackDrift, CreateChangeSet DeploymentMode",
    )
    interval: Duration | None = text("Between two detections, 10m to 168h", default="6h")

    cel = [
        {
            "rule": f"!has(self.interval) || (duration(self.interval) >= duration('{LEAST}s') && "
            f"duration(self.interval) <= duration('{MOST}s'))",
            "message": "interval must be 10m to 168h",
        }
    ]
