"""A way through the input on which nothing gets lost.

Whoever reads a part of the input asks a cursor for it, which notes what was read. A part counts as settled when it was read, when
it was passed over because it means nothing for the result, or when it was told as lost. `unread` tells the rest: what no part of
the importer knows is told by that, not forgotten.
"""

import re
from collections.abc import Iterator
from typing import Any

from fargate_operator.importing.report import Report
from fargate_operator.importing.source import Node, Unknown, plain

Steps = tuple[str | int, ...]
STAND_IN = "<unknown>"  # for a word whose place must be kept
UNKNOWN = "is not known to the importer; look up what it does, and say it in the FargateApp's own fields"


class Cursor:
    """A place in the input. `target` is the part of the FargateApp that is made of it, for comments."""

    def __init__(
        self, node: Node, report: Report, steps: Steps = (), target: str = "", settled: set[Steps] | None = None
    ) -> None:
        self.node = node
        self.steps = steps
        self.target = target
        self.report = report
        self._settled = set[Steps]() if settled is None else settled

    @property
    def path(self) -> str:
        """In the input's own notation: `functions.api.events[0].http`."""
        return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in self.steps).removeprefix(".")

    def at(self, target: str) -> "Cursor":
        """The same place, for another part of the FargateApp."""
        return Cursor(self.node, self.report, self.steps, target, self._settled)

    def _child(self, step: str | int, node: Node) -> "Cursor":
        return Cursor(node, self.report, (*self.steps, step), self.target, self._settled)

    def get(self, *steps: str) -> "Cursor | None":
        """What stands below, step by step; None where there is nothing, or null."""
        found: Cursor | None = self
        for step in steps:
            value = found.node.value if found else None
            node = value.get(step) if isinstance(value, dict) else None
            found = found._child(step, node) if found and node is not None and node.value is not None else None  # noqa: SLF001
        return found

    def items(self) -> list[tuple[str, "Cursor"]]:
        """The entries of a map that are not null; of anything else none, and it is told."""
        if not isinstance(self.node.value, dict):
            self.lose(self.why("must be a map"))
            return []
        if not self.node.value:
            self.skip()
        return [(key, self._child(key, node)) for key, node in self.node.value.items() if node.value is not None]

    def lose_nulls(self, message: str) -> None:
        """Tell the entries of a map that are null."""
        for key, node in self.node.value.items() if isinstance(self.node.value, dict) else ():
            if node.value is None:
                self._child(key, node).lose(message)

    def each(self) -> list["Cursor"]:
        """The items of a list; anything else is taken as a list of one."""
        if not isinstance(self.node.value, list):
            return [self]
        if not self.node.value:
            self.skip()
        return [self._child(number, node) for number, node in enumerate(self.node.value)]

    def settle(self) -> None:
        """Settled, whatever it is: it means nothing for the result."""
        self._settled.add(self.steps)

    def skip(self) -> None:
        """Settled: it was read, or says nothing new; unless nobody knows it, which is told."""
        self.settle()
        if isinstance(self.node.value, Unknown):
            self.note(self.node.value.why)

    def lose(self, message: str, target: str | None = None) -> None:
        """Settled: it cannot be carried over, which is told."""
        self.settle()
        self.note(message, target)

    def note(self, message: str, target: str | None = None) -> None:
        """Tell something of what is carried over; its parts are still to be read."""
        self.report.lose(self.node, self.path, message, self.target if target is None else target)

    def why(self, otherwise: str) -> str:
        """Why a value is not what is needed: because nobody knows it here, or `otherwise`."""
        return self.node.value.why if isinstance(self.node.value, Unknown) else otherwise

    def plain(self, stand_in: str | None = None) -> Any:
        """All that stands here as plain data, settled; nulls are None. Unknown parts are told, and left out or stood in for."""
        self.settle()
        value = self.node.value
        if isinstance(value, Unknown):
            self.lose(value.why)
            return stand_in
        if isinstance(value, dict):
            made = {key: self._child(key, node).plain(stand_in) for key, node in value.items()}
            return {key: one for key, one in made.items() if stand_in or not isinstance(value[key].value, Unknown)}
        if isinstance(value, list):
            listed = [(node, self._child(number, node).plain(stand_in)) for number, node in enumerate(value)]
            return [one for node, one in listed if stand_in or not isinstance(node.value, Unknown)]
        return value

    def unknown(self) -> str:
        """Why some part of what stands here is not known; empty where all is."""
        if isinstance(self.node.value, Unknown):
            return self.node.value.why
        return next((why for one in self._below() if (why := one.unknown())), "")

    def integer(self) -> int | None:
        """A whole number, also one in quotes; anything else is told."""
        value = self.node.value
        if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,20}\s*", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.lose(self.why("must be a whole number"))
            return None
        self.skip()
        return value

    def flag(self) -> bool | None:
        """True or false, also in quotes; anything else is told."""
        value = self.node.value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            value = value.lower() == "true"
        if not isinstance(value, bool):
            self.lose(self.why("must be true or false"))
            return None
        self.skip()
        return value

    def leaves(self) -> Iterator["Cursor"]:
        """All scalars that stand here; none is settled by it."""
        if isinstance(self.node.value, dict | list):
            for one in self._below():
                yield from one.leaves()
        else:
            yield self

    def unread(self, message: str = UNKNOWN) -> None:
        """Tell all that nobody settled, each as the largest part of which nothing was read."""
        for one in self._unsettled():
            one.lose(one.why(message))

    def _unsettled(self) -> Iterator["Cursor"]:
        if self.steps in self._settled or self.node.value is None:
            return
        below = list(self._below())
        parts = [list(one._unsettled()) for one in below]  # noqa: SLF001
        if all(len(found) == 1 and found[0].steps == one.steps for one, found in zip(below, parts, strict=True)) and self.steps:
            yield self
        else:
            for found in parts:
                yield from found

    def _below(self) -> Iterator["Cursor"]:
        value = self.node.value
        if isinstance(value, dict):
            yield from (self._child(key, node) for key, node in value.items() if node.value is not None)
        elif isinstance(value, list):
            yield from (self._child(number, node) for number, node in enumerate(value) if node.value is not None)


def as_text(node: Node) -> str | None:
    """A scalar as the text that AWS would get; None for anything else."""
    value = plain(node)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else None
