"""What a reconcile that was cut off may not leave in the status."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fargate_operator.errors import Terminal, Transient, Waiting
from fargate_operator.seen import Seen
from fargate_operator.status import summarize

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
