"""Bounds: what the apps of a namespace may reach in AWS, as the platform's file says. Pure.

The file has one part for every namespace (`default`) and one for each that is named; a field of the second displaces the same
field of the first. What a field does not name is refused. In patterns ``*`` stands for any characters and ``?`` for one, as in
IAM, and ``${namespace}`` for the app's namespace.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from fargate_operator.template import digest

Patterns = tuple[Annotated[str, StringConstraints(strict=True, min_length=1)], ...]
NAMESPACE = "${namespace}"
_FLAG = Annotated[bool, Field(strict=True)]


def _none(description: str) -> Any:
    return Field(default=(), description=description)


class Bounds(BaseModel):
    """What the apps of one namespace may do; patterns are matched against ARNs unless said otherwise."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    permissions_boundary: Annotated[
        str, StringConstraints(strict=True, pattern=r"^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$")
    ] = Field(description="The policy that bounds every role of the app; put on those that name none")
    role_path: Annotated[str, StringConstraints(strict=True, pattern=r"^/([A-Za-z0-9_.${}-]+/)+$")] = Field(
        description="The IAM path that every role of the app begins with"
    )
    deletion_policy: Literal["Delete", "Retain"] = Field(
        default="Delete", description="Retain: a deleted app always leaves its stack; an app that states Delete is refused"
    )
    stack_names: Patterns = _none("Names that `spec.stackName` may state; the name that the operator gives is always allowed")
    resource_types: Patterns = _none(
        "Types of raw resources; AWS::CloudFormation::*, AWS::IAM::* and Custom::* only by a pattern that begins so"
    )
    roles: Patterns = _none("Roles that exist outside the app")
    managed_policies: Patterns = _none("Managed policies on the app's roles")
    statements: _FLAG = Field(default=False, description="Whether `iam.statements`, and policies of raw roles, are allowed")
    exec: _FLAG = Field(default=False, description="Whether ECS Exec is allowed")
    adoption: _FLAG = Field(
        default=False, description="Whether `adoption: Adopt` is allowed: taking over tagged stacks, and resources by their names"
    )
    secrets: Patterns = _none("Secrets Manager secrets")
    parameters: Patterns = _none("SSM parameters: ARNs, or names with a leading slash in the app's account and region")
    kubernetes_secrets: Patterns = _none("Secrets of the app's own namespace in Kubernetes that it may have copied, by name")
    git_repositories: Patterns = _none("Git repositories that images may be built from, by their URLs, the host in lower case")
    clusters: Patterns = _none("ECS clusters that exist outside the app")
    listeners: Patterns = _none("Load balancers, listeners and target groups that exist outside the app")
    hosts: Patterns = _none("Host names of listener rules, domains and DNS records, in lower case")
    buckets: Patterns = _none("S3 buckets that exist outside the app, as ARNs or names")
    subnets: Patterns = _none("Subnets of tasks and load balancers, by id, those of the default VPC among them")
    security_groups: Patterns = _none("Security groups that exist outside the app, by id")
    images: Patterns = _none("Container images, as they are deployed: registry, repository, tag or digest")
    arns: Patterns = _none(
        "Whatever else exists outside the app and has an ARN: queues, topics, streams, certificates, file systems"
    )
    imports: Patterns = _none("Names of other stacks' exports that the app may import")
    exports: Patterns = _none("Names that the app's outputs may export")
    dynamic_references: Patterns = _none("What may stand between `{{resolve:` and `}}`")
    transforms: Patterns = _none("Names of macros that Fn::Transform may call")
    resource_policies: _FLAG = Field(
        default=False, description="Whether raw resources may carry policies that let others in, trust policies among them"
    )

    def digest(self) -> str:
        """The same digest means the same bounds."""
        return digest(self.model_dump(mode="json"))


@dataclass(frozen=True, slots=True)
class Rules:
    """The whole file."""

    default: Mapping[str, Any] | None
    namespaces: Mapping[str, Mapping[str, Any]]

    def of(self, namespace: str) -> Bounds | None:
        """The bounds of a namespace; None where the file has none for it: then nothing is allowed there."""
        if self.default is None and namespace not in self.namespaces:
            return None
        return Bounds.model_validate(_placed({**(self.default or {}), **self.namespaces.get(namespace, {})}, namespace))


class BadBounds(ValueError):
    """A bounds file that cannot be used; the message names each field, in one line."""


def parse_bounds(text: str) -> Rules:
    """The file's text as rules; BadBounds with everything that is wrong with it."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadBounds(f"not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, Mapping) or not raw:
        raise BadBounds("must be a map with default, namespaces or both")
    wrong = [
        f"{name}: is not a field here; must be default or namespaces" for name in raw if name not in {"default", "namespaces"}
    ]
    named = raw.get("namespaces") or {}
    parts = {"default": raw.get("default"), **(dict(named) if isinstance(named, Mapping) else {})}
    if not isinstance(named, Mapping):
        wrong.append("namespaces: must be a map from a namespace to its bounds")
    wrong += [
        f"{_path(name)}: must be a map" for name, part in parts.items() if part is not None and not isinstance(part, Mapping)
    ]
    if wrong:
        raise BadBounds("; ".join(wrong))
    rules = Rules(raw.get("default"), {str(name): dict(part or {}) for name, part in named.items()})
    # the default is judged with no namespace's fields, unless it only completes those that are named
    for name in (*rules.namespaces, *(["default"] if rules.default is not None else [])):
        wrong += _faults(rules, name)
    if wrong:
        raise BadBounds("; ".join(dict.fromkeys(wrong)))
    return rules


def _faults(rules: Rules, name: str) -> Iterable[str]:
    try:
        rules.of(name)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            field = str(detail["loc"][0])
            own = name if field in rules.namespaces.get(name, {}) else "default" if rules.default is not None else name
            message = {"missing": "is required", "extra_forbidden": "is not a field of bounds"}.get(detail["type"], detail["msg"])
            yield f"{_path(own)}.{field}: {message.replace('Input should', 'must').replace('String should', 'must')}"


def _path(name: str) -> str:
    return name if name == "default" else f"namespaces.{name}"


def _placed(value: Any, namespace: str) -> Any:
    if isinstance(value, str):
        return value.replace(NAMESPACE, namespace)
    if isinstance(value, Mapping):
        return {key: _placed(item, namespace) for key, item in value.items()}
    return [_placed(item, namespace) for item in value] if isinstance(value, list) else value


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns is the whole text's."""
    return any(_compiled(pattern).fullmatch(text) for pattern in patterns)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    # what is judged may itself be read as a pattern, by IAM or a listener: ? stands for none of its signs
    parts = (".*" if part == "*" else "[^*?]" if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL)
