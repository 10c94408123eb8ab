"""Whether somebody else has updated a stack since it was seen."""

from datetime import UTC, datetime, timedelta

import pytest

from fargate_operator.observation import StackObservation
from fargate_operator.seen import touched, updated_at

THEN = datetime(2026, 1, 1, 12, 0, 7, 250_000, UTC)


def stack(at: datetime) -> StackObservation:
    return StackObservation("shop", "arn", "UPDATE_COMPLETE", updated_at=at)


def previous(written: str | None) -> dict[str, object]:
    return {"stack": {"id": "arn", "status": "UPDATE_COMPLETE", "updatedAt": written}}


@pytest.mark.parametrize(
    ("written", "later", "expected"),
    [
        pytest.param("2026-01-01T12:00:07.250Z", 0, False, id="nobody has"),
        pytest.param("2026-01-01T12:00:07.250Z", 300, True, id="within the same second"),
        pytest.param("2026-01-01T12:00:07Z", 0, False, id="the status is of a version that wrote whole seconds"),
        pytest.param("2026-01-01T12:00:07Z", 1000, True, id="after the status of such a version"),
    ],
)
def test_it_is_told_by_the_time_of_the_last_update(written: str, later: int, expected: bool) -> None:  # noqa: FBT001
    assert touched(previous(written), stack(THEN + timedelta(milliseconds=later))) is expected


def test_an_upgrade_writes_no_status_anew_for_its_precision() -> None:
    assert updated_at(previous("2026-01-01T12:00:07Z"), stack(THEN)) == "2026-01-01T12:00:07Z"
    assert updated_at({}, stack(THEN)) == "2026-01-01T12:00:07.250Z"
