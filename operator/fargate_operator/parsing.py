"""A manifest as an App, with all of its faults at once, in words for people. Pure."""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from fargate_operator.checks import spec_faults
from fargate_operator.checks.arns import arn_faults
from fargate_operator.errors import Fault, InvalidSpec
from fargate_operator.facts import Place
from fargate_operator.fragments.build import GIT_REF, GIT_URL, PATH
from fargate_operator.fragments.connect import DNS_NAME, NAMESPACE
from fargate_operator.fragments.values import ARN, DURATION, KEY, SECRET
from fargate_operator.model import TAG, App, Spec
from fargate_operator.template import encodes

MOST_LEVELS = 60


def parse_app(manifest: Mapping[str, Any], where: Place | None = None) -> App:
    """A manifest as an App; InvalidSpec with every fault of the spec, those across fields included.

    `where`: what is known of where the app lives, so that ARNs of other places are faults.
    """
    raw = manifest.get("spec")
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    if not isinstance(raw, Mapping):
        raise InvalidSpec([Fault("spec", "is required and must be a map")])
    if odd := _odd_key(raw):
        raise InvalidSpec([Fault(odd, "has a key that is no string; YAML reads on, off, yes, no and numbers as such: quote it")])
    if half := _no_text(raw):
        raise InvalidSpec([Fault(half, "has half of a surrogate pair in a text, such as \\ud800 alone: that is no character")])
    if deep := _too_deep(raw):
        raise InvalidSpec([Fault(deep, f"is nested deeper than {MOST_LEVELS} levels; CloudFormation needs none that deep")])
    spec, faults = parse_spec(raw)
    app = App(
        namespace=str(metadata.get("namespace") or "default"),
        name=str(metadata.get("name") or ""),
        uid=str(metadata.get("uid") or ""),
        generation=generation if isinstance(generation := metadata.get("generation"), int) else 0,
        spec=spec,
    )
    judged = [*spec_faults(app, raw), *arn_faults(app, where or Place(region=spec.region or ""))]
    faulty = {fault.path for fault in faults}
    faults += [one for one in judged if not _stood_in(one.path, faulty)]
    if faults:
        raise InvalidSpec(faults)
    return app


def _places(raw: Mapping[str, Any]) -> Iterator[tuple[str, int, Any]]:
    """Every value of a spec with its path, as far as its third level, and its level; a spec may be as deep as it likes."""
    left: list[tuple[str, int, Any]] = [("spec", 0, raw)]
    while left:
        path, level, value = left.pop()
        yield path, level, value
        if isinstance(value, Mapping):
            left += [(f"{path}.{key}" if level < 3 else path, level + 1, item) for key, item in value.items()]
        elif isinstance(value, list):
            left += [(path, level + 1, item) for item in value]


def _odd_key(raw: Mapping[str, Any]) -> str:
    """The field in which some map has a key that JSON cannot have; empty where none does."""
    maps = ((path, value) for path, _, value in _places(raw) if isinstance(value, Mapping))
    return next((path for path, value in maps if any(not isinstance(key, str) for key in value)), "")


def _no_text(raw: Mapping[str, Any]) -> str:
    """The field in which some text or key cannot be encoded, and so neither be sent nor be told; empty where none is."""
    for path, _, value in _places(raw):
        texts = value if isinstance(value, Mapping) else (value,) if isinstance(value, str) else ()
        if not all(one.isascii() or encodes(one) for one in texts):
            return path.encode(errors="replace").decode()
    return ""


def _too_deep(raw: Mapping[str, Any]) -> str:
    """The field below which something is nested deeper than whatever reads it later can follow; empty where nothing is."""
    return next((path for path, level, _ in _places(raw) if level > MOST_LEVELS), "")


def parse_spec(raw: Mapping[str, Any]) -> tuple[Spec, list[Fault]]:
    """The spec without its faulty parts, and their faults, so that what is left can be judged as well."""
    faults: list[Fault] = []
    rest = copy.deepcopy(dict(raw))
    while True:
        try:
            return Spec.model_validate(rest), faults
        except ValidationError as error:
            details = error.errors(include_url=False)
            faults += _new_faults(details, {fault.path for fault in faults})
            before = copy.deepcopy(rest)
            for detail in details:
                _prune(rest, detail["loc"], missing=detail["type"] == "missing")
            if rest == before:  # cannot be cut out where it stands: cut its whole field
                for detail in details:
                    rest.pop(str(detail["loc"][0]), None)


def _stood_in(path: str, known: set[str]) -> bool:
    """Whether a fault is told of what only stands in for a value that is faulty itself."""
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in known)


def _new_faults(details: Iterable[Any], known: set[str]) -> list[Fault]:
    found: dict[tuple[str, bool], Fault] = {}  # a union tells each of its members' complaints: one is enough
    for detail in details:
        path = _path(detail["loc"])
        if not _below(path, known):
            found.setdefault((path, "[key]" in detail["loc"]), Fault(path, _message(detail)))
    return list(found.values())


