"""The model finds all well where it is, and finds each wrong that is planted."""

from dataclasses import replace

import pytest

from chaos.model import FINALIZER, Done, Doom, Stack, World, differences, restless
from chaos.specs import Place, Spec, resources
from chaos.specs import manifest as made

PLACE = Place("team")
SPEC = Spec("service", 2)
ARN = "arn:aws:ecs:eu-west-1:123456789012:service/cluster/web"
HISTORY = [Done("shop", Spec("service", 1), 0.0, 0.1), Done("shop", SPEC, 1.0, 1.1)]


def condition(kind, status="True", reason="Succeeded", message="", generation=2):
    return {"type": kind, "status": status, "reason": reason, "message": message, "observedGeneration": generation}


def stack(spec=SPEC, **more):
    there = resources(PLACE, "shop", spec)
    return Stack(
        **{"name": PLACE.stack("shop"), "id": "arn:1", "status": "UPDATE_COMPLETE", "digest": "d", "resources": there} | more
    )


def item(spec=SPEC, conditions=None, **told):
    status = {
        "observedGeneration": 2,
        "conditions": conditions or [condition("Ready")],
        "stack": {"id": "arn:1", "status": "UPDATE_COMPLETE", "templateDigest": "d"} | told,
        "services": {"web": {"serviceArn": ARN, "running": spec.number, "desired": spec.number}},
    }
    body = made(PLACE, "shop", spec)
    return body | {"metadata": body["metadata"] | {"generation": 2, "finalizers": [FINALIZER]}, "status": status}


def world(app=None, there=None, counts=(2, 2)):
    app, there = (item() if app is None else app), (stack() if there is None else there)
    return World({"shop": app} if app else {}, {there.name: there} if there else {}, {ARN: counts})


def failed(reason="UpdateFailed", message="ChaosBad: it cannot be made"):
    return [condition("Ready", "False", reason, message), condition("Stalled", "True", reason, message)]


DOOM = Doom("shop", resources(PLACE, "shop", SPEC), ("ChaosBad",))
BEFORE = stack(Spec("service", 1), status="UPDATE_ROLLBACK_COMPLETE")
ROLLED_BACK = world(item(conditions=failed(), status="UPDATE_ROLLBACK_COMPLETE"), BEFORE, (2, 2))


def test_an_app_that_is_as_its_spec_says_differs_in_nothing():
    assert differences(PLACE, HISTORY, world()) == []


def test_an_app_whose_stack_a_fault_made_fail_may_be_stalled_if_it_says_why():
    assert differences(PLACE, HISTORY, ROLLED_BACK, [DOOM]) == []


def test_a_deleted_app_leaves_nothing_but_the_stack_that_it_retains():
    gone = [*HISTORY, Done("shop", None, 2.0, 2.1)]
    kept = [Done("shop", replace(SPEC, retain=True), 0.0, 0.1), Done("shop", None, 2.0, 2.1)]
    assert differences(PLACE, gone, World({}, {})) == []
    assert differences(PLACE, kept, World({}, {PLACE.stack("shop"): stack()})) == []


NOT_CURRENT = item()
NOT_CURRENT["metadata"]["generation"] = 3
WITHOUT_FINALIZER = item()
WITHOUT_FINALIZER["metadata"]["finalizers"] = []
IDLE = item()
IDLE["status"]["services"]["web"]["running"] = 0
DELETED = [*HISTORY, Done("shop", None, 2.0, 2.1)]

PLANTED = {
    "a lost stack": (HISTORY, world(there=False), "there is none"),
    "a lost object": (HISTORY, world(app=False), "its object is gone"),
    "a stack of nobody's": (HISTORY, World({"shop": item()}, {"x": stack(name="x"), PLACE.stack("shop"): stack()}, {ARN: (2, 2)}), "nobody's"),
    "the stack of a deleted app": (DELETED, world(app=False), "its stack is still there"),
    "the object of a deleted app": (DELETED, world(there=False), "its object is still there"),
    "a template of another spec": (HISTORY, world(there=stack(Spec("service", 3))), "DesiredCount is 3, not 2"),
    "a status of another generation": (HISTORY, world(NOT_CURRENT), "its spec of 3"),
    "a stack without a finalizer": (HISTORY, world(WITHOUT_FINALIZER), "no finalizer"),
    "a status with another stack's id": (HISTORY, world(item(id="arn:0")), "its status says id"),
    "a status that lies of the stack's state": (HISTORY, world(item(status="CREATE_COMPLETE")), "its status says status"),
    "a status that lies of the template": (HISTORY, world(item(templateDigest="e")), "its status says templateDigest"),
    "a status that lies of the tasks": (HISTORY, world(counts=(1, 2)), "its status says 2 of 2 tasks of web run"),
    "an app that is Ready though nothing runs": (HISTORY, world(IDLE, counts=(0, 2)), "ECS says (running, desired) (0, 2)"),
    "an app that is Ready and tells of no service": (HISTORY, world(item() | {"status": item()["status"] | {"services": {}}}), "(running, desired) None"),
    "an app that goes on for ever": (HISTORY, world(item(conditions=[condition("Ready", "False"), condition("Reconciling")])), "on and on"),
    "an app Stalled for nothing": (HISTORY, ROLLED_BACK, "nothing was wrong"),
    "an app that is not Ready": (HISTORY, world(item(conditions=[condition("Ready", "False", "TasksNotRunning")])), "not Ready"),
    "an object that nobody made": ([], World({"shop": item()}, {}), "nobody made"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_it_is_found(name):
    history, planted, words = PLANTED[name]
    assert [line for line in differences(PLACE, history, planted) if words in line] != []


def test_an_app_that_is_stalled_for_a_fault_and_does_not_say_so_is_found():
    silent = world(item(conditions=failed(message="Resource creation cancelled"), status="UPDATE_ROLLBACK_COMPLETE"), BEFORE)
    assert [line for line in differences(PLACE, HISTORY, silent, [DOOM]) if "does not say why" in line] != []


def test_an_app_that_calls_a_broken_or_invalid_spec_ready_is_found():
    for flaw in ("broken", "invalid"):
        history = [Done("shop", replace(SPEC, flaw=flaw), 0.0, 0.1)]
        assert [line for line in differences(PLACE, history, world()) if "and it says True Succeeded" in line] != []


BEHIND = item()
BEHIND["metadata"]["generation"] = 3


def going(conditions=None):
    one = item(conditions=conditions)
    return one | {"metadata": one["metadata"] | {"deletionTimestamp": "2026-01-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(item(), [], id="an app at rest is not"),
        pytest.param(item(conditions=failed()), [], id="nor is one that waits for a person"),
        pytest.param(BEHIND, ["shop"], id="one whose status is of an older generation is"),
        pytest.param(item(conditions=[condition("Reconciling")]), ["shop"], id="one that is being reconciled is"),
        pytest.param({"metadata": {"generation": 1}}, ["shop"], id="one without a status is"),
        pytest.param(going(), ["shop"], id="one that is being deleted is"),
        pytest.param(going(failed("DeleteFailed")), [], id="one whose deletion waits for a person is not"),
    ],
)
def test_who_is_restless(one, expected):
    assert restless({"shop": one}) == expected
