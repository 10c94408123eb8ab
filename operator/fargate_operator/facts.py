"""What the compiler may know of the account it compiles for: a frozen value, looked up at the edge (`aws.resolve`).

Looking things up inside the compiler would make a template depend on when it was compiled. What was looked up is recorded, in the
status and in the template's Metadata (`record`), and stays until the spec changes (`recall`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, TypeVar, get_origin

from fargate_operator.errors import Fault
from fargate_operator.template import digest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an app lives; empty where that is not known yet."""

    account_id: str = ""
    region: str = ""
    partition: str = ""


@dataclass(frozen=True, slots=True)
class Subnets:
    """Subnets that were looked up, the VPC that they lie in, and the availability zone of each; no zones where not known."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listener:
    """The existing listener of `spec.loadBalancer.listenerArn`; `url` is where it listens, without a path."""

    vpc_id: str
    security_group_ids: tuple[str, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Count:
    """A service that is or was scaled.

    `declared` is the desiredCount that the spec had then, `kept` what ran when scaling was taken away: None while it is scaled.
    """

    declared: int | None = None
    kept: int | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """How ECS has set the production rule's weights of a service's two target groups, and of which rule they were read."""

    first: int
    second: int
    rule: str = ""


MOST_REPEATS = 10**6  # of fallbacks; more have never been


@dataclass(frozen=True, slots=True)
class Fallback:
    """That Spot capacity could not be had for a service: `until` when it is on demand, or else when that is forgotten.

    `since` is when it changed between the two last, both as RFC 3339. `repeats` counts how often in a row. `reason` is ECS's.
    """

    on_demand: bool
    since: str
    until: str
    repeats: int = 1
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """What a ConfigMap of the app's namespace holds.

    Only the digest is recorded: the data may be a MiB, and a rebuilt cluster's object of the same data changes nothing. `version`
    is ``<uid>/<resourceVersion>``.
    """

    digest: str
    data: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    version: str = ""


@dataclass(frozen=True, slots=True)
class Copied:
    """What is known of a Secret whose values the stack has a copy of: ``<uid>/<resourceVersion>`` and its keys, no value."""

    version: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """A stack's template, as it is: bodies by logical ID. `homes`: URI of a repository → its logical ID."""

    resources: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    outputs: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    homes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, order=True)
class Lack:
    """Something outside the app that is not there, or not as it must be: a fault, its Reason, and which fact stands in for it.

    `part` is a field of `Facts`, `key` an entry of it; both are empty where no fact is missing.
    """

    fault: Fault
    reason: str
    part: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The account, and the answers to the questions that a spec leaves open.

    `subnets` has an entry a question of `fragments.network`, under `subnets_key`. `images` maps a name in `spec.images` to the
    URI that is deployed: with the digest where it could be resolved, as written where not. `code` maps a function with code in
    S3 to the object's version. `counts`, `weights` and `spot` are of services, by key. `config_maps` and `copied` are the
    objects of Kubernetes that `environmentFrom` names, by their names.

    An image that is built has no entry in `images` before the first push. `platforms` has, of images in ECR, the digest for each
    platform (``linux/arm64``); `repositories` the URI of the repository of each image that is built, once the stack has it;
    `commits` the commit that an image was built from. `running` is what the stack has, only where some
    image is missing: it is read, not recorded.
    """

    account_id: str
    region: str
    partition: str = "aws"
    subnets: Mapping[str, Subnets] = field(default_factory=lambda: MappingProxyType({}))
    images: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    code: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    listener: Listener | None = None
    counts: Mapping[str, Count] = field(default_factory=lambda: MappingProxyType({}))
    weights: Mapping[str, Weights] = field(default_factory=lambda: MappingProxyType({}))
    config_maps: Mapping[str, ConfigMap] = field(default_factory=lambda: MappingProxyType({}))
    copied: Mapping[str, Copied] = field(default_factory=lambda: MappingProxyType({}))
    spot: Mapping[str, Fallback] = field(default_factory=lambda: MappingProxyType({}))
    platforms: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    repositories: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    commits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    running: Running | None = None
    missing: tuple[Lack, ...] = ()  # with stand-ins for them a template is made, which is only looked at; they are not recorded


def place(facts: Facts) -> Place:
    """Where the facts are of."""
    return Place(facts.account_id, facts.region, facts.partition)


def record(facts: Facts) -> dict[str, Any]:
    """What was looked up, as plain JSON data without empty parts; the account, region and partition are not in it."""
    parts: dict[str, Any] = {
        "images": dict(facts.images),
        "subnets": {key: _plain(one) for key, one in facts.subnets.items()},
        "code": dict(facts.code),
        "listener": _plain(facts.listener) if facts.listener else None,
        "counts": {key: _plain(one) for key, one in facts.counts.items()},
        "weights": {key: _plain(one) for key, one in facts.weights.items()},
        "configMaps": {name: one.digest for name, one in facts.config_maps.items()},
        "copied": {name: _plain(one) for name, one in facts.copied.items()},
        "spot": {key: _plain(one) for key, one in facts.spot.items()},
        "platforms": {name: dict(one) for name, one in facts.platforms.items()},
        "repositories": dict(facts.repositories),
        "commits": dict(facts.commits),
    }
    for one in facts.missing:  # a stand-in is nothing that was looked up
        if isinstance(parts.get(one.part), dict) and one.part != "listener":
            parts[one.part] = {key: value for key, value in parts[one.part].items() if key != one.key}
        elif one.part:
            parts[one.part] = None
    return {name: value for name, value in parts.items() if value}


def pins(facts: Facts) -> dict[str, Any]:
    """`record`, and the ConfigMaps' versions: they tell what changed while nobody looked, but change no template."""
    versions = {name: one.version for name, one in facts.config_maps.items() if one.version}
    return {**record(facts), **({"configMapVersions": versions} if versions else {})}


