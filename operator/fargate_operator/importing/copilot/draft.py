"""The FargateApp while it is made of manifests."""

from dataclasses import dataclass, field
from typing import Any

from fargate_operator import names
from fargate_operator.importing.copilot.environment import Environment
from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.options import Options
from fargate_operator.importing.report import Report


@dataclass(slots=True)
class Draft:
    """`spec` grows; `names` are the workloads'.

    `topics` are the SNS topics that the manifests publish, by service and topic, as logical IDs. `sources` and `retentions` are
    what each workload has there and all have in common here: `http.allowed_source_ips` of each service that has http, and
    `logging.retention`; None where it is not there.
    """

    name: str
    options: Options
    report: Report
    environment: Environment
    names: frozenset[str] = frozenset()
    spec: dict[str, Any] = field(default_factory=dict)
    topics: dict[tuple[str, str], str] = field(default_factory=dict)
    sources: list[Cursor | None] = field(default_factory=list)
    retentions: list[Cursor | None] = field(default_factory=list)
    public: bool = False  # whether a service is reached from the internet

    def part(self, *steps: str) -> dict[str, Any]:
        """A map in the spec, made where it is not there yet."""
        found = self.spec
        for step in steps:
            found = found.setdefault(step, {})
        return found

    def allow(self, actions: list[str], resource: str) -> None:
        """One more right for the code of all tasks."""
        statements = self.part("iam").setdefault("statements", [])
        known = next((one for one in statements if one["Action"] == actions), None)
        if known is None:
            known = {"Effect": "Allow", "Action": actions, "Resource": []}
            statements.append(known)
        if resource not in known["Resource"]:
            known["Resource"].append(resource)

    def resource(self, *parts: str) -> str:
        """The logical ID of a raw resource: of names, each with a capital letter and without hyphens."""
        return "".join(names.identifier(part) for part in parts)

    def image(self, name: str, entry: dict[str, str]) -> str:
        """The name of an image: of one that is the same, else `name`, or what it is called where that is another one's."""
        images = self.part("images")
        known = next((key for key, one in images.items() if one == entry), None)
        if known is None:
            known = next(one for one in (name, *(f"{name}-{number}" for number in range(2, 1000))) if one not in images)
            images[known] = entry
        return known
