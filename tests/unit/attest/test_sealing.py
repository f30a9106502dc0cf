"""Which of several secrets seals."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from mailgate.attest.sealing import sealing

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Made(NamedTuple):
    made_at: datetime
    secret: bytes = b"s"


@pytest.mark.parametrize(
    ("ages", "sealed"),
    [((0.0, 2.0, 3.0), 1), ((0.9, 1.0), 1), ((1.0, 9.0), 0), ((0.0, 0.5), 1), ((0.0,), 0)],
)
def test_the_newest_seals_that_every_gate_knows_and_else_the_oldest(
    ages: tuple[float, ...], sealed: int
) -> None:
    keys = [Made(NOW - age * HOUR) for age in ages]
    assert sealing(keys, NOW, HOUR) is keys[sealed]
