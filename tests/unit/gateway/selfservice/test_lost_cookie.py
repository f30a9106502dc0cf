"""The cookie with which a report of a loss is taken back is good for one report, by one person, for a minute."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.own import PHONE
from tests.unit.gateway.refusals.test_help_cookie import sent_back, with_cookie
from tests.unit.gateway.refusals.test_help_ticket import DESK

from mailgate.gateway.selfservice.lost_cookie import delete_cookie, may_take_back, undo_cookie

LOST = replace(PHONE, lost_at=NOW)
COOKIE = sent_back(undo_cookie(DESK, with_cookie(""), PHONE, "Alice", NOW))


def test_the_browser_that_said_it_may_take_it_back() -> None:
    assert may_take_back(DESK, COOKIE, LOST, "alice", NOW + timedelta(seconds=59))


@pytest.mark.parametrize(
    ("device", "person", "after"),
    [
        (LOST, "alice", timedelta(minutes=1)),
        (LOST, "alice", timedelta(seconds=-1)),
        (LOST, "bob", timedelta()),
        (replace(LOST, id="another"), "alice", timedelta()),
        (replace(LOST, lost_at=NOW - timedelta(microseconds=1)), "alice", timedelta()),
        (PHONE, "alice", timedelta()),
    ],
)
def test_nothing_else_may_be_taken_back(device, person, after) -> None:
    assert not may_take_back(DESK, COOKIE, device, person, NOW + after)


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "\u00e9", COOKIE.headers["cookie"]])
def test_nobody_makes_one_up(value: str) -> None:
    assert not may_take_back(DESK, with_cookie(f"mailgate-lost={value}"), LOST, "alice", NOW)


def test_it_ends_with_the_report() -> None:
    assert "Max-Age=0;" in delete_cookie(with_cookie(""))[1]
