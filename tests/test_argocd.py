"""deploy/argocd/health.lua, in the Lua that Argo CD runs it in: 5.1."""

from pathlib import Path

import pytest
from lupa import lua51

from fargate_operator.actions import Delete, Halt, Nothing, Update
from fargate_operator.errors import Terminal, Transient
from fargate_operator.status import summarize
from fargate_operator.status_schema import STATUS
from test_status import seen, service

SCRIPT = (Path(__file__).parent.parent / "deploy" / "argocd" / "health.lua").read_text()
GENERATION = 3


def health(status, **metadata):
    lua = lua51.LuaRuntime()
    metadata = {"name": "shop", "generation": GENERATION, **metadata}
    obj = {"metadata": metadata, **({} if status is None else {"status": status})}
    lua.globals().obj = lua.table_from(obj, recursive=True)
    found = dict(lua.execute(SCRIPT))
    assert set(found) == {"status", "message"}
    assert found["message"]
    return found["status"], found["message"]


def status(generation=GENERATION, **conditions):
    """Conditions as `Ready=("False", "Reason")`, without a message."""
    listed = [{"type": kind, "status": one, "reason": reason, "message": ""} for kind, (one, reason) in conditions.items()]
    return {"observedGeneration": generation, "conditions": listed}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, "Progressing"),
        ({}, "Progressing"),
        (STATUS["default"], "Progressing"),
        (status(), "Progressing"),
        (status(GENERATION - 1, Ready=("True", "Succeeded")), "Progressing"),
        (status(GENERATION - 1, Stalled=("True", "InvalidSpec"), Ready=("False", "InvalidSpec")), "Progressing"),
        (status(Stalled=("True", "InvalidSpec"), Ready=("False", "InvalidSpec")), "Degraded"),
        (status(Ready=("True", "Succeeded"), Stalled=("True", "InvalidSpec")), "Degraded"),
        (status(Ready=("False", "Creating"), Reconciling=("True", "Creating")), "Progressing"),
        (status(Ready=("True", "Succeeded"), Reconciling=("True", "Creating")), "Progressing"),
        (status(Ready=("True", "Succeeded")), "Healthy"),
        (status(Ready=("True", "Succeeded"), Reconciling=("False", "No"), Stalled=("False", "No")), "Healthy"),
        (status(Ready=("False", "Suspended")), "Suspended"),
        (status(Ready=("False", "AwaitingApproval"), Reconciling=("True", "AwaitingApproval")), "Suspended"),
        (status(Ready=("False", "TasksNotRunning")), "Degraded"),
        (status(Ready=("Unknown", "InternalError")), "Progressing"),
    ],
)
def test_the_rules(given, wanted):
    assert health(given)[0] == wanted


@pytest.mark.parametrize("given", [None, status(Ready=("True", "Succeeded")), status(Stalled=("True", "DeleteFailed"))])
def test_what_is_being_deleted_is_in_progress_whatever_its_status_says(given):
    assert health(given, deletionTimestamp="2026-01-02T03:04:05Z")[0] == "Progressing"


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, ("Healthy", "1 service")),
        ({"action": Halt("CreateFailed", "why")}, ("Degraded", "why")),
        ({"error": Terminal("WrongAccount", "another")}, ("Degraded", "another")),
        ({"error": Transient("Throttled", "slower")}, ("Progressing", "slower")),
        ({"action": Update("id")}, ("Progressing", "Updating")),
        ({"status": "ROLLBACK_COMPLETE", "action": Nothing()}, ("Suspended", "suspended; what the spec says is not applied")),
        ({"services": {"web": service(running=0)}}, ("Degraded", "web: 0 of 1 tasks run")),
        (
            {"services": {"web": service(rollout="IN_PROGRESS")}},
            ("Progressing", "web: the rollout is under way, 1 of 1 tasks run"),
        ),
        ({"error": KeyError("x")}, ("Progressing", "KeyError; the operator's log has the traceback")),
    ],
)
def test_statuses_that_the_operator_writes(change, wanted):
    assert health(summarize(seen(**change))) == wanted


def test_why_a_deletion_does_not_end_is_told():
    stuck = summarize(seen("DELETE_FAILED", Halt("DeleteFailed", "the bucket is not empty"), deleting=True))
    assert health(stuck, deletionTimestamp="2026-01-02T03:04:05Z") == ("Progressing", "the bucket is not empty")
    at_work = summarize(seen("DELETE_IN_PROGRESS", Delete("id"), deleting=True))
    assert health(at_work, deletionTimestamp="2026-01-02T03:04:05Z")[1] == "the app is being deleted"
