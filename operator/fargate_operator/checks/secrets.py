"""The shapes of what ECS and Lambda take for a secret. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator.errors import Fault
from fargate_operator.model import App

# A secret's ARN ends with six characters that Secrets Manager has added to the name.
_SECRET = re.compile(r"arn:[^:]+:secretsmanager:[^:]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}")
_PARAMETER = re.compile(r"(arn:[^:]+:ssm:[^:]+:[0-9]{12}:parameter)?/[A-Za-z0-9_./-]+")


def secret_faults(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """Every value that is neither a parameter nor a secret."""
    resources = app.spec.resources or {}
    places = [("spec", app.spec.secrets)] + [(f"spec.{kind}.{key}", one.secrets) for kind, key, one in app.workloads()]
    for path, secrets in places:
        for name, value in (secrets or {}).items():
            reference = re.fullmatch(r"\$\{([A-Za-z0-9]+)\}", value)
            if reference and resources.get(reference[1], {}).get("Type") == "AWS::SSM::Parameter":
                yield Fault(f"{path}.secrets.{name}", "refers to a parameter of this stack; write its name, with a leading slash")
            elif "${" not in value and (wrong := secret_fault(value)):
                yield Fault(f"{path}.secrets.{name}", wrong)


def secret_fault(value: str) -> str | None:
    """What is wrong with a secret, or None.

    See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html.
    """
    parts = value.split(":")
    if value.startswith("/") or parts[2:3] == ["ssm"]:
        whole = ":".join(parts[:6]) if parts[0] == "arn" else parts[0]
        if whole != value:
            return f"a parameter has no JSON key, stage or version; must be {whole}"
        right = "must be a name such as /shop/key, or arn:aws:ssm:<region>:<account>:parameter/<name>"
        return None if _PARAMETER.fullmatch(value) else f"{right}, of letters, digits and _ . / -"
    if parts[2:3] != ["secretsmanager"]:
        return "must be the ARN of a Secrets Manager secret or of an SSM parameter, or a parameter's name with a leading slash"
    if not _SECRET.fullmatch(":".join(parts[:7])):
        return (
            "must be the whole ARN of the secret, with the six characters at its end: arn:aws:secretsmanager:…:secret:name-AbCdEf"
        )
    if len(parts) not in (7, 10):
        return f"must have three parts after the secret, empty ones too: {':'.join(parts[:7])}:json-key:version-stage:version-id"
    if len(parts) == 10 and parts[8] and parts[9]:
        return "names a version stage and a version id; give one of the two"
    return None
