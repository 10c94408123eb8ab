"""What must wait for an image that was never pushed: the workloads that need it, and what cannot be without these. Pure.

The order solves itself, level by level: the stack comes up with all else, its repositories among it, and the workloads join when
their images are there. What runs already stays with what it has (`Facts.kept`).
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fargate_operator import names
from fargate_operator.facts import Facts
from fargate_operator.fragments.build import PLATFORMS
from fargate_operator.fragments.ecr import repository
from fargate_operator.model import App
from fargate_operator.references import targets
from fargate_operator.workloads.function import FunctionSpec

_OF_WORKLOADS = re.compile(
    r"Task|Service|ScheduledTask|SpotQueue|(Alternate)?TargetGroup|ListenerRule|ScalableTarget|[A-Z][a-z]+ScalingPolicy|Function.*"
)
Path = tuple[str, str]  # field of the spec, key


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is left out: `workloads` with the images that they wait for, and raw resources and outputs that refer to them."""

    workloads: Mapping[Path, frozenset[str]] = field(default_factory=dict)
    resources: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()


def missing(app: App, facts: Facts) -> dict[str, list[str]]:
    """Image that is not there → the places that use it, those that run on with what they have among them."""
    found: dict[str, list[str]] = {}
    for place, image, _ in app.uses():
        if image not in facts.images:
            found.setdefault(image, []).append(place)
    return found


def withheld(app: App, facts: Facts) -> Withheld:
    """What must be left out of the template."""
    places = {place: image for image, found in missing(app, facts).items() for place in found if place not in facts.kept}
    if not places:
        return Withheld()
    stems = {names.identifier(key): (kind, key) for kind, key, _ in app.workloads()}
    waiting: dict[Path, frozenset[str]] = {}
    for place, image in places.items():
        kind_key = stems[place.partition("/")[0].removesuffix("Task").removesuffix("Function")]
        waiting[kind_key] = waiting.get(kind_key, frozenset()) | {image}
    return _closure(app, stems, Withheld(waiting))


def _closure(app: App, stems: Mapping[str, Path], start: Withheld) -> Withheld:
    """With all that refers to what is left out."""
    now = start
    while True:
        then = replace(
            now,
            workloads={**now.workloads, **dict(_dependents(app, stems, now))},
            resources=frozenset(_without(app.spec.resources, app, stems, now)),
            outputs=frozenset(_without(app.spec.outputs, app, stems, now)),
        )
        if then == now:
            return now
        now = then


def _without(bodies: Mapping[str, Any] | None, app: App, stems: Mapping[str, Path], out: Withheld) -> Iterable[str]:
    raw = app.spec.resources or {}
    for name, body in (bodies or {}).items():
        referred = targets(body) | set(_listed(body))
        text = json.dumps(body)
        short = {one for one in out.resources if f"${{{one}}}" in text or f"${{{one}." in text}
        if short or referred & out.resources or any(_made_by(one, raw, stems) in out.workloads for one in referred):
            yield name


def _listed(body: Any) -> Iterable[str]:
    depends = body.get("DependsOn") if isinstance(body, Mapping) else None
    return [depends] if isinstance(depends, str) else [one for one in depends or () if isinstance(one, str)]


def _made_by(logical_id: str, raw: Collection[str], stems: Mapping[str, Path]) -> Path | None:
    """The workload that makes a resource: the one with the longest stem that the name begins with."""
    if logical_id in raw:
        return None
    found = [stem for stem in stems if logical_id.startswith(stem) and _OF_WORKLOADS.fullmatch(logical_id[len(stem) :])]
    return stems[max(found, key=len)] if found else None


