"""When the finalizer comes off: CloudFormation was asked for the very stack, and has it no more. At no more calls than that takes."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from fargate_operator.kube import FINALIZER
from test_releases import CURRENT, Upgrade, recorded

CASE = CURRENT[-1]
STACK = recorded(CASE, "stack")
NAME, ID = STACK["StackName"], STACK["StackId"]


class Deletion(Upgrade):
    """An object that is deleted. `listed` are the stacks that a list tells of, `there` what CloudFormation really has."""

    def __init__(self, *, listed: bool, there: bool, **status: Any) -> None:
        item = recorded(CASE, "app")
        item["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER]}
        item["status"]["stack"] |= status
        item["status"]["stack"] = {name: one for name, one in item["status"]["stack"].items() if one}
        super().__init__(CASE, item)
        self.listed, self.there = listed, there
        self.asked: list[str] = []
        self.let_go = False
        self._real = self.account.answer
        self.account.answer = self._answer  # type: ignore[method-assign]
        self.cluster.set_finalizer = self._finalizer  # type: ignore[method-assign]

    def _finalizer(self, item: dict[str, Any], *, present: bool) -> dict[str, Any]:
        self.let_go = self.let_go or not present
        return item

    def _answer(self, service: str, operation: str, asked: dict[str, Any]) -> Any:
        if operation == "delete_stack":
            self.account.stack["StackStatus"] = "DELETE_IN_PROGRESS"
        if operation != "describe_stacks":
            return self._real(service, operation, asked)
        if "StackName" not in asked:
            return {"Stacks": [self.account.stack] if self.listed else []}
        self.asked.append(asked["StackName"])
        if self.there:
            return {"Stacks": [self.account.stack]}
        if asked["StackName"] == ID:
            return {"Stacks": [{**self.account.stack, "StackStatus": "DELETE_COMPLETE"}]}
        message = f"Stack with id {asked['StackName']} does not exist"
        raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")


def test_an_object_whose_stack_is_in_no_list_is_not_let_go_while_the_stack_is_there():
    deletion = Deletion(listed=False, there=True)
    assert deletion.turn() == ["cloudformation delete_stack"]
    assert (deletion.let_go, deletion.asked) == (False, [ID])


@pytest.mark.parametrize(
    ("status", "asked"),
    [
        ({}, ID),
        ({"id": None}, NAME),
        ({"id": "no id"}, NAME),
        ({"id": ID.replace(NAME, "another")}, NAME),
        ({"undoing": "Recreate"}, NAME),  # the id is of the one before
    ],
)
def test_the_stack_is_asked_for_by_its_id_where_that_is_known_before_the_object_goes(status, asked):
    deletion = Deletion(listed=False, there=False, **status)
    assert deletion.turn() == []
    assert (deletion.let_go, deletion.asked) == (True, [asked])


def test_a_deletion_that_was_seen_to_its_end_costs_no_further_look():
    deletion = Deletion(listed=True, there=True)
    assert deletion.turn() == ["cloudformation delete_stack"]
    before = len(deletion.asked)
    deletion.there = False
    assert deletion.turn() == []
    assert (deletion.let_go, deletion.asked[before:]) == (True, [ID])


def test_an_object_that_is_abandoned_goes_without_a_look():
    deletion = Deletion(listed=False, there=True)
    deletion.cluster.item["metadata"]["annotations"] = {"fargate-operator.dev/abandon": "true"}
    assert deletion.turn() == []
    assert (deletion.let_go, deletion.asked) == (True, [])
