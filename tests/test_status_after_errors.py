"""What a reconcile that was cut off may not leave in the status."""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fargate_operator.errors import Fault, InvalidSpec, Terminal, Transient, Waiting
from fargate_operator.seen import Seen
from fargate_operator.status import summarize
from fargate_operator.status_schema import STATUS
from test_releases import Upgrade, recorded

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PREVIOUS = {
    "observedGeneration": 1,
    "lastHandledReconcileAt": "old",
    "images": {"app": {"uri": "shop@sha256:one"}},
    "services": {"web": {"serviceArn": "arn:web"}},
}


def after(error: Exception | None, generation: int = 1) -> dict[str, Any]:
    return summarize(Seen(previous=PREVIOUS, generation=generation, now=NOW, reconcile_at="new", error=error))


def test_images_of_an_older_spec_do_not_become_pins_of_the_new_one() -> None:
    missing = Terminal("ImageNotFound", "push it", outside=True)
    status = after(missing, generation=2)
    assert "images" not in status
    assert status["services"] == PREVIOUS["services"]


def test_the_images_of_this_very_spec_stay_pinned() -> None:
    assert after(Transient("Throttled", "slow down"))["images"] == PREVIOUS["images"]


@pytest.mark.parametrize("error", [Transient("Throttled", "slow down"), Waiting("StackBusy", "soon", after=1), KeyError("bug")])
def test_a_reconcile_that_was_cut_off_has_not_handled_the_request(error: Exception) -> None:
    assert after(error)["lastHandledReconcileAt"] == "old"


@pytest.mark.parametrize("error", [None, Terminal("AwsRefused", "no")])
def test_one_that_came_to_an_end_has(error: Exception | None) -> None:
    assert after(error)["lastHandledReconcileAt"] == "new"


# ── what is known of a stack outlives every error ───────────────────────────────

STEPS = ("_parse", "_locate", "_resolve", "_observer.stack", "_rescue.facts", "_compile", "_execution.act")
ERRORS = {
    "throttled": Transient("Throttled", "rate exceeded"),
    "told to wait": Waiting("StackBusy", "soon", after=1),
    "stopped": Terminal("ImageNotFound", "push it", outside=True),
    "of an invalid spec": InvalidSpec([Fault("spec.cpu", "is wrong")]),
    "broken": KeyError("bug"),
}
CASE = ("0.1.0", "services")
ROLLED_BACK = {"StackStatus": "UPDATE_ROLLBACK_COMPLETE", "LastUpdatedTime": datetime(2027, 1, 1, tzinfo=UTC)}


def stuck() -> Upgrade:
    """An app whose status has every field that a stack's may have, over a stack that is as it was."""
    item = recorded(CASE, "app")
    upgrade = Upgrade(CASE, item)
    upgrade.account.stack |= {"StackStatus": "UPDATE_ROLLBACK_FAILED", "LastUpdatedTime": datetime(2026, 1, 1, tzinfo=UTC)}
    item["spec"]["drift"] = {"policy": "Warn"}
    item["status"]["stack"] |= {
        "status": "UPDATE_ROLLBACK_FAILED", "updatedAt": "2026-01-01T00:00:00Z", "attemptedDigest": "sha256:tried",
        "attemptedGeneration": 1, "failures": 2, "failure": "it broke", "retryAt": "2026-01-01T00:10:00Z", "recoveries": 3,
        "passedOver": ["WebService"], "undoing": "Recreate", "warnings": ["a quota is near"], "drift": {"state": "InSync"},
        "movedAt": "2026-01-01T00:00:00Z", "skipped": ["WebService"], "annotations": {"before": {"retain": "Bucket"}, "tried": {"skip-rollback": "Web"}},
    }  # fmt: skip
    return upgrade


def test_every_field_of_a_stack_is_tried():
    assert set(stuck().cluster.item["status"]["stack"]) == set(STATUS["properties"]["stack"]["properties"])


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("step", STEPS)
def test_nothing_that_is_known_of_a_stack_is_lost_by_a_turn_that_ends_early(step, error):
    upgrade = stuck()
    before = copy.deepcopy(upgrade.cluster.item["status"]["stack"])
    holder = upgrade.reconciler
    *path, name = step.split(".")
    for one in path:
        holder = getattr(holder, one)

    def fail(_: Any) -> Any:
        raise error

    setattr(holder, name, fail)
    for _ in range(2):
        assert upgrade.turn() == []
        assert upgrade.cluster.item["status"]["stack"] == before


@pytest.fixture
def failed() -> Iterator[Upgrade]:
    """An app whose new template was sent, and rolled back."""
    upgrade = Upgrade(CASE)
    assert upgrade.turn() == []
    before = copy.deepcopy((upgrade.account.stack, upgrade.account.template))
    item = copy.deepcopy(upgrade.cluster.item)
    next(iter(item["spec"]["services"].values())).setdefault("environment", {})["CHANGE"] = "1"
    item["metadata"]["generation"] += 1
    upgrade.cluster.item = item
    assert upgrade.turn() == ["cloudformation update_stack"]
    upgrade.account.stack, upgrade.account.template = before
    upgrade.account.stack |= {**ROLLED_BACK, "StackStatusReason": "it broke"}
    assert (upgrade.turn(), upgrade.condition("Stalled")["reason"]) == ([], "UpdateFailed")
    yield upgrade
    assert (upgrade.turn(), upgrade.condition("Stalled")["reason"]) == ([], "UpdateFailed")
    assert upgrade.cluster.item["status"]["stack"]["failures"] == 1


def test_what_failed_is_not_sent_again_because_aws_was_throttled_meanwhile(failed):
    real = failed.account.answer

    def throttled(service: str, operation: str, asked: dict[str, Any]) -> Any:
        if operation in {"describe_stacks", "describe_services"}:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, operation)
        return real(service, operation, asked)

    failed.account.answer = throttled
    failed.world.doubt("eu-west-1", failed.account.stack["StackName"])
    assert [failed.turn(), failed.turn()] == [[], []]
    failed.account.answer = real


def test_what_failed_is_not_sent_again_because_the_spec_was_invalid_meanwhile(failed):
    right = failed.cluster.item["spec"]
    failed.cluster.item = {**failed.cluster.item, "spec": {**right, "services": {"web": {"image": "nowhere"}}}}
    assert (failed.turn(), failed.condition("Stalled")["reason"]) == ([], "InvalidSpec")
    failed.cluster.item = {**failed.cluster.item, "spec": right}
