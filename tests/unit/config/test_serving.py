"""How much, and for how long."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from mailgate.config.serving import AuthzSettings, Limits, Timeouts
from mailgate.gateway.authz.authorizer import Dialect


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


@pytest.mark.parametrize("dialect", Dialect)
def test_every_dialect_of_the_gate_can_be_set(dialect):
    settings = AuthzSettings.model_validate({"dialect": dialect.value})
    assert (settings.dialect, settings.remember) == (dialect, timedelta(0))


@pytest.mark.parametrize(
    "settings",
    [{}, {"dialect": "apache"}, {"dialect": "nginx", "remember": "11s"}, {"dialect": "nginx", "cache": "2s"}],
)
def test_anything_else_is_refused(settings):
    with pytest.raises(ValidationError):
        AuthzSettings.model_validate(settings)
