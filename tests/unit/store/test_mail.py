"""A mail and its row."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.store.examples import NOW, minutes
from tests.unit.store.mail import a_mail

from mailgate.model import Kind, PostureState, Reason
from mailgate.model.notice import (
    EncounterKind,
    MailKind,
    Notice,
    NoticeDevice,
    RuleEncounter,
    ToldDevice,
)
from mailgate.store import MailState
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
