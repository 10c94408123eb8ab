"""What must have become of each app when the dust has settled, and what differs from it. Pure.

A story's changes are what people did; the world is what the API server and CloudFormation then say. Every app is as its last spec says,
or Stalled with the true reason, which only a flaw of the spec or a fault of its stack can give.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaos.specs import BROKEN, Place, Spec, comparable, resources

AT_REST = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
FAILED = {"CreateFailed", "UpdateFailed", "RollbackFailed", "DeleteFailed"}
FINALIZER = "fargate-operator.dev/stack"


@dataclass(frozen=True, slots=True)
class Done:
    """A change that the API server has taken, some time between `before` and `after` (seconds). `spec` None: deleted."""

    app: str
    spec: Spec | None
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Doom:
    """An operation on an app's stack that a fault made fail; `words`: one of them must be in what the app says of it."""

    app: str
    resources: Mapping[str, Any]  # as `comparable` has them
    words: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as CloudFormation tells it. `counts`: running and desired by the ARN of each of its services."""

    name: str
    id: str
    status: str
    digest: str = ""
    resources: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class World:
    """What there is: FargateApps by name, stacks by name, (running, desired) of ECS services by ARN."""

    objects: Mapping[str, Mapping[str, Any]]
    stacks: Mapping[str, Stack]
    services: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def differences(place: Place, history: Sequence[Done], world: World, dooms: Sequence[Doom] = ()) -> list[str]:
    """All that is not as it must be, a line each."""
    last = {one.app: one for one in history}  # the later one wins
    found = [
        f"{app}: {line}" for app in sorted(last) for line in _App(place, app, history, world, dooms).differences(last[app].spec)
    ]
    kept = {place.stack(app) for app, one in last.items() if one.spec or app in world.objects or _retained(app, history)}
    found += [f"the stack {name} ({world.stacks[name].status}) is nobody's" for name in sorted(world.stacks.keys() - kept)]
    return found + [f"{name}: an object that nobody made" for name in sorted(world.objects.keys() - last.keys())]


def stalled(world: World) -> list[str]:
    """The apps that wait for a person."""
    return sorted(name for name, one in world.objects.items() if _condition(one, "Stalled"))


def restless(objects: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The apps whose own status says that the operator has not come to an end with them."""
    return sorted(name for name, one in objects.items() if _restless(one))


def _restless(item: Mapping[str, Any]) -> bool:
    seen, generation = (item.get("status") or {}).get("observedGeneration"), item["metadata"]["generation"]
    going = bool(item["metadata"].get("deletionTimestamp"))
    return seen != generation or bool(_condition(item, "Reconciling")) or (going and not _condition(item, "Stalled"))


def _retained(app: str, history: Sequence[Done]) -> bool:
    specs = [one.spec for one in history if one.app == app and one.spec]
    return bool(specs) and specs[-1].retain


