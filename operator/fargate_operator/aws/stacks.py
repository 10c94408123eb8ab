"""CloudFormation stacks: what they are, and what is done to them. Change sets are in `change_sets`."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from fargate_operator import names
from fargate_operator.aws import operations
from fargate_operator.aws.change_sets import ChangeSets
from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, message, translate, translated
from fargate_operator.aws.stack_events import StackEvents
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal, Transient, Waiting
from fargate_operator.masking import masked
from fargate_operator.observation import ChangeSet, Owner, StackObservation
from fargate_operator.operations import StackEvent, mark
from fargate_operator.parameters import NONE, Parameters
from fargate_operator.plan import busy
from fargate_operator.template import STATE_OUTPUT, Template

MOST_INLINE = 51_200  # bytes of a TemplateBody
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
_MACROS = "CAPABILITY_AUTO_EXPAND"  # without it CloudFormation runs no macro; which may run is the bounds' to say


_LOOK_AGAIN = {
    "AlreadyExistsException", "TokenAlreadyExistsException",
    "ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus", "InvalidChangeSetStatusException",
}  # fmt: skip


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
    rollback: bool = True  # False: what a failed operation leaves stays for a look
    alarms: tuple[str, ...] = ()  # ARNs of the alarms that roll an operation back
    adopts: StackObservation | None = None  # the stack of somebody else's that it takes over

    def tags(self) -> list[dict[str, str]]:
        """The tags that say whose the stack is; what an adopted one had before stays."""
        if self.adopts is None:
            return _tags(owner_tags(self.owner))
        others = {key: value for key, value in self.adopts.tags.items() if not key.startswith("aws:")}  # which nobody may set
        kept = {key: value for key, value in others.items() if not key.startswith(f"{names.DOMAIN}/")}
        return _tags({**kept, **owner_tags(self.owner), ADOPTED: "true"})


class Stacks:
    """The stacks of one region."""

    def __init__(self, clients: Clients, region: str, bucket: str = "", role: str = "") -> None:
        self._client = clients.get("cloudformation", region)
        self._clients, self._region, self._bucket = clients, region, bucket
        self.change_sets, self.events = ChangeSets(self._client), StackEvents(self._client)
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
        """The template that the stack has; empty where that is YAML, which is nobody's that the operator has made."""
        with translated("GetTemplate"):
            body = self._client.get_template(StackName=stack.id)["TemplateBody"]
        try:
            found: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
        except ValueError:
            return {}
        return found

    def in_progress(self) -> frozenset[str]:
        """The ids of the stacks that CloudFormation works on."""
        states = [one for one in self._client.meta.service_model.shape_for("StackStatus").enum if busy(one)]
        with translated("ListStacks"):
            pages = self._client.get_paginator("list_stacks").paginate(StackStatusFilter=states)
            return frozenset(stack["StackId"] for page in pages for stack in page["StackSummaries"])

    def create(self, order: Order) -> str:
        """CreateStack; the stack's id. Waiting when the name is there by now: look whose it is."""
        with self._sending(order, "CreateStack"):
            made = self._client.create_stack(
                StackName=order.name,
                Tags=order.tags(),
                EnableTerminationProtection=order.termination_protection,
                DisableRollback=not order.rollback,
                ClientRequestToken=signed(order, "create", order.before),
                **self._brings(order),
            )
        return str(made["StackId"])

    def update(self, order: Order, stack: StackObservation) -> bool:
        """UpdateStack; False where CloudFormation finds nothing to change."""
        seen = f"{stack.id} {stack.updated_at}"
        try:
            with self._sending(order, "UpdateStack"):
                self._client.update_stack(
                    StackName=stack.id,
                    DisableRollback=not order.rollback,
                    ClientRequestToken=signed(order, "update", seen),
                    **({"Tags": order.tags()} if order.adopts else {}),
                    **self._brings(order),
                )
        except Unchanged:
            return False
        return True

    def propose(self, order: Order, name: str, stack: StackObservation | None, *, imports: bool) -> tuple[str, str]:
        """CreateChangeSet; its id and the stack's. `stack` None: of a stack that is to be. `imports`: takes in what exists."""
        create = stack is None
        with self._sending(order, "CreateChangeSet"):
            made = self._client.create_change_set(
                StackName=order.name if stack is None else stack.id,
                ChangeSetName=name,
                ChangeSetType="CREATE" if create else "UPDATE",
                Description=order.template.digest,
                ImportExistingResources=imports,
                **({"Tags": order.tags()} if create or order.adopts else {}),
                **self._brings(order),
            )
        return str(made["Id"]), str(made["StackId"])

    def revert(self, stack: StackObservation, name: str) -> None:
        """CreateChangeSet that brings the stack's resources back to the template that it has; parameters stay as they are."""
        with translated("DescribeStacks"):
            [described] = self._client.describe_stacks(StackName=stack.id)["Stacks"]
        parameters = [{"ParameterKey": one["ParameterKey"], "UsePreviousValue": True} for one in described.get("Parameters", ())]
        try:
            self._client.create_change_set(
                StackName=stack.id,
                ChangeSetName=name,
                ChangeSetType="UPDATE",
                DeploymentMode="REVERT_DRIFT",
                UsePreviousTemplate=True,
                Description=stack.template_digest,
                Capabilities=[*_CAPABILITIES, _MACROS],  # what the template may hold was judged when it was sent
                **({"Parameters": parameters} if parameters else {}),
                **self._role,
            )
        except ClientError as error:
            raise self._again(error, "CreateChangeSet") from error

    def execute(self, order: Order, change_set: ChangeSet) -> None:
        """ExecuteChangeSet. CloudFormation replaces nothing where a failure is not to be rolled back: then it is."""
        replaces = any(one.replacement in {"True", "Conditional"} for one in change_set.changes)
        try:
            self._client.execute_change_set(
                ChangeSetName=change_set.id,
                DisableRollback=not order.rollback and not replaces,
                ClientRequestToken=token(order.uid, "execute", change_set.template_digest, change_set.id),
            )
        except ClientError as error:
            raise self._again(error, "ExecuteChangeSet") from error

    def rollback(self, uid: str, stack: StackObservation) -> None:
        """RollbackStack: back to what was before an update that failed and was kept."""
        seen = f"{stack.id} {stack.updated_at}"
        try:
            self._client.rollback_stack(StackName=stack.id, ClientRequestToken=token(uid, "rollback", "", seen), **self._role)
        except ClientError as error:
            raise self._again(error, "RollbackStack") from error

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

    def recover(self, uid: str, stack: StackObservation, skip: Sequence[str] = ()) -> None:
        """ContinueUpdateRollback. Each failure of the same rollback has its own token, by the time of its last event."""
        seen = f"{stack.id} {stack.updated_at} {stack.event_at}"
        skipped: dict[str, Any] = {"ResourcesToSkip": list(skip)} if skip else {}
        try:
            self._client.continue_update_rollback(
                StackName=stack.id,
                ClientRequestToken=token(uid, "recover", f"{stack.status_reason} {skip}", seen),
                **skipped,
                **self._role,
            )
        except ClientError as error:
            raise self._again(error, "ContinueUpdateRollback") from error

    def cancel(self, uid: str, stack: StackObservation) -> None:
        """CancelUpdateStack. Waiting where it is too late for that, or was done."""
        seen = f"{stack.id} {stack.updated_at}"
        try:
            self._client.cancel_update_stack(StackName=stack.id, ClientRequestToken=token(uid, "cancel", "", seen))
        except ClientError as error:
            if "cannot be called from current stack status" in message(error):
                raise Waiting(Reason.StackBusy, f"CancelUpdateStack: {message(error)}", after=2.0) from error
            raise self._again(error, "CancelUpdateStack") from error

    def protect(self, stack: StackObservation, *, on: bool) -> None:
        """UpdateTerminationProtection."""
        with translated("UpdateTerminationProtection"):
            self._client.update_termination_protection(StackName=stack.id, EnableTerminationProtection=on)

    def delete(self, stack: StackObservation, retain: Sequence[str] = ()) -> None:
        """DeleteStack. `retain`: logical IDs of what failed to be deleted, and is left behind."""
        retained: dict[str, Any] = {"RetainResources": list(retain)} if retain else {}
        try:
            self._client.delete_stack(StackName=stack.id, **retained, **self._role)
        except ClientError as error:
            raise self._again(error, "DeleteStack") from error

    def last_operation(self, stack: StackObservation, *, pages: int = operations.MOST_PAGES) -> list[StackEvent]:
        """The events of what was done to the stack last, the newest first."""
        return operations.read(self._client, stack.id, pages=pages)

    def _brings(self, order: Order) -> dict[str, Any]:
        """What every operation that brings a template has in common. Triggers that are not sent stay, those of long ago too."""
        triggers = [{"Arn": arn, "Type": "AWS::CloudWatch::Alarm"} for arn in order.alarms]
        return {
            "Capabilities": _capabilities(order.template),
            "RollbackConfiguration": {"RollbackTriggers": triggers},
            **self._role,
            **_parameters(order),
            **self._body(order),
        }

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
        if code(error) in _LOOK_AGAIN or "IN_PROGRESS" in words:
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


