"""How the apps stand, and from when to when a change is counted."""

import pytest

from clocks import Clock
from fargate_operator.standing import Standing

KEY = ("team", "shop")


@pytest.fixture
def standing(clock: Clock) -> Standing:
    return Standing(clock)


def app(*, generation=1, uid="one", ready="True", observed=None, **metadata):
    told = {"reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    conditions = [{"type": "Ready", "status": ready, **told}, {"type": "Planted", "status": "True", **told}]
    status = {"observedGeneration": generation if observed is None else observed, "conditions": conditions}
    return {"metadata": {"uid": uid, "generation": generation, **metadata}, "status": status}


def test_a_new_app_counts_from_its_making_to_ready_once(standing, clock):
    assert standing.saw(KEY, app(ready="Unknown", observed=-1), new=True) is None
    clock.now += 40
    assert standing.saw(KEY, app(ready="False"), new=False) is None
    clock.now += 20
    assert standing.saw(KEY, app(), new=False) == 60
    assert standing.saw(KEY, app(), new=False) is None


def test_a_change_counts_from_when_it_was_seen_and_not_for_the_status_of_before(standing, clock):
    standing.saw(KEY, app(), new=False)
    assert standing.saw(KEY, app(generation=2, observed=1), new=False) is None
    clock.now += 7
    assert standing.saw(KEY, app(generation=2), new=False) == 7


def test_a_second_change_counts_anew(standing, clock):
    standing.saw(KEY, app(), new=False)
    standing.saw(KEY, app(generation=2, observed=1), new=False)
    clock.now += 100
    standing.saw(KEY, app(generation=3, observed=1), new=False)
    clock.now += 5
    assert standing.saw(KEY, app(generation=3), new=False) == 5


@pytest.mark.parametrize(
    "bodies",
    [
        pytest.param([app(ready="False"), app()], id="it was there before the operator"),
        pytest.param(
            [app(), app(generation=2, observed=1, deletionTimestamp="now"), app(generation=2)], id="it is being deleted"
        ),
    ],
)
def test_of_others_no_time_is_told(standing, bodies):
    assert [standing.saw(KEY, body, new=False) for body in bodies] == [None] * len(bodies)


def test_apps_are_counted_by_their_conditions_and_nobodys_words_become_labels(standing):
    standing.saw(KEY, app(), new=False)
    standing.saw(("team", "blog"), app(ready="False"), new=False)
    standing.saw(("team", "odd"), app(ready="so-so"), new=False)
    assert standing.counts() == {("Ready", "True"): 1, ("Ready", "False"): 1}
    standing.forget(KEY)
    assert standing.counts() == {("Ready", "False"): 1}


@pytest.mark.parametrize("status", [None, "broken", {"conditions": [1, {"type": ["Ready"]}]}, {"conditions": {}}])
def test_a_status_of_any_shape_is_borne(standing, status):
    assert standing.saw(KEY, {"metadata": {"uid": "one", "generation": 1}, "status": status}, new=False) is None
