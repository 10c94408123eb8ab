"""Some stories of `make chaos`: random changes under random faults, each from its seed; all must end as the model says."""

import random

import pytest

from chaos.lane import Lane
from chaos.schedule import story

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("chaos"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def lane():
    with Lane() as one:
        yield one


@pytest.mark.parametrize("seed", [3, 33])
def test_a_story_ends_well(lane, seed):
    result = lane.run(story(seed, plane=False))
    assert result.wrong == (), result.log[-6000:]
    assert sum(result.hits.values()) > 0


def test_a_story_that_nobody_has_read_yet_ends_well(lane):
    seed = random.randrange(10**6)
    print(f"make chaos SEED={seed}")
    result = lane.run(story(seed))
    assert (seed, result.wrong) == (seed, ()), result.log[-6000:]