def observed(stack: Mapping[str, Any]) -> StackObservation:
    """DescribeStacks' answer as a value."""
    tags = {one["Key"]: one["Value"] for one in stack.get("Tags", ())}
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}
    owned = [tags.get(f"{names.DOMAIN}/{key}") for key in _OWNER]
    adoptable_by = tags.get(ADOPTABLE, "")
    state = outputs.pop(STATE_OUTPUT, "").split()
    return StackObservation(
        name=stack["StackName"],
        id=stack["StackId"],
        status=stack["StackStatus"],
        status_reason=masked(stack.get("StackStatusReason", "")),
        owner=Owner(*(one or "" for one in owned)) if all(owned) else None,
        outputs=outputs,
        updated_at=stack.get("LastUpdatedTime") or stack.get("CreationTime"),
        termination_protection=bool(stack.get("EnableTerminationProtection")),
        input_digest=state[0] if len(state) == 2 else "",
        template_digest=state[1] if len(state) == 2 else "",
        adoptable_by=adoptable_by,
        adopted=tags.get(ADOPTED) == "true",
        tags=tags if adoptable_by else {},
    )


ADOPTABLE = f"{names.DOMAIN}/adoptable-by"
ADOPTED = f"{names.DOMAIN}/adopted"
_OWNER = ("installation", "namespace", "name")


def owner_tags(owner: Owner) -> dict[str, str]:
    """The tags by which a stack is known as its owner's."""
    return {f"{names.DOMAIN}/{key}": getattr(owner, key) for key in _OWNER}


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def signed(order: Order, operation: str, seen: str) -> str:
    """A token by which the events tell that the operator has sent this template (`operations.begun_by`)."""
    return token(order.uid, operation, order.template.digest, seen) + mark(order.uid, order.template.digest)


def token(uid: str, operation: str, template_digest: str, seen: str) -> str:
    """A ClientRequestToken: the same for a repeated call, another one when the stack has changed since."""
    return hashlib.sha256(f"{uid} {operation} {template_digest} {seen}".encode()).hexdigest()
