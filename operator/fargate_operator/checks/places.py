"""Images that cannot run where they are used: that shows only when they, and the app's region, are known. Pure."""

from collections.abc import Iterable

from fargate_operator.checks.functions import image_region
from fargate_operator.errors import Fault
from fargate_operator.facts import Facts
from fargate_operator.fragments.build import PLATFORMS
from fargate_operator.model import App


def function_places(app: App, facts: Facts) -> Iterable[Fault]:
    """Functions whose image is in another region than the app."""
    for key, function in sorted((app.spec.functions or {}).items()):
        region = image_region(facts.images.get(function.image or "", ""))
        if region not in ("", facts.region):
            wrong = f"is in ECR's {region}; Lambda takes images only from its own region, {facts.region}"
            yield Fault(f"spec.functions.{key}.image", f"{wrong}: replicate the repository there")


def platform_faults(app: App, facts: Facts) -> Iterable[Fault]:
    """Workloads whose processor an image in ECR was not built for."""
    for name in sorted(app.spec.images or {}):
        has = facts.platforms.get(name)
        for path, architecture in app.architectures(name).items() if has else ():
            wanted = PLATFORMS[architecture]
            if has and wanted not in has:
                wrong = f"the image {name} is built for {', '.join(sorted(has))}, not for {wanted}"
                right = "build it for that platform, or set the architecture that it has"
                yield Fault(f"{path}.image", f"{wrong}; {right}")
