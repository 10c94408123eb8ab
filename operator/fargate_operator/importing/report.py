"""What could not be carried over: where it stands, why, and what to do instead."""

from collections.abc import Iterable
from dataclasses import dataclass

from fargate_operator.importing.source import Node


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """One thing that the FargateApp does not say.

    `path` is the input's own notation (`functions.api.events[0].http`), `target` the place in the FargateApp where a comment
    tells it (`spec.functions.api`), empty for the head of the file. `line` 0: none in particular.
    """

    file: str
    line: int
    path: str
    message: str
    target: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return _line(f"{place}: {self.path}: {self.message}")

    def comment(self) -> str:
        """As it stands in the output, where the file is known."""
        line = f" (line {self.line})" if self.line else ""
        return _line(f"TODO: {self.path}{line}: {self.message}")


def _line(text: str) -> str:
    """One line that a terminal and YAML's comments take; the input may hold anything."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "?" for char in text)


class Report:
    """The losses of one import, and where the parts of the FargateApp come from."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._losses: dict[Loss, None] = {}
        self._origins: dict[str, Node] = {}

    def lose(self, node: Node, path: str, message: str, target: str = "") -> None:
        """Tell that something is not carried over; the same is told once."""
        self._losses.setdefault(Loss(node.file, node.line, path, message, target))

    def made(self, target: str, node: Node) -> None:
        """Tell that `target`, such as `spec.services.web`, comes from `node`; faults found in it later point there."""
        self._origins[target] = node

    def faults(self, faults: Iterable[tuple[str, str]]) -> None:
        """Tell what is still wrong with the FargateApp, as (path, message)."""
        for path, message in faults:
            near = [one for one in self._origins if path == one or path.startswith((f"{one}.", f"{one}["))]
            node = self._origins[max(near, key=len)] if near else Node(None, self.file, 0)
            self._losses.setdefault(Loss(node.file, node.line, path, f"needs a look: {message}", path))

    def losses(self) -> list[Loss]:
        """All of them, by file and line, the input's own file first."""
        return sorted(self._losses, key=lambda one: (one.file != self.file, one))
