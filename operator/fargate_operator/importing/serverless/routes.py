"""Routes: of HTTP APIs as they are, of REST APIs as routes of an HTTP API, unless that would let in more than before."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import text
from fargate_operator.importing.serverless.stack import key

AWS_IAM = "AWS_IAM"
_LEFT_OUT = "so the route is left out, rather than opened to anybody"


def http_api(cursor: Cursor, context: Context) -> list[dict[str, Any]]:
    """A route of the HTTP API."""
    route = _route(cursor, context)
    if route is None:
        return []
    authorizer, fault = _authorizer(cursor.get("authorizer"), context)
    if fault:
        cursor.lose(f"has an authorizer {fault}, {_LEFT_OUT}")
        return []
    return [{"httpApi": {"route": route, **({"authorizer": authorizer} if authorizer else {})}}]


def rest(cursor: Cursor, context: Context) -> list[dict[str, Any]]:
    """A route of a REST API, as one of an HTTP API."""
    route = _route(cursor, context)
    place = cursor.get("authorizer")
    guarded = next((name for name in ("private", "request") if (one := cursor.get(name)) and one.node.value is not False), "")
    if route is None:
        return []
    authorizer = AWS_IAM if place and str(_type(place)).lower() == "aws_iam" else None
    if (place and not authorizer) or guarded or context.provider.get("apiGateway", "resourcePolicy"):
        wrong = "an authorizer" if place and not authorizer else guarded or "a resource policy"
        cursor.lose(f"is a route of a REST API with {wrong}, which has no counterpart in an HTTP API, {_LEFT_OUT}")
        return []
    cursor.note(
        "is a route of a REST API, carried as one of an HTTP API: the function gets payload format 2.0, the address has no stage"
    )
    for one in (cursor.get("private"), cursor.get("request"), place and (place.get("type") or place)):
        if one:
            one.skip()  # false, or AWS_IAM
    if cors := cursor.get("cors"):
        cors.lose("is httpApi.cors, for all routes together")
    return [{"httpApi": {"route": route, **({"authorizer": authorizer} if authorizer else {})}}]


def _route(cursor: Cursor, context: Context) -> str | None:
    """`GET /path`, `* /path`, `*`, or a map of method and path, as a route key."""
    if isinstance(cursor.node.value, dict):
        path, verb = text(cursor.get("path"), context.stack), text(cursor.get("method"), context.stack)
        written = f"{verb or '*'} {path or '*'}"
    else:
        written = text(cursor, context.stack) or ""
    method, _, path = written.strip().partition(" ")
    if not written:
        return None
    if method == "*" and path.strip() in ("", "*"):
        return "$default"
    method = "ANY" if method in ("*", "any", "ANY") else method.upper()
    return f"{method} /{path.strip().lstrip('/')}"


def _type(cursor: Cursor) -> Any:
    place = cursor.get("type") if isinstance(cursor.node.value, dict) else cursor
    return place.node.value if place else ""


def _authorizer(cursor: Cursor | None, context: Context) -> tuple[str | None, str]:
    """The name of an authorizer, and what is wrong with it."""
    if cursor is None:
        return None, ""
    if str(_type(cursor)).lower() == "aws_iam":
        (cursor.get("type") or cursor).skip()
        return AWS_IAM, ""
    if cursor.get("scopes"):
        return None, "with scopes, which has no counterpart"
    place = cursor.get("name") if isinstance(cursor.node.value, dict) else cursor
    name = text(place, context.stack)
    if type_ := cursor.get("type"):
        type_.skip()  # the authorizer itself tells it
    if name is None or key(name) not in context.spec.get("httpApi", {}).get("authorizers", {}):
        return None, "that is not carried over"
    return key(name), ""
