"""Stories come from seeds alone."""

from collections import Counter
from math import inf

import pytest

from chaos.schedule import FAULTS, PACE, PLANE, story
from chaos.specs import Place, resources
from fargate_operator.errors import InvalidSpec


def test_the_same_seed_gives_the_same_story_told_alike():
    assert story(5) == story(5)
    assert list(story(5).told()) == list(story(5).told())


def test_another_seed_gives_another_story():
    assert len({story(seed) for seed in range(50)}) == 50


def test_fifty_stories_have_every_fault_and_every_kind_of_change():
    stories = [story(seed) for seed in range(50)]
    faults = Counter(fault.kind for one in stories for fault in one.faults)
    specs = [change.spec for one in stories for change in one.changes]
    assert faults.keys() == set(FAULTS)
    assert None in specs
    for name, values in {"suspend": {True, False}, "retain": {True, False}, "flaw": {"", "broken", "invalid"}}.items():
        assert {getattr(one, name) for one in specs if one} == values


def test_a_story_without_the_control_plane_is_the_same_but_for_that():
    for seed in range(50):
        whole, spared = story(seed), story(seed, plane=False)
        assert spared.changes == whole.changes
        assert spared.faults == tuple(one for one in whole.faults if one.kind not in PLANE)


def test_an_app_is_made_before_it_is_changed_and_all_is_over_in_time():
    for one in map(story, range(50)):
        assert {change.app: change.spec is not None for change in reversed(one.changes)} == dict.fromkeys(
            {change.app for change in one.changes}, True
        )
        ends = [each.at + getattr(each, "lasts", 0.0) for each in (*one.changes, *one.faults)]
        assert max(end for end in ends if end < inf) <= 2 * PACE


@pytest.mark.parametrize("seed", range(20))
def test_only_a_spec_that_is_to_be_invalid_is_refused(seed):
    for change in story(seed).changes:
        if change.spec and change.spec.flaw != "invalid":
            assert resources(Place("chaos"), change.app, change.spec) != {}
        elif change.spec:
            with pytest.raises(InvalidSpec, match="Nowhere"):
                resources(Place("chaos"), change.app, change.spec)
