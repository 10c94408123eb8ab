"""Which writes a story allows, and which are found."""

from dataclasses import replace

import pytest

from chaos.model import Done
from chaos.specs import Place, Spec, resources
from chaos.writes import MOST_RECOVERIES, MOST_TRIES, Write, forbidden

PLACE = Place("team")
FIRST, SECOND = Spec("service", 1), Spec("service", 2)
NAME = PLACE.stack("shop")
HISTORY = [
    Done("shop", FIRST, 0.0, 0.1),
    Done("shop", SECOND, 20.0, 20.1),
    Done("shop", replace(SECOND, suspend=True), 40.0, 40.1),
    Done("shop", SECOND, 60.0, 60.1),
    Done("shop", None, 80.0, 80.1),
]


def write(at, action, spec=None, **more):
    brought = resources(PLACE, "shop", spec) if spec else None
    return Write(at, "cloudformation", action, NAME, **{"token": f"{action}{at}", "resources": brought, **more})


ALLOWED = [
    write(1.0, "CreateStack", FIRST),
    write(21.0, "UpdateStack", SECOND, doomed=True),
    write(22.0, "ContinueUpdateRollback"),
    write(61.0, "UpdateStack", SECOND),
    write(81.0, "DeleteStack", was="UPDATE_COMPLETE"),
]


def judged(*writes, history=HISTORY):
    return forbidden(PLACE, history, ["shop"], writes)


def test_what_brings_about_what_people_ask_for_is_allowed():
    assert judged(*ALLOWED) == []


def test_a_stack_that_never_came_up_may_be_deleted_while_its_app_lives():
    assert judged(write(2.0, "DeleteStack", was="ROLLBACK_COMPLETE")) == []


PLANTED = {
    "a stack of no app": (replace(ALLOWED[0], stack="team-other"), "of no app"),
    "an update with a spec of long ago": (write(35.0, "UpdateStack", FIRST), "of no spec of the time"),
    "an update of a suspended app": (write(55.0, "UpdateStack", SECOND), "it is suspended"),
    "a create of a deleted app": (write(95.0, "CreateStack", SECOND), "it is deleted"),
    "a delete that nobody asked for": (write(30.0, "DeleteStack", was="UPDATE_COMPLETE"), "nobody has asked for it"),
    "the recovery of a suspended app's stack": (write(55.0, "ContinueUpdateRollback"), "suspended or deleted"),
    "a change set": (write(1.0, "CreateChangeSet"), "no story asks for that"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_it_is_found(name):
    planted, words = PLANTED[name]
    [line] = judged(planted)
    assert words in line


def test_the_stack_of_an_app_that_retains_it_may_not_be_deleted():
    history = [Done("shop", replace(FIRST, retain=True), 0.0, 0.1), Done("shop", None, 1.0, 1.1)]
    [line] = judged(write(2.0, "DeleteStack", was="CREATE_COMPLETE"), history=history)
    assert "nobody has asked for it" in line


def test_a_token_that_took_effect_twice_is_found():
    found = judged(write(1.0, "CreateStack", FIRST), write(2.0, "CreateStack", FIRST, token="CreateStack1.0"))
    assert found == ["CreateStack with the token CreateSt took effect 2 times"]


def test_what_is_sent_again_because_its_answer_was_lost_counts_once():
    lost = write(1.0, "CreateStack", FIRST, lost=True)
    assert judged(lost, replace(lost, at=1.1, lost=False)) == []
    first, update = write(1.0, "CreateStack", FIRST), write(21.0, "UpdateStack", SECOND, lost=True)
    # the emulator takes it again where a fault has made another template of it, and rolls back what AWS would not have begun
    assert judged(first, update, replace(update, at=21.1, lost=False, doomed=True, spoilt=True)) == []


def test_what_never_reached_the_stack_as_it_was_sent_may_be_sent_again_once():
    first = write(1.0, "CreateStack", FIRST, spoilt=True), write(2.0, "UpdateStack", FIRST)
    assert judged(*first) == []
    [line] = judged(*first, write(3.0, "UpdateStack", FIRST))
    assert "the stack had that already" in line


def test_what_aws_would_have_found_no_update_in_is_no_wrong_of_the_operator():
    assert judged(write(1.0, "CreateStack", FIRST), write(2.0, "UpdateStack", FIRST, spoilt=True)) == []


def test_an_update_with_what_the_stack_has_already_is_found():
    [line] = judged(write(1.0, "CreateStack", FIRST), write(2.0, "UpdateStack", FIRST))
    assert "the stack had that already" in line


def failing(action, count):
    spec = {} if action == "ContinueUpdateRollback" else {"spec": FIRST, "doomed": True}
    return [write(1.0 + number / 100, action, **spec) for number in range(count)]


@pytest.mark.parametrize(
    ("action", "most"), [("UpdateStack", MOST_TRIES), ("CreateStack", MOST_TRIES), ("ContinueUpdateRollback", MOST_RECOVERIES)]
)
def test_what_fails_is_not_tried_for_ever(action, most):
    assert judged(*failing(action, most)) == []
    [line] = judged(*failing(action, most + 13))
    assert f"{most} times already" in line


def test_a_stack_that_is_made_anew_after_each_failure_is_not_tried_for_ever():
    tries = [one for number in range(9) for one in (
        write(1.0 + number / 10, "CreateStack", FIRST, doomed=True), write(1.05 + number / 10, "DeleteStack", was="ROLLBACK_COMPLETE"))]  # fmt: skip
    [line] = judged(*tries)
    assert "7 times already" in line
