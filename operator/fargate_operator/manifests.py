"""ConfigMaps and Secrets out of manifest files, where no API server is asked. Pure; of a Secret only its keys are kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fargate_operator.facts import ConfigMap, Copied, Facts, config_map
from fargate_operator.fragments.environment_from import CONFIG_MAPS, SECRETS
from fargate_operator.model import App

STAND_IN_VERSION = "00000000-0000-0000-0000-000000000000/0"
KINDS = {"ConfigMap": CONFIG_MAPS, "Secret": SECRETS}
_Place = tuple[str, str]  # namespace (empty: any) and name


@dataclass(frozen=True, slots=True)
class Manifests:
    """What files hold for environmentFrom."""

    config_maps: Mapping[_Place, ConfigMap] = field(default_factory=dict)
    secrets: Mapping[_Place, Copied] = field(default_factory=dict)

    def facts(self, app: App, known: Facts) -> Facts:
        """`known` with what of it the app names."""
        maps = {name: one for _, kind, name in app.sources() if kind == CONFIG_MAPS and (one := _of(self.config_maps, app, name))}
        copied = {name: one for _, kind, name in app.sources() if kind == SECRETS and (one := _of(self.secrets, app, name))}
        return replace(known, config_maps=dict(sorted(maps.items())), copied=dict(sorted(copied.items())))

    def missing(self, app: App) -> Iterable[str]:
        """What the app names and no file holds, with its field."""
        for path, kind, name in app.sources():
            if not _of(self.config_maps if kind == CONFIG_MAPS else self.secrets, app, name):
                title = "ConfigMap" if kind == CONFIG_MAPS else "Secret"
                yield f"{path}: no file holds the {title} {name}; its variables are left out"


def _of(found: Mapping[_Place, Any], app: App, name: str) -> Any:
    return found.get((app.namespace, name)) or found.get(("", name))


def manifests(documents: Iterable[Any]) -> Manifests:
    """The ConfigMaps and Secrets among YAML documents."""
    maps: dict[_Place, ConfigMap] = {}
    secrets: dict[_Place, Copied] = {}
    for one in documents:
        metadata = one.get("metadata") if isinstance(one, Mapping) else None
        if not isinstance(metadata, Mapping) or one.get("kind") not in list(KINDS):  # which may be anything
            continue
        place = (str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
        parts = [part for name in ("data", "stringData") if isinstance(part := one.get(name), Mapping)]
        if one["kind"] == "Secret":
            secrets[place] = Copied(STAND_IN_VERSION, tuple(sorted({str(key) for part in parts for key in part})))
        else:
            maps[place] = config_map({str(key): str(value) for part in parts[:1] for key, value in part.items()})
    return Manifests(maps, secrets)
