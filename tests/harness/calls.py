"""Tells which operation of which AWS service an HTTP request calls, and shapes errors as that service would."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.exceptions
import botocore.session

_SCOPE = re.compile(r"Credential=([^/,]+)/\d+/([^/,]+)/([^/,]+)/aws4_request")
_SERVICES = {"apigateway": ("apigatewayv2", "apigateway"), "elasticloadbalancing": ("elbv2", "elb")}  # by signing name


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `parameters` are a form's fields or a JSON body's, empty for any other body."""

    service: str  # the signing name, as in the credential scope; "" where the request is not signed
    action: str  # the operation's name; "METHOD /path" where no model has it
    access_key: str
    region: str
    protocol: str  # query, ec2, json
    parameters: Mapping[str, Any]
    at: float = field(default_factory=time.monotonic)  # seconds of the monotonic clock

    @property
    def stack(self) -> str:
        """The stack that it names; "" for none."""
        return str(self.parameters.get("StackName", ""))


def identify(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Call:
    """`headers` must find names in any case; `query` is without its question mark."""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    scope = _SCOPE.search(headers.get("Authorization", "") or f"Credential={asked.get('X-Amz-Credential', '')}")
    key, region, service = scope.groups() if scope else ("", "", "")
    kind = headers.get("Content-Type", "")
    if "json" in kind or not kind.startswith("application/x-www-form-urlencoded"):
        parameters = {**asked, **_document(body)}
    else:
        parameters = {**asked, **dict(parse_qsl(body.decode(), keep_blank_values=True))}
    if target := headers.get("X-Amz-Target"):
        return Call(service, target.rpartition(".")[2], key, region, "json", parameters)
    if "Action" in parameters and "Version" in parameters:
        protocol = "ec2" if service == "ec2" else "query"
        return Call(service, str(parameters["Action"]), key, region, protocol, parameters)
    named = _operation(service, method, path, {*asked, *(name.lower() for name in headers)})
    return Call(service, named or f"{method} {path}", key, region, "json", parameters)


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _operation(service: str, method: str, path: str, given: set[str]) -> str:
    for verb, pattern, needed, name in _routes(service):
        if verb == method and needed <= given and pattern.fullmatch(path):
            return name
    return ""


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], frozenset[str], str]]:
    """The REST operations of a service, with the names in query and headers that tell them apart.

    The most literal paths come first, /a/b before /a/{Name}, and of one path those that need the most.
    """
    session = botocore.session.get_session()
    found: list[tuple[str, re.Pattern[str], frozenset[str], str]] = []
    for one in _SERVICES.get(service, (service,)):
        try:
            model = session.get_service_model(one)
        except botocore.exceptions.DataNotFoundError:
            continue
        for name in model.operation_names:
            operation = model.operation_model(name)
            path, _, query = operation.http["requestUri"].partition("?")
            needed = frozenset({one.partition("=")[0] for one in query.split("&") if one} | _needed(operation.input_shape))
            found.append((operation.http["method"], _pattern(path), needed, name))
    return sorted(found, key=lambda one: (one[1].pattern.count("[^/]+") + 2 * one[1].pattern.count(".+"), -len(one[2]), one[3]))


def _needed(shape: Any) -> set[str]:
    """The names of what must stand in an operation's query or headers."""
    members = [shape.members[name].serialization for name in shape.required_members] if shape else []
    return {one["name"].lower() if one["location"] == "header" else one["name"] for one in members
            if one.get("location") in {"header", "querystring"}}  # fmt: skip


def _pattern(uri: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", uri)
    text = "".join((".+" if part.endswith("+}") else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts)
    return re.compile(text.removesuffix("/") + "/?")


def failure(call: Call, code: str, message: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of an error, as the call's protocol has it."""
    if call.protocol == "json":
        body = json.dumps({"__type": code, "message": message}).encode()
        return {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}, body
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if call.protocol == "ec2":
        text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>injected</RequestID></Response>"
    else:
        text = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>injected</RequestId></ErrorResponse>"
    return {"Content-Type": "text/xml"}, text.encode()
