"""What looks like a secret in what a program or somebody's Lambda wrote, masked. Pure.

Patterns find what has a shape or a name; they do not find a word that was somebody's password. Values that are known are hidden
by `known_values`. Whoever wrote the text may be an adversary, and `re` holds the interpreter's lock: each pattern begins only
where its own run of characters does, takes what it has read, or reads a bounded number of characters (a test holds that).
"""

import math
import re
from collections import Counter

MASK = "****"
_WORDS = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|signature|"
    r"credential|session[_-]?id|cookie)s?"
)
_ISSUED = r"gh[pousr]_|github_pat_|glpat-|xox[abpr]-|npm_|pypi-|sk_live_|rk_live_|sk-|hf_|AIza|SG\.|dop_v1_"  # begins of tokens
_KEY_END = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_PATTERNS = (
    (re.compile(rf"-----BEGIN [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----.*?(?:{_KEY_END}|\Z)", re.DOTALL), MASK),
    (re.compile(rf"(?m)^[^\n]*\n[^\n]*?{_KEY_END}"), MASK),  # the last line of a key that began before
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"), MASK),
    (re.compile(rf"\b(?:{_ISSUED})[A-Za-z0-9_.-]{{10,}}"), MASK),
    (re.compile(r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*"), MASK),
    (re.compile(r"(?i)\b((?:set-)?cookie2?[\"']?[^\S\n]*:[^\S\n]*[\"']?)[^\n\"']+"), rf"\1{MASK}"),  # the whole header
    (re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?(?:[a-z-]+\s+)?)[^\s\"',]+"), rf"\1{MASK}"),
    (re.compile(r"\b((?i:bearer)\s+)[\w.~+/=-]{6,}"), rf"\1{MASK}"),
    (re.compile(r"\b((?i:basic)\s+)(?=\S*[0-9=])[A-Za-z0-9+/=]{8,}"), rf"\1{MASK}"),
)  # fmt: skip
_URL = re.compile(r"(://)([^\s\"'<>`\\]+)")
_PLAIN_URL = re.compile(r"(://)[^/\s:@]{0,100}:[^/\s@]{1,200}@")  # with quotes in its password
_PORT = re.compile(r":\d{1,5}(?![^/?#)\]}])")
_USER = re.compile(r"[^/?#:@]*")
_AFTER = re.compile(rf"(?i)\b({_WORDS}\s+(?:is\s+|was\s+)?[\"'`(<]*)([^\s\"'`)>,;]{{8,}})")
_LONG = re.compile(r"(?<![A-Za-z0-9/+=._-])(?:[A-Za-z0-9/+]{40}|[A-Za-z0-9/+]{60,}={0,2})(?![A-Za-z0-9/+=._-])")

_NAMED = re.compile(r"(?<![\w-])([\w-]+)(\\*[\"']?[^\S\n]*(?:=>|:=|[=:])[^\S\n]*)")
_SECRETIVE = re.compile(_WORDS, re.IGNORECASE)
_SEGMENTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OTHER_KEYS = frozenset(  # what stands before the key of something that is no secret
    {
        *("primary", "foreign", "unique", "partition", "sort", "hash", "range", "composite", "index", "row", "map", "lookup"),
        *("routing", "cache", "message", "dedup", "deduplication", "group", "idempotency", "translation", "public", "pub"),
        *("object", "bucket", "file", "kms", "duplicate", "missing", "unknown", "invalid"),
    }
)
_PREFIX = (  # what stands before a variable in a line that is one, as `env`, a shell that traces, or a log driver has it
    r"(?:(?:\[[^\]\n]{0,100}\]|[\w.-]{1,100}+[^\S\n]{0,20}+\||[\d:TZ.,+-]{8,}+|[-+>|$]++|"
    r"(?:export|declare -x|set|setenv|ENV)\b)[^\S\n]*+)*+"
)
_ENV_LINE = re.compile(rf"(?m)^{_PREFIX}(?P<name>[A-Z][A-Z0-9_]*+)(?P<sign>=|[^\S\n]*:[^\S\n])")
_ENV = re.compile(r"[A-Z][A-Z0-9_]*")
_OPENED = re.compile(r"(\\*)([\"'])")
_QUOTE = re.compile(r"(?<!\\)(\\*)([\"'])|\n")
_LINE, _WORD, _PART = re.compile(r"[^\n]*"), re.compile(r"[^\s]*"), re.compile(r"[^\s,;&]*")
_Q = r"\\{0,8}[\"']?"
_IS = rf"{_Q}\s{{0,32}}(?:=>|[:=])\s{{0,32}}{_Q}"
_NEXT = rf"{_Q}[\s,;]{{0,64}}{_Q}"
_PAIRS = (  # ECS's and Kubernetes' form of a variable
    re.compile(rf"(?i)(?<![\w-])(?P<before>(?:name|key){_IS}(?P<name>[\w.-]{{1,128}}){_NEXT}value{_Q}\s{{0,32}}(?:=>|[:=])\s{{0,32}})"
               rf"(?P<value>(?P<k>\\{{0,8}})\"(?:\\.|[^\"\\\n]){{0,4096}}?(?P=k)\"|'[^'\n]{{0,4096}}'?|[^\s,;}}]{{1,4096}})"),
    re.compile(rf"(?i)(?<![\w-])(?P<before>value{_Q}\s{{0,32}}(?:=>|[:=])\s{{0,32}})"
               rf"(?P<value>(?P<k>\\{{0,8}})\"(?:\\.|[^\"\\\n]){{0,4096}}?(?P=k)\"|'[^'\n]{{0,4096}}'|[^\s,;}}\"']{{1,4096}})"
               rf"(?P<after>[\s,;]{{0,64}}{_Q}(?:name|key){_IS}(?P<name>[\w.-]{{1,128}}))"),
)  # fmt: skip


def masked(text: str) -> str:
    """Without what looks like a secret. In a time that grows with the text alone."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    text = _PLAIN_URL.sub(rf"\1{MASK}@", _URL.sub(_without_user, text))
    for pair in _PAIRS:
        text = pair.sub(_of_pair, text)
    text = _named(text)
    text = _AFTER.sub(lambda found: found[1] + (MASK if random(found[2]) else found[2]), text)
    return _LONG.sub(lambda found: MASK if mixed(found[0]) else found[0], text)


def secretive(name: str) -> bool:
    """Whether what has this name is a secret: DB_PASS, x-api-key, RAILS_MASTER_KEY; a primary_key is none."""
    if _SECRETIVE.search(name):
        return True
    *before, last = [one.lower() for one in _SEGMENTS.findall(name)] or [""]
    if last in {"key", "keys"}:
        return bool(before) and not _OTHER_KEYS & set(before)
    return last == "pass" and bool(before)


def random(word: str) -> bool:
    """Whether a word has the look of being made up by a machine: letters and digits, and few of them twice."""
    if word.startswith("arn:") or not (re.search(r"[A-Za-z]", word) and re.search(r"[0-9]", word)):
        return False
    counts = Counter(word)
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values()) >= 2.7


def mixed(word: str) -> bool:
    """Small letters, capitals and digits: base64 of something, where a digest in hex is none, nor a path."""
    path = len(word) > 40 and word.count("/") * 10 > len(word)
    return not path and all(re.search(kind, word) for kind in ("[a-z]", "[A-Z]", "[0-9]"))


def credentials(rest: str) -> int:
    """Where the credentials of a URL end, whose text behind ``://`` this is: the place of their @, or -1.

    A password may have an @ or a / in it, though it should not: then a port and a path tell that there is none.
    """
    end = rest.rfind("@")
    user = _USER.match(rest)
    place = user.end() if user else 0
    if end < 0 or place >= len(rest):
        return -1
    first, path = rest.find("@"), rest.find("/")
    if rest[place] == ":" and (not _PORT.match(rest, place) or -1 < first < (path if path >= 0 else len(rest))):
        return end
    return end if rest[place] == "@" and first == end and random(rest[:place]) else -1


def _without_user(found: re.Match[str]) -> str:
    end = credentials(found[2])
    return found[0] if end < 0 else f"{found[1]}{MASK}{found[2][end:]}"


def _of_pair(found: re.Match[str]) -> str:
    if not secretive(found["name"]) or _harmless(found["value"].strip("\\\"'")):
        return found[0]
    return f"{found['before']}{MASK}{found.groupdict().get('after') or ''}"


def _named(text: str) -> str:
    """Without what is called a secret: behind its name and an equals sign or a colon."""
    lines = {one.start("name") for one in _ENV_LINE.finditer(text) if one["sign"] == "=" or "_" in one["name"]}
    told: list[str] = []
    at = 0
    for found in _NAMED.finditer(text):
        if found.start() < at or not _may_call(found, text):
            continue  # in a value that is left out already; or nothing is
        start, end = found.end(), _end(text, found, whole=found.start() in lines)
        if end > start and _calls(found, text[start:end]):
            told += [text[at:start], MASK]
            at = end
    return "".join([*told, text[at:]])


def _may_call(found: re.Match[str], text: str) -> bool:
    name, start = found[1], found.start()
    if name == "secretsmanager" or re.fullmatch(r"\d{12}:", text[max(0, start - 13) : start]):
        return False  # in an ARN, in which a secret has its name
    return secretive(name) or (found[2] == "=" and (name == "PASS" or name.lower().endswith("auth")))


def _calls(found: re.Match[str], value: str) -> bool:
    if value == MASK or _harmless(value.strip("\\\"'")) or (found[1] in {"PWD", "OLDPWD"} and value.startswith("/")):
        return False
    return not found[1].lower().endswith("auth") or random(value)


def _end(text: str, found: re.Match[str], *, whole: bool) -> int:
    """Where the value ends that begins behind the name; `whole`: the line is one variable."""
    start = found.end()
    if opened := _OPENED.match(text, start):
        return _closed(text, opened)
    rest = _LINE if whole else _WORD if found[2] == "=" and _ENV.fullmatch(found[1]) else _PART
    end = found.end() if (read := rest.match(text, start)) is None else read.end()
    quote = text[found.start() - 1 : found.start()]
    if rest is _WORD and quote in {'"', "'"}:
        closed = text.find(quote, start, end)
        return closed if closed >= 0 else end
    return end


def _closed(text: str, opened: re.Match[str]) -> int:
    """The place behind the quote that closes this one: one escaped as often, or less. The end of the line where none does."""
    depth = len(opened[1])
    for found in _QUOTE.finditer(text, opened.end()):
        if found[0] == "\n":
            return found.start()
        if found[2] == opened[2] and (len(found[1]) <= depth if depth else len(found[1]) % 2 == 0):
            return found.end()
    return len(text)


def _harmless(value: str) -> bool:
    """What only names a secret: an ARN."""
    return value.startswith("arn:aws")
