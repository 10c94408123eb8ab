"""Functions of the framework as functions of the FargateApp."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.api import FUNCTION_CORS, cors
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.events import events
from fargate_operator.importing.serverless.fields import (
    choice,
    duration,
    environment,
    integer,
    kept,
    lose_all,
    pairs,
    skip_all,
    text,
    texts,
    words,
)
from fargate_operator.importing.serverless.images import image
from fargate_operator.importing.serverless.levels import ARCHITECTURES, network
from fargate_operator.importing.serverless.stack import key
from fargate_operator.importing.serverless.tables import EMPTY, FUNCTION_LOST, FUNCTION_NOTHING
from fargate_operator.importing.serverless.tasks import named
from fargate_operator.importing.source import Unknown

DEFAULT_TIMEOUT = "6s"  # the framework's; the operator's is 30s
DEFAULT_RUNTIME = "nodejs22.x"
NO_BUCKET = "<bucket>"  # no bucket can have such a name: nobody else's code is ever run by mistake
_TRACING = {"true": "yes", "active": "yes", "false": "no", "passthrough": "no"}


def functions(context: Context) -> None:
    """`functions`, with what `provider` says for all of them."""
    listed = context.top.get("functions")
    for part in listed.each() if listed else ():
        part.lose_nulls(EMPTY)
        for name, one in part.items():
            mine = one.at(f"spec.functions.{key(name)}")
            context.top.report.made(mine.target, one.node)
            if named(mine, name, "functions", context):
                context.put("functions", {key(name): _function(mine, name, context)})


def _function(cursor: Cursor, name: str, context: Context) -> dict[str, Any]:
    stack, provider = context.stack, context.provider
    variables, secrets = environment(cursor.get("environment"), stack)
    for hidden in secrets:
        if one := cursor.get("environment", hidden):
            one.lose(f"is a secret: the function gets {hidden}_ARN, and reads it itself")
    memory, timeout = cursor.get("memorySize"), cursor.get("timeout")
    shared_memory, shared_timeout = integer(provider.get("memorySize")), duration(provider.get("timeout"))
    body = kept(
        **_code(cursor, name, context),
        architecture=_architecture(cursor, context),
        environment=variables,
        secrets=secrets,
        tags=pairs(cursor.get("tags"), stack),
        memory=integer(memory) if memory else shared_memory,
        timeout=duration(timeout) if timeout else shared_timeout or DEFAULT_TIMEOUT,
        ephemeralStorageMiB=integer(cursor.get("ephemeralStorageSize")),
        reservedConcurrency=integer(cursor.get("reservedConcurrency")),
        provisionedConcurrency=integer(cursor.get("provisionedConcurrency")) or None,
        tracing=_tracing(cursor, context),
        vpc=_vpc(cursor, context),
        url=_url(cursor.get("url"), context),
        onFailure=_failures(cursor, context),
        events=events(cursor.get("events"), context),
    )
    days = cursor.get("logRetentionInDays")
    if days and integer(days) != context.spec.get("logs", {}).get("retentionInDays"):
        days.lose("is the function's own; tasks and functions share one log group, with logs.retentionInDays")
    lose_all(cursor, FUNCTION_LOST)
    skip_all(cursor, FUNCTION_NOTHING)
    return body


def _code(cursor: Cursor, name: str, context: Context) -> dict[str, Any]:
    runtime = text(cursor.get("runtime") or context.provider.get("runtime"), context.stack)
    layers = texts(cursor.get("layers"), context.stack)
    if place := cursor.get("image"):
        whole = place if isinstance(place.node.value, str) else place.get("name") or place.get("uri")
        if layers and (one := cursor.get("layers")):
            one.lose("go with code only; what an image needs is built into it")
        if directory := place.get("workingDirectory"):
            directory.lose("has no counterpart; set WORKDIR in the image")
        return kept(
            image=image(whole, key(name), context),
            command=words(place.get("command"), context.stack),
            entryPoint=words(place.get("entryPoint"), context.stack),
        )
    handler = cursor.get("handler")
    if handler is None:
        return {}
    found = text(handler, context.stack)
    handler.lose(
        f"is packed and uploaded by the framework; upload the archive to a bucket that keeps versions, and name it in code "
        f"(s3Bucket has a stand-in here), or make it an image{'' if runtime else f'; {DEFAULT_RUNTIME} is a guess'}"
    )
    code = {"s3Bucket": NO_BUCKET, "s3Key": f"{name}.zip", "handler": found, "runtime": runtime or DEFAULT_RUNTIME}
    return kept(code=code, layers=layers)


def _architecture(cursor: Cursor, context: Context) -> str | None:
    place = cursor.get("architecture") or context.provider.get("architecture")
    found = choice(place, ARCHITECTURES, context.stack)
    shared = context.spec.get("architecture")  # the tasks', which the functions of the framework do not have
    return (found or "X86_64") if shared and shared != (found or "X86_64") else None if shared else found


def _tracing(cursor: Cursor, context: Context) -> bool | None:
    shared = choice(context.provider.get("tracing", "lambda"), _TRACING, context.stack)
    found = choice(cursor.get("tracing"), _TRACING, context.stack) or shared
    return True if found == "yes" else None


def _vpc(cursor: Cursor, context: Context) -> bool | None:
    """Whether the function runs in the app's network, which is the only one that functions can have."""
    own = cursor.get("vpc")
    shared = context.provider.get("vpc")
    written = cursor.node.value.get("vpc") if isinstance(cursor.node.value, dict) else None
    if own is None:
        return True if shared and written is None else None  # `vpc: ~` takes the function out
    place = {**network(shared, context), **network(own, context)}
    if "network" not in context.spec:
        context.put("network", place)
        own.note("is the function's own; the network is the tasks', too", "spec.network")
    elif {name: context.spec["network"].get(name) for name in place} != place:
        own.note("is another network than the app's; functions run in the app's own")
    return True


def _url(cursor: Cursor | None, context: Context) -> dict[str, Any] | None:
    if cursor is None or cursor.node.value is False or isinstance(cursor.node.value, Unknown):
        if cursor:
            cursor.skip()
        return None
    if not isinstance(cursor.node.value, dict):
        cursor.skip()
        return {"auth": "NONE"}
    place = cursor.get("authorizer")
    auth = "NONE" if place is None else choice(place, {"aws_iam": "AWS_IAM", "none": "NONE"}, context.stack) or "AWS_IAM"
    if mode := cursor.get("invokeMode"):
        mode.skip() if mode.node.value == "BUFFERED" else mode.lose("has no counterpart; answers are buffered")
    return {"auth": auth, **kept(cors=cors(cursor.get("cors"), context, FUNCTION_CORS, ["*"]))}


def _failures(cursor: Cursor, context: Context) -> str | None:
    """`destinations.onFailure`, or the dead letter queue of `onError`, which comes near to it."""
    if success := cursor.get("destinations", "onSuccess"):
        success.lose("has no counterpart; the function itself can send what it made")
    place = cursor.get("destinations", "onFailure")
    if place and isinstance(place.node.value, dict) and place.get("arn"):
        if type_ := place.get("type"):
            type_.skip()  # the ARN tells it
        place = place.get("arn")
    found = text(place, context.stack)
    if place and found and not found.startswith(("arn:", "${")):
        place.lose(f"{found} is a function of this app, which strings cannot refer to; send to a queue, and from there to it")
        found = None
    letters = cursor.get("onError")
    dead = text(letters, context.stack)
    if letters and dead:
        told = (
            "is left out: there is destinations.onFailure" if found else "is onFailure here, whose message has the event inside"
        )
        letters.lose(told)
    return found or dead
