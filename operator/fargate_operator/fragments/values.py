"""The types of the spec's fields, with the bounds that keep the CRD's CEL rules affordable. Pure."""

import re
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Rules = list[dict[str, str]]


class Strict(BaseModel):
    """A frozen part of a spec: unknown fields are faults, names are camelCase in the manifest.

    `cel` are the rules that the CRD carries for this object.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )
    cel: ClassVar[Rules] = []


def text(description: str, *, default: str = "", aws: str = "", **constraints: Any) -> Any:
    """An optional field: what it says, what holds where it is left out, and what it makes in AWS."""
    return Field(
        default=None,
        description=_told(description, default, aws),
        json_schema_extra=_annotations(description, default, aws),
        **constraints,
    )


def need(description: str, *, aws: str = "", **constraints: Any) -> Any:
    """`text` for a required field."""
    return Field(description=_told(description, "", aws), json_schema_extra=_annotations(description, "", aws), **constraints)


def _told(description: str, default: str, aws: str) -> str:
    """As `kubectl explain` shows it."""
    parts = [description, f"Default: {default}" if default else "", f"In AWS: {aws}" if aws else ""]
    return ". ".join(part for part in parts if part)


ANNOTATIONS = ("x-text", "x-default", "x-aws")  # for the reference; the CRD leaves them out


def _annotations(*said: str) -> dict[str, Any]:
    return dict(zip(ANNOTATIONS, said, strict=True))


WORKLOADS = 100
ARN = r"^(arn:|\$\{)"
SECRET = r"^(/|arn:|\$\{)"  # noqa: S105  a pattern
KEY = r"^[A-Za-z][A-Za-z0-9_-]*$"
DURATION = r"^([0-9]+(h|m|s))+$"

Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256)]
Value = Annotated[str, StringConstraints(strict=True, max_length=4096)]
Arn = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256, pattern=ARN)]
Key = Annotated[str, StringConstraints(pattern=KEY, max_length=64)]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=256)]
LogicalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+$", max_length=255)]
Duration = Annotated[str, StringConstraints(strict=True, pattern=DURATION, max_length=32)]
Int = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Memory = Annotated[
    Annotated[int, Field(strict=True, ge=512, le=122880)]
    | Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]+(\.[0-9]+)? ?(GB|MB)?$", max_length=16)],
    Field(json_schema_extra={"x-kubernetes-int-or-string": True}),
]
Raw = Annotated[dict[str, Any], Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})]
Environment = Annotated[dict[EnvironmentName, Value], Field(max_length=200)]
Secrets = Annotated[
    dict[EnvironmentName, Annotated[str, StringConstraints(strict=True, max_length=256, pattern=SECRET)]],
    Field(max_length=200),
]
TagName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Tags = Annotated[
    dict[TagName, Annotated[str, StringConstraints(strict=True, max_length=256)]],
    Field(
        max_length=40,
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "self.all(name, !name.startsWith('aws:') && !name.startsWith('fargate-operator.dev/'))",
                    "message": "tags may not start with aws: or fargate-operator.dev/",
                }
            ]
        },
    ),
]
Words = Annotated[list[Value], Field(max_length=100)]

_SECONDS = {"h": 3600, "m": 60, "s": 1}


def seconds(duration: str) -> int:
    """``"1m30s"`` as 90."""
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]+)([hms])", duration))


def mebibytes(memory: int | str) -> int:
    """``512``, ``"512"``, ``"0.5GB"`` and ``"512 MB"`` as 512."""
    if isinstance(memory, int):
        return memory
    number = float(re.sub(r" ?[GM]B$", "", memory))
    return round(number * 1024) if memory.endswith("GB") else round(number)
