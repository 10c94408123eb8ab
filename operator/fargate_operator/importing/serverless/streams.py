"""Queues and streams that invoke functions."""

from typing import Any

from fargate_operator.importing.cursor import Cursor
from fargate_operator.importing.serverless.context import Context
from fargate_operator.importing.serverless.fields import choice, duration, integer, kept, raw, text

_POSITIONS = {"latest": "LATEST", "trim_horizon": "TRIM_HORIZON"}
_STREAM_BATCH = 10  # the framework's; Lambda's own is 100


def queue(cursor: Cursor, context: Context) -> list[dict[str, Any]]:
    """Messages of an SQS queue."""
    arn = _arn(cursor, context)
    _lost(cursor, ("metricsConfig", "provisionedPollerConfig"))
    body = kept(
        queueArn=arn,
        batchSize=integer(cursor.get("batchSize")),
        batchWindow=duration(cursor.get("maximumBatchingWindow")),
        maximumConcurrency=integer(cursor.get("maximumConcurrency")),
        partialFailures=_partial(cursor, context),
        filters=_filters(cursor, context),
    )
    return [{"sqs": _without_zero(body)}] if arn else []


def stream(cursor: Cursor, context: Context) -> list[dict[str, Any]]:
    """Records of a Kinesis stream or a DynamoDB stream."""
    arn = _arn(cursor, context)
    if type_ := cursor.get("type"):
        type_.skip()  # the ARN tells it
    _lost(cursor, _STREAM_LOST)
    position = choice(cursor.get("startingPosition"), _POSITIONS, context.stack)
    size = integer(cursor.get("batchSize"))
    body = kept(
        arn=arn,
        startingPosition=position or "TRIM_HORIZON",
        batchSize=_STREAM_BATCH if size is None else size,
        batchWindow=duration(cursor.get("batchWindow") or cursor.get("maximumBatchingWindow")),
        partialFailures=_partial(cursor, context),
        filters=_filters(cursor, context),
    )
    return [{"stream": _without_zero(body)}] if arn else []


_STREAM_LOST = (
    "parallelizationFactor",
    "maximumRetryAttempts",
    "maximumRecordAgeInSeconds",
    "bisectBatchOnFunctionError",
    "destinations",
    "tumblingWindowInSeconds",
    "startingPositionTimestamp",
    "consumer",
)


def _lost(cursor: Cursor, names: tuple[str, ...]) -> None:
    for name in names:
        if one := cursor.get(name):
            one.skip() if one.node.value is False else one.lose("has no counterpart; Lambda's own holds")


def _arn(cursor: Cursor, context: Context) -> str | None:
    place = cursor.get("arn") if isinstance(cursor.node.value, dict) else cursor
    if place is None:  # an intrinsic function alone
        place = cursor if isinstance(cursor.node.value, dict) and len(cursor.node.value) == 1 else None
    return text(place, context.stack)


def _partial(cursor: Cursor, context: Context) -> bool | None:
    found = choice(cursor.get("functionResponseType"), {"reportbatchitemfailures": "yes"}, context.stack)
    return True if found else None


def _filters(cursor: Cursor, context: Context) -> list[Any]:
    place = cursor.get("filterPatterns")
    return [raw(one, context.stack) for one in place.each()] if place else []


def _without_zero(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if not (name == "batchWindow" and value == "0s")}
