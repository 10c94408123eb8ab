"""What Kubernetes holds for an app's environmentFrom. At the edge: it asks the API server, live in every reconcile.

Of a Secret it keeps version and keys. Values are read again, in full, for a write that has to send some, and go nowhere else.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fargate_operator import names
from fargate_operator.conditions import Reason
from fargate_operator.errors import Fault, InvalidSpec, Waiting
from fargate_operator.facts import ConfigMap, Copied, Facts
from fargate_operator.fragments.copied_secret import MOST_SECRET, copied_keys, encoded, running, secret_size, value_faults
from fargate_operator.fragments.environment_from import CONFIG_MAPS, CopiedKey
from fargate_operator.kube_objects import Objects, SecretObject
from fargate_operator.model import App
from fargate_operator.parameters import Parameters
from fargate_operator.source_index import ABSENT, SourceIndex

log = logging.getLogger(__name__)
AGAIN = 60.0  # seconds until what is missing is looked for, should the watch not tell of it
SOON = 1.0  # seconds until a reconcile during which a Secret changed is done anew


class Sources:
    """Reads them, and tells the index of which version each app knows."""

    def __init__(self, objects: Objects, index: SourceIndex) -> None:
        self._objects, self._index = objects, index

    def facts(self, app: App, known: Facts) -> Facts:
        """`known` with what there is now. Waiting with all that is missing; InvalidSpec where a value cannot be copied."""
        paths = {(kind, name): path for path, kind, name in reversed(list(app.sources()))}  # the first that names it
        maps: dict[str, ConfigMap] = {}
        copied: dict[str, Copied] = {}
        versions = dict.fromkeys(paths, ABSENT)
        missing: list[str] = []
        faults: list[Fault] = []
        for (kind, name), path in sorted(paths.items(), key=lambda one: one[1]):
            found: ConfigMap | Copied | None
            if kind == CONFIG_MAPS:
                if found := self._objects.config_map(app.namespace, name):
                    maps[name] = found
            elif found := self._copied(app.namespace, name, known.copied.get(name), path, faults):
                copied[name] = found
            if found:
                versions[kind, name] = found.version
            else:
                title = "ConfigMap" if kind == CONFIG_MAPS else "Secret"
                missing.append(f"{path}: there is no {title} {name} in namespace {app.namespace}")
        self._index.read((app.namespace, app.name), versions)
        if missing:
            raise Waiting(Reason.ConfigurationMissing, "; ".join(missing), after=AGAIN)
        if faults:
            raise InvalidSpec(faults, outside=True)
        return replace(known, config_maps=dict(sorted(maps.items())), copied=dict(sorted(copied.items())))

    def _copied(self, namespace: str, name: str, known: Copied | None, path: str, faults: list[Fault]) -> Copied | None:
        """A Secret's version and keys; its values only pass by, to see whether they can be copied, and only once a version."""
        version = self._objects.version("secrets", namespace, name)
        if version is None or (known and known.version == version):
            return known if version else None
        found = self._objects.secret(namespace, name)
        if found is None:
            return None
        values = _values(name, found, path, faults)
        faults += value_faults({name: path}, values)
        log.debug("read the keys of the Secret %s/%s at %s", namespace, name, found.version)
        return Copied(found.version, tuple(sorted(found.data)))

    def parameters(self, app: App, facts: Facts, template: Mapping[str, Any]) -> Parameters:
        """What to send with a template of these facts; `template` is the stack's own by now, empty where there is no stack.

        A value that the stack has of this version is not sent again. Waiting when a Secret has changed meanwhile.
        """
        versions, there = running(template)
        wanted = {names.secret_parameter(one.secret, one.key): one for one in copied_keys(facts)}
        kept = {
            name for name, one in wanted.items() if name in there and versions.get(one.secret) == facts.copied[one.secret].version
        }
        if kept == wanted.keys():
            return Parameters(previous=frozenset(kept))
        values = self._all(app, facts)
        return Parameters({name: values[one] for name, one in wanted.items() if name not in kept}, frozenset(kept))

    def secrets(self, app: App) -> list[str] | None:
        """The values of the app's Secrets, for hiding them; None where they cannot all be known."""
        values: list[str] = []
        for name in dict.fromkeys(name for _, kind, name in app.sources() if kind != CONFIG_MAPS):
            found = self._objects.secret(app.namespace, name)
            if found is None:
                return None
            values += [one.decode(errors="replace") for one in found.data.values()]
        return values

    def _all(self, app: App, facts: Facts) -> dict[CopiedKey, str]:
        """Every value, encoded; all of them, since Secrets Manager bounds what they are together."""
        paths = {name: path for path, kind, name in reversed(list(app.sources())) if kind != CONFIG_MAPS}
        values: dict[CopiedKey, str] = {}
        faults: list[Fault] = []
        for name, copied in facts.copied.items():
            found = self._objects.secret(app.namespace, name)
            if found is None or found.version != copied.version:
                raise Waiting(Reason.Conflict, f"the Secret {name} has changed meanwhile", after=SOON)
            values |= _values(name, found, paths[name], faults)
        if (size := secret_size(values)) > MOST_SECRET:
            wrong = f"the Secrets of the app make one of {size} bytes, Secrets Manager takes {MOST_SECRET}; leave keys out"
            faults.append(Fault(min(paths.values()), wrong))
        if faults:
            raise InvalidSpec(faults, outside=True)
        return values


def _values(name: str, found: SecretObject, path: str, faults: list[Fault]) -> dict[CopiedKey, str]:
    values = {}
    for key, one in sorted(found.data.items()):
        try:
            values[CopiedKey(name, key)] = encoded(one.decode())
        except UnicodeDecodeError:
            faults.append(Fault(path, f"{key} of the Secret {name} is not text, which a variable must be"))
    return values
