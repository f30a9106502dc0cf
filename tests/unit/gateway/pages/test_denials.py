from dataclasses import replace

import pytest
from tests.unit.gateway.pages.own import TABLET

from mailgate.gateway.pages.denials import NOT_DENIED, apps_words
from mailgate.gateway.pages.devices import STATES
from mailgate.gateway.pages.employee import DeviceCard, ReportSource
from mailgate.model import PostureState
from mailgate.model.device import NotDenied
from mailgate.texts import load_languages

LANGUAGES = load_languages()
ENFORCED = replace(TABLET, denied=("TikTok",))
PARTIAL = replace(TABLET, state=PostureState.PARTIAL, not_denied=NotDenied.PRIVATE_SPACE_ALLOWED)
SEEN = (ReportSource("intune", complete=True),)


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
        (TABLET, "None of the listed apps was found on it."),
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
