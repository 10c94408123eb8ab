"""`.env` files as the npm packages dotenv (16) and dotenv-expand (10) read them, which the framework uses."""

import re
from collections.abc import Mapping
from pathlib import Path

from fargate_operator.importing.source import Unreadable

MOST_STEPS = 1000  # variables that one value is put together of
MOST_TEXT = 100_000  # characters of one value
_VALUE = r"""\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\n]+"""
_ENTRY = re.compile(rf"^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)({_VALUE})?\s*(?:#.*)?$", re.MULTILINE | re.ASCII)
_QUOTED = re.compile(r"(['\"`])(.*)\1", re.DOTALL)
_REFERENCE = re.compile(r"(?<!\\)\$\{?(\w+)(?::-([^}\\]*))?\}?", re.ASCII)


def dotenv(folder: Path, stage: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What `.env.<stage>` says, or, where there is none, `.env`; what the environment has already stands before it.

    See https://www.serverless.com/framework/docs/environment-variables.
    """
    place = next((one for one in (folder / f".env.{stage}", folder / ".env") if one.is_file()), None)
    if place is None:
        return {}
    try:
        own = _entries(place.read_text(encoding="utf-8-sig", errors="replace"))
    except OSError as error:
        raise Unreadable(f"{place}: {error.strerror}") from error
    known = {**own, **environment}
    return {name: _expanded(name, value, known, place) for name, value in own.items() if name not in environment}


def _entries(text: str) -> dict[str, str]:
    """By name, the last of a name winning; only in double quotes are there escaped ends of lines."""
    found: dict[str, str] = {}
    for name, written in _ENTRY.findall(re.sub(r"\r\n?", "\n", text)):
        value = written.strip()
        if quoted := _QUOTED.fullmatch(value):
            value = quoted[2]
        if written.strip().startswith('"'):
            value = value.replace("\\n", "\n").replace("\\r", "\r")
        found[name] = value
    return found


def _expanded(name: str, value: str, known: Mapping[str, str], place: Path) -> str:
    """With `$NAME`, `${NAME}` and `${NAME:-otherwise}` replaced, the last first, and again in what comes of it."""
    for _ in range(MOST_STEPS):
        found = list(_REFERENCE.finditer(value))
        if not found:
            return value.replace("\\$", "$")
        last = found[-1]
        value = f"{value[: last.start()]}{known.get(last[1]) or last[2] or ''}{value[last.end() :]}"
        if len(value) > MOST_TEXT:
            break
    raise Unreadable(f"{place}: {name} refers to itself, or to too much")
