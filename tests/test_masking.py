"""Secrets in what programs write."""

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.known_values import hidden
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


def test_a_value_too_short_to_be_one_makes_no_text_unreadable():
    assert hidden("a 1 is a 1", ["1", "", "a"]) == "a 1 is a 1"


@given(st.text(min_size=4, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_known_value_is_nowhere_in_a_line_that_had_it(value, before, after):
    assert value not in hidden(before + value + after, [value]).replace("****", "")
