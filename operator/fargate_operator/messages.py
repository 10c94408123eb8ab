"""Messages for people: a first line that is complete in itself, what AWS said after it, the log's last lines at the end. Pure.

`kubectl get -o wide` shows the first line only, and Kubernetes cuts an Event at 1,024 characters. What a container wrote is
marked line by line, so that nobody takes it for AWS's words: it may say anything.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

MOST = 1024  # characters of a message
FIRST = 120  # characters of its first line
LOG = "| "  # begins a line that a container or a build wrote
MOST_LOG = 500  # characters that the log gets where all the rest is long
MORE = "…"
_ANSI = re.compile(r"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
# What differs from task to task, and from request to request, of the same trouble. An image's digest is the spec's own.
_CHANGES = (
    (re.compile(r"\b\d+ of \d+ tasks\b"), "tasks"),
    (re.compile(r"\((task|request id|instance) [^)]*\)", re.IGNORECASE), r"(\1)"),
    (re.compile(r"\b(request ?id|request ?token|container(?: runtime)? id)\b\W{0,3}[\w-]*\d[\w-]*", re.IGNORECASE), r"\1"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "id"),
    (re.compile(r"(?<!sha256:)\b[0-9a-f]{32,}(?:-\d+)?\b", re.IGNORECASE), "id"),
    (re.compile(r"\b(?:i|eni)-[0-9a-f]{8,17}\b"), "id"),
    (re.compile(r"\bip(?:-\d{1,3}){4}\b|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "address"),
)
_GOOD_PLACES = ("; ", ". ", ": ", ", ", " ")


def fit(text: str) -> str:
    """The message within its bounds, without control characters. Twice is once."""
    lines = [line.rstrip() for line in clean(text).split("\n") if line.strip()]
    if not lines:
        return ""
    if len(lines[0]) > FIRST:
        lines = [cut(lines[0], FIRST), *lines]
    words = "\n".join(line for line in lines if not line.startswith(LOG))
    log = [line for line in lines if line.startswith(LOG)]
    whole = "\n".join([*([words] if words else []), *log])
    if len(whole) <= MOST:
        return whole
    words = cut(words, MOST - min(MOST_LOG, sum(len(line) + 1 for line in log)))
    return "\n".join([words, *newest(log, MOST - len(words))])


def listed(texts: Sequence[str]) -> str:
    """Several of the same weight, a line each: as many as fit, and how many are left out."""
    if len(texts) < 2:
        return fit("".join(texts))
    number = f" (1 of {len(texts)})"
    first = clean(texts[0]).replace("\n", " ")
    told = [cut(first, FIRST - len(number)) + number, *([cut(first, MOST // 2)] if len(first) + len(number) > FIRST else [])]
    for place, text in enumerate(texts[1:], start=1):
        more = f"and {len(texts) - place} more"
        line = clean(text).replace("\n", " ")
        last = place == len(texts) - 1
        if len("\n".join([*told, line])) + (0 if last else len(more) + 1) > MOST:
            return fit("\n".join([*told, more]))
        told.append(line)
    return fit("\n".join(told))


def clean(text: str) -> str:
    """Without terminal codes, control characters and what turns the direction of text; lines end as in Unix."""
    text = _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(one for one in text if one == "\n" or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})


def cut(text: str, most: int) -> str:
    """At most so many characters, ended between clauses or words where that loses little."""
    if len(text) <= most:
        return text
    kept = text[: most - len(MORE)]
    for place in _GOOD_PLACES:
        at = kept.rfind(place)
        if at > len(kept) * (0.9 if place == " " else 0.75):
            kept = kept[:at]
            break
    return kept.rstrip(" \n,;:.") + MORE


def newest(lines: Sequence[str], most: int) -> list[str]:
    """As many of the last lines as fit, each with its line end."""
    kept: list[str] = []
    for line in reversed(lines):
        most -= len(line) + 1
        if most < 0:
            break
        kept.append(line)
    return kept[::-1]


def logged(lines: Iterable[str]) -> str:
    """What a container wrote, marked."""
    return "\n".join(f"{LOG}{line}" for line in lines)


def headline(text: str) -> str:
    """The first line."""
    return text.split("\n", 1)[0]


def details(text: str) -> list[str]:
    """The other lines."""
    return text.split("\n")[1:]


def without_log(text: str) -> str:
    """What is known, without what a container wrote."""
    return "\n".join(line for line in text.split("\n") if not line.startswith(LOG))


def about(text: str) -> str:
    """What a message is of, though counts, ids, addresses and log lines change: the same is told once."""
    line = headline(text)
    for pattern, word in _CHANGES:
        line = pattern.sub(word, line)
    return line


def named(key: str, text: str) -> str:
    """A workload's message with its key, which its container has as well: told once where the first line would be too long."""
    first, *rest = text.split("\n")
    if len(key) + len(first) + 2 > FIRST:
        first = first.replace(f"container {key} ", "the container ")
    room = max(FIRST // 4, FIRST - len(first) - 2)
    key = key if len(key) <= room else f"{key[: room - len(MORE)]}{MORE}"
    return "\n".join([f"{key}: {first}", *rest])


def joined(messages: Iterable[str]) -> str:
    """Several as one: their first lines in one, what is behind them below, the logs last."""
    told = list(messages)
    rest = [line for one in told for line in details(one)]
    ordered = [line for line in rest if not line.startswith(LOG)] + [line for line in rest if line.startswith(LOG)]
    return "\n".join(["; ".join(headline(one) for one in told), *ordered])
