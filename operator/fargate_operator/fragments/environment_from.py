"""Environment variables out of ConfigMaps and Secrets of the app's namespace. Pure.

A Secret's values never come here: what a template needs of it is its version and its keys.
See https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from fargate_operator import names
from fargate_operator.fragments.values import Strict, need, text

OBJECT_NAME = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
MOST_SOURCES = 20
CONFIG_MAPS, SECRETS = "configmaps", "secrets"  # as the API server calls them


class ObjectRef(Strict):
    """An object of the app's namespace."""

    name: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=253, pattern=OBJECT_NAME)] = need(
        "Its name, in the app's namespace", aws="none: read in Kubernetes"
    )


class EnvironmentSource(Strict):
    """One object that gives variables: a ConfigMap or a Secret."""

    config_map_ref: ObjectRef | None = text(
        "A ConfigMap: each key of data is a variable with its value", default="none: secretRef", aws="Environment"
    )
    secret_ref: ObjectRef | None = text(
        "A Secret: copied into one Secrets Manager secret of the stack. ECS injects each key as a variable, a function gets "
        "<KEY>_ARN",
        default="none: configMapRef",
        aws="AWS::SecretsManager::Secret SecretString, AWS::ECS::TaskDefinition ContainerDefinitions.Secrets",
    )

    cel = [
        {
            "rule": "has(self.configMapRef) != has(self.secretRef)",
            "message": "a source is either a configMapRef or a secretRef",
        }
    ]

    def named(self) -> Iterable[tuple[str, str, str]]:
        """The objects that it names, one if it is right: its field's end, kind (`CONFIG_MAPS` or `SECRETS`) and name."""
        if self.config_map_ref:
            yield "configMapRef.name", CONFIG_MAPS, self.config_map_ref.name
        if self.secret_ref:
            yield "secretRef.name", SECRETS, self.secret_ref.name


EnvironmentFrom = Annotated[list[EnvironmentSource], Field(max_length=MOST_SOURCES)]


@dataclass(frozen=True, slots=True, order=True)
class CopiedKey:
    """A value of a Kubernetes Secret, as it lies in the stack's own secret: that one is a JSON object with all copies."""

    secret: str
    key: str

    def json_key(self) -> str:
        """Its name there."""
        return f"{self.secret}/{self.key}"

    def value_from(self) -> dict[str, Any]:
        """What ECS injects it by: ``<arn>:<json key>::``."""
        return {"Fn::Join": ["", [{"Ref": names.COPIED_SECRET}, f":{self.json_key()}::"]]}


def named_in(spec: Any) -> frozenset[tuple[str, str]]:
    """Kind and name of every object that a spec as written names, whatever else is wrong with the spec."""
    kinds = (
        [spec.get(field) for field in ("services", "scheduledTasks", "tasks", "functions")] if isinstance(spec, Mapping) else []
    )
    workloads = [one for kind in kinds if isinstance(kind, Mapping) for one in kind.values()]
    lists = [one.get("environmentFrom") for one in (spec, *workloads) if isinstance(one, Mapping)]
    sources = [one for found in lists if isinstance(found, list) for one in found if isinstance(one, Mapping)]
    return frozenset(
        (kind, str(ref["name"]))
        for one in sources
        for field, kind in (("configMapRef", CONFIG_MAPS), ("secretRef", SECRETS))
        if isinstance(ref := one.get(field), Mapping) and isinstance(ref.get("name"), str)
    )
