"""What is decided."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from mailgate.model import (
    Access,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    Protocol,
    Reason,
    RequestFacts,
    User,
)
from mailgate.model.decision import DecisionSummary


def test_effects_stand_mildest_first():
    assert list(Effect) == ["allow", "warn", "challenge", "block"]


def test_a_request_is_counted_by_plain_words():
    client = Client(Kind.PHONE, handheld=True, protocol=Protocol.DAV)
    access = Access(RequestFacts(), client, Posture(), datetime(2026, 12, 1, tzinfo=UTC), User("ada"))
    decision = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "no-tiktok", "v1")
    told = DecisionSummary.of(access, decision)
    assert told == ("block", "prohibited-app", "no-tiktok", "phone", "dav", "ada")
    assert {type(each) for each in told} == {str}


@pytest.mark.parametrize(("milder", "harder"), [*pairwise(Effect)])
def test_a_harder_effect_is_more_severe(milder, harder):
    assert milder.severity < harder.severity
