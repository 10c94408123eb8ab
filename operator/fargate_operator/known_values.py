"""Values that are known to be secret, hidden in a text in whatever form a program may have written them. Pure.

Both may be an adversary's, or simply large: only what the text can hold at all is looked for (its 4-grams tell that in no time),
and where that is still too much nothing of the text is told.
"""

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator

from fargate_operator.masking import MASK, credentials, random, secretive
from fargate_operator.messages import clean

LEAST = 4  # characters; a shorter value is no secret, and would make a message unreadable
PIECE = 256  # characters: a longer value is hidden by its pieces, too, so that one which is cut off is
MOST_WORK = 3_000_000  # characters that are read for what the text may have: about a second and a half
MOST_KNOWN = 1 << 20  # characters of all values
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]+")
_SPECIAL = re.compile(r"[^A-Za-z0-9]")
_RUN = re.compile(r"[A-Za-z0-9]+")
_PAIR = re.compile(r"^\s*(?:export\s+)?[\"']?([\w.-]{1,128})[\"']?\s*[:=]\s*[\"']?(.*?)[\"']?,?\s*$")
_URL = re.compile(r"://(\S+)")

Span = tuple[int, int]


def hidden(text: str, values: Iterable[str], most: int | None = None) -> str:
    """Without these values. Of each line only what begins in its first `most` characters, where that is given.

    A value is hidden as it is, escaped (JSON, Python, HTML, percent), in base64 and hex, by its lines, and by what is a secret
    in it if it is JSON, a URL or an env file.
    """
    known = list(values)
    if sum(map(len, known)) > MOST_KNOWN:
        return MASK
    found = _spans(text, known)
    if found is None:
        return MASK
    left = [] if most is None else _beyond(text, most)
    told: list[str] = []
    at = 0
    for start, end, instead in sorted([*((*one, MASK) for one in _merged(found)), *((*one, "") for one in left)]):
        if end > at:
            told += [text[at : max(at, start)], instead]
            at = end
    return "".join([*told, text[at:]])


def _beyond(text: str, most: int) -> Iterator[Span]:
    """What of each line is too much."""
    start = 0
    for line in text.split("\n"):
        if len(line) > most:
            yield start + most, start + len(line)
        start += len(line) + 1


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Those that touch as one."""
    first, last = -1, -1
    for start, end in sorted(spans):
        if start > last:
            if last > first:
                yield first, last
            first, last = start, end
        last = max(last, end)
    if last > first:
        yield first, last


def _spans(text: str, values: Iterable[str]) -> list[Span] | None:
    """Where they are in the text; None where looking for all that might be there would take too long."""
    grams = {text[at : at + LEAST] for at in range(len(text) - LEAST + 1)}
    words: list[re.Match[str]] | None = None
    found: list[Span] = []
    tried = 0.0
    for one in dict.fromkeys(part for value in values for part in parts(value)):
        cores = [core for core in _cores(one) if core[:LEAST] in grams and core[-LEAST:] in grams]
        cores = [core for core in cores if core in text]
        likely = _likely(one, text, grams)
        tried += likely * (1 if _SPECIAL.search(one) else 0.05) + 0.05 * len(cores)
        if tried * len(text) > MOST_WORK:
            return None
        if likely:
            found += (match.span() for match in _pattern(one).finditer(text))
        if cores:  # of what was encoded together with it nothing is told
            words = list(_BASE64.finditer(text)) if words is None else words
            found += (word.span() for word in words if any(core in word[0] for core in cores))
    return found


def _likely(value: str, text: str, grams: set[str]) -> bool:
    """Whether its longest part that no escaping changes is in the text."""
    run = max(_RUN.findall(value), key=len, default="")
    if len(run) >= LEAST and not (run[:LEAST] in grams and run[-LEAST:] in grams):
        return False
    return run in text


def parts(value: str) -> Iterator[str]:
    """What of a value is to be hidden, each by itself: all of it, its lines, and the secrets in it."""
    for whole in {value, clean(value)}:
        for one in {whole, whole.strip(), *(line.strip() for line in whole.splitlines()), *_inner(whole)}:
            if len(one) <= PIECE:
                pieces = [one]
            else:
                starts = range(0, len(one), PIECE)
                pieces = [one[at : at + PIECE] for at in starts] + [one[-PIECE:]]
            yield from (piece for piece in pieces if len(piece) >= LEAST)


def _inner(value: str) -> Iterator[str]:
    """The password of a URL; of JSON and env files what has a secret's name, or the look of one."""
    for found in _URL.finditer(value):
        end = credentials(found[1])
        if end > 0:
            user, _, password = found[1][:end].partition(":")
            yield from (password or user, urllib.parse.unquote(password or user))
    named = [(match[1], match[2]) for line in value.splitlines() if (match := _PAIR.match(line))]
    yield from (inner for name, inner in [*_leaves(value), *named] if secretive(name) or random(inner))


