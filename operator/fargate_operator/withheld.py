"""What must wait for an image that was never pushed, and what runs on without one. Pure.

The order solves itself, level by level: the stack comes up with all else, its repositories among it, and the workloads join
when their images are there. Decided on the whole template, as it will be one day: what needs an image that is missing, and all
that refers to that, is left out, unless the stack has it already: then it stays to the letter as it is there. So nothing is taken
away, or changed by half, because an image went missing.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fargate_operator import names
from fargate_operator.facts import Facts, Running
from fargate_operator.fragments.ecr import repository
from fargate_operator.fragments.scope import image_uri
from fargate_operator.model import App
from fargate_operator.references import targets
from fargate_operator.template import Template

_Images = frozenset[str]


def lacking(app: App, facts: Facts) -> dict[str, _Images]:
    """Task definition or function, by its logical ID → the images that it needs and that are not there."""
    found: dict[str, _Images] = {}
    for logical_id, image, _ in app.uses():
        if image not in facts.images:
            found[logical_id] = found.get(logical_id, frozenset()) | {image}
    return found


def compose(app: App, facts: Facts, template: Template) -> Template:
    """`template`, which has everything, without what must wait."""
    absent = _absent(template.resources, lacking(app, facts))
    if not absent:
        return template
    there = {name: body for name, body in template.resources.items() if name not in absent}
    kept = _kept(absent, there, facts.running or Running())
    resources = {**there, **kept}
    outputs = {name: body for name, body in template.outputs.items() if not targets(body) & (absent.keys() - kept.keys())}
    homes = {name: body for name, body in (facts.running or Running()).outputs.items() if targets(body) & _only(kept, template)}
    waiting = _waiting(app, absent, resources)
    return replace(template, resources=resources, outputs={**outputs, **homes}, waiting=waiting)


def deployed(app: App, facts: Facts) -> dict[str, set[str]]:
    """Of each image that is built and has a repository, the digests that workloads have or are to have."""
    used = {image_uri(facts, name, architecture) for _, name, architecture in app.uses()}
    found: dict[str, set[str]] = {}
    text = json.dumps(dict(facts.running.resources)) if facts.running else ""
    for image, home in facts.repositories.items():
        digests = {uri.partition("@")[2] for uri in used if "@" in uri and repository(uri) == home}
        digests |= set(re.findall(rf"{re.escape(home)}@(sha256:[0-9a-f]{{64}})", text))
        if digests:
            found[image] = digests
    return found


def _absent(resources: Mapping[str, Any], roots: Mapping[str, _Images]) -> dict[str, _Images]:
    """`roots` with all that refers to them, directly or not, and the images that each waits for."""
    found = {name: images for name, images in roots.items() if name in resources}
    left = dict(found)
    users: dict[str, set[str]] = {}
    for name, body in resources.items() if found else ():
        for one in _needs(body):
            users.setdefault(one, set()).add(name)
    while left:
        name, images = left.popitem()
        for user in users.get(name, ()):
            if not images <= found.get(user, frozenset()):
                found[user] = left[user] = found.get(user, frozenset()) | images
    return found


def _kept(absent: Iterable[str], there: Mapping[str, Any], running: Running) -> dict[str, Any]:
    """What the stack has of that which is left out, and what this cannot be without: repositories of its images, too."""
    kept: dict[str, Any] = {}
    left = [name for name in absent if name in running.resources]
    while left:
        name = left.pop()
        if name in kept or name in there:
            continue
        body = kept[name] = running.resources[name]
        text = json.dumps(body)
        left += [one for one in _needs(body) if one in running.resources]
        left += [home for uri, home in running.homes.items() if uri in text and home in running.resources]
    return dict(sorted(kept.items()))


def _only(kept: Mapping[str, Any], template: Template) -> set[str]:
    return kept.keys() - template.resources.keys()


def _needs(body: Any) -> set[str]:
    depends = body.get("DependsOn") if isinstance(body, Mapping) else None
    listed = [depends] if isinstance(depends, str) else depends or ()
    return targets(body) | {one for one in listed if isinstance(one, str)}


def _waiting(app: App, absent: Mapping[str, _Images], resources: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Image → the workloads that are not in the stack without it, as ``services.web``."""
    found: dict[str, set[str]] = {}
    for field, key, _ in app.workloads():
        for logical_id in (names.task(key), names.service(key), names.function(key)):
            for image in absent.get(logical_id, ()) if logical_id not in resources else ():
                found.setdefault(image, set()).add(f"{field}.{key}")
    return {image: tuple(sorted(paths)) for image, paths in sorted(found.items())}
