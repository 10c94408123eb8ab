import sys

import pytest


@pytest.fixture(autouse=True)
def recursion_limit():
    """`run` raises the limit of its process: what tests it here must not lift that of the tests after it."""
    before = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(before)
