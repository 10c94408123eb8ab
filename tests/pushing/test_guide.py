"""The guide tells of each error what to do."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [line for line in (ROOT / "docs" / "guides" / "push.md").read_text().splitlines() if line.startswith("| `")]
ERRORS = [error for row in ROWS for error in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
FILES = [
    *(ROOT / "operator" / "fargate_operator" / "pushing").glob("*.py"),
    ROOT / "operator" / "fargate_operator" / "cluster.py",
]
CODE = re.sub(r'"\s*\n\s*f?"', "", "\n".join(file.read_text() for file in FILES))  # texts that go over lines as one


def test_the_guide_has_a_table_of_errors():
    assert len(ERRORS) > 20


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_in_the_guide_is_one_that_is_said(error):
    parts = [part.strip(" :") for part in re.split(r"…|docker buildx version|: it is| has no build", error) if part.strip(" :")]
    assert [part for part in parts if part not in CODE] == []
