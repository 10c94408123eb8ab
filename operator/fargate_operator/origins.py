"""Where in the manifest a value of the template comes from, so that a fault can name the author's own field. Pure."""

from collections.abc import Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.evaluation import intrinsic, walk
from fargate_operator.facts import Facts
from fargate_operator.fragments.environment_from import CONFIG_MAPS
from fargate_operator.model import App
from fargate_operator.references import substitute
from fargate_operator.template import Template, canonical

_SCALING = ("ScalableTarget", *(f"{one}ScalingPolicy" for one in ("Cpu", "Memory", "Requests", "Queue")))
_BALANCER = (names.LOAD_BALANCER, names.HTTP_LISTENER, names.HTTPS_LISTENER, names.LISTENER_CERTIFICATE)
_ENDINGS = ("Task", "Service", "ScheduledTask", "TargetGroup", "AlternateTargetGroup", "ListenerRule", *_SCALING)
_SCALAR = (str, bool, int, float)


class Origins:
    """An index of the spec by value; made at the first question, since most apps never ask."""

    def __init__(self, app: App, template: Template, facts: Facts) -> None:
        self._app, self._template, self._facts = app, template, facts
        self._places: dict[str, list[tuple[str, str]]] | None = None

    def workload(self, logical_id: str) -> str:
        """The path of the workload or load balancer that a generated resource belongs to; ``spec`` for what is shared."""
        if logical_id.startswith(_BALANCER):
            return "spec.loadBalancer"
        builds = {names.build_project(name): f"spec.images.{name}.build" for name in self._app.built()}
        if logical_id in builds:
            return builds[logical_id]
        paths = {names.identifier(key): f"spec.{field}.{key}" for field, key, _ in self._app.workloads()}
        for ending in _ENDINGS:
            if logical_id.endswith(ending) and logical_id.removesuffix(ending) in paths:
                return paths[logical_id.removesuffix(ending)]
        stems = [stem for stem in paths if logical_id.startswith(f"{stem}Function")]
        return paths[max(stems, key=len)] if stems else "spec"

    def event(self, logical_id: str) -> str:
        """The field that says where the events of a function's rule come from."""
        for key, function in (self._app.spec.functions or {}).items():
            for name, event in (function.events or {}).items():
                if logical_id == f"{names.identifier(key)}Function{names.identifier(name)}":
                    return f"spec.functions.{key}.events.{name}.{'s3.bucket' if event.s3 else 'eventBridge.bus'}"
        return "spec"

    def find(self, value: Any, key: str, near: str) -> str:
        """The field that holds this value, best of all below `near` and of this name; empty where none does."""
        if not isinstance(value, _SCALAR) and not intrinsic(value):
            return ""
        found = self._index().get(canonical(value), [])
        ranked = sorted(found, key=lambda one: (not one[0].startswith(f"{near}."), one[1].lower() != key.lower(), len(one[0])))
        return ranked[0][0] if ranked else ""

    def _index(self) -> dict[str, list[tuple[str, str]]]:
        if self._places is None:
            self._places = {}
            spec = self._app.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
            raw = self._app.spec.resources or {}
            for path, key, value in walk(spec, "spec"):
                if isinstance(value, _SCALAR) or intrinsic(value):
                    self._put(substitute(value, raw.keys()), path, key)
            for name, uri in self._facts.images.items():
                self._put(uri, f"spec.images.{name}", "Image")
            for where, kind, name in self._app.sources():
                found_map = self._facts.config_maps.get(name) if kind == CONFIG_MAPS else None
                for key, value in (found_map.data if found_map else {}).items():
                    self._put(value, where, key)
            for found in self._facts.subnets.values():
                for subnet in found.subnet_ids:
                    if canonical(subnet) not in self._places:  # an author who named it himself is told where
                        self._put(subnet, "spec.network", "Subnets")
        return self._places

    def _put(self, value: Any, path: str, key: str) -> None:
        assert self._places is not None  # noqa: S101  `_index` came before
        if not isinstance(value, Mapping) or intrinsic(value):
            self._places.setdefault(canonical(value), []).append((path, key))
