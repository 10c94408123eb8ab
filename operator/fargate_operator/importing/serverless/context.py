"""What the sections of a serverless.yml share while they are brought over."""

from dataclasses import dataclass, field
from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.options import Options
from fargate_operator.importing.serverless.merging import displaced, merged
from fargate_operator.importing.serverless.stack import Stack
from fargate_operator.importing.source import Node


@dataclass(frozen=True, slots=True)
class Context:
    """`spec` is filled by the sections, each with fields of its own; `mixed`: there are functions beside the tasks."""

    top: Cursor
    options: Options
    stack: Stack
    stage: str
    region: str
    service: str
    mixed: bool
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def provider(self) -> Cursor:
        """`provider`, empty where there is none."""
        return self.section("provider")

    def section(self, name: str) -> Cursor:
        """A part at the top, empty where there is none."""
        empty = Node({}, self.top.node.file, self.top.node.line)
        return self.top.get(name) or Cursor(empty, self.top.report, (name,))

    def put(self, name: str, value: Any) -> None:
        """A field of the spec, merged where it is a map that is there already."""
        if value is None or value in ({}, []):
            return
        self.spec[name] = merged(self.spec.get(name), value)

    def add(self, name: str, key: str, body: Any, cursor: Cursor) -> None:
        """A resource or an output, merged with what is there already; a value that it displaces is told."""
        old = self.spec.get(name, {}).get(key)
        for path in sorted(displaced(old, body)) if old is not None else ():
            cursor.note(f"{key}{path} stands here with another value than before; the later one wins, as in the framework")
        self.put(name, {key: body})