def _below(path: str, known: set[str]) -> bool:
    """Whether a fault follows from one that was told before: its place or something in it was cut out."""
    return any(one == path or one.startswith((f"{path}.", f"{path}[")) for one in known)


def _steps(loc: tuple[int | str, ...]) -> list[int | str]:
    """The location without pydantic's names of union members and of keys."""
    return [
        step
        for step in loc
        if not (isinstance(step, str) and (step == "[key]" or step.startswith("constrained-"))) and step not in ("int", "str")
    ]


def _path(loc: tuple[int | str, ...]) -> str:
    path = "spec"
    for step in _steps(loc):
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path


_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not a field here; see the reference for those that are",
}
_PATTERNS = {
    "schedule": "must be rate(1 hour), cron(minutes hours day-of-month month day-of-week year) or at(yyyy-mm-ddThh:mm:ss)",
    "expression": "must be rate(1 hour), cron(minutes hours day-of-month month day-of-week year) or at(yyyy-mm-ddThh:mm:ss)",
    "memory": "must be MiB as a whole number from 512 to 122880, or a string such as 0.5GB",
    "route": "must be a route key such as GET /path, ANY /{proxy+} or $default",
    "region": "must be a region such as eu-west-1",
    "path": "must begin with a slash",
    "codes": "must be HTTP codes from 200 to 499, such as 200, 200-299 or 200,204",
    "mountPath": "must be an absolute path such as /data, and not / itself",
    "fileSystemId": "must be the id of a file system, fs-0123456789abcdef0, not an ARN; or a ${…} reference to one",
    "accessPointId": "must be the id of an access point, fsap-0123456789abcdef0, not an ARN; or a ${…} reference to one",
}
_SHAPES = {
    TAG: "must be a tag of letters, digits, dots, hyphens and underscores, with @sha256:<64 hex digits> behind it to pin it",
    GIT_URL: "must be https://<host>/<repository>, without a user name or password; build.git.connectionArn reads private ones",
    GIT_REF: "must be a branch, a tag or a commit, such as main or v1.2",
    PATH: "must be a path below the folder that is built from; it begins with neither a slash nor a hyphen",
    DURATION: "must be a duration such as 30s, 5m or 1h",
    ARN: "must be an ARN, or a ${…} reference to one",
    SECRET: "must be a parameter's name with a leading slash, or an ARN",
    NAMESPACE: "must be a name of at most 128 letters, digits, dots, hyphens and underscores, or an ARN",
    DNS_NAME: "must have only lower-case letters, digits, underscores, hyphens and dots, and begin with none of the last two",
    KEY: "must begin with a letter and have only letters, digits, hyphens and underscores",
}


def _message(detail: Any) -> str:
    context = detail.get("ctx") or {}
    message = _MESSAGES.get(detail["type"]) or _SHAPES.get(context.get("pattern", ""))
    if message is None and detail["type"] != "literal_error":
        message = _PATTERNS.get(str(_steps(detail["loc"])[-1])) if detail["loc"] else None
    if message is None:
        message = str(detail["msg"])
        for old, new in (("Input should", "must"), ("String should", "must"), ("Value should", "must"), ("valid ", "")):
            message = message.replace(old, new)
        message = (
            re.sub(r" or instance of \w+", "", message).replace("a integer", "a whole number").replace("a dictionary", "a map")
        )
    return f"the name {message}" if "[key]" in detail["loc"] else message


# What stands in for a required value that is faulty, so that the rest of its object is judged as well.
_STAND_INS: dict[str, Any] = {
    **dict.fromkeys(("image", "s3Bucket", "s3Key", "handler", "runtime", "namespace", "function", "bucket"), "x"),
    **dict.fromkeys(("queueArn", "topicArn", "arn", "certificateArn"), "arn:"),
    **dict.fromkeys(("schedule", "expression"), "rate(1 hour)"),
    **dict.fromkeys(("min", "max", "backlogPerTask"), 1),
    "mountPath": "/x", "url": "https://x/x", "fileSystemId": "fs-00000000",
    "route": "GET /", "issuer": "https://", "audience": ["x"], "pattern": {"source": ["x"]},
}  # fmt: skip


def _prune(rest: Any, loc: tuple[int | str, ...], *, missing: bool) -> None:
    """Cut the faulty value out; where something required is missing for which nothing can stand in, what lacks it."""
    steps = _steps(loc)
    if missing and steps and steps[-1] not in _STAND_INS:
        steps = steps[:-1]
    if not steps:
        rest.clear()
        return
    for step in steps[:-1]:
        try:
            rest = rest[step]
        except (KeyError, IndexError, TypeError):
            return  # cut out with an earlier fault
    last = steps[-1]
    stands = isinstance(rest, dict) and last in _STAND_INS and rest.get(last) != _STAND_INS[str(last)]
    if stands and (missing or last in rest) and "[key]" not in loc:
        rest[last] = _STAND_INS[str(last)]
    elif isinstance(rest, dict):
        rest.pop(last, None)
    elif isinstance(rest, list):
        rest.clear()  # the places of its other items would shift
