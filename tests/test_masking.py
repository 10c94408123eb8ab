"""Secrets in what programs write."""

import base64
import json
import time
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.known_values import hidden
from fargate_operator.log_lines import safe
from fargate_operator.masking import masked

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("using AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        (f"aws_secret_access_key = {AWS_SECRET}", AWS_SECRET),
        (f"signed with {AWS_SECRET} today", AWS_SECRET),
        (f"session {'IQoJb3JpZ2luX2Vj'.replace('_', '/') * 8}==", "IQoJb3JpZ2lu"),
        (f"Authorization: Bearer {JWT}", "eyJ"),
        (f"cookie jwt={JWT};", "dozjgNryP4J3"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("sent basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
        ("bearer abcdef123456", "abcdef123456"),
        ("postgres://shop:hunter2@db:5432/shop", "hunter2"),
        ("redis://:hunter2@cache:6379", "hunter2"),
        ("DB_PASSWORD=hunter2", "hunter2"),
        ("password: 'correct horse battery'", "horse"),
        ('{"password": "hunter2", "user": "shop"}', "hunter2"),
        ('{"client_secret":"abc def"', "def"),
        ('"{\\"apiKey\\":\\"hunter2\\"}"', "hunter2"),
        ("config.token => hunter2", "hunter2"),
        ("https://x/?access_key=hunter2&b=1", "hunter2"),
        ("got token a8f5f167f44f4964e6c998dee827110c for it", "a8f5f167"),
        ("the password is Tr0ub4dor&3x, as ever", "Tr0ub4dor"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow", "MIIEow"),
        ("7bd9RzQkYLRcMkFz5cNU4nUuqw6Vm7Ps1q0dYKJzJHEwGZkxXb2Xk8vMPdFQz1aV\nend", "7bd9RzQk"),
        ("ghp_abcdefghij0123456789abcdefghij012345", "ghp_abc"),
        ("xoxb-1234567890-abcdef", "xoxb-123"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "4eC39Hq"),
        ("DB_PASS=hunter2", "hunter2"),
        ("SMTP_PASS: hunter2", "hunter2"),
        ("DB_PASSWORD=x7,Kq!9zz;tail&rest", "tail"),
        ('{"password": "ab\\"cdEFGH"}', "cdEFGH"),
        ('{"name": "DB_PASSWORD", "value": "hunter2"}', "hunter2"),
        ('{"value": "hunter2", "name": "DB_PASSWORD"}', "hunter2"),
        ("postgres://u:p@ss1@db/x", "ss1"),
        ("postgres://u:pa/ss@db/x", "pa/ss"),
        ("Cookie: theme=dark; sid=9f8e7d6c5b4a3210", "9f8e7d6c"),
        ("APP_KEY=base64:2fl+Ktvkfl+Fuz4Qp/A75G2RTiWVA/ZoKZvp6fiiM10=", "2fl+Ktv"),
        ("RAILS_MASTER_KEY=8f14e45fceea167a5a36dedd4bea2543", "8f14e45f"),
        ("ENCRYPTION_KEY=8f14e45fceea167a5a36dedd4bea2543", "8f14e45f"),
        ("[app] MIIEpAIBAAKCAQEA7bd9RzQkYLRcMkFz5cNU4nUuqw6Vm7Ps1q0dYKJzJHEwGZk", "MIIEpAIB"),
        ("2026-03-04T05:06:07Z MIIEpAIBAAKCAQEA7bd9RzQkYLRcMkFz5cNU4nUuqw6Vm7Ps1q0dYKJzJHEwGZkx", "MIIEpAIB"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----", "lQOYBF"),
    ],
)
def test_what_looks_like_a_secret_is_masked(line, secret):
    told = masked(line)
    assert secret not in told
    assert "****" in told


@pytest.mark.parametrize(
    "line",
    [
        "CannotPullContainerError: failed to resolve ref 1.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:863f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7",
        "failed to fetch secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf from secrets manager",
        "pull failed: no basic auth credentials",
        "no token found, the password was rejected by the server",
        "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12 of main",
        "connecting to http://db.internal:5432/shop as shop@example.com",
        'Traceback (most recent call last): File "/usr/local/lib/python3.11/site-packages/app/main.py", line 3',
        "duplicate entry for primary key=17 violates foreign_key: orders",
        "GetObject object_key=invoices/2026/11.pdf failed with 403",
        '2026-03-04T05:06:07Z level=error msg="connection refused" attempt=3 host=db.internal',
    ],
)
def test_what_people_need_stays(line):
    assert masked(line) == line


VALUE = 'first-C4n4ry "quoted" \\slash\\ <tag> & ünïcode +=%\nsecond-line-of-it'


@pytest.mark.parametrize(
    "line",
    [
        VALUE,
        VALUE.splitlines()[1],
        json.dumps({"a": VALUE}),
        json.dumps(json.dumps({"a": VALUE})),
        repr(VALUE),
        "x=" + urllib.parse.quote(VALUE),
        "x=" + urllib.parse.quote_plus(VALUE),
        base64.b64encode(b"user:" + VALUE.encode() + b"!").decode(),
        VALUE.encode().hex(),
    ],
)
def test_a_value_that_is_known_is_hidden_in_every_form(line):
    told = hidden(line, [VALUE])
    assert [part for part in ("C4n4ry", "second-line", base64.b64encode(VALUE.encode()).decode()[8:20]) if part in told] == []


URL = "postgres://shop:hunter2@db:5432/shop"
PLAIN = "p&ss<w0rd>/x+y"


@pytest.mark.parametrize(
    ("value", "line", "left"),
    [
        (PLAIN, '{"v":"p\\u0026ss\\u003cw0rd\\u003e/x+y"}', "w0rd"),
        (PLAIN, '{"v":"p&ss<w0rd>\\/x+y"}', "w0rd"),
        (PLAIN, "x=p%26ss%3cw0rd%3e%2fx%2by", "w0rd"),
        (URL, json.dumps({"dsn": URL}).replace("/", "\\/"), "hunter2"),
        (URL, "connecting with hunter2", "hunter2"),
        (json.dumps({"user": "shop", "password": "correct horse"}), "is it correct horse?", "horse"),
        ("~~~???>>>secret", base64.urlsafe_b64encode(b"~~~???>>>secret").decode(), "PnNlY3Jld"),
        ("secret-value", b"secret-value".hex().upper(), "7365637265742D"),
        ("abc\tdefghijk", "v is abc defghijk", "defghijk"),
        *(("hunter2", base64.b64encode(before + b"hunter2").decode(), "dW50ZX") for before in (b"", b"u:", b"us:", b"user:")),
        *(("Secret12", base64.b64encode(before + b"Secret12").decode(), "****MTI=") for before in (b"", b"u:", b"us:", b"user:")),
    ],
)
def test_a_value_that_is_known_is_hidden_as_other_programs_write_it_and_so_is_what_is_secret_in_it(value, line, left):
    told = "\n".join(safe([line], [value]))
    assert (left in told, "****" in told) == (False, True)


@pytest.mark.parametrize("at", [500, 2040, 2047])
def test_of_a_value_that_begins_where_a_line_is_cut_nothing_is_told(at):
    told = "\n".join(safe(["." * at + "correct-horse-battery"], ["correct-horse-battery"]))
    assert [piece for piece in ("corr", "hors", "batt") if piece in told] == []


WORST = (
    "eyJ-", "a", "token", "x-token-", "://a:", "://:@", "name: x ", '"', "\\", "-----BEGIN PRIVATE KEY-----", "A=", "password ", "a/", "=",
    "basic a", "cookie:", "Authorization:", 'value="', '\\"', "sk-", "AKIA", "[", "a-b_", "is was ",
)  # fmt: skip


@pytest.mark.parametrize("piece", WORST)
def test_masking_takes_a_time_that_grows_with_the_text_alone(piece):
    """Of a text 8 times as long it takes some 8 times as long; were it quadratic, 64."""
    short, long = piece * (4_000 // len(piece)), piece * (32_000 // len(piece))
    assert spent(long) < 24 * max(spent(short), 0.002)


def spent(text):
    """The least of some runs, in seconds of the processor."""
    times = []
    for _ in range(3):
        began = time.process_time()
        masked(text)
        times.append(time.process_time() - began)
    return min(times)


def test_a_value_too_short_to_be_one_makes_no_text_unreadable():
    assert hidden("a 1 is a 1", ["1", "", "a"]) == "a 1 is a 1"


@given(st.text(min_size=4, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_known_value_is_nowhere_in_a_line_that_had_it(value, before, after):
    assert value not in hidden(before + value + after, [value]).replace("****", "")
