"""What CloudFormation tells of an operation that failed. `failure` finds the cause in it.

DescribeStackEvents has every event, in the order in which they came, by operation where CloudFormation gives that. DescribeEvents
is asked only where those events say so: it alone has what CloudFormation finds wrong before it begins (early validation).
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fargate_operator.aws.errors import translated
from fargate_operator.aws.operations import safe_reason
from fargate_operator.errors import ReconcileError
from fargate_operator.failure import Event, first, last_operation
from fargate_operator.observation import Failure, StackObservation

log = logging.getLogger(__name__)
MOST_FAULTS = 5  # of early validation that are told
_REFUSED = {"HOOK_COMPLETE_FAILED", "HOOK_FAILED"}


class StackEvents:
    """The events of one region's stacks."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def failure(self, stack: StackObservation) -> Failure | None:
        """Why the stack's last operation failed; None where nothing says so."""
        with translated("DescribeStackEvents"):
            operation = last_operation(self._newest_first(stack.id))
        found = first(operation, stack.status)
        if found and found.validation:
            faults = self.faults(StackName=stack.id)
            return replace(faults, began=found.began) if faults else found
        if found and found.before:
            found = replace(found, before=self._inner(found.before))
        return self._inner(found) if found else None

    def _inner(self, failure: Failure) -> Failure:
        """Of a nested stack what failed in it, one level deep; what cannot be read of it takes nothing away."""
        if failure.resource_type != "AWS::CloudFormation::Stack" or ":stack/" not in failure.physical_id:
            return failure
        try:
            with translated("DescribeStackEvents"):
                inner = first(last_operation(self._newest_first(failure.physical_id)), "")
        except ReconcileError as error:
            log.debug("%s: %s", failure.logical_id, error)
            return failure
        if inner is None:
            return failure
        return replace(
            failure,
            logical_id="/".join(one for one in (failure.logical_id, inner.logical_id) if one),
            resource_type=inner.resource_type or failure.resource_type,
            reason=inner.reason,
            physical_id=inner.physical_id or failure.physical_id,
        )

    def _newest_first(self, stack_id: str) -> Iterator[Event]:
        """Lazily: pages behind the last operation are not asked for."""
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            yield from (_event(one, stack_id) for one in page["StackEvents"])

    def faults(self, **of: str) -> Failure | None:
        """What early validation found, of a stack's last operation or a change set; None where it cannot be asked for."""
        try:
            pages = self._client.get_paginator("describe_events").paginate(Filters={"FailedEvents": True}, **of)
            told = [one for page in pages for one in page["OperationEvents"]]
        except (ClientError, BotoCoreError):
            return None  # an older CloudFormation, or a role from before: what is known is told
        wrong = [one for one in told if one.get("ValidationStatusReason") and one.get("ValidationFailureMode") != "WARN"]
        newest = wrong[0].get("OperationId") if wrong else None
        wrong = [one for one in wrong if one.get("OperationId") == newest]
        if not wrong:
            return None
        others = dict.fromkeys(f"{one.get('LogicalResourceId')}: {_fault(one)}" for one in wrong[1:])
        one, reason = wrong[0], _fault(wrong[0])
        return Failure(one.get("LogicalResourceId", ""), one.get("ResourceType", ""), reason, others=tuple(others)[:MOST_FAULTS])


def _fault(one: Mapping[str, Any]) -> str:
    return safe_reason({"LogicalResourceId": "", **one}, one["ValidationStatusReason"])


def _event(one: Mapping[str, Any], stack_id: str) -> Event:
    status, reason = one.get("ResourceStatus", ""), one.get("ResourceStatusReason", "")
    if one.get("HookStatus") in _REFUSED and one.get("HookFailureMode") != "WARN":
        status, reason = "HOOK_FAILED", f"refused by the hook {one.get('HookType', '')}: {one.get('HookStatusReason', '')}"
    return Event(
        at=one["Timestamp"],
        logical_id=one["LogicalResourceId"],
        status=status,
        reason=safe_reason(one, reason),
        type=one.get("ResourceType", ""),
        physical_id=one.get("PhysicalResourceId", ""),
        operation=one.get("OperationId", ""),
        own=one.get("PhysicalResourceId") == stack_id and not status.startswith("HOOK"),
        late=bool(one.get("DetailedStatus")),
    )
