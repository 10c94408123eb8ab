"""`publish` and `subscribe`: topics and queues, as resources of the stack."""

import json
from typing import Any

from fargate_operator import names
from fargate_operator.importing.copilot.draft import Draft
from fargate_operator.importing.copilot.values import text, whole_seconds
from fargate_operator.importing.cursor import Cursor

_WEEKS = 1_209_600  # seconds; how long a dead-letter queue keeps messages
_RIGHTS = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]


def publish(top: Cursor, service: str, draft: Draft) -> None:
    """The topics that the service publishes to; made before any subscription is looked at."""
    listed = top.get("publish", "topics")
    for one in listed.each() if listed else ():
        name, fifo = text(one.get("name")), one.get("fifo")
        if allowed := one.get("allowed_workers"):
            allowed.skip()  # Copilot has not looked at it since v1.2
        if name is None:
            one.lose("must have a name")
            continue
        logical_id = draft.resource(service, name, "topic")
        if logical_id in draft.part("resources"):
            one.lose(f"another topic's logical ID is {logical_id}, too; rename one of them")
            continue
        draft.topics[service, name] = logical_id
        draft.report.made(f"spec.resources.{logical_id}", one.node)
        properties: dict[str, Any] = {"KmsMasterKeyId": "alias/aws/sns", **_fifo_topic(fifo)}
        draft.part("resources")[logical_id] = {"Type": "AWS::SNS::Topic", "Properties": properties}
        draft.allow(["sns:Publish"], f"${{{logical_id}}}")


def published(service: str, draft: Draft) -> dict[str, str]:
    """The variable that tells the service's code its topics."""
    own = {topic: f"${{{one}}}" for (publisher, topic), one in sorted(draft.topics.items()) if publisher == service}
    return {"COPILOT_SNS_TOPIC_ARNS": json.dumps(own, separators=(",", ":"))} if own else {}


def subscribe(top: Cursor, worker: str, draft: Draft) -> dict[str, str]:
    """The worker's queues and subscriptions; the variables that tell its code of them."""
    shared = _queue(top.get("subscribe", "queue"), draft.resource(worker), draft)
    endpoints: dict[str, list[str]] = {shared: []}
    separate: dict[str, str] = {}
    listed = top.get("subscribe", "topics")
    for one in listed.each() if listed else ():
        name, service, own = text(one.get("name")), text(one.get("service")), one.get("queue")
        policy = one.get("filter_policy")
        topic = draft.topics.get((service or "", name or ""))
        if topic is None:
            one.lose(f"{service}, which makes the topic, is not among the manifests: import them together")
            continue
        queue = shared
        if own and own.node.value is not False:
            stem = draft.resource(worker, service or "", name or "")
            queue = _queue(own, stem, draft)
            separate[f"{_letters(service)}{_letters(name).title()}EventsQueue"] = f"${{{queue}}}"
        elif own:
            own.skip()
        endpoints.setdefault(queue, []).append(topic)
        subscription = {"TopicArn": {"Ref": topic}, "Protocol": "sqs", "Endpoint": {"Fn::GetAtt": [queue, "Arn"]}}
        if policy:
            subscription["FilterPolicy"] = policy.plain()
        logical_id = draft.resource(worker, service or "", name or "", "subscription")
        draft.report.made(f"spec.resources.{logical_id}", one.node)
        draft.part("resources")[logical_id] = {"Type": "AWS::SNS::Subscription", "Properties": subscription}
    for queue, topics in endpoints.items():
        _let_in(queue, topics, draft)
    found = {"COPILOT_QUEUE_URI": f"${{{shared}}}"}
    return {**found, **({"COPILOT_TOPIC_QUEUE_URIS": json.dumps(separate, separators=(",", ":"))} if separate else {})}


def queue_of(worker: str) -> str:
    """The logical ID of a worker's shared queue."""
    return f"{names.identifier(worker)}Queue"


def _letters(text_: str | None) -> str:
    return "".join(char for char in text_ or "" if char.isascii() and char.isalnum())


def _queue(cursor: Cursor | None, stem: str, draft: Draft) -> str:
    """A queue, its dead-letter queue and the right to work on it; its logical ID."""
    logical_id, properties = f"{stem}Queue", dict[str, Any]()
    fields = {"retention": "MessageRetentionPeriod", "delay": "DelaySeconds", "timeout": "VisibilityTimeout"}
    if cursor and isinstance(cursor.node.value, dict):
        for theirs, ours in fields.items():
            count = whole_seconds(cursor.get(theirs))
            properties |= {} if count is None else {ours: count}
        properties |= _fifo_queue(cursor.get("fifo"))
        if (tries := cursor.get("dead_letter", "tries")) and (most := tries.integer()) is not None:
            letters = f"{stem}DeadLetterQueue"
            fifo = {"FifoQueue": True} if "FifoQueue" in properties else {}
            draft.part("resources")[letters] = {
                "Type": "AWS::SQS::Queue",
                "Properties": {"MessageRetentionPeriod": _WEEKS, **fifo},
            }
            target = {"deadLetterTargetArn": {"Fn::GetAtt": [letters, "Arn"]}, "maxReceiveCount": most}
            properties["RedrivePolicy"] = target
            draft.allow(_RIGHTS, f"${{{letters}.Arn}}")
    elif cursor:
        cursor.flag()
    if cursor:
        draft.report.made(f"spec.resources.{logical_id}", cursor.node)
    draft.part("resources")[logical_id] = {"Type": "AWS::SQS::Queue", "Properties": properties}
    draft.allow(_RIGHTS, f"${{{logical_id}.Arn}}")
    return logical_id


def _let_in(queue: str, topics: list[str], draft: Draft) -> None:
    """The topics may send to the queue."""
    if not topics:
        return
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": [{"Ref": one} for one in topics]}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    properties = {"Queues": [{"Ref": queue}], "PolicyDocument": document}
    draft.part("resources")[f"{queue}Policy"] = {"Type": "AWS::SQS::QueuePolicy", "Properties": properties}


def _fifo_topic(cursor: Cursor | None) -> dict[str, Any]:
    if cursor is None:
        return {}
    if not isinstance(cursor.node.value, dict):
        return {"FifoTopic": True} if cursor.flag() else {}
    same = cursor.get("content_based_deduplication")
    return {"FifoTopic": True, **({"ContentBasedDeduplication": True} if same and same.flag() else {})}


def _fifo_queue(cursor: Cursor | None) -> dict[str, Any]:
    found = {name: value for name, value in _fifo_topic(cursor).items() if name != "FifoTopic"}
    if cursor is None or (not isinstance(cursor.node.value, dict) and not cursor.flag()):
        return {}
    found["FifoQueue"] = True
    if (fast := cursor.get("high_throughput")) and fast.flag():
        found |= {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    for theirs, ours in (("deduplication_scope", "DeduplicationScope"), ("throughput_limit", "FifoThroughputLimit")):
        if one := text(cursor.get(theirs)):
            found[ours] = one
    return found
