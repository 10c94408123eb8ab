"""What is known of a stack stays true of it, whatever write was lost, and whoever else had a hand in it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fargate_operator.actions import Update
from fargate_operator.errors import Waiting
from fargate_operator.incidents import remembered
from fargate_operator.kube import FINALIZER
from fargate_operator.observation import StackObservation
from fargate_operator.seen import Seen
from fargate_operator.turn import NOW
from test_plan import OWNER
from test_releases import CURRENT, Upgrade

CASE = CURRENT[-1]
LATER = datetime(2026, 12, 1, tzinfo=UTC)


def refused(code: str, status: int, operation: str) -> ClientError:
    said = {"Error": {"Code": code, "Message": "does not exist"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, operation)  # type: ignore[arg-type]


class Life(Upgrade):
    """An app whose stack can go and be made. `there`: whether it is there; `unavailable`: the calls that get a 503, each once."""

    def __init__(self) -> None:
        super().__init__(CASE)
        self.there, self.unavailable, self.lost = True, set[str](), 0
        self.tokens: list[str] = []
        self._real, self._put = self.account.answer, self.cluster.put_status
        self.account.answer = self._answer  # type: ignore[method-assign]
        self.cluster.put_status = self._put_status  # type: ignore[method-assign]
        self.cluster.set_finalizer = self._finalizer  # type: ignore[method-assign]
        assert self.turn() == []

    def _put_status(self, item: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
        if self.lost:
            self.lost -= 1
            raise Waiting("Conflict", "the object has changed meanwhile", after=0.2)
        return self._put(item, status)

    def _finalizer(self, item: dict[str, Any], *, present: bool) -> dict[str, Any]:
        return {**item, "metadata": {**item["metadata"], "finalizers": [FINALIZER] if present else []}}

    def _answer(self, service: str, operation: str, asked: dict[str, Any]) -> Any:
        stack = self.account.stack
        if operation in self.unavailable:
            self.unavailable.discard(operation)
            raise refused("ServiceUnavailable", 503, operation)
        if operation == "describe_stacks" and not self.there:
            if asked.get("StackName") == stack["StackId"]:
                return {"Stacks": [{**stack, "StackStatus": "DELETE_COMPLETE"}]}
            if "StackName" in asked:
                raise refused("ValidationError", 400, operation)
            return {"Stacks": []}
        if operation == "create_stack":
            self.account.writes.append(("cloudformation create_stack", asked))
            self.tokens.append(asked["ClientRequestToken"])
            self.there = True
            stack |= {"StackId": f"{stack['StackId'][:-1]}{len(self.tokens)}", "StackStatus": "CREATE_IN_PROGRESS"}
            return {"StackId": stack["StackId"]}
        if operation == "delete_stack":
            stack["StackStatus"] = "DELETE_IN_PROGRESS"
        return self._real(service, operation, asked)

    def becomes(self, status: str, **more: Any) -> list[str]:
        """The calls of the turn that finds it so."""
        self.account.stack |= {"StackStatus": status, **more}
        self.doubt()
        return self.turn()

    def goes(self) -> list[str]:
        self.there = False
        return self.becomes("DELETE_COMPLETE")

    def doubt(self) -> None:
        self.world.doubt("eu-west-1", self.account.stack["StackName"])

    def spec(self, **fields: Any) -> None:
        self.cluster.item["spec"] |= fields
        self.cluster.item["metadata"]["generation"] += 1

    def ready(self) -> Any:
        return self.condition("Ready")["reason"]


def test_an_update_by_hand_is_taken_back_though_the_first_try_got_a_503():
    life = Life()
    life.unavailable = {"update_stack"}
    assert life.becomes("UPDATE_COMPLETE", LastUpdatedTime=LATER) == []
    assert life.turn() == ["cloudformation update_stack"]


def test_an_update_by_hand_while_an_app_is_suspended_is_taken_back_afterwards():
    life = Life()
    life.spec(suspend=True)
    assert life.becomes("UPDATE_COMPLETE", LastUpdatedTime=LATER) == []
    life.spec(suspend=False)
    assert life.turn() == ["cloudformation update_stack"]


def test_a_deletion_by_hand_that_failed_first_is_no_failure_of_the_template():
    life = Life()
    life.becomes("DELETE_FAILED", StackStatusReason="bucket not empty")
    assert life.ready() == "DeleteFailed"
    life.becomes("DELETE_IN_PROGRESS")
    assert life.goes() == ["cloudformation create_stack"]


def test_a_stack_that_failed_by_somebody_elses_update_and_was_deleted_by_hand_is_made_again():
    life = Life()
    assert life.becomes("UPDATE_ROLLBACK_COMPLETE", LastUpdatedTime=LATER) == []
    assert life.goes() == ["cloudformation create_stack"]


def test_a_stack_that_a_request_had_deleted_is_made_again_though_nothing_was_written_of_the_deletion():
    life = Life()
    life.becomes("ROLLBACK_COMPLETE")
    assert life.ready() == "CreateFailed"
    life.cluster.item["metadata"].setdefault("annotations", {})[NOW] = "now"
    life.lost = 1
    with pytest.raises(Waiting):
        life.turn()
    life.becomes("DELETE_IN_PROGRESS")
    assert life.goes() == ["cloudformation create_stack"]


def test_no_create_has_the_token_of_one_before():
    life = Life()
    assert life.goes() == ["cloudformation create_stack"]
    life.becomes("CREATE_COMPLETE")
    life.spec(suspend=True)
    assert life.goes() == []
    assert life.cluster.item["status"]["stack"]["status"] == "DELETE_COMPLETE"
    life.spec(suspend=False)
    assert life.turn() == ["cloudformation create_stack"]
    assert len(set(life.tokens)) == 2


def test_a_retained_stack_that_is_anothers_by_now_is_not_touched():
    life = Life()
    life.spec(deletionPolicy="Retain")
    life.turn()
    item = life.cluster.item
    life.cluster.item = {
        **item,
        "metadata": {**item["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER]},
    }
    life.reconciler.reconcile(life.key)
    life.cluster.item = None  # type: ignore[assignment]
    life.reconciler.reconcile(life.key)
    for tag in life.account.stack["Tags"]:
        tag["Value"] = "another" if tag["Key"].endswith("/installation") else tag["Value"]
    made = {**item, "metadata": {**item["metadata"], "uid": "another", "generation": 1}}
    life.cluster.item = {name: value for name, value in made.items() if name != "status"}
    life.spec(outputs={"More": {"value": "v"}})
    assert life.turn() == []
    assert life.ready() == "StackNameTaken"


def test_an_annotation_that_was_tried_in_one_incident_is_of_before_the_next_one():
    stack = StackObservation("shop", "id", "UPDATE_IN_PROGRESS", owner=OWNER)
    previous = {"stack": {"id": "id", "annotations": {"tried": {"skip": "Web"}}}}
    seen = Seen(previous, 2, LATER, stack=stack, action=Update("id"), asked={"skip": "Web"})
    assert remembered(seen) == {"before": {"skip": "Web"}}