def recall(recorded: Mapping[str, Any], base: Facts) -> Facts:
    """`base` with what was recorded. Raises nothing for what another version recorded: that is looked up anew."""
    return Facts(
        base.account_id,
        base.region,
        base.partition,
        subnets={key: one for key, one in _values(Subnets, recorded.get("subnets")).items() if _zoned(one)},
        images=_texts(recorded.get("images")),
        code=_texts(recorded.get("code")),
        listener=_value(Listener, recorded.get("listener")),
        counts=_values(Count, recorded.get("counts")),
        weights=_values(Weights, recorded.get("weights")),
        config_maps={str(name): _config_map(one) for name, one in _map(recorded.get("configMaps")).items()},
        copied=_values(Copied, recorded.get("copied")),
        spot={key: one for key, one in _values(Fallback, recorded.get("spot")).items() if _sound(one)},
        platforms={str(name): _texts(one) for name, one in _map(recorded.get("platforms")).items()},
        repositories=_texts(recorded.get("repositories")),
        commits=_texts(recorded.get("commits")),
    )


def config_map(data: Mapping[str, str], version: str = "") -> ConfigMap:
    """A ConfigMap by what it holds."""
    return ConfigMap(digest(dict(data)), data, version)


def _config_map(recorded: Any) -> ConfigMap:
    return config_map(recorded) if isinstance(recorded, Mapping) else ConfigMap(str(recorded))


def _plain(value: Any) -> dict[str, Any]:
    """A flat dataclass as JSON data; fields that have their default are left out."""
    fields = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {name: list(one) if isinstance(one, tuple) else one for name, one in fields.items() if one not in (None, "", ())}


def _value(kind: type[T], recorded: Any) -> T | None:
    if not isinstance(recorded, Mapping) or not recorded.keys() <= kind.__dataclass_fields__.keys():  # type: ignore[attr-defined]
        return None
    given = {name: tuple(one) if isinstance(one, list) else one for name, one in recorded.items()}
    types = {one.name: one.type for one in fields(kind)}  # type: ignore[arg-type]
    if not all(_fits(one, types[name]) for name, one in given.items()):
        return None
    try:
        return kind(**given)
    except TypeError:  # it lacks some
        return None


def _fits(value: Any, kind: Any) -> bool:
    """Whether a recorded value is of a field's type; dataclasses take anything."""
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(isinstance(one, str) for one in value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _values(kind: type[T], recorded: Any) -> dict[str, T]:
    found = {str(key): _value(kind, one) for key, one in _map(recorded).items()}
    return {key: one for key, one in found.items() if one is not None}


def _zoned(one: Subnets) -> bool:
    """Whether every subnet has its zone, or none of them."""
    return len(one.zones) in (0, len(one.subnet_ids))


def _sound(one: Fallback) -> bool:
    """Whether its count is one that can be."""
    return 0 < one.repeats <= MOST_REPEATS


def _texts(recorded: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in _map(recorded).items()}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
