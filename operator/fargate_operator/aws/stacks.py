"""CloudFormation stacks: what they are, and the five things that are done to them."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from fargate_operator import names
from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, message, translate, translated
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal, Transient, Waiting
from fargate_operator.observation import Failure, Owner, StackObservation
from fargate_operator.parameters import NONE, Parameters
from fargate_operator.plan import busy
from fargate_operator.template import STATE_OUTPUT, Template

MOST_INLINE = 51_200  # bytes of a TemplateBody
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
_MACROS = "CAPABILITY_AUTO_EXPAND"  # without it CloudFormation runs no macro; which may run is the bounds' to say


class Unchanged(Exception):
    """CloudFormation finds nothing to change."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is sent with a create or an update."""

    uid: str
    owner: Owner
    name: str
    template: Template
    termination_protection: bool = False
    parameters: Parameters = NONE
    before: str = ""  # id of the stack that had the name before: a create after its end is no repetition


class Stacks:
    """The stacks of one region."""

    def __init__(self, clients: Clients, region: str, bucket: str = "", role: str = "") -> None:
        self._client = clients.get("cloudformation", region)
        self._clients, self._region, self._bucket = clients, region, bucket
        self._role = {"RoleARN": role} if role else {}  # CloudFormation's own; without one it borrows the caller's session

    def describe(self, name_or_id: str) -> StackObservation | None:
        """The stack; None where there is none. A deleted one is found by its id only."""
        try:
            [stack] = self._client.describe_stacks(StackName=name_or_id)["Stacks"]
        except ClientError as error:
            if code(error) == "ValidationError" and "does not exist" in message(error):
                return None
            raise translate(error, "DescribeStacks") from error
        return observed(stack)

    def describe_all(self) -> Iterable[StackObservation]:
        """Every stack that is not deleted, with few calls."""
        with translated("DescribeStacks"):
            for page in self._client.get_paginator("describe_stacks").paginate():
                yield from (observed(stack) for stack in page["Stacks"])

    def template(self, stack: StackObservation) -> Mapping[str, Any]:
        """The template that the stack has."""
        with translated("GetTemplate"):
            body = self._client.get_template(StackName=stack.id)["TemplateBody"]
        found: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
        return found

    def metadata(self, stack: StackObservation) -> Mapping[str, Any]:
        """What the stack's template records of the operator's own: the pins of images and subnets."""
        template = self.template(stack)
        recorded: Mapping[str, Any] = (template.get("Metadata") or {}).get(names.DOMAIN) or {}
        return recorded

    def in_progress(self) -> frozenset[str]:
        """The ids of the stacks that CloudFormation works on."""
        states = [one for one in self._client.meta.service_model.shape_for("StackStatus").enum if busy(one)]
        with translated("ListStacks"):
            pages = self._client.get_paginator("list_stacks").paginate(StackStatusFilter=states)
            return frozenset(stack["StackId"] for page in pages for stack in page["StackSummaries"])

    def create(self, order: Order) -> str:
        """CreateStack; the stack's id. Waiting when the name is there by now: look whose it is."""
        tags = [
            {"Key": f"{names.DOMAIN}/{key}", "Value": value}
            for key, value in (
                ("installation", order.owner.installation),
                ("namespace", order.owner.namespace),
                ("name", order.owner.name),
            )
        ]
        with self._sending(order, "CreateStack"):
            made = self._client.create_stack(
                StackName=order.name,
                Tags=tags,
                Capabilities=_capabilities(order.template),
                EnableTerminationProtection=order.termination_protection,
                ClientRequestToken=token(order.uid, "create", order.template.digest, order.before),
                **self._role,
                **_parameters(order),
                **self._body(order),
            )
        return str(made["StackId"])

    def update(self, order: Order, stack: StackObservation) -> bool:
        """UpdateStack; False where CloudFormation finds nothing to change."""
        seen = f"{stack.id} {stack.updated_at}"
        try:
            with self._sending(order, "UpdateStack"):
                self._client.update_stack(
                    StackName=stack.id,
                    Capabilities=_capabilities(order.template),
                    ClientRequestToken=token(order.uid, "update", order.template.digest, seen),
                    **self._role,
                    **_parameters(order),
                    **self._body(order),
                )
        except Unchanged:
            return False
        return True

    @contextmanager
    def _sending(self, order: Order, doing: str) -> Iterator[None]:
        """Inside, boto's errors become the operator's, without the values that were sent: AWS and boto may quote them."""
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise self._told(error, order, doing) from None  # the cause would be logged with what it quotes

    def _told(self, error: Exception, order: Order, doing: str) -> Exception:
        if not isinstance(error, ClientError):
            return Transient(Reason.AwsUnavailable, f"{doing}: {order.parameters.scrub(str(error))}")
        if "No updates are to be performed" in message(error):
            return Unchanged()
        said = {**error.response, "Error": {"Code": code(error), "Message": order.parameters.scrub(message(error))}}
        return self._again(ClientError(cast("Any", said), doing), doing)

    def recover(self, uid: str, stack: StackObservation) -> None:
        """ContinueUpdateRollback."""
        seen = f"{stack.id} {stack.updated_at}"
        try:
            self._client.continue_update_rollback(
                StackName=stack.id, ClientRequestToken=token(uid, "recover", stack.status_reason, seen), **self._role
            )
        except ClientError as error:
            raise self._again(error, "ContinueUpdateRollback") from error

    def protect(self, stack: StackObservation, *, on: bool) -> None:
        """UpdateTerminationProtection."""
        with translated("UpdateTerminationProtection"):
            self._client.update_termination_protection(StackName=stack.id, EnableTerminationProtection=on)

    def delete(self, stack: StackObservation) -> None:
        """DeleteStack."""
        try:
            self._client.delete_stack(StackName=stack.id, **self._role)
        except ClientError as error:
            raise self._again(error, "DeleteStack") from error

    def first_failure(self, stack: StackObservation) -> Failure | None:
        """The first resource that failed in the last operation, whose reason is its own."""
        found: Failure | None = None
        with translated("DescribeStackEvents"):
            for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack.id):
                for event in page["StackEvents"]:  # the newest first
                    own = event["PhysicalResourceId"] == stack.id
                    status, reason = event.get("ResourceStatus", ""), event.get("ResourceStatusReason", "")
                    if own and status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}:
                        return found
                    if not own and status.endswith("_FAILED") and "cancelled" not in reason.lower():
                        found = Failure(event["LogicalResourceId"], event.get("ResourceType", ""), _safe(event, reason))
        return found

    def _body(self, order: Order) -> dict[str, str]:
        text = order.template.json()
        size = len(text.encode())
        if size <= MOST_INLINE:
            return {"TemplateBody": text}
        if not self._bucket:
            raise Terminal(
                Reason.TemplateTooLarge,
                f"the template has {size} bytes; over {MOST_INLINE} it takes a bucket, which the operator has no setting for",
                outside=True,
            )
        key = f"{order.name}/{order.template.digest.removeprefix('sha256:')}.json"
        s3 = self._clients.get("s3", self._region)
        with translated("PutObject"):
            s3.put_object(Bucket=self._bucket, Key=key, Body=text.encode(), ContentType="application/json")
        return {"TemplateURL": f"{s3.meta.endpoint_url}/{self._bucket}/{key}"}

    def _again(self, error: ClientError, doing: str) -> Exception:
        """Busy, taken or repeated: look again soon. Everything else by the table."""
        words = message(error)
        if code(error) in {"AlreadyExistsException", "TokenAlreadyExistsException"} or "IN_PROGRESS" in words:
            return Waiting(Reason.StackBusy, f"{doing}: {words}", after=2.0)
        if code(error) == "ValidationError" and "does not exist" in words:
            return Waiting(Reason.StackBusy, f"{doing}: {words}", after=2.0)
        if code(error) == "OperationInProgressException":
            return Transient(Reason.StackBusy, f"{doing}: {words}")
        return translate(error, doing)


