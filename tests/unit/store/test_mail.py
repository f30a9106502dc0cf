"""A mail and its row."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.store.examples import NOW, minutes, prune
from tests.unit.store.mail import a_mail
from tests.unit.store.outage import outage

from mailgate.model import Kind, PostureState, Reason
from mailgate.model.notice import EncounterKind, MailKind, Notice, NoticeDevice, RuleEncounter, ToldDevice
from mailgate.store import MailState, Store
from mailgate.store.mail import mail_of, row_of

NOTICE = Notice(
    MailKind.CORRECTION,
    "de",
    title="<listed> apps",
    enforce_at=NOW,
    devices=(NoticeDevice(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",), "remove-app"),),
    encounters=(RuleEncounter(EncounterKind.REFUSAL, "", Reason.PROHIBITED_APP),),
    versions=(1, 2),
)
ABOUT = (
    ToldDevice(Kind.PHONE, "ios", PostureState.LISTED, ("tiktok",)),
    ToldDevice(Kind.TABLET, "", PostureState.MISSING, ()),
)
MADE = a_mail(notice=NOTICE, until=NOW + minutes(5), about=ABOUT)


def test_a_mail_is_read_back_from_its_row() -> None:
    row = row_of(MADE)
    assert mail_of(row) == replace(MADE, id=row["id"], changed_at=NOW)


def test_a_mail_that_a_newer_gate_wrote_is_read_as_far_as_it_is_known() -> None:
    row = row_of(MADE)
    notice, about = json.loads(row["notice"]), json.loads(row["about"])
    for each in (notice, notice["devices"][0], notice["encounters"][0], about[0]):
        each["added"] = ["by a newer version"]
    read = mail_of(row | {"notice": json.dumps(notice), "about": json.dumps(about)})
    assert (read.notice, read.about) == (NOTICE, ABOUT)


@pytest.mark.parametrize(
    "stored",
    [None, "", "{}", "not json", '{"kind": "enforced", "devices": [{"reason": "?", "kind": "phone"}]}'],
)
def test_a_notice_that_cannot_be_read_leaves_its_mail_without_one(stored: str | None) -> None:
    assert mail_of(row_of(MADE) | {"notice": stored}).notice is None


@pytest.mark.parametrize("stored", ["", "{}", "not json", '[{"kind": "?"}]'])
def test_of_devices_that_cannot_be_read_nothing_is_known(stored: str) -> None:
    assert mail_of(row_of(MADE) | {"about": stored}).about == ()


def test_one_that_has_an_id_keeps_it() -> None:
    assert row_of(replace(MADE, id="known"))["id"] == "known"


@pytest.mark.parametrize(
    "other",
    [
        {"address": "lin@example.com"},
        {"rule": "b"},
        {"version": 2},
        {"kind": MailKind.UPCOMING},
        {"round": 4},
        {"queued_at": NOW + minutes(1)},
    ],
    ids=str,
)
def test_another_mail_has_another_id(other: dict[str, Any]) -> None:
    assert row_of(replace(MADE, **other))["id"] != row_of(MADE)["id"]


def test_the_same_mail_has_the_same_id_whatever_it_says_and_became() -> None:
    later = replace(MADE, notice=None, state=MailState.SENT, attempts=3, why="450")
    assert row_of(later)["id"] == row_of(MADE)["id"]


async def test_the_language_that_was_asked_for_last_is_kept(store: Store) -> None:
    store.languages.listening = True
    for tag in ("de", "fr"):
        store.languages.note("Ada", tag, NOW)
    store.languages.note("lin", "ja", NOW)
    await store.languages.flush()
    assert await store.languages.of(["ADA", "lin", "nobody"]) == {"ada": "fr", "lin": "ja"}
    store.languages.note("ada", "es", NOW + timedelta(days=1))
    await store.languages.flush()
    assert (await store.languages.of(["ada"]))["ada"] == "es"


async def test_nothing_is_kept_where_nobody_is_written_to(store: Store) -> None:
    store.languages.note("ada", "de", NOW)
    await store.languages.flush()
    assert await store.languages.of(["ada"]) == {}


async def test_languages_end_when_nobody_was_heard(store: Store) -> None:
    store.languages.listening = True
    store.languages.note("ada", "de", NOW)
    await store.languages.flush()
    assert await prune(store, NOW) == 0
    assert await prune(store, NOW + timedelta(days=1)) == 1


async def test_a_language_that_was_not_stored_is_noted_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.languages.listening = True
    store.languages.note("ada", "de", NOW)
    with outage(store):
        await store.languages.flush()
    assert await store.languages.of(["ada"]) == {}
    store.languages.note("ada", "de", NOW)
    await store.languages.flush()
    assert await store.languages.of(["ada"]) == {"ada": "de"}
