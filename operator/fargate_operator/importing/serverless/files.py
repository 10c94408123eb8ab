"""Files beside a serverless.yml that variables read."""

import contextlib
import json
from pathlib import Path

from fargate_operator.importing.source import Node, Unreadable, parse, planted, read


def content(place: Path) -> Node:
    """A file as YAML, as JSON or as one text."""
    if place.suffix in (".yml", ".yaml"):
        return read(place)
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{place}: {getattr(error, 'strerror', None) or 'is not UTF-8 text'}") from error
    return _json(text, place) if place.suffix in (".json", ".tfstate") else Node(text, str(place), 1)


def _json(text: str, place: Path) -> Node:
    """JSON is YAML, and then has lines, but for tabs and long keys."""
    try:
        return parse(text, str(place))
    except Unreadable:
        with contextlib.suppress(ValueError):
            return planted(json.loads(text), Node(None, str(place), 1))
        raise
