"""What is sent for a template's parameters: values of Secrets, which nothing else may hold, or the word that one stays. Pure."""

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MASK = "****"  # as CloudFormation shows them
LEAST = 4  # characters; a shorter value is no secret, and would make a message unreadable


@dataclass(frozen=True, slots=True, repr=False)
class Parameters:
    """By logical ID: `values` in JSON (`fragments.copied_secret.encoded`), and those of which the stack's own value stays."""

    values: Mapping[str, str] = field(default_factory=dict)
    previous: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Parameters({len(self.values)} sent, {len(self.previous)} kept)"

    def sent(self) -> list[dict[str, Any]]:
        """The Parameters of CreateStack, UpdateStack and CreateChangeSet."""
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in sorted(self.values.items())]
        return given + [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(self.previous)]

    def scrub(self, text: str) -> str:
        """A text, such as an error of AWS's that quotes what was sent, without any of the values."""
        for shape in sorted({one for value in self.values.values() for one in _shapes(value)}, key=len, reverse=True):
            text = text.replace(shape, MASK)
        return text


NONE = Parameters()


def _shapes(value: str) -> Iterator[str]:
    """A value in each form that a message may have it in: plain and as JSON, whole and by lines, as Python and XML write it."""
    raw = json.loads(value)
    for one in (raw, value[1:-1], *raw.splitlines()):
        for shape in (one, repr(one)[1:-1], json.dumps(one)[1:-1], html.escape(one)):
            if len(shape) >= LEAST:
                yield shape
