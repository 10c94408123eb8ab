"""Images that Lambda cannot take where the app is: that shows only when its region is known. Pure."""

from collections.abc import Iterable

from fargate_operator.checks.functions import image_region
from fargate_operator.errors import Fault
from fargate_operator.facts import Facts
from fargate_operator.model import App


def function_places(app: App, facts: Facts) -> Iterable[Fault]:
    """Functions whose image is in another region than the app."""
    for key, function in sorted((app.spec.functions or {}).items()):
        region = image_region(facts.images.get(function.image or "", ""))
        if region not in ("", facts.region):
            wrong = f"is in ECR's {region}; Lambda takes images only from its own region, {facts.region}"
            yield Fault(f"spec.functions.{key}.image", f"{wrong}: replicate the repository there")