def _parameters(order: Order) -> dict[str, Any]:
    sent = order.parameters.sent()
    return {"Parameters": sent} if sent else {}


def _capabilities(template: Template) -> list[str]:
    return [*_CAPABILITIES, _MACROS] if '"Fn::Transform"' in template.json() else _CAPABILITIES


def _safe(event: Mapping[str, Any], reason: str) -> str:
    """A resource's reason; of the one that has values of Secrets only words that can hold none of them."""
    if event["LogicalResourceId"] != names.COPIED_SECRET:
        return reason
    told = re.findall(r"HandlerErrorCode: \w+|(?<=not authorized to perform: )[\w:]+", reason)
    because = f" ({', '.join(told)})" if told else ""
    return f"it failed{because}; what CloudFormation says may quote a Secret, and is left in the stack's events"


def observed(stack: Mapping[str, Any]) -> StackObservation:
    """DescribeStacks' answer as a value."""
    tags = {one["Key"]: one["Value"] for one in stack.get("Tags", ())}
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}
    owned = [tags.get(f"{names.DOMAIN}/{key}") for key in ("installation", "namespace", "name")]
    state = outputs.pop(STATE_OUTPUT, "").split()
    return StackObservation(
        name=stack["StackName"],
        id=stack["StackId"],
        status=stack["StackStatus"],
        status_reason=stack.get("StackStatusReason", ""),
        owner=Owner(*(one or "" for one in owned)) if all(owned) else None,
        outputs=outputs,
        updated_at=stack.get("LastUpdatedTime") or stack.get("CreationTime"),
        termination_protection=bool(stack.get("EnableTerminationProtection")),
        input_digest=state[0] if len(state) == 2 else "",
        template_digest=state[1] if len(state) == 2 else "",
    )


def token(uid: str, operation: str, template_digest: str, seen: str) -> str:
    """A ClientRequestToken: the same for a repeated call, another one when the stack has changed since."""
    return hashlib.sha256(f"{uid} {operation} {template_digest} {seen}".encode()).hexdigest()
