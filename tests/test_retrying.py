"""What failed is tried again when it is due, whoever wakes the app before; its health is looked at meanwhile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fargate_operator.errors import Transient
from fargate_operator.observation import Failure, StackObservation
from fargate_operator.pace import outcome
from fargate_operator.plan import Delete, Halt, Update, Wish, plan
from fargate_operator.seen import Seen, attempt, left
from fargate_operator.status import summarize
from test_plan import OWNER

START = datetime(2026, 1, 2, tzinfo=UTC)
PASSING = Failure("Queue", "AWS::SQS::Queue", "Rate exceeded")
ROLLED_BACK = StackObservation("shop", "id", "UPDATE_ROLLBACK_COMPLETE", owner=OWNER, updated_at=START)
UNDELETED = replace(ROLLED_BACK, status="DELETE_FAILED")
TRIED = {"observedGeneration": 1, "stack": {"id": "id", "status": "UPDATE_IN_PROGRESS", "attemptedDigest": "new"}}


class App:
    """Turns of one app whose stack stays as it is, at made up times; each turn's status is the next one's previous."""

    def __init__(self, stack, *, deleting=False, failures=0):
        self.stack, self.wish = stack, Wish(OWNER, template_digest="new", deleting=deleting)
        self.status = {**TRIED, "stack": {**TRIED["stack"], "failures": failures}}
        self.paced = None

    def turn(self, after, generation=1, error=None, **wish):
        """What is done `after` seconds."""
        now = START + timedelta(seconds=after)
        seen = Seen(self.status, generation, now, stack_name="shop", template_digest="new", deleting=self.wish.deleting)
        seen = replace(seen, stack=self.stack, attempt=attempt(self.status, self.stack, PASSING, left(seen)))
        action = None if error else plan(replace(self.wish, **wish), self.stack, seen.attempt)
        seen = replace(seen, action=action, error=error)
        self.status = summarize(seen)
        self.paced = outcome(seen, self.status, 30.0, 900.0)
        return type(action)


@pytest.mark.parametrize(("deleting", "stack", "again"), [(False, ROLLED_BACK, Update), (True, UNDELETED, Delete)])
def test_looks_in_between_do_not_act_and_the_next_try_is_when_it_is_due(deleting, stack, again):
    app = App(stack, deleting=deleting, failures=2)  # the third: 120 seconds
    assert [app.turn(0.5), app.turn(30.5), app.turn(31), app.turn(119)] == [Halt] * 4
    assert app.status["stack"]["retryAt"] == "2026-01-02T00:02:00Z"
    assert app.paced.after == 1.0
    assert app.turn(120) is again
    assert "retryAt" not in app.status["stack"]


def test_health_is_looked_at_while_a_try_is_waited_for():
    app = App(ROLLED_BACK, failures=3)
    app.turn(0)
    assert (app.paced.after, app.status["stack"]["retryAt"]) == (30.0, "2026-01-02T00:04:00Z")


def test_a_status_does_not_change_while_a_try_is_waited_for():
    app = App(ROLLED_BACK, failures=3)
    app.turn(0)
    before = app.status
    app.turn(60.25)
    assert app.status == before


def test_a_turn_that_was_cut_off_does_not_make_it_earlier():
    app = App(ROLLED_BACK, failures=2)
    error = Transient("Throttled", "slow down")
    app.turn(0, error=error)
    app.turn(10, error=error)
    assert [app.turn(20), app.turn(119), app.turn(120)] == [Halt, Halt, Update]


@pytest.mark.parametrize("change", [{"reconcile_now": True}, {"template_digest": "other"}])
def test_what_a_user_asks_for_is_not_waited_for(change):
    app = App(ROLLED_BACK, failures=2)
    assert [app.turn(0), app.turn(1, **change)] == [Halt, Update]


def test_an_object_that_changed_is_tried_at_once():
    app = App(UNDELETED, deleting=True, failures=2)
    assert [app.turn(0), app.turn(1, generation=2)] == [Halt, Delete]


def test_a_time_that_somebody_wrote_into_the_status_holds_nothing_up_for_long():
    status = {"observedGeneration": 1, "stack": {"retryAt": "2999-01-01T00:00:00Z"}}
    assert left(Seen(status, 1, START)) == 600.0
