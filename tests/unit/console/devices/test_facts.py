"""What is told of a device."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.store.examples import CATALOG, NOW, TERMS

from mailgate.config.settings import RetentionSettings
from mailgate.console.devices.facts import (
    FindingFacts,
    NameFacts,
    SourceAnswer,
    device_facts,
    parts_of,
    source_answers,
)
from mailgate.devices.device import Contradiction, Device, Report
from mailgate.devices.names import KEY, SERIAL
from mailgate.model import CheckResult, Reason

REPORT = Report("jamf", "7", apps=frozenset({"tiktok"}), reported_at=NOW, names=frozenset({(SERIAL, "S1")}))
FOUND = Contradiction(Reason.DEVICE_OS_CONTRADICTED, "", "os: …", since=NOW)
DEVICE = Device("abcd", (REPORT,), findings=(FOUND,), first_seen=NOW, last_seen=NOW)


def bundle() -> Any:
    """As much of the files as is read here."""
    settings = SimpleNamespace(posture=SimpleNamespace(precedence=()), retention=RetentionSettings())
    return SimpleNamespace(policy=SimpleNamespace(catalog=CATALOG), settings=settings, posture_terms=TERMS)


def test_a_device_tells_when_it_is_deleted() -> None:
    told = device_facts(DEVICE, bundle(), NOW)
    assert told.deleted_after == NOW + timedelta(days=90)
    assert told.findings == [FindingFacts(reason="device-os-contradicted", detail="os: …", since=NOW)]
    told = device_facts(replace(DEVICE, lost_at=NOW), bundle(), NOW)
    assert (told.deleted_after, told.lost_at, told.lost) == (NOW + timedelta(days=365), NOW, True)


def test_every_name_is_told_with_its_sources_and_whether_it_leads_here() -> None:
    other = replace(REPORT, source="intune", names=frozenset({(SERIAL, "S1"), (KEY, "k1")}))
    reported = replace(DEVICE, reports=(other, REPORT), ceded_names=frozenset({(KEY, "k1")}))
    told = parts_of(reported, CATALOG.listed)
    assert told.names == [
        NameFacts(kind="key", name="k1", sources=["intune"], found_by=False),
        NameFacts(kind="serial", name="S1", sources=["intune", "jamf"], found_by=True),
    ]
    reports = [(each.source, each.apps) for each in told.reports]
    assert reports == [("intune", ["tiktok"]), ("jamf", ["tiktok"])]


SLOT = ("jamf", "7")


def device(
    *apps: str, looked: bool = True, whole: bool = True, asked: frozenset[str] | None = None
) -> Device:
    """One that Jamf knows, and another source that was not asked."""
    at = NOW if looked else None
    report = Report("jamf", "7", apps=frozenset(apps), apps_complete=whole, asked=asked, reported_at=at)
    return Device("d1", (Report("intune", "9", apps=frozenset({"chess"}), reported_at=NOW), report))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (device("tiktok", "chess"), "jamf answered: Chess, Tiktok on it"),
        (device(), "jamf answered: no listed app on it"),
        (device(whole=False), "jamf answered: no listed app among those that it sees"),
        (device(asked=frozenset({"chess"})), "jamf answered: no listed app among those that it sees"),
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