def _dependents(app: App, stems: Mapping[str, Path], out: Withheld) -> Iterable[tuple[Path, frozenset[str]]]:
    raw = app.spec.resources or {}
    lost = _authorizers(app, out)
    for kind, key, workload in app.workloads():
        if (kind, key) in out.workloads:
            continue
        depends = set(getattr(workload, "depends_on", None) or ())
        waits = {image for one in depends for image in _awaited(_made_by(one, raw, stems), out)}
        text = workload.model_dump_json(exclude_none=True) if out.resources else ""
        for one in out.resources:
            if one in depends or f"${{{one}}}" in text or f"${{{one}." in text:
                waits |= {image for images in out.workloads.values() for image in images}
        if isinstance(workload, FunctionSpec):
            for event in (workload.events or {}).values():
                waits |= lost.get(event.http_api.authorizer or "", frozenset()) if event.http_api else frozenset()
        if waits:
            yield (kind, key), frozenset(waits)


def _awaited(path: Path | None, out: Withheld) -> frozenset[str]:
    return out.workloads.get(path, frozenset()) if path else frozenset()


def _authorizers(app: App, out: Withheld) -> dict[str, frozenset[str]]:
    """Authorizers whose function is left out, with the images that it waits for."""
    own = (app.spec.http_api.authorizers if app.spec.http_api else None) or {}
    return {
        name: out.workloads["functions", one.lambda_.function]
        for name, one in own.items()
        if one.lambda_ and ("functions", one.lambda_.function) in out.workloads
    }


def without(app: App, out: Withheld) -> App:
    """The app as it is compiled while images are missing."""
    if not out.workloads:
        return app
    spec = app.spec
    kinds: dict[str, Any] = {"services": spec.services, "scheduledTasks": spec.scheduled_tasks, "tasks": spec.tasks,
                             "functions": spec.functions}  # fmt: skip
    left = {
        kind: {key: one for key, one in (held or {}).items() if (kind, key) not in out.workloads} for kind, held in kinds.items()
    }
    lost = _authorizers(app, out)
    http_api = spec.http_api
    if http_api and lost:
        kept = {name: one for name, one in (http_api.authorizers or {}).items() if name not in lost}
        http_api = http_api.model_copy(update={"authorizers": kept or None})
    changes = {
        "services": left["services"] or None,
        "scheduled_tasks": left["scheduledTasks"] or None,
        "tasks": left["tasks"] or None,
        "functions": left["functions"] or None,
        "http_api": http_api,
        "resources": {name: one for name, one in (spec.resources or {}).items() if name not in out.resources} or None,
        "outputs": {name: one for name, one in (spec.outputs or {}).items() if name not in out.outputs} or None,
    }
    return replace(app, spec=spec.model_copy(update=changes))


def waiting(app: App, facts: Facts) -> dict[str, tuple[str, ...]]:
    """Image that is not there → the workloads that are not in the stack without it, as ``services.web``."""
    found: dict[str, list[str]] = {}
    for (kind, key), images in sorted(withheld(app, facts).workloads.items()):
        for image in images:
            found.setdefault(image, []).append(f"{kind}.{key}")
    return {image: tuple(paths) for image, paths in sorted(found.items())}


def deployed(app: App, facts: Facts) -> dict[str, set[str]]:
    """Of each image that is built and has a repository, the digests that workloads have or are to have."""
    found: dict[str, set[str]] = {}
    for place, name, architecture in app.uses():
        uri = facts.images.get(name)
        digest = facts.platforms.get(name, {}).get(PLATFORMS[architecture]) if uri else None
        used = f"{repository(uri)}@{digest}" if uri and digest else uri or facts.kept.get(place, "")
        for image, home in facts.repositories.items():
            if repository(used) == home and "@" in used:
                found.setdefault(image, set()).add(used.partition("@")[2])
    return found


def running(template: Mapping[str, Any]) -> dict[str, str]:
    """The image of each place in a stack's template."""
    found: dict[str, Any] = {}
    for logical_id, body in (template.get("Resources") or {}).items():
        type_, properties = (body.get("Type"), body.get("Properties") or {}) if isinstance(body, Mapping) else ("", {})
        if type_ == "AWS::ECS::TaskDefinition":
            for one in properties.get("ContainerDefinitions") or ():
                found[f"{logical_id}/{one.get('Name')}"] = one.get("Image")
        elif type_ == "AWS::Lambda::Function":
            found[logical_id] = (properties.get("Code") or {}).get("ImageUri")
    return {place: image for place, image in found.items() if isinstance(image, str)}
