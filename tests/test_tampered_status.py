"""A status that somebody else wrote, or another version: the operator answers it, and no stack but the app's own is touched."""

import asyncio
import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fargate_operator.previous import sound
from fargate_operator.queue import Queue
from fargate_operator.source_index import SourceIndex, recorded
from fargate_operator.watch import Watch, steady
from golden_cases import example
from inputs.broken import ANY, places
from inputs.hostile import TEXTS
from inputs.operating import operate
from inputs.path import manifest
from inputs.schema import status_faults, statuses
from test_bad_input import MOST_TURNS, answered

CASES = ("everything", "spot", "scaled-service", "spot-schedule", "images-from-source", "drift", "blue-green")
OTHERS = {"untagged": [], "elsewhere": [("installation", "elsewhere"), ("namespace", "team-a"), ("name", "shop")],
          "neighbour": [("installation", "here"), ("namespace", "team-b"), ("name", "shop")]}  # fmt: skip


def _without_sources(spec: dict[str, Any]) -> dict[str, Any]:
    for one in (
        spec,
        *(one for kind in ("services", "tasks", "scheduledTasks", "functions") for one in spec.get(kind, {}).values()),
    ):
        one.pop("environmentFrom", None)
    return spec


@pytest.fixture(scope="module")
def settled():
    """What each case came to, before somebody meddled."""
    return {case: operate(manifest(_without_sources(example(case)["spec"]))) for case in CASES}


@st.composite
def _tamper(draw: st.DrawFn) -> Any:
    """A function that meddles with a status, and which case's."""
    generated = draw(st.none() | statuses())
    faults = draw(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 3), ANY, st.sampled_from(TEXTS)), max_size=3))

    def meddle(status: dict[str, Any]) -> dict[str, Any]:
        status = {**copy.deepcopy(status), **(generated or {})}
        for where, how, value, key in faults:
            if there := list(places(status)):
                container, name = there[where % len(there)]
                if how == 0:
                    del container[name]
                elif how == 1 and isinstance(container, dict):
                    container[key] = container.pop(name)
                else:
                    container[name] = copy.deepcopy(value)
        return status

    return draw(st.sampled_from(CASES)), meddle


@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(_tamper(), st.sampled_from(sorted(OTHERS)), st.booleans(), st.booleans())
def test_any_status_is_answered_and_nobody_elses_stack_is_touched(settled, tampered, other, aimed, deleting):
    case, meddle = tampered
    before = settled[case]
    aws, item = copy.deepcopy(before.aws), copy.deepcopy(before.cluster.item)
    theirs = aws.put(other, Tags=[{"Key": f"fargate-operator.dev/{key}", "Value": value} for key, value in OTHERS[other]])
    item["status"] = meddle(item["status"])
    if aimed:
        item["status"]["stack"] = {"name": other, "id": theirs["StackId"], "status": "CREATE_COMPLETE"}
    if deleting:
        item["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    done, kept = operate(item, aws), copy.deepcopy(theirs)
    assert (other not in aws.written, theirs) == (True, kept)
    assert len(done.turns) <= MOST_TURNS
    if done.cluster.item is not None:
        answered(done.status)


@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(_tamper())
def test_what_is_left_of_a_status_is_of_the_schema(settled, tampered):
    case, meddle = tampered
    status = meddle(settled[case].status)
    assert status_faults(sound(status)) == []
    assert sound(sound(status)) == sound(status)
    steady({"metadata": {}, "status": status})
    recorded(sound(status))


def test_a_status_of_the_operators_own_is_left_as_it_is(settled):
    for case in CASES:
        assert sound(settled[case].status) == settled[case].status


@pytest.mark.parametrize(
    "status",
    [None, [], "x", {"pins": {"copied": {"a": "b"}, "configMapVersions": ["x"]}}, {"conditions": [None, 3], "pins": []},
     {"observedGeneration": "new"}, {"conditions": [{"type": "Ready"}]}],
)  # fmt: skip
def test_an_object_with_such_a_status_comes_to_the_queue(status):
    queue = Queue()
    item = {**manifest({"environmentFrom": [{"secretRef": {"name": "a"}}]}), "status": status}
    asyncio.run(Watch(queue, 300.0, SourceIndex())._event({"type": "ADDED", "object": item}))
    assert queue.get() == ("team-a", "shop")
