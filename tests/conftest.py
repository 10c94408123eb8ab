import sys

import pytest
from hypothesis import settings

from clocks import Clock

settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def recursion_limit():
    """`run` raises the limit of its process: what tests it here must not lift that of the tests after it."""
    before = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(before)


@pytest.fixture
def clock():
    """Goes when it is told to."""
    return Clock()


@pytest.fixture
def back():
    """Of which regions an endpoint has answered again."""
    return []
