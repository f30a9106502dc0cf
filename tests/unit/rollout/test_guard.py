"""How much one change may do by itself."""

from typing import Any

import pytest

from mailgate.rollout.guard import Limit, objections


def plan(blocked: int = 0, unknown: int = 0, *, devices: int = 0, failed: int = 0) -> dict[str, Any]:
    return {
        "cases": {"run": 5, "failed": [{}] * failed},
        "totals": {"people": 1000, "devices": 1900, "clients": 100},
        "newly": {
            "block": {"people": blocked, "devices": devices or blocked},
            "unknown": {"people": unknown, "devices": unknown},
        },
    }


@pytest.mark.parametrize(
    ("most", "everybody", "count"), [(10, 1000, 10), (0.01, 1000, 10), (0.01, 99, 0), (1.0, 7, 7), (0, 5, 0)]
)
def test_a_limit_is_a_number_or_a_part(most: int | float, everybody: int, count: int) -> None:
    assert Limit(most).of(everybody) == count


@pytest.mark.parametrize(
    ("made", "limit", "count"),
    [
        (plan(10), Limit(10), 0),
        (plan(11), Limit(0.01), 1),  # 11 of 1000 people, while 20 of 2000 devices may
        (plan(0, devices=21), Limit(0.01), 1),
        (plan(6, 5), Limit(10), 2),  # who may be kept out counts as kept out
        (plan(1000), None, 0),
    ],
)
def test_more_than_the_limit_is_objected_to(made: dict[str, Any], limit: Limit | None, count: int) -> None:
    assert len(objections(made, limit)) == count


def test_an_objection_says_how_many_and_how_many_may() -> None:
    assert objections(plan(1000, failed=2), Limit(0.01))[:2] == [
        "2 of 5 cases do not hold",
        "1,000 of 1,000 people would or might newly be kept out; the guard lets 10 pass",
    ]
    assert objections(plan(failed=1), None) == ["1 of 5 cases do not hold"]