def _condition(item: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    found = (item.get("status") or {}).get("conditions") or ()
    return next((one for one in found if one["type"] == kind), {})


class _App:
    def __init__(self, place: Place, app: str, history: Sequence[Done], world: World, dooms: Sequence[Doom]) -> None:
        self._place, self._name = place, app
        self._history = [one for one in history if one.app == app]
        self._item = world.objects.get(app)
        self._stack = world.stacks.get(place.stack(app))
        self._services = world.services
        self._dooms = [one for one in dooms if one.app == app]

    def differences(self, spec: Spec | None) -> Iterator[str]:
        if spec is None:
            yield from self._deleted()
        elif self._item is None:
            yield "its object is gone"
        elif self._item["metadata"].get("deletionTimestamp"):
            yield "it is being deleted, and nobody has asked for it"
        else:
            yield from self._current(self._item)
            yield from self._told(self._item, spec)
            yield from self._as_wished(self._item, spec)

    def _deleted(self) -> Iterator[str]:
        stuck = [one for one in self._dooms if one.kind == "deletion fails"]
        if self._item is not None:
            reason, message = (_condition(self._item, "Stalled").get(key, "") for key in ("reason", "message"))
            excused = stuck and self._stack and reason == "DeleteFailed" and any(_says(one, message) for one in stuck)
            if not excused:
                yield f"deleted, and its object is still there: {_why(self._item)}"
        elif self._stack and not _retained(self._name, self._history):
            yield f"deleted, and its stack is still there, in {self._stack.status}"

    def _current(self, item: Mapping[str, Any]) -> Iterator[str]:
        status, generation = item.get("status") or {}, item["metadata"]["generation"]
        behind = [one["type"] for one in status.get("conditions", ()) if one["observedGeneration"] != generation]
        if status.get("observedGeneration") != generation or behind:
            yield f"its status is of generation {status.get('observedGeneration')}, its spec of {generation} {behind}"
        if _condition(item, "Stalled") and _condition(item, "Reconciling"):
            yield "Stalled and Reconciling at once"
        if self._stack and FINALIZER not in item["metadata"].get("finalizers", ()) and not self._only_suspended():
            yield "it has a stack and no finalizer"

    def _only_suspended(self) -> bool:
        """Since it was made (the last time) nobody may have touched its stack, which it has from an earlier life."""
        life: list[Spec] = []
        for one in self._history:
            life = [*life, one.spec] if one.spec else []
        return all(one.suspend or one.flaw == "invalid" for one in life)

    def _told(self, item: Mapping[str, Any], spec: Spec) -> Iterator[str]:
        """What its status says of the stack and the services is what AWS says."""
        told = (item.get("status") or {}).get("stack") or {}
        if self._stack is None and told.get("id") and told.get("status") != "DELETE_COMPLETE":
            yield f"its status tells of the stack {told['id']}, and there is none"
        if self._stack is None or (self._only_suspended() and not told.get("id")):
            return
        there = {"id": self._stack.id, "status": self._stack.status, "templateDigest": self._stack.digest}
        for name, value in there.items():
            if value != told.get(name, ""):
                yield f"its status says {name} {told.get(name)!r}, CloudFormation {value!r}"
        for key, one in ((item["status"].get("services") or {}) if not spec.suspend and spec.flaw != "invalid" else {}).items():
            counts = self._services.get(one.get("serviceArn", ""))
            if counts and counts != (one.get("running"), one.get("desired")):
                yield f"its status says {one.get('running')} of {one.get('desired')} tasks of {key} run, ECS {counts}"

    def _as_wished(self, item: Mapping[str, Any], spec: Spec) -> Iterator[str]:
        halt, ready = _condition(item, "Stalled"), _condition(item, "Ready")
        if _condition(item, "Reconciling"):
            yield f"it goes on and on: {_why(item)}"
        elif spec.flaw == "invalid":
            if halt.get("reason") != "InvalidSpec" or "Nowhere" not in halt.get("message", ""):
                yield f"its spec is invalid, and it says {_why(item)}"
        elif spec.suspend:
            return
        elif halt:
            yield from self._rightly_stalled(item, spec)
        elif spec.flaw == "broken":
            yield f"AWS cannot make of its spec what it asks for, and it says {_why(item)}"
        elif ready.get("status") != "True":
            yield f"it is not Ready: {_why(item)}"
        elif self._stack is None:
            yield "it is Ready without a stack"
        else:
            yield from self._deployed(self._stack, spec)

    def _deployed(self, stack: Stack, spec: Spec) -> Iterator[str]:
        if stack.status not in AT_REST:
            yield f"it is Ready, and its stack is in {stack.status}"
        wanted, there = resources(self._place, self._name, spec), comparable(stack.resources)
        if there != wanted:
            yield f"its stack is not what its spec says: {unlike(wanted, there)}"
        if spec.kind in {"service", "secret", "mixed"}:
            told = ((self._item or {}).get("status") or {}).get("services") or {}
            counts = self._services.get((told.get("web") or {}).get("serviceArn", ""))
            if counts != (spec.number, spec.number):
                yield f"it is Ready, and of its service's {spec.number} tasks ECS says (running, desired) {counts}"

    def _rightly_stalled(self, item: Mapping[str, Any], spec: Spec) -> Iterator[str]:
        halt = _condition(item, "Stalled")
        wanted = resources(self._place, self._name, spec)
        doomed = [one for one in self._dooms if one.resources == wanted or one.kind == "deletion fails"]
        if halt["reason"] not in FAILED:
            yield f"it is Stalled: {_why(item)}"
        elif not doomed and spec.flaw != "broken":
            yield f"it is Stalled, and nothing was wrong: {_why(item)}"
        elif not any(_says(one, halt["message"]) for one in doomed) and not (spec.flaw and BROKEN in halt["message"]):
            yield f"it is Stalled, and does not say why: {_why(item)}"


def unlike(wanted: Any, there: Any, path: str = "") -> str:
    """Where two documents differ first."""
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        name = next(name for name in sorted({*wanted, *there}) if wanted.get(name) != there.get(name))
        return unlike(wanted.get(name), there.get(name), f"{path}/{name}")
    if isinstance(wanted, list) and isinstance(there, list) and len(wanted) == len(there):
        number = next(number for number, (a, b) in enumerate(zip(wanted, there, strict=True)) if a != b)
        return unlike(wanted[number], there[number], f"{path}/{number}")
    return f"{path} is {there!r:.150}, not {wanted!r:.150}"


def _says(doom: Doom, message: str) -> bool:
    return any(word in message for word in doom.words)


def _why(item: Mapping[str, Any]) -> str:
    ready = _condition(item, "Ready")
    return f"{ready.get('status')} {ready.get('reason')}: {ready.get('message', '')[:200]}"
