"""The environment variables of a workload, out of all that gives some: what is stronger wins. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fargate_operator import names
from fargate_operator.facts import Facts
from fargate_operator.fragments.environment_from import CopiedKey, EnvironmentSource
from fargate_operator.fragments.scope import Scope

_REFERENCE = re.compile(r"\$\{(?=!?[^${}]+\})")
Secret = str | CopiedKey


class _Workload(Protocol):
    @property
    def environment(self) -> Mapping[str, str] | None: ...
    @property
    def secrets(self) -> Mapping[str, str] | None: ...
    @property
    def environment_from(self) -> list[EnvironmentSource] | None: ...


@dataclass(frozen=True, slots=True)
class Variables:
    """By name: values, and secrets as the spec has them, or a key of a Kubernetes Secret."""

    plain: Mapping[str, str]
    secrets: Mapping[str, Secret]

    def labels(self, facts: Facts) -> dict[str, str]:
        """A label for each Kubernetes Secret that gives a variable: its version, so that tasks are replaced when it changes."""
        used = sorted({one.secret for one in self.secrets.values() if isinstance(one, CopiedKey)})
        return {names.secret_label(secret): facts.copied[secret].version for secret in used}


_Layer = tuple[Mapping[str, str], Mapping[str, Secret]]


def variables(scope: Scope, workload: _Workload, ending: str = "") -> Variables:
    """The weakest first: the shared environmentFrom, the shared environment and secrets, the workload's own in the same order.

    A name that is a value and, stronger, a secret is only the secret, and the other way round: ECS takes no name twice. What a
    workload gets of a secret may have the secret's name with an `ending`: that name counts in the same way.
    """
    layers: list[_Layer] = [
        *_sources(scope.environment_from, scope.facts),
        (scope.environment, scope.secrets),
        *_sources(workload.environment_from or (), scope.facts),
        (workload.environment or {}, workload.secrets or {}),
    ]
    plain: dict[str, str] = {}
    secrets: dict[str, Secret] = {}
    for values, hidden in layers:
        taken = hidden.keys() | {f"{name}{ending}" for name in hidden}
        plain = {name: value for name, value in plain.items() if name not in taken} | dict(values)
        secrets = {name: value for name, value in secrets.items() if values.keys().isdisjoint((name, f"{name}{ending}"))}
        secrets |= hidden
    return Variables(plain, secrets)


def _sources(listed: Iterable[EnvironmentSource], facts: Facts) -> Iterable[_Layer]:
    for one in listed:
        if one.config_map_ref and (found := facts.config_maps.get(one.config_map_ref.name)):
            yield {key: literal(value) for key, value in found.data.items()}, {}
        if one.secret_ref and (copied := facts.copied.get(one.secret_ref.name)):
            yield {}, {key: CopiedKey(one.secret_ref.name, key) for key in copied.keys}


def literal(value: str) -> str:
    """A value that is no author's of the spec: what looks like a reference in it is none (`references`)."""
    return _REFERENCE.sub("${!", value)


def value_from(secret: Secret) -> Any:
    """What ECS injects a secret by."""
    return secret if isinstance(secret, str) else secret.value_from()
