"""What a container is made of: its image, its health check, its variables and secrets; and the sidecars."""

import re
from collections.abc import Mapping
from typing import Any

from fargate_operator.checks.secrets import secret_fault
from fargate_operator.importing.copilot.draft import Draft
from fargate_operator.importing.copilot.values import duration, from_export, literal, text, words
from fargate_operator.importing.cursor import Cursor

_REFERENCE = re.compile(r"(?P<repository>[^@]+?):(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})")
_REGISTRY = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"
_RAW = "write the container in overrides.additionalContainers, as CloudFormation has it"


def image(cursor: Cursor | None, name: str, draft: Draft) -> str:
    """The name of an entry in `images` for it: the one that exists for the same image, or one of its own."""
    location = cursor if cursor and isinstance(cursor.node.value, str) else cursor.get("location") if cursor else None
    written = draft.options.images.get(name) or text(location)
    build = cursor.get("build") if cursor else None
    if written is None:
        if place := build or cursor:
            place.at(f"spec.images.{name}").lose(
                f"Copilot builds this image; build and push it yourself, and name it here or by --image {name}=REPOSITORY:TAG"
            )
        return draft.image(name, _pushed(name, draft))
    for settled in (build, location):
        if settled:
            settled.skip()
    found = draft.image(name, _entry(written))
    if location:
        draft.report.made(f"spec.images.{found}", location.node)
    return found


def _pushed(name: str, draft: Draft) -> dict[str, str]:
    """Where Copilot has pushed a workload's image last; of a sidecar's, or without the application's name, that is not known."""
    if name in draft.names and draft.options.app:
        return {"repository": f"{_REGISTRY}/{draft.options.app}/{name}", "tag": "latest"}
    return {"uri": f"image.invalid/{name}:missing"}  # no registry is ever called so


def _entry(written: str) -> dict[str, str]:
    """A slash after the last colon is a registry's port, not a tag."""
    match = _REFERENCE.fullmatch(written)
    return match.groupdict() if match else {"uri": written}


def health_check(cursor: Cursor | None) -> dict[str, Any] | None:
    """With Copilot's defaults written out, which are not ECS's."""
    if cursor is None:
        return None
    interval, timeout = duration(cursor.get("interval")) or "10s", duration(cursor.get("timeout")) or "5s"
    retries, start = cursor.get("retries"), duration(cursor.get("start_period")) or "0s"
    return {
        "command": words(cursor.get("command")) or ["CMD-SHELL", "curl -f http://localhost/ || exit 1"],
        "interval": interval,
        "timeout": timeout,
        "retries": (retries.integer() if retries else None) or 2,
        **({"startPeriod": start} if start != "0s" else {}),
    }


def variables(cursor: Cursor | None) -> dict[str, str]:
    """Environment variables; those from another stack's export as references."""
    found: dict[str, str] = {}
    for name, one in cursor.items() if cursor else ():
        value = from_export(one) if isinstance(one.node.value, dict) else _escaped(text(one))
        if value is not None:
            found[name] = value
        elif isinstance(one.node.value, dict):
            one.lose("must be a value, or from_cfn with the name of an export")
    return found


def _escaped(value: str | None) -> str | None:
    return None if value is None else literal(value)


def secrets(cursor: Cursor | None, arns: Mapping[str, str]) -> dict[str, str]:
    """Parameters and secrets, as ECS takes them; `arns` has the ARNs of secrets that Copilot knows by their names."""
    found: dict[str, str] = {}
    for name, one in cursor.items() if cursor else ():
        if (value := _secret(one, arns)) is not None:
            found[name] = value
    return found


def _secret(cursor: Cursor, arns: Mapping[str, str]) -> str | None:
    if not isinstance(cursor.node.value, dict):
        return _parameter(cursor, text(cursor))
    if manager := cursor.get("secretsmanager"):
        return _managed(manager, text(manager), arns)
    if value := from_export(cursor):
        cursor.lose("is taken for a secret's ARN; if the export is a parameter's name, write that name instead")
        return value
    cursor.lose("must be a parameter, secretsmanager, or from_cfn")
    return None


def _managed(cursor: Cursor, written: str | None, arns: Mapping[str, str]) -> str | None:
    """The right to read a secret needs the six characters that Secrets Manager has put behind its name."""
    if written is None:
        return None
    name, colon, rest = written.partition(":")
    found = written if written.startswith("arn:") else f"{arns[name]}{colon}{rest}" if name in arns else ""
    wrong = (
        secret_fault(found)
        if found
        else f"give --param {name}=ARN; aws secretsmanager describe-secret --secret-id {name} tells it"
    )
    if wrong is None:
        return found
    cursor.lose(wrong)
    return None


def _parameter(cursor: Cursor, written: str | None) -> str | None:
    """A parameter without a slash before its name is another one than with it, and has only its ARN to be named by."""
    if written is None or written.startswith(("/", "arn:")):
        if written and (wrong := secret_fault(written)):
            cursor.lose(wrong)
            return None
        return written
    return f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter/{written}"


def depends_on(cursor: Cursor | None) -> dict[str, str]:
    """Container → condition."""
    return {name: (text(one) or "START").upper() for name, one in (cursor.items() if cursor else ())}


def sidecars(cursor: Cursor | None, workload: str, draft: Draft) -> dict[str, Any]:
    """The sidecars; what only a raw container definition can say is told."""
    found = {}
    for name, one in cursor.items() if cursor else ():
        here = one.at(f"{one.target}.sidecars.{name}")
        found[name] = {key: value for key, value in _sidecar(here, name, workload, draft).items() if value not in (None, {}, [])}
        for field in ("secrets", "mount_points", "labels", "env_file", "credentialsParameter"):
            if lost := here.get(field):
                lost.lose(_RAW)
    return found


def _sidecar(cursor: Cursor, name: str, workload: str, draft: Draft) -> Mapping[str, Any]:
    essential = cursor.get("essential")
    whole = cursor.get("image")
    if whole and isinstance(whole.node.value, dict):
        for field in ("credentials", "labels"):
            if lost := whole.get(field):
                lost.lose(_RAW)
    return {
        "image": image(whole, f"{workload}-{name}", draft),
        "entryPoint": words(cursor.get("entrypoint")),
        "command": words(cursor.get("command")),
        "essential": False if essential and essential.flag() is False else None,
        "port": _port(cursor.get("port")),
        "environment": variables(cursor.get("variables")),
        "healthCheck": health_check(cursor.get("healthcheck")),
        "dependsOn": depends_on(cursor.get("depends_on")),
    }


def tcp_port(written: str) -> int | None:
    """``9000`` or ``9000/tcp``; None for another protocol, and what is no port."""
    number, slash, protocol = written.partition("/")
    return int(number) if number.isdecimal() and (not slash or protocol.lower() == "tcp") else None


def _port(cursor: Cursor | None) -> int | None:
    if cursor is None:
        return None
    found = tcp_port(text(cursor) or "")
    if found is None:
        cursor.lose(f"must be a TCP port; for another protocol {_RAW}")
    return found
