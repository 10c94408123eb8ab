"""What an ARN in a spec says of itself, also where parts of it, or all of it, are references that only AWS knows. Pure.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_REFERENCE = re.compile(r"\$\{([^${}]*)\}")
_HOLE = "\x00"  # stands for a reference, whose own colons are none of the ARN's
_SERVICES = {"certificatemanager": "acm"}  # where the type's name is not that of the ARN in small letters


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an ARN; empty where not known."""

    service: str = ""
    region: str = ""
    account: str = ""
    resource: str = ""


def parts(arn: str, resources: Mapping[str, Any]) -> Parts:
    """`resources` are the app's raw ones: of a reference to one of these its type tells the service."""
    if reference := _REFERENCE.fullmatch(arn):
        return Parts(_service(reference[1], resources))
    known = [part if _HOLE not in part else "" for part in _REFERENCE.sub(_HOLE, arn).split(":", 5)]
    if len(known) < 6:
        return Parts(known[2] if len(known) > 2 else "")
    return Parts(*known[2:])


def referred(arn: str, resources: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The properties of the app's own raw resource that a reference means; None for anything else."""
    reference = _REFERENCE.fullmatch(arn)
    body = resources.get(reference[1].split(".")[0]) if reference else None
    if not isinstance(body, Mapping):
        return None
    properties = body.get("Properties")
    return properties if isinstance(properties, Mapping) else {}


def references(text: str) -> list[str]:
    """The names that a string refers to: Table, Table.Arn, AWS::Region."""
    return [name for name in _REFERENCE.findall(text) if not name.startswith("!")]


def _service(name: str, resources: Mapping[str, Any]) -> str:
    body = resources.get(name.split(".", maxsplit=1)[0])
    type_ = str(body.get("Type", "")) if isinstance(body, Mapping) else ""
    family = type_.split("::")
    service = family[1].lower() if len(family) == 3 and family[0] == "AWS" else ""
    return _SERVICES.get(service, service)
