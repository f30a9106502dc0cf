"""The settings of the companion extension."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from mailgate.config.extension import ExtensionSettings


def test_a_browser_is_silent_after_more_than_a_weekend() -> None:
    assert ExtensionSettings().silent_after == timedelta(days=3)


@pytest.mark.parametrize("text", ["59m", "0d", "soon"])
def test_a_browser_that_was_just_closed_is_never_silent(text: str) -> None:
    with pytest.raises(ValidationError):
        ExtensionSettings.model_validate({"silent_after": text})
