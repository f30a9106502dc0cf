"""A mailing and its row."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.store.examples import NOW, minutes
from tests.unit.store.mail import mailing

from mailgate.store import MailKind, MailState
from mailgate.store.mail import mailing_of, row_of

MADE = mailing(facts={"language": "de", "versions": [1, 2]}, until=NOW + minutes(5))


def test_a_mailing_is_read_back_from_its_row() -> None:
    row = row_of(MADE)
    assert mailing_of(row) == replace(MADE, id=row["id"], changed_at=NOW)


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
    later = replace(MADE, facts={}, state=MailState.SENT, attempts=3, why="450")
    assert row_of(later)["id"] == row_of(MADE)["id"]
