"""What looks like a secret in what a program wrote, and what is known to be one, hidden. Pure.

Patterns find what has a shape or a name; they do not find a word that was somebody's password. Platforms that want no such risk
tell no log lines (the setting log_lines).
"""

import base64
import html
import json
import math
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Iterator

MASK = "****"
LEAST = 4  # characters; a shorter value is no secret, and would make a message unreadable
_WORDS = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|signature|"
    r"credential|session[_-]?id|cookie)s?"
)
_VALUE = r"""\\?"[^"\n]*(?:"|$)|\\?'[^'\n]*(?:'|$)|[^\s,;&]+"""
_FIRST = r"(?<![\w-])"  # of a word: at each of its letters a long one would be read to its end
_NO_ARN = r"(?<!\d{12}:)(?!secretsmanager:)"  # in which a secret has its name
_ISSUED = r"gh[pousr]_|github_pat_|glpat-|xox[abpr]-|npm_|pypi-|sk_live_|rk_live_|sk-|hf_|AIza|SG\.|dop_v1_"  # begins of tokens
_PATTERNS = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(?m)^(\W*)[A-Za-z0-9+/]{60,76}={0,2}$"), rf"\1{MASK}"),  # of a key that began before
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"), MASK),
    (re.compile(rf"\b(?:{_ISSUED})[A-Za-z0-9_.-]{{10,}}"), MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"), MASK),
    (re.compile(r"(://)[^/\s:@]*:[^/\s@]+@"), rf"\1{MASK}@"),
    (re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?(?:[a-z-]+\s+)?)[^\s\"',]+"), rf"\1{MASK}"),
    (re.compile(r"\b((?i:bearer)\s+)[\w.~+/=-]{6,}"), rf"\1{MASK}"),
    (re.compile(r"\b((?i:basic)\s+)(?=\S*[0-9=])[A-Za-z0-9+/=]{8,}"), rf"\1{MASK}"),
    (re.compile(rf"(?im){_FIRST}{_NO_ARN}((?=[\w-]*?{_WORDS})[\w-]*\\?[\"']?\s*(?:=>|[=:])\s*)(?:{_VALUE})"), rf"\1{MASK}"),
)  # fmt: skip
_AFTER = re.compile(rf"(?i)\b({_WORDS}\s+(?:is\s+|was\s+)?[\"'`(<]*)([^\s\"'`)>,;]{{8,}})")
_LONG = re.compile(r"(?<![A-Za-z0-9/+=._-])(?:[A-Za-z0-9/+]{40}|[A-Za-z0-9/+]{80,}={0,2})(?![A-Za-z0-9/+=._-])")


def masked(text: str) -> str:
    """Without what looks like a secret."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    text = _AFTER.sub(lambda found: found[1] + (MASK if random(found[2]) else found[2]), text)
    return _LONG.sub(lambda found: MASK if mixed(found[0]) else found[0], text)


def hidden(text: str, values: Iterable[str]) -> str:
    """Without these values, in whatever form a program may have written them."""
    for shape in sorted({one for value in values for one in shapes(value)}, key=len, reverse=True):
        text = text.replace(shape, MASK)
    return text


def shapes(value: str) -> Iterator[str]:
    """A value as it is, escaped, encoded, and by its lines."""
    for one in {value, value.strip(), *value.splitlines()}:
        plain = json.dumps(one)[1:-1]
        forms = {one, plain, json.dumps(plain)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1], repr(one)[1:-1]}
        forms |= {html.escape(one), urllib.parse.quote(one), urllib.parse.quote(one, safe=""), urllib.parse.quote_plus(one)}
        raw = one.encode(errors="replace")
        if len(raw) >= 2 * LEAST:  # wherever it begins in what was encoded; without what its neighbours have a part in
            forms |= {raw.hex(), *(base64.b64encode(b"x" * n + raw).decode()[4 * bool(n) : -4] for n in range(3))}
        yield from (form for form in forms if len(form) >= LEAST)


def random(word: str) -> bool:
    """Whether a word has the look of being made up by a machine: letters and digits, and few of them twice."""
    if word.startswith("arn:") or not (re.search(r"[A-Za-z]", word) and re.search(r"[0-9]", word)):
        return False
    counts = Counter(word)
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values()) >= 2.7


def mixed(word: str) -> bool:
    """Small letters, capitals and digits: base64 of something, where a digest in hex is none."""
    return all(re.search(kind, word) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
