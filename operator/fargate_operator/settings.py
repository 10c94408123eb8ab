"""The operator's settings: flags of `run`, and FARGATE_OPERATOR_* variables; a flag wins."""

import argparse
import re
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "FARGATE_OPERATOR_"


class Unusable(Exception):
    """`run` cannot start as it was asked to; the message is one line."""


def _seconds(value: Any) -> Any:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?", value.strip()) if isinstance(value, str) else None
    if match is None:
        return value
    return float(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, None: 1}[match[2]]


def _names(value: Any) -> Any:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]

Rate = Annotated[float, Field(gt=0, le=10_000)]


class Settings(BaseSettings):
    """Durations are seconds, or a number with ms, s, m or h."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    namespaces: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = Field(
        default=(), description="namespaces to watch, by commas; all when empty"
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(default=4, description="apps reconciled at the same time")
    region: str = Field(default="", description="AWS region of apps that name none; default: boto3's own")
    installation_id: str = Field(
        default="",
        description="who owns the stacks; set it to keep them when the cluster is rebuilt; default: uid of kube-system",
    )
    sweep_interval: Seconds = Field(default=2.0, description="between two looks at the stacks in progress")
    health_interval: Seconds = Field(default=300.0, description="between two looks at an app's running tasks")
    ref_interval: Seconds = Field(default=60.0, description="between two looks at a git ref that an image is built from")
    spot_cooldown: Seconds = Field(
        default=900.0, description="for how long a service that finds no Spot capacity runs on demand, the first time"
    )
    log_lines: Annotated[int, Field(ge=0, le=100)] = Field(
        default=20, description="last lines of the log of a container that failed which an app's status tells; 0: none"
    )
    progress_deadline: Seconds = Field(
        default=900.0, description="for how long an operation on a stack may go on without an event before that is told"
    )
    read_rate: Rate = Field(
        default=20.0,
        description="calls a second to AWS that only read, in each region; twice as many at once after a pause",
    )
    write_rate: Rate = Field(
        default=5.0,
        description="calls a second that change stacks, and as many that change anything else, in each region; "
        "twice as many at once after a pause",
    )
    bounds: str = Field(default="", description="file that bounds what authors may do, by namespace; read again when it changes")
    cloudformation_role: Annotated[str, Field(pattern=r"^(arn:[a-z-]+:iam::[0-9]{12}:role/.+)?$")] = Field(
        default="", description="ARN of the role with which CloudFormation makes the stacks"
    )
    stack_prefix: Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9-]{0,31})?$")] = Field(
        default="", description="what the stacks' default names begin with; never change it while apps exist"
    )
    event_queue: Annotated[str, Field(pattern=r"^(https?://[^\s/]+/[0-9]{12}/[A-Za-z0-9_-]{1,80}(\.fifo)?)?$")] = Field(
        default="", description="URL of the SQS queue that EventBridge feeds with events; none: all goes by sweeps"
    )
    template_bucket: str = Field(default="", description="S3 bucket for templates over 51,200 bytes")
    single_tenant: bool = Field(default=False, description="trust every author of a FargateApp with all that the operator can do")
    log_format: Literal["json", "console"] = Field(default="json", description="json or console")
    log_level: Literal["info", "debug"] = Field(
        default="info", description="info or debug; debug tells why the operator does what it does"
    )
    health_port: Annotated[int, Field(ge=0, le=65535)] = Field(default=8080, description="port of /healthz and /readyz; 0: none")
    lease_namespace: str = Field(default="", description="namespace of the Lease; default: the operator's own, or default")
    lease_duration: Annotated[float, BeforeValidator(_seconds), Field(ge=3)] = Field(
        default=15.0, description="how long the Lease holds without being renewed"
    )


def add_arguments(parser: argparse.ArgumentParser, only: Collection[str] = ()) -> None:
    """A flag for each setting, or only for some."""
    for name in only or Settings.model_fields:
        field = Settings.model_fields[name]
        flag = "--" + name.replace("_", "-")
        default = (
            ""
            if field.default in ("", (), False)
            else f" (default: {field.default:g})"
            if isinstance(field.default, float)
            else f" (default: {field.default})"
        )
        text = f"{field.description}{default} [{PREFIX}{name.upper()}]".replace("%", "%%")
        if field.annotation is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            parser.add_argument(flag, default=None, metavar=name.rsplit("_", 1)[-1].upper(), help=text)


def read(args: argparse.Namespace) -> Settings:
    """The settings as they are given; Unusable where one is wrong."""
    given = {name: getattr(args, name) for name in Settings.model_fields if getattr(args, name, None) is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise Unusable("; ".join(_fault(one) for one in error.errors())) from None


def load(args: argparse.Namespace) -> Settings:
    """The settings of `run`; Unusable where one is wrong, or nothing bounds what authors may do."""
    settings = read(args)
    missing = [flag for flag, given in (("--bounds", settings.bounds), ("--cloudformation-role", settings.cloudformation_role))
               if not given]  # fmt: skip
    if missing and not settings.single_tenant:
        raise Unusable(
            f"without {' and '.join(missing)} nothing bounds what authors of FargateApps may do in the AWS account; "
            "start with --single-tenant if every author is trusted with all that the operator can do"
        )
    return settings


def _fault(detail: Any) -> str:
    name = str(detail["loc"][0])
    return f"--{name.replace('_', '-')}: {detail['msg'].replace('Input should', 'must')} (given: {detail['input']!r})"
