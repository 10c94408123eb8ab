"""The HTTP API that httpApi events share, and cross-origin requests."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import choice, duration, flag, kept, text, texts
from fargate_operator.importing.serverless.stack import key

FUNCTION_CORS = ["Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key", "X-Amz-Security-Token"]
API_CORS = [*FUNCTION_CORS, "X-Amz-User-Agent", "X-Amzn-Trace-Id"]
_HEADER = "$request.header.Authorization"


def cors(cursor: Cursor | None, context: Context, headers: list[str], methods: list[str]) -> dict[str, Any] | None:
    """`true` is the framework's own choice, with these headers and methods."""
    if cursor is None or cursor.node.value is False:
        if cursor:
            cursor.skip()
        return None
    if not isinstance(cursor.node.value, dict):
        cursor.skip()
        return {"allowOrigins": ["*"], "allowHeaders": headers, "allowMethods": methods}
    for name in ("allowCredentials", "exposedResponseHeaders"):
        if one := cursor.get(name):
            one.skip() if one.node.value is False else one.lose("has no counterpart")
    origins = cursor.get("allowedOrigins") or cursor.get("origins") or cursor.get("origin")
    found = kept(
        allowOrigins=texts(origins, context.stack),
        allowHeaders=texts(cursor.get("allowedHeaders"), context.stack),
        allowMethods=texts(cursor.get("allowedMethods"), context.stack),
        maxAge=duration(cursor.get("maxAge")),
    )
    return {"allowOrigins": ["*"], "allowHeaders": headers, "allowMethods": methods, **found}


def api(context: Context) -> None:
    """`provider.httpApi`; before the functions, whose routes name its authorizers."""
    place = context.provider.get("httpApi")
    if place is None:
        return
    place = place.at("spec.httpApi")
    listed = place.get("authorizers")
    found = {key(name): _authorizer(one, context) for name, one in listed.items()} if listed else {}
    made = kept(
        cors=cors(place.get("cors"), context, API_CORS, _methods(context)),
        authorizers={name: one for name, one in found.items() if one},
    )
    context.put("httpApi", made)
    for name, why in _LOST.items():
        if one := place.get(name):
            harmless = one.node.value in (False, "2.0", 2.0)
            one.skip() if harmless else one.lose(why)


_LOST = {
    "id": "is an API that exists; the operator makes one of the app's own",
    "name": "has no counterpart; the API is named after the stack",
    "payload": "has no counterpart; events have payload format 2.0",
    "metrics": "has no counterpart",
    "disableDefaultEndpoint": "has no counterpart",
    "useProviderTags": "has no counterpart; the API has the app's tags",
}


def _authorizer(cursor: Cursor, context: Context) -> dict[str, Any] | None:
    stack = context.stack
    kind = choice(cursor.get("type"), {"jwt": "jwt", "request": "request"}, stack) or "jwt"
    sources = texts(cursor.get("identitySource"), stack)
    if kind == "jwt":
        issuer, audience = text(cursor.get("issuerUrl"), stack), texts(cursor.get("audience"), stack)
        if sources not in ([], [_HEADER]) and (place := cursor.get("identitySource")):
            place.lose(f"has no counterpart; the token is taken from {_HEADER}")
        return {"jwt": {"issuer": issuer, "audience": audience}} if issuer and audience else None
    if arn := cursor.get("functionArn"):
        arn.lose("is a function of another app; authorizers are functions of the same one")
        return None
    function = text(cursor.get("functionName"), stack)
    simple, version = cursor.get("enableSimpleResponses"), cursor.get("payloadVersion")
    if not (simple and flag(simple)):
        (simple or cursor).note("has to answer in the simple format, {isAuthorized: true}, of payload format 2.0")
    if version:
        version.skip() if str(version.node.value) in ("2.0", "2") else version.lose("has to understand payload format 2.0")
    if name := cursor.get("name"):
        name.skip()  # of no consequence
    found = kept(function=key(function or ""), identitySources=sources, ttl=duration(cursor.get("resultTtlInSeconds")))
    if found.get("ttl") == "0s":
        found.pop("ttl")
    return {"lambda": found} if function else None


def _methods(context: Context) -> list[str]:
    """The methods of all routes, and OPTIONS, as the framework allows them by itself."""
    found = {"OPTIONS"}
    listed = context.top.get("functions")
    for part in listed.each() if listed else ():
        for _name, one in part.items():  # noqa: PERF102  a cursor's, which has no values()
            events = one.get("events")
            for event in events.each() if events else ():
                found |= _used(event)
    return ["*"] if found & {"*", "ANY"} else sorted(found)


def _used(event: Cursor) -> set[str]:
    place = event.get("httpApi")
    method = place.get("method") if place and isinstance(place.node.value, dict) else place
    return {str(method.node.value).split(" ", maxsplit=1)[0].upper()} if method else set()
