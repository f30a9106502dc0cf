"""What is known of a device."""

from mailgate.model import Posture, PostureState


def test_a_device_of_which_nothing_is_known_is_missing_not_clean():
    assert Posture().state is PostureState.MISSING
