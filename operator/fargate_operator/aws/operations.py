"""The events of a stack's last operation, by DescribeStackEvents."""

import re
from collections.abc import Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.aws.errors import translated
from fargate_operator.masking import masked
from fargate_operator.observation import Piece
from fargate_operator.operations import StackEvent

MOST_PAGES = 20  # of 100 events


def read(client: Any, stack_id: str, *, pages: int = MOST_PAGES) -> list[StackEvent]:
    """The newest first, back to where the operation began; fewer where it has more pages."""
    found: list[StackEvent] = []
    paginator = client.get_paginator("describe_stack_events")
    with translated("DescribeStackEvents"):
        for number, page in enumerate(paginator.paginate(StackName=stack_id), 1):
            for event in page["StackEvents"]:
                found.append(_event(event, stack_id))
                if found[-1].begins:
                    return found
            if number == pages:
                break
    return found


def _event(event: Mapping[str, Any], stack_id: str) -> StackEvent:
    piece = Piece(
        event["LogicalResourceId"],
        event.get("ResourceType", ""),
        event.get("ResourceStatus", ""),
        safe_reason(event, event.get("ResourceStatusReason", "")),
        event.get("PhysicalResourceId", ""),
    )
    return StackEvent(piece, event["Timestamp"], own=piece.physical_id == stack_id, token=event.get("ClientRequestToken", ""))


def safe_reason(event: Mapping[str, Any], reason: str) -> str:
    """A resource's reason, masked: behind a custom resource anybody may have written it.

    Of the one that has values of Secrets only words that can hold none of them.
    """
    if event["LogicalResourceId"] != names.COPIED_SECRET:
        return masked(reason)
    told = re.findall(r"HandlerErrorCode: \w+|(?<=not authorized to perform: )[\w:]+", reason)
    because = f" ({', '.join(told)})" if told else ""
    return f"it failed{because}; what CloudFormation says may quote a Secret, and is left in the stack's events"
