"""Who is spared for a time, and would be kept out without that."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.gateway.gates import NOW
from tests.unit.gateway.own import ALICE, CLEAN, HANDHELD, LISTED, PROOF, asking

from mailgate.engine.decide import decide
from mailgate.gateway.selfservice.sparing import spared_by
from mailgate.model import Posture
from mailgate.policy.reliefs import Cause, Relief, Reliefs

DAY = timedelta(days=1)
GIVEN = Relief(1, Cause.EXEMPTION, "", "On a journey", "ada", NOW, NOW + DAY, person="alice")


def spared(*reliefs: Relief, posture: Posture = LISTED):
    asked = asking(ALICE, client=HANDHELD, posture=posture, proof=PROOF)
    policy = replace(asked.policy, reliefs=Reliefs(1, reliefs))
    access = replace(asked.access, user=replace(asked.access.user, name="alice"))
    return spared_by(access, decide(access, policy), policy)


def test_an_exemption_counts_where_there_would_be_no_mail_without_it():
    assert spared(GIVEN) == GIVEN
    assert spared(replace(GIVEN, until=None)) == replace(GIVEN, until=None)


def test_of_several_the_last_to_end_says_until_when():
    longer = replace(GIVEN, number=2, until=NOW + 2 * DAY)
    assert spared(longer, GIVEN) == longer
    assert spared(GIVEN, longer) == longer


def test_where_it_makes_no_difference_nothing_is_said():
    assert spared() is None
    assert spared(replace(GIVEN, person="bob")) is None
    assert spared(replace(GIVEN, until=NOW)) is None
    off = Relief(3, Cause.BREAK_GLASS, "listed", "Sent in error", "ada", NOW, NOW + DAY)
    assert spared(off) is None


def test_who_is_clean_needs_no_exemption():
    assert spared(GIVEN, posture=CLEAN) is None
