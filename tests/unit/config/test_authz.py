"""Who may ask the gate, and for how long a yes may be kept."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from mailgate.config.authz import AuthzSettings
from mailgate.gateway.authz import Dialect


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
