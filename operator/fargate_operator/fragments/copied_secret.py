"""The one secret of the stack that holds copies of Kubernetes Secrets, and the parameters that bring their values. Pure.

Each value comes by a NoEcho parameter of its own and is already JSON, quotes and all, so that whatever it holds it cannot break
out of its place. Neither the template nor anything else that CloudFormation shows has a value.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.errors import Fault
from fargate_operator.facts import Facts
from fargate_operator.fragments.environment_from import CopiedKey
from fargate_operator.template import Resource

MOST_VALUE, MOST_SECRET = 4096, 65_536  # bytes of a parameter's value, and of a secret


def copied_keys(facts: Facts) -> list[CopiedKey]:
    """Every value that the stack has a copy of, in the order in which the secret has them."""
    return [CopiedKey(secret, key) for secret, one in sorted(facts.copied.items()) for key in sorted(one.keys)]


def parameters(facts: Facts) -> dict[str, Any]:
    """The template's parameters, by logical ID."""
    return {
        names.secret_parameter(one.secret, one.key): {
            "Type": "String",
            "NoEcho": True,
            "Description": f"{one.key} of the Secret {one.secret}, as JSON",
        }
        for one in copied_keys(facts)
    }


def copied_secret(title: str, facts: Facts, tags: list[dict[str, str]]) -> Resource:
    """The secret. Its Metadata says of which version each Secret is: what changes when one is rotated, and what the stack has."""
    pieces: list[Any] = []
    for number, one in enumerate(copied_keys(facts)):
        pieces += [f"{',' if number else '{'}{json.dumps(one.json_key())}:", {"Ref": names.secret_parameter(one.secret, one.key)}]
    properties: dict[str, Any] = {
        "Description": f"Copies of Kubernetes Secrets for {title}",
        "SecretString": {"Fn::Join": ["", [*pieces, "}"]]} if pieces else "{}",
    }
    if tags:
        properties["Tags"] = tags
    versions = {secret: one.version for secret, one in sorted(facts.copied.items())}
    return Resource(
        names.COPIED_SECRET, "AWS::SecretsManager::Secret", properties, attributes={"Metadata": {names.DOMAIN: versions}}
    )


def running(template: Mapping[str, Any]) -> tuple[dict[str, str], set[str]]:
    """Of a stack's template: the version of each Secret that it has a copy of, and its parameters."""
    secret = (template.get("Resources") or {}).get(names.COPIED_SECRET) or {}
    versions = (secret.get("Metadata") or {}).get(names.DOMAIN) or {}
    return {str(name): str(version) for name, version in versions.items()}, set(template.get("Parameters") or {})


def encoded(value: str) -> str:
    """A value as JSON in ASCII. No ``{{resolve:`` can stand in it, which CloudFormation would resolve in a parameter, too."""
    return re.sub(r"(?<=\{)\{", r"\\u007b", json.dumps(value))


def value_faults(paths: Mapping[str, str], values: Mapping[CopiedKey, str]) -> Iterable[Fault]:
    """Every value that is too long for a parameter; `values` are encoded, `paths` are the fields that name the Secrets."""
    for one, value in sorted(values.items()):
        if (size := len(value.encode())) > MOST_VALUE:
            wrong = f"{one.key} of the Secret {one.secret} has {size} bytes as JSON, CloudFormation takes {MOST_VALUE}"
            yield Fault(paths[one.secret], f"{wrong}; keep it in Secrets Manager and name it in secrets")


def secret_size(values: Mapping[CopiedKey, str]) -> int:
    """Bytes of the whole secret."""
    return sum(len(value.encode()) + len(json.dumps(one.json_key()).encode()) + 2 for one, value in values.items()) + 1
