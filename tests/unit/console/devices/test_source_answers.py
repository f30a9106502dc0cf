"""What the sources of a device said when they were asked at once."""

import pytest
from tests.unit.store.examples import CATALOG, NOW

from mailgate.console.devices.source_answers import SourceAnswer, source_answers
from mailgate.devices.device import Device, Report
from mailgate.model import CheckResult

SLOT = ("jamf", "7")


def device(*apps: str, looked: bool = True) -> Device:
    """One that Jamf knows, and another source that was not asked."""
    report = Report("jamf", "7", apps=frozenset(apps), reported_at=NOW if looked else None)
    return Device("d1", (Report("intune", "9", apps=frozenset({"chess"}), reported_at=NOW), report))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (device("tiktok", "chess"), "jamf answered: Chess, Tiktok on it"),
        (device(), "jamf answered: no listed app on it"),
        (device(looked=False), "jamf answered, but does not see which apps are there"),
        (Device("d1", ()), "jamf answered, but does not see which apps are there"),
        (None, "jamf answered, but does not see which apps are there"),
    ],
)
def test_a_source_that_answered_is_told_with_the_apps_that_it_saw(known: Device | None, words: str) -> None:
    assert source_answers({SLOT: CheckResult.TAKEN}, known, CATALOG) == [
        SourceAnswer(source="jamf", result="taken", words=words)
    ]


@pytest.mark.parametrize("came", set(CheckResult) - {CheckResult.TAKEN})
def test_another_result_has_words_and_names_no_earlier_app(came: CheckResult) -> None:
    (told,) = source_answers({SLOT: came}, device("tiktok"), CATALOG)
    assert (told.source, told.result) == ("jamf", came.value)
    assert told.words.startswith("jamf ")
    assert "Tiktok" not in told.words
    assert "answered:" not in told.words


def test_every_source_that_was_asked_is_told_and_no_other() -> None:
    came = {SLOT: CheckResult.FAILED, ("intune", "9"): CheckResult.GONE}
    assert [each.words for each in source_answers(came, device(), CATALOG)] == [
        "jamf did not answer",
        "intune no longer has the device",
    ]
    assert source_answers({}, device(), CATALOG) == []