def _leaves(value: str) -> list[tuple[str, str]]:
    """Names and texts in a value that is JSON."""
    if not value.lstrip().startswith(("{", "[", '"')):
        return []
    try:
        left = [("", json.loads(value))]
    except (ValueError, RecursionError):
        return []
    found: list[tuple[str, str]] = []
    while left:
        name, one = left.pop()
        if isinstance(one, dict):
            left += [(str(key), inner) for key, inner in one.items()]
        elif isinstance(one, list):
            left += [(name, inner) for inner in one]
        elif isinstance(one, str):
            found.append((name, one))
    return found


def _cores(value: str) -> set[str]:
    """In base64 and hex, wherever it begins in what was encoded: the characters that no neighbour has a part in."""
    raw = value.encode(errors="replace")
    found = {raw.hex(), raw.hex().upper()}
    for before in range(3):
        code = base64.b64encode(b"x" * before + raw + b"xx").decode()
        core = code[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
        found |= {core, core.translate(_URL_SAFE)}
    return found


_URL_SAFE = str.maketrans("+/", "-_")
_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_LETTERS = {"\n": "n", "\t": "t", "\r": "r", "\f": "f", "\b": "b", "\v": "v"}


def _pattern(value: str) -> re.Pattern[str]:
    """The value, each of its characters that is no letter or digit as it is or in any form that programs give it.

    All is possessive: backslashes could be shared out in ever so many ways. So as it is comes once more, by itself.
    """
    escaped = "".join(
        _any_form(found[0], value[max(0, found.start() - 1) : found.start()])
        for found in re.finditer(r"\\+|[^A-Za-z0-9\\]|[A-Za-z0-9]+", value)
    )
    return re.compile(f"{re.escape(value)}|{escaped}")


def _any_form(one: str, before: str) -> str:
    if one.isascii() and one.isalnum():
        return one
    if one[0] == "\\":
        return rf"(?>\\{{{len(one)},{min(8 * len(one), PIECE)}}}+|(?i:%(?:25){{0,2}}5c|\\{{1,8}}u005c){{{len(one)}}})"
    some = "{0,8}" if before == "\\" else "{1,8}"  # those of the character before it have taken all
    number = ord(one)
    raw = one.encode(errors="surrogatepass")
    units = one.encode("utf-16-be", errors="surrogatepass")
    forms = [
        "".join(rf"\\{some}u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)),
        rf"\\{some}x{number:02x}" if number < 256 else rf"\\{some}u\{{0{{0,7}}{number:x}\}}",
        "".join(rf"\\{some}x{byte:02x}" for byte in raw),
        "".join(f"%(?:25){{0,2}}{byte:02x}" for byte in raw),
        rf"&(?:amp;)?#(?:0{{0,7}}{number}|x0{{0,7}}{number:x});",
    ]
    forms += [rf"\\{some}U{number:08x}"] if number > 0xFFFF else []
    forms += [f"&(?:amp;)?{_NAMES[one]};"] if one in _NAMES else []
    forms += [rf"\\{some}{_LETTERS[one]}"] if one in _LETTERS else []
    spaces = [r"\+", r"\s"] if one == " " else [r"\s"] if one in _LETTERS else []
    return rf"(?>(?i:{'|'.join(forms)})|\\{{0,8}}+{re.escape(one)}{''.join(f'|{space}' for space in spaces)})"
