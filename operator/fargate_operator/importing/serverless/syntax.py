"""The syntax of Serverless variables: `${self:custom.stage, 'dev'}`.

See https://www.serverless.com/framework/docs/guides/variables. A `${…}` that does not begin with a type in small letters and a
colon (`${Table}`, `${AWS::Region}`) is CloudFormation's, and text like any other.
"""

import json
import re
from dataclasses import dataclass

_BEGIN = re.compile(r"\$\{(?=[a-z][A-Za-z0-9.]*(\(|:(?!:)))")
_TYPE = re.compile(r"\s*([a-z][A-Za-z0-9.]*)\s*(?=[(:])")
_LITERAL = re.compile(r"\s*([A-Za-z0-9.-]+)\s*(?=[,}])")
_QUOTED = re.compile(r"""\s*('[^']*'|"(?:[^"\\]|\\.)*")\s*""")


class BadVariable(Exception):
    """A variable that nobody can read; the message says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """One place to look: a type with parameters and an address, which may hold variables themselves; or a literal."""

    type: str = ""
    parameters: tuple[str, ...] = ()
    address: str = ""
    literal: str | int | float | bool | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """The sources of a variable, the first that has something wins; `text` as it was written."""

    sources: tuple[Source, ...]
    text: str


def split(text: str) -> list[str | Variable]:
    """A text as its plain parts and its variables, without empty parts; a backslash before `${` makes it plain."""
    parts: list[str | Variable] = []
    plain = ""
    at = 0
    while at < len(text):
        if text.startswith("\\${", at):
            plain += "${"
            at += 3
        elif _BEGIN.match(text, at):
            if plain:
                parts.append(plain)
            plain = ""
            variable, at = _variable(text, at)
            parts.append(variable)
        else:
            plain += text[at]
            at += 1
    return [*parts, plain] if plain or not parts else parts


def _variable(text: str, start: int) -> tuple[Variable, int]:
    at = start + 2
    sources: list[Source] = []
    while True:
        source, at = _source(text, at)
        sources.append(source)
        if text[at : at + 1] == "}":
            return Variable(tuple(sources), text[start : at + 1]), at + 1
        if text[at : at + 1] != ",":
            raise BadVariable(f"{text[start:]!r} has no end, or a character that does not belong there")
        at += 1


def _source(text: str, at: int) -> tuple[Source, int]:
    if quoted := _QUOTED.match(text, at):
        return Source(literal=_unquoted(quoted[1])), quoted.end()
    if literal := _LITERAL.match(text, at):
        return Source(literal=_value(literal[1])), literal.end()
    bare = at + len(text[at:]) - len(text[at:].lstrip())
    if text.startswith("${", bare):  # the older way to write a fallback
        inner, end = _until(text, bare, ",}")
        return Source("text", (), inner), end
    if not (type_ := _TYPE.match(text, at)):
        raise BadVariable(f"{text[at:]!r} begins with no source that there is")
    at = type_.end()
    parameters: list[str] = []
    if text[at] == "(":
        while text[at] != ")":
            one, at = _until(text, at + 1, ",)")
            if one:
                parameters.append(one)
        at += 1
        at += len(text[at:]) - len(text[at:].lstrip())
    address = ""
    if text[at : at + 1] == ":":
        address, at = _until(text, at + 1, ",}")
    return Source(type_[1], tuple(parameters), address), at


def _until(text: str, at: int, ends: str) -> tuple[str, int]:
    """What stands before one of `ends`, variables inside included; without quotes."""
    if quoted := _QUOTED.match(text, at):
        if text[quoted.end() : quoted.end() + 1] not in tuple(ends):
            raise BadVariable(f"{text[at:]!r} goes on behind its quotes")
        return _unquoted(quoted[1]), quoted.end()
    start, depth = at, 0
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
        elif depth and text[at] == "}":
            depth -= 1
        elif not depth and text[at] in ends:
            return text[start:at].strip(), at
        at += 1
    raise BadVariable(f"{text[start:]!r} has no end")


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:-1]
    try:
        return str(json.loads(text))
    except ValueError as error:
        raise BadVariable(f"{text} is no text in quotes") from error


def _value(text: str) -> str | int | float | bool | None:
    if text in ("true", "false", "null"):
        return {"true": True, "false": False}.get(text)
    try:
        return float(text) if "." in text else int(text)
    except ValueError as error:
        raise BadVariable(f"{text} must be in quotes") from error
