"""From a seed, a story: what people change in their apps, and which faults come meanwhile. Pure: the same seed, the same story."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf

from chaos.specs import IMAGES, KINDS, Spec

PACE = 7.0  # seconds from the first change to the last one
OPERATOR = ("kill -9", "SIGTERM", "clock ahead", "clock behind")
API = ("API slow", "API 409", "API 429", "API 500", "API answer lost", "watches cut")
PLANE = ("API server restarted", "etcd restarted")
AWS = ("throttled", "AWS 500", "AWS 503", "answer lost", "connection reset", "AWS slow", "credentials expired", "access denied",
       "AWS clock ahead", "AWS clock behind")  # fmt: skip
STACK = ("resource fails", "operation hangs", "hangs, then fails", "rollback fails", "deletion fails")
FAULTS = (*OPERATOR, *API, *PLANE, *AWS, *STACK)
DENIED = ("CreateStack", "UpdateStack", "DeleteStack", "DescribeStacks", "ListStacks", "DescribeServices", "DescribeStackEvents")


@dataclass(frozen=True, slots=True)
class Change:
    """At `at` seconds the app gets this spec; None: it is deleted."""

    at: float
    app: str
    spec: Spec | None


@dataclass(frozen=True, slots=True)
class Fault:
    """From `at` on, for `lasts` seconds. `share` of the calls are hit; `about`: the action denied; `where`: at which resource, 0 to 1."""

    at: float
    kind: str
    lasts: float = 0.0
    share: float = 1.0
    about: str = ""
    where: float = 0.0


@dataclass(frozen=True, slots=True)
class Story:
    """Changes and faults, each in order of time."""

    seed: int
    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    name: str = "random"

    @property
    def namespace(self) -> str:
        """Of its own, in a lane that has many."""
        return f"chaos-{self.name}-{self.seed}"

    def told(self) -> Iterator[str]:
        """A line each."""
        for one in sorted((*self.changes, *self.faults), key=lambda one: one.at):
            if isinstance(one, Change):
                yield f"{one.at:5.2f}  {one.app}: {one.spec.told() if one.spec else 'deleted'}"
            else:
                more = f" {one.about}" if one.about else ""
                lasts = f"for {one.lasts:.1f} s" if one.lasts < inf else "all the time"
                yield f"{one.at:5.2f}  {one.kind}{more} {lasts}, {one.share:.0%} of the calls"


def story(seed: int, *, plane: bool = True) -> Story:
    """`plane`: whether the control plane may be restarted, which costs seconds."""
    rng = random.Random(seed)
    changes = sorted((one for number in range(rng.randint(5, 8)) for one in _life(rng, f"app-{number}")), key=lambda one: one.at)
    faults = [_fault(rng, kind) for kind in rng.sample((*OPERATOR, *API, *AWS), rng.randint(3, 5))]
    faults += [_fault(rng, kind) for kind in rng.choices(STACK, k=rng.randint(1, 3))]
    restarted = _fault(rng, rng.choice(PLANE)) if rng.random() < 1 / 5 else None
    if plane and restarted:
        faults.append(restarted)
    return Story(seed, tuple(changes), tuple(sorted(faults, key=lambda one: one.at)))


def kills(seed: int, count: int = 50) -> Story:
    """kill -9 at random moments while twenty apps come, change and go."""
    rng = random.Random(seed)
    at, there = 0.0, {}
    changes: list[Change] = []
    faults: list[Fault] = []
    for _ in range(count):
        changes += _some(rng, at, there, [f"app-{number:02}" for number in range(20)])
        at += rng.uniform(0.5, 10.0)  # it starts, and waits until the lease of the one killed before has run out: 6 to 7 seconds
        faults.append(Fault(at, "kill -9"))
    return Story(seed, tuple(changes), tuple(faults), "kills")


def away(seed: int, lasts: float = 120.0) -> Story:
    """The API server is away for two minutes, and things are changed before and after."""
    rng = random.Random(seed)
    there: dict[str, Spec] = {}
    apps = [f"app-{number:02}" for number in range(10)]
    changes = [one for at in (0.0, 3.0, lasts + 8.0, lasts + 10.0) for one in _some(rng, at, there, apps)]
    return Story(seed, tuple(changes), (Fault(6.0, "API server restarted", lasts),), "away")


STORIES: dict[str, Callable[[int], Story]] = {"random": story, "kills": kills, "away": away}


def _some(rng: random.Random, at: float, there: dict[str, Spec], apps: list[str]) -> Iterator[Change]:
    for app in rng.sample(apps, 3):
        if app in there and rng.random() < 0.3:
            del there[app]
            yield Change(at, app, None)
        else:
            there[app] = Spec("service", rng.randint(1, 3))
            yield Change(at, app, there[app])


def _life(rng: random.Random, app: str) -> Iterator[Change]:
    """Of one app: it is made, and changed some times."""
    at = rng.uniform(0.0, 1.5)
    spec = Spec(rng.choice(KINDS), rng.randint(1, 3), tag=rng.choice(("", *IMAGES)), retain=rng.random() < 0.15)
    if rng.random() < 0.1:
        spec = replace(spec, flaw=rng.choice(("broken", "invalid")))
    history: list[Spec] = [spec]
    yield Change(at, app, spec)
    now: Spec | None = spec
    for _ in range(rng.randint(0, 4)):
        at += rng.uniform(0.2, 2.0)
        if at > PACE:
            return
        now = rng.choice(_STEPS)(rng, history) if now else _again(rng, history)
        if now:
            history.append(now)
        yield Change(at, app, now)


def _update(_: random.Random, history: list[Spec]) -> Spec:
    return replace(history[-1], number=history[-1].number % 4 + 1, flaw="", suspend=False)


def _image(rng: random.Random, history: list[Spec]) -> Spec:
    return replace(history[-1], tag=rng.choice(IMAGES), flaw="", suspend=False)


def _kind(rng: random.Random, history: list[Spec]) -> Spec:
    return replace(history[-1], kind=rng.choice(KINDS), suspend=False)


def _flaw(rng: random.Random, history: list[Spec]) -> Spec:
    return replace(history[-1], flaw=rng.choice(("broken", "broken", "invalid")), number=rng.randint(1, 3), suspend=False)


def _suspend(rng: random.Random, history: list[Spec]) -> Spec:
    return replace(history[-1], suspend=not history[-1].suspend, number=rng.choice((history[-1].number, rng.randint(1, 3))))


def _revert(rng: random.Random, history: list[Spec]) -> Spec:
    return replace(rng.choice(history), suspend=False)


def _again(_: random.Random, history: list[Spec]) -> Spec:
    """An app of the same name, after its end."""
    return replace(history[-1], flaw="", suspend=False)


def _delete(_: random.Random, __: list[Spec]) -> None:
    return None


_Step = Callable[[random.Random, list[Spec]], Spec | None]
_STEPS: tuple[_Step, ...] = (_update, _update, _update, _image, _kind, _flaw, _suspend, _revert, _revert, _delete, _delete)


def _fault(rng: random.Random, kind: str) -> Fault:
    lasts = rng.uniform(1.0, 3.0)
    at = rng.uniform(0.0, PACE - lasts)
    share = rng.choice((0.3, 0.6, 1.0))
    if kind in STACK:  # it comes with the next create or update
        return Fault(rng.uniform(0.0, PACE - 2.0), kind, lasts, where=rng.random())
    if kind.startswith("AWS clock"):
        return Fault(0.0, kind, inf)  # times that it has written stay as they are
    if kind in PLANE:
        return Fault(at, kind, rng.uniform(0.2, 4.0))
    return Fault(at, kind, lasts, share, about=rng.choice(DENIED) if kind == "access denied" else "")
