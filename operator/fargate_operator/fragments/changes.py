"""How changes are made: what waits for approval, and what rolls back. Pure."""

from typing import Annotated, Literal

from pydantic import Field

from fargate_operator.fragments.values import Arn, Flag, Strict, text


class Changes(Strict):
    """How changes are made."""

    approval: Literal["Automatic", "Manual", "OnReplacement"] | None = text(
        "What waits until the change set in status.plan is approved: nothing, every change, or those that replace or remove "
        "a resource",
        default="Automatic",
        aws="CreateChangeSet, ExecuteChangeSet",
    )
    rollback: Flag | None = text(
        "Whether a failed change is rolled back; false keeps its resources for a look", default="true", aws="DisableRollback"
    )
    alarms: Annotated[list[Arn], Field(max_length=5)] | None = text(
        "ARNs of CloudWatch metric alarms that roll a change back when they go off during it",
        default="none",
        aws="RollbackConfiguration.RollbackTriggers",
    )
