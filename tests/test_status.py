"""summarize: conditions out of what was seen; twice is once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate_operator.actions import Create, Halt, Nothing, Update, Wait
from fargate_operator.errors import Fault, InvalidSpec, Terminal, Transient, Waiting
from fargate_operator.observation import Failure, ServiceObservation, StackObservation
from fargate_operator.parsing import parse_app
from fargate_operator.seen import Seen, attempt
from fargate_operator.status import summarize, transitions
from test_model import manifest
from test_plan import OWNER, STATES

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
APP = parse_app(manifest())
OUTPUTS = {"ClusterArn": "cluster", "WebServiceArn": "service", "WebTaskArn": "task"}


def service(**more):
    values = {"status": "ACTIVE", "desired": 1, "running": 1, "pending": 0, "rollout": "COMPLETED", **more}
    return ServiceObservation("service", "task", **values)


def seen(status="CREATE_COMPLETE", action=None, **more):
    stack = StackObservation("shop", "id", status, owner=OWNER, outputs=OUTPUTS, updated_at=NOW, template_digest="t")
    values = {"previous": {}, "generation": 3, "now": NOW, "stack": stack, "app": APP, "template_digest": "t"}
    return Seen(**{**values, "action": action or Nothing(), "services": {"web": service()}, **more})


def conditions(one):
    return {each["type"]: (each["status"], each["reason"]) for each in summarize(one)["conditions"]}


def test_all_is_well():
    assert conditions(seen()) == {
        "Ready": ("True", "Succeeded"),
        "SpecValid": ("True", "Valid"),
        "StackReady": ("True", "CreateComplete"),
        "WorkloadsReady": ("True", "AllRunning"),
    }


def test_an_app_suspended_before_it_had_a_stack_is_suspended_and_nothing_goes_on():
    found = conditions(seen(stack=None, services=None))
    assert found["Ready"] == ("False", "Suspended")
    assert "Reconciling" not in found


@pytest.mark.parametrize(
    ("observed", "reason", "words"),
    [
        (
            service(running=0, stopped="Essential container in task exited, container web exit code 1"),
            "TasksNotRunning",
            "exit code 1",
        ),
        (service(rollout="FAILED", rollout_reason="circuit breaker"), "RolloutFailed", "circuit breaker"),
        (service(rollout="IN_PROGRESS"), "RollingOut", "under way"),
        (service(status="INACTIVE"), "ServiceMissing", "INACTIVE"),
        (None, "ServiceMissing", "no such service"),
    ],
)
def test_a_service_that_does_not_run_is_not_ready_and_says_why(observed, reason, words):
    status = summarize(seen(services={"web": observed} if observed else {}))
    [ready] = [one for one in status["conditions"] if one["type"] == "Ready"]
    assert (ready["status"], ready["reason"]) == ("False", reason)
    assert words in ready["message"]


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"action": Halt("CreateFailed", "why")}, "Stalled", "CreateFailed"),
        ({"error": InvalidSpec([Fault("spec.cpu", "is wrong")])}, "Stalled", "InvalidSpec"),
        ({"error": Terminal("WrongAccount", "x")}, "Stalled", "WrongAccount"),
        ({"error": Transient("Throttled", "x")}, "Reconciling", "Throttled"),
        ({"error": Waiting("StackBusy", "x", after=1)}, "Reconciling", "StackBusy"),
        ({"status": "UPDATE_IN_PROGRESS", "action": Wait()}, "Reconciling", "Progressing"),
        ({"action": Update("id")}, "Reconciling", "Updating"),
        ({"stack": None, "action": Create(), "services": None}, "Reconciling", "Creating"),
    ],
)
def test_stalled_and_reconciling_exclude_each_other_and_ready(change, kind, reason):
    told = conditions(seen(**change))
    assert told[kind][1] == reason
    assert told["Ready"] == ("False", reason)
    assert len({"Stalled", "Reconciling"} & told.keys()) == 1


def test_a_bug_makes_ready_unknown():
    assert conditions(seen(error=KeyError("x")))["Ready"] == ("Unknown", "InternalError")


def test_a_transition_time_moves_only_with_the_condition():
    first = summarize(seen())
    second = summarize(seen(previous=first, now=NOW + timedelta(hours=1)))
    third = summarize(seen(previous=first, now=NOW + timedelta(hours=1), services={"web": service(running=0)}))
    assert second == first
    assert third["conditions"][0]["lastTransitionTime"] == "2026-01-02T04:04:05Z"
    assert transitions(first, second) == []
    assert [one.type for one in transitions(first, third)] == ["Warning"]


def test_a_failure_is_counted_once():
    failure = Failure("Queue", "AWS::SQS::Queue", "bad")
    one = seen("ROLLBACK_COMPLETE")
    first = attempt({}, one.stack, failure)
    status = summarize(seen("ROLLBACK_COMPLETE", attempt=first, action=Halt("CreateFailed", "x")))
    again = attempt(status, one.stack, None)
    assert (first.failed, first.fresh, again.failed, again.fresh) == (1, True, 1, False)
    assert again.reason == "Queue (AWS::SQS::Queue): bad"


def test_what_failed_before_there_was_the_object_is_no_failure_of_its_template():
    failure = Failure("Queue", "AWS::SQS::Queue", "bad")
    one = seen("UPDATE_ROLLBACK_COMPLETE", Update("id"))
    before = attempt({}, one.stack, failure)
    status = summarize(replace(one, attempt=before))  # as it stands when the update could not be sent
    after = attempt(status, one.stack, None)
    assert (before.digest, before.failed) == ("", 1)
    assert (after.digest, after.failed) == ("t", 0)


def test_of_a_stack_that_is_gone_nothing_stays_but_that_it_is_gone_whatever_cut_the_turn_off():
    before = summarize(seen())
    gone = seen(previous=before, stack=None, services=None, absent=True, generation=4, error=InvalidSpec([Fault("spec", "no")]))
    after = summarize(replace(gone, action=None))
    assert after["stack"] == {"id": "id", "status": "DELETE_COMPLETE"}
    assert not {"services", "clusterArn", "summary"} & after.keys()
    assert [one["reason"] for one in after["conditions"] if one["type"] == "StackReady"] == ["Absent"]


ACTIONS = st.sampled_from([Nothing(), Create(), Update("id"), Wait(), Halt("CreateFailed", "why"), None])
ERRORS = st.sampled_from([None, Transient("Throttled", "x"), Terminal("WrongAccount", "x"), KeyError("x")])
SERVICES = st.none() | st.builds(
    lambda running, rollout: {"web": service(running=running, rollout=rollout)},
    st.integers(0, 1),
    st.sampled_from(["", "COMPLETED", "IN_PROGRESS", "FAILED"]),
)


@given(st.sampled_from(STATES), ACTIONS, ERRORS, SERVICES)
def test_ready_is_true_only_when_all_its_parts_are(state, action, error, services):
    told = conditions(seen(state, action, error=error, services=services))
    if told["Ready"][0] == "True":
        assert {told[name][0] for name in ("SpecValid", "StackReady", "WorkloadsReady")} == {"True"}
        assert not {"Stalled", "Reconciling"} & told.keys()


@given(st.sampled_from(STATES), ERRORS, SERVICES)
def test_summarizing_twice_is_summarizing_once(state, error, services):
    one = seen(state, Nothing(), error=error, services=services)
    first = summarize(one)
    later = {"previous": first, "now": NOW + timedelta(minutes=5), "error": error, "services": services}
    assert summarize(seen(state, Nothing(), **later)) == first


def test_a_services_url_comes_and_goes_with_its_output():
    old = {"services": {"web": {"url": "http://old", "desired": 1}}}
    shown = StackObservation("shop", "id", "CREATE_COMPLETE", owner=OWNER, outputs={**OUTPUTS, "WebServiceUrl": "http://new"})
    gone = StackObservation("shop", "id", "CREATE_COMPLETE", owner=OWNER, outputs=OUTPUTS)
    assert summarize(seen(stack=shown, previous=old))["services"]["web"]["url"] == "http://new"
    for services in (None, {"web": service()}):
        assert "url" not in summarize(seen(stack=gone, previous=old, services=services))["services"]["web"]
