"""What is decided."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from mailgate.model import (
    Access,
    Claim,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    RequestFacts,
    RuleTrial,
    Stage,
    Trials,
    User,
)
from mailgate.model.decision import DecisionSummary

PHONE, TABLET = (Client(kind, handheld=True) for kind in (Kind.PHONE, Kind.TABLET))
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def test_an_access_is_read_by_what_is_known_and_then_by_each_claim():
    known = Access(RequestFacts(), PHONE, Posture(PostureState.CLEAN), NOW, User("ada"))
    bob, eve = Claim(User("bob"), TABLET, Posture()), Claim(User("eve"), PHONE, Posture(device_id="d1"))
    (itself,) = known.readings()
    assert itself is known, "most requests claim nothing, and nothing is copied for them"
    assert replace(known, claims=(bob, eve)).readings() == (
        known,
        replace(known, user=User("bob"), client=TABLET, posture=Posture()),
        replace(known, user=User("eve"), posture=Posture(device_id="d1")),
    )


ONE, TWO = (RuleTrial(rule, "true", True, Stage.ENFORCE) for rule in ("one", "two"))


def test_trials_are_made_once_and_only_when_somebody_looks_at_them():
    made = []
    trials = Trials(2, lambda: made.append("made") or iter([ONE, TWO]))
    assert (len(trials), made) == (2, [])
    assert (trials[0], trials[-1], trials[1:], [*trials]) == (ONE, TWO, (TWO,), [ONE, TWO])
    assert made == ["made"]


def test_trials_are_the_same_as_a_tuple_of_them():
    trials, both = Trials(2, lambda: [ONE, TWO]), (ONE, TWO)
    assert trials == both == trials
    assert trials == Trials(2, lambda: both)
    assert (hash(trials), repr(trials)) == (hash(both), repr(both))
    for other in ((), (ONE,), (TWO, ONE), (ONE, TWO, TWO), Trials(1, lambda: [ONE]), [ONE, TWO], None):
        assert trials != other


def test_effects_stand_mildest_first():
    assert list(Effect) == ["allow", "warn", "challenge", "block"]


def test_a_request_is_counted_by_plain_words():
    access = Access(RequestFacts(), replace(PHONE, protocol=Protocol.DAV), Posture(), NOW, User("ada"))
    decision = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "no-tiktok", "v1")
    told = DecisionSummary.of(access, decision)
    assert told == ("block", "prohibited-app", "no-tiktok", "phone", "dav", "ada")
    assert {type(each) for each in told} == {str}


@pytest.mark.parametrize(("milder", "harder"), [*pairwise(Effect)])
def test_a_harder_effect_is_more_severe(milder, harder):
    assert milder.severity < harder.severity
