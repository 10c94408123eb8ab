"""Preflight: what a template names is looked at before it is written, and what is wrong is told all at once. At the edge.

Only where something is about to be written: an app at rest costs no call. Answers are shared by all apps of a region.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from fargate_operator import quotas
from fargate_operator.acting import BRINGS
from fargate_operator.actions import Halt, Nothing
from fargate_operator.answers import Answers
from fargate_operator.aws import preflight as aws
from fargate_operator.facts import Lack
from fargate_operator.grounding import doubted, granted, grounded, judge, lack
from fargate_operator.plan import OUTSIDE
from fargate_operator.preflight import Found, Kind, Looks, Name, questions
from fargate_operator.queue import Key
from fargate_operator.seen import Seen
from fargate_operator.template import Template
from fargate_operator.turn import Turn, app_of, key_of
from fargate_operator.world import World

# Seconds for which an answer is good: what is there; what is not, could not be seen, or is given away by apps; a quota.
GOOD, SHORT, DAY = 600.0, 30.0, 86_400.0
_EVERYWHERE = {Kind.Role, Kind.Policy}  # IAM knows no regions
_QUOTAS = {Kind.StackQuota: quotas.STACKS, Kind.RuleQuota: quotas.RULES}
_Key = tuple[str, Name]
_Told = tuple[Found | None] | None  # None: it could not be seen


@dataclass(frozen=True, slots=True)
class _Held:
    """A write that was stopped: of which spec and template, until when, and for what."""

    of: tuple[Any, ...]
    until: datetime
    halt: Halt


def _of(seen: Seen) -> tuple[Any, ...]:
    return seen.generation, seen.template_digest, seen.stack and (seen.stack.id, seen.stack.status)


class Preflight:
    """Thread-safe; what it has seen is shared by all turns."""

    def __init__(self, world: World, clock: Callable[[], float] = time.monotonic) -> None:
        self._world = world
        self._held: dict[Key, _Held] = {}
        self._answers: Answers[_Key, _Told] = Answers(_lifetime, clock=clock)

    def held(self, turn: Turn) -> Halt | None:
        """What a write was stopped for already, while it is of the same spec and template and the next try is not due."""
        seen, found = turn.seen, self._held.get(key_of(turn))
        if found is None or not isinstance(seen.action, BRINGS) or turn.reconcile_now or found.of != _of(seen):
            return None
        left = (found.until - seen.now).total_seconds()
        return replace(found.halt, retry_after=left) if left > 0 else None

    def forget(self, key: Key) -> None:
        """The app is gone."""
        self._held.pop(key, None)

    def clear(self, planned: Turn, turn: Turn) -> Turn:
        """`turn`, with its template and live facts; or `planned`, from before they were gathered, with a Halt for its action."""
        missing = turn.facts.missing if turn.facts else ()
        writes = isinstance(turn.seen.action, BRINGS)
        rests = isinstance(turn.seen.action, Nothing) and not (app_of(turn).spec.suspend if turn.facts else False)
        if not writes and not (missing and rests):
            return turn
        lacks: list[Lack] = list(missing)
        if writes and turn.template is not None:
            found, warnings = self._look(turn, turn.template)
            lacks += found
            planned, turn = planned.with_seen(warnings=warnings), turn.with_seen(warnings=warnings)
        self.forget(key_of(turn))
        if not lacks:
            return turn
        halt = grounded(lacks)
        if writes:
            until = turn.seen.now + timedelta(seconds=halt.retry_after or OUTSIDE)
            self._held[key_of(turn)] = _Held(_of(planned.seen), until, halt)
        return planned.with_seen(action=halt)

    def _look(self, turn: Turn, template: Template) -> tuple[list[Lack], tuple[str, ...]]:
        """What is wrong, and which quotas are near."""
        assert turn.facts is not None  # noqa: S101  a template is made of them
        seen, text = turn.seen, template.json()
        if turn.reconcile_now:
            self._answers.drop(lambda told: told is None)
        uses = questions(app_of(turn), turn.facts, text, seen.stack)
        looks = self._looks(seen.region, {one.name for one in uses})
        wrong = judge(uses, looks, seen.now)
        if wrong:  # by what was seen some minutes ago, perhaps
            names = doubted(wrong)
            looks = {**looks, **self._looks(seen.region, names, younger=0.0 if turn.reconcile_now else SHORT)}
            wrong = judge(uses, {**looks, **granted(names, looks)}, seen.now)
        return [lack(*one) for one in wrong.items()], tuple(self._warnings(seen, template, text, looks))

    def _warnings(self, seen: Seen, template: Template, text: str, looks: Looks) -> Iterable[str]:
        yield from quotas.of_template(template, text)
        if self._near(seen.region, Kind.StackQuota, self._world.count(seen.region)):
            yield quotas.of_stacks(self._most(seen.region, Kind.StackQuota))
        rules = max((one.count for name, one in looks.items() if name.kind is Kind.Listener and one), default=0)
        if self._near(seen.region, Kind.RuleQuota, rules):
            yield quotas.of_rules(self._most(seen.region, Kind.RuleQuota))

    def _near(self, region: str, kind: Kind, count: int) -> bool:
        """The account may have more than others, which is asked only where it matters."""
        return quotas.near(count, _QUOTAS[kind]) and quotas.near(count, self._most(region, kind))

    def _most(self, region: str, kind: Kind) -> int:
        found = self._looks(region, {Name(kind, "")}).get(Name(kind, ""))
        return found.count if found else _QUOTAS[kind]

    def _looks(self, region: str, names: Iterable[Name], *, younger: float = float("inf")) -> dict[Name, Found | None]:
        keys = sorted((("" if one.kind in _EVERYWHERE else region), one) for one in names)
        told = self._answers.look(keys, lambda asked: self._ask(region, asked), younger=younger)
        return {name: one[0] for (_, name), one in told.items() if one is not None}

    def _ask(self, region: str, keys: list[_Key]) -> Mapping[_Key, _Told]:
        found: dict[_Key, _Told] = dict.fromkeys(keys)
        for kind in Kind:
            ids = {name.id: (place, name) for place, name in keys if name.kind is kind}
            if ids:
                looked = aws.look(self._world.clients, region, kind, list(ids))
                found |= {ids[one]: (answer,) for one, answer in looked.items()}
        return found


def _lifetime(key: _Key, told: _Told) -> float:
    """What could not be seen may be in a moment; a listener's priorities are given away by the operator itself."""
    if told in (None, (None,)) or key[1].kind is Kind.Listener:
        return SHORT
    return DAY if key[1].kind in _QUOTAS else GOOD
