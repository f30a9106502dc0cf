"""What is decided."""

from mailgate.model import Effect


def test_effects_stand_mildest_first():
    assert list(Effect) == ["allow", "warn", "challenge", "block"]
