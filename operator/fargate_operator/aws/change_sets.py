"""CloudFormation change sets: what they are and how they go; `stacks` makes and executes them, as it knows what they bring."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from fargate_operator.aws.errors import code, message, translate
from fargate_operator.aws.stack_events import StackEvents
from fargate_operator.conditions import Reason
from fargate_operator.errors import Waiting
from fargate_operator.failure import told
from fargate_operator.masking import masked
from fargate_operator.observation import Change, ChangeSet

STUBBORN = 30.0  # seconds until a change set that cannot be deleted now is tried again
_GONE = {"ChangeSetNotFound", "ChangeSetNotFoundException"}
_NOT_NOW = {"InvalidChangeSetStatus", "InvalidChangeSetStatusException"}


class ChangeSets:
    """The change sets of one region's stacks."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def describe(self, stack: str, name: str) -> ChangeSet | None:
        """The change set of a stack, by the stack's name or id; None where there is none. All its changes, values left out."""
        pages = self._client.get_paginator("describe_change_set").paginate(StackName=stack, ChangeSetName=name)
        try:
            read = list(pages)
        except ClientError as error:
            if code(error) in _GONE or "does not exist" in str(error):
                return None
            raise translate(error, "DescribeChangeSet") from error
        first = read[0]
        return ChangeSet(
            id=first["ChangeSetId"],
            name=first["ChangeSetName"],
            status=first["Status"],
            execution=first.get("ExecutionStatus", ""),
            reason=self._reason(first),
            changes=tuple(
                _change(one["ResourceChange"]) for page in read for one in page.get("Changes", ()) if "ResourceChange" in one
            ),
            template_digest=first.get("Description", ""),
        )

    def _reason(self, described: Mapping[str, Any]) -> str:
        """Why it failed; early validation only says that it has more to say."""
        reason = masked(str(described.get("StatusReason", "")))
        if described["Status"] != "FAILED" or "DescribeEvents" not in reason:
            return reason
        return told(StackEvents(self._client).faults(ChangeSetName=described["ChangeSetId"])) or reason

    def names(self, stack_name: str) -> list[str]:
        """The names of a stack's change sets that were not carried out; none of a stack that is not there."""
        pages = self._client.get_paginator("list_change_sets").paginate(StackName=stack_name)
        try:
            listed = [one for page in pages for one in page["Summaries"]]
        except ClientError as error:
            if "does not exist" in str(error):
                return []
            raise translate(error, "ListChangeSets") from error
        return [one["ChangeSetName"] for one in listed if not one.get("ExecutionStatus", "").startswith("EXECUTE")]

    def sweep(self, stack_name: str, prefix: str, keep: str = "") -> None:
        """Delete the change sets whose names begin so, but for one: a plan that stands no longer is not to be carried out.

        One that cannot be deleted now, since CloudFormation still works on it, is left for the next time.
        """
        for name in self.names(stack_name):
            if name.startswith(prefix) and name != keep:
                with suppress(Waiting):
                    self.discard(name, stack_name)

    def discard(self, change_set: str, stack_name: str = "") -> None:
        """DeleteChangeSet, by its id, or by its name of a stack. One that is gone is no error; Waiting while it is executed."""
        try:
            self._client.delete_change_set(ChangeSetName=change_set, **({"StackName": stack_name} if stack_name else {}))
        except ClientError as error:
            if code(error) in _GONE or "does not exist" in str(error):
                return
            if code(error) in _NOT_NOW:
                raise Waiting(Reason.StackBusy, f"DeleteChangeSet: {message(error)}", after=STUBBORN) from error
            raise translate(error, "DeleteChangeSet") from error


_CAUSED = {"ResourceReference", "ResourceAttribute"}  # sources of a change that are other resources
_SYNC = "SyncWithActual"  # of a property that is as it is wished already


def _change(change: Mapping[str, Any]) -> Change:
    details = change.get("Details") or ()
    targets = [one.get("Target") or {} for one in details]
    paths = {
        one.get("Path") or f"/{one['Name']}" for one in targets if one.get("Name") and one.get("AttributeChangeType") != _SYNC
    }
    return Change(
        change["Action"],
        change["LogicalResourceId"],
        change.get("ResourceType", ""),
        change.get("Replacement", ""),
        tuple(sorted(paths)),
        caused=bool(details) and all(one.get("ChangeSource") in _CAUSED for one in details),
    )
