"""How much, and for how long."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from mailgate.config.serving import Limits, Timeouts


def test_sizes_and_times_are_read_as_people_write_them() -> None:
    limits = Limits.model_validate({"head_bytes": "32KiB", "body_bytes": "1GiB"})
    assert (limits.head_bytes, limits.body_bytes) == (32 * 1024, 1024**3)
    timeouts = Timeouts.model_validate({"response": "2m"})
    assert (timeouts.response, timeouts.connect) == (timedelta(minutes=2), timedelta(seconds=5))


@pytest.mark.parametrize(
    ("model", "written"),
    [
        (Limits, {"head_bytes": 0}),
        (Limits, {"header_count": 0}),
        (Limits, {"body_bytes": -1}),
        (Timeouts, {"idle": "0s"}),
        (Timeouts, {"idle": None}),
    ],
)
def test_nothing_is_served_without_end_or_not_at_all(model: type[BaseModel], written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(written)
