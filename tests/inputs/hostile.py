"""Texts and values by which an author could try to break out, or whatever reads them could break."""

from typing import Any

TEXTS = (
    "",
    "__proto__",
    "../..",
    "/etc/passwd",
    "${AWS::AccountId}",
    "${Nope}",
    "${!Literal} ${",
    "{{resolve:secretsmanager:prod/db:SecretString}}",
    "$(rm -rf /)",
    "`reboot`",
    "'; DROP TABLE apps; --",
    '"; exit 1; "',
    "%s%n%x",
    "{0.__class__}",
    "\x1b[31mred\x1b[2J",
    "first\nsecond",
    "2026-01-01 00:00:00,000 INFO    forged line\r\nERROR forged",
    "nul\x00byte",
    "\u202egnp.exe",
    "e\u0301\u0301\u0301",
    "\u200bzero\u200dwidth\ufeff",
    "\u2028line\u2029paragraph\x85next",
    "🦀👩‍👩‍👧‍👦",
    "\uff26\uff35\uff2c\uff2c",
    "*",
    "?*",
    "arn:aws:iam::*:role/*",
    "--upload-pack=touch /tmp/x",
    "ext::sh -c id",
    "-oProxyCommand=id",
    "file:///etc/passwd",
    "true",
    "null",
    "1e999",
    "0x1F",
    "<script>alert(1)</script>",
)
HALF = "\ud800"  # half a surrogate pair: JSON and YAML can say it, no encoding can

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**63, -(2**63), 10**30, 0.5, 1e300, [], {}, [[]], [None], {"": None}, {"a": {"b": {"c": {}}}},
    ["x"] * 200, {f"k{number}": number for number in range(250)}, "x" * 5000, *TEXTS,
)  # fmt: skip


def deep(levels: int) -> Any:
    """A value so many maps and lists deep."""
    value: Any = "x"
    for level in range(levels):
        value = {"Fn::Base64": value} if level % 2 else [value]
    return value
