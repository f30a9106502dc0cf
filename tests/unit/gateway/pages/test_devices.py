from dataclasses import replace

import pytest
from tests.unit.gateway.pages.own import PHONE

from mailgate.gateway.pages.devices import FOUND, GETS, HERE, name_of, state_of
from mailgate.model import Effect, Kind, PostureState


@pytest.mark.parametrize(
    ("os", "kind", "name"),
    [
        ("ios", Kind.PHONE, "iPhone"),
        ("ipados", Kind.TABLET, "iPad"),
        ("macos", Kind.LAPTOP, "Mac"),
        ("chromeos", None, "Chromebook"),
        ("android", Kind.PHONE, "Android phone"),
        ("android", Kind.TABLET, "Android tablet"),
        ("android", None, "Android device"),
        ("android", Kind.OTHER, "Android device"),
        ("windows", Kind.LAPTOP, "Windows computer"),
        ("linux", None, "Linux computer"),
        ("", Kind.PHONE, "Phone"),
        ("", Kind.LAPTOP, "Computer"),
        ("tizen", Kind.TABLET, "Tablet"),
        ("", None, "Device"),
        ("", Kind.MAIL_APP, "Device"),
    ],
)
def test_a_device_has_the_name_that_people_use(os: str, kind: Kind | None, name: str) -> None:
    called = name_of(os, kind)
    assert (called if isinstance(called, str) else called.singular) == name


@pytest.mark.parametrize("state", PostureState)
def test_every_state_has_words(state: PostureState) -> None:
    said = state_of(
        replace(PHONE, state=state, apps=("TikTok",) if state is PostureState.LISTED else ())
    ).singular
    assert ("%(apps)s" in said) is (state is PostureState.LISTED)


@pytest.mark.parametrize("state", [PostureState.CLEAN, PostureState.PARTIAL])
def test_an_app_that_stands_on_no_list_is_not_told_as_absent(state: PostureState) -> None:
    assert state_of(replace(PHONE, state=state, apps=("Chess",))) is FOUND


def test_every_effect_has_words() -> None:
    assert set(GETS) == set(HERE) == set(Effect)
