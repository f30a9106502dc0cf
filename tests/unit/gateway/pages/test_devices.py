from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.gateway.pages.own import NOW, PHONE, TABLET

from mailgate.devices.device import Report
from mailgate.gateway.pages.devices import (
    ASLEEP,
    FOUND,
    GETS,
    HERE,
    NOT_DENIED,
    STATES,
    answer_words,
    apps_words,
    name_of,
    state_of,
)
from mailgate.gateway.pages.employee import AskedSource, DeviceCard, SourceResult
from mailgate.model import Effect, Kind, PostureState
from mailgate.model.device import NotDenied
from mailgate.texts import load_languages


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
    assert called == name


@pytest.mark.parametrize("state", PostureState)
def test_every_state_has_words(state: PostureState) -> None:
    said = state_of(replace(PHONE, state=state, apps=("TikTok",) if state is PostureState.LISTED else ()))
    assert ("%(apps)s" in said) is (state is PostureState.LISTED)


@pytest.mark.parametrize("state", [PostureState.CLEAN, PostureState.PARTIAL])
def test_an_app_that_stands_on_no_list_is_not_told_as_absent(state: PostureState) -> None:
    assert state_of(replace(PHONE, state=state, apps=("Chess",))) is FOUND


@pytest.mark.parametrize(("apps", "words"), [((), ASLEEP), (("TikTok",), FOUND)])
def test_a_closed_browser_is_no_fault_and_an_app_on_it_is_still_told(
    apps: tuple[str, ...], words: str
) -> None:
    assert state_of(replace(PHONE, state=PostureState.STALE, asleep=True, apps=apps)) is words


def test_every_effect_has_words() -> None:
    assert set(GETS) == set(HERE) == set(Effect)


LANGUAGES = load_languages()


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("came", SourceResult)
def test_every_answer_has_words_in_every_language(came: SourceResult, tag: str) -> None:
    said = answer_words(AskedSource(came, "intune", ("TikTok",), NOW), LANGUAGES[tag], NOW)
    assert said
    assert "%(" not in said


def test_the_answer_names_the_source_the_apps_and_the_time() -> None:
    asked = AskedSource(SourceResult.FOUND, "intune", ("TikTok",), NOW - timedelta(minutes=3))
    said = answer_words(asked, LANGUAGES["en"], NOW).striptags()
    assert said == "intune still saw TikTok 3 minutes ago."


def test_a_source_that_is_named_oddly_stays_text() -> None:
    assert "&lt;b&gt;" in answer_words(AskedSource(SourceResult.SILENT, "<b>"), LANGUAGES["en"], NOW)


def test_the_answer_says_how_much_older_the_list_may_be() -> None:
    asked = AskedSource(SourceResult.CLEAR, "intune", (), NOW, timedelta(days=7))
    said = answer_words(asked, LANGUAGES["en"], NOW).striptags()
    assert said.endswith(" The list of apps may be up to 7 days older than that.")


ENFORCED = replace(TABLET, denied=("TikTok",))
PARTIAL = replace(TABLET, state=PostureState.PARTIAL, not_denied=NotDenied.PRIVATE_SPACE_ALLOWED)
SEEN = (Report("intune", "1", apps_complete=True),)


def test_every_check_that_fails_has_words_of_its_own() -> None:
    assert set(NOT_DENIED) == set(NotDenied)
    assert len({*NOT_DENIED.values()}) == len(NotDenied)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (ENFORCED, "This listed app cannot run on it: TikTok."),
        (
            replace(ENFORCED, denied=("TikTok", "Temu"), sources=SEEN),
            "These listed apps cannot run on it: TikTok and Temu. None of the other listed apps was found on it.",
        ),
        (TABLET, "No listed app was found on it."),
        (replace(ENFORCED, apps=("Chess",)), "This listed app was found on it: Chess."),
        (replace(ENFORCED, state=PostureState.STALE), "Its last report is too old to count."),
        (
            PARTIAL,
            f"{STATES[PostureState.PARTIAL]} Its policy allows a private space, whose apps nobody sees.",
        ),
    ],
)
def test_an_app_that_cannot_run_is_not_told_as_absent(card: DeviceCard, words: str) -> None:
    assert apps_words(card, LANGUAGES["en"]).striptags() == words


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_text_is_said_in_every_language(tag: str) -> None:
    english = {apps_words(replace(PARTIAL, not_denied=why), LANGUAGES["en"]) for why in NotDenied}
    said = {apps_words(replace(PARTIAL, not_denied=why), LANGUAGES[tag]) for why in NotDenied}
    assert len(said) == len(NotDenied)
    assert said.isdisjoint(english) is (tag != "en")
