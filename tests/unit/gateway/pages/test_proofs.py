"""What people are told of a proof that was refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.gateway.gates import PAGES

from mailgate.gateway.pages.proofs import (
    FIXES,
    SAME_WORDS,
    SHOWN_REASONS,
    WORDINGS,
    clock_off,
    refused_proof,
    shown_refusal,
)
from mailgate.gateway.pages.reasons import explain_reason, wording_of
from mailgate.gateway.pages.view import View
from mailgate.model import (
    Access,
    AttestationResult,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    Reason,
    RequestFacts,
)
from mailgate.texts import load_languages

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
MISSING = Decision(Effect.BLOCK, Reason.POSTURE_MISSING, "unproven", "v1", fix="set-up-device")
FORGED = {
    Reason.TOKEN_SIGNATURE_WRONG, Reason.TOKEN_ALG_REFUSED, Reason.TOKEN_MALFORMED, Reason.TOKEN_CLAIM_WRONG,
    Reason.TOKEN_UNBOUND, Reason.PROOF_SIGNATURE_WRONG, Reason.PROOF_MALFORMED, Reason.PROOF_TOKEN_HASH_WRONG,
}  # fmt: skip


def access(refused: Reason | None, off: timedelta | None = None) -> Access:
    proof = AttestationResult(refused=refused, clock_off=off) if refused else None
    return Access(RequestFacts(), Client(Kind.PHONE, handheld=True), Posture(), NOW, attestation=proof)


def test_every_refusal_that_is_told_has_words_and_an_end() -> None:
    assert {SAME_WORDS.get(reason, reason) for reason in SHOWN_REASONS} == FIXES.keys()
    assert not FORGED & SHOWN_REASONS
    for reason in SHOWN_REASONS:
        assert wording_of(reason) != wording_of(Reason.ATTESTATION_INVALID)


@pytest.mark.parametrize("reason", sorted(SHOWN_REASONS))
def test_a_refused_proof_is_told_in_place_of_a_missing_report(reason: Reason) -> None:
    assert refused_proof(access(reason), MISSING) is reason
    assert refused_proof(access(reason), replace(MISSING, reason=Reason.PROHIBITED_APP)) is None
    assert refused_proof(access(None), MISSING) is None


@pytest.mark.parametrize("reason", sorted(FORGED))
def test_nobody_is_told_what_is_wrong_with_a_forged_proof(reason: Reason) -> None:
    assert refused_proof(access(reason), MISSING) is None
    assert shown_refusal(access(reason)) is Reason.ATTESTATION_INVALID


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (timedelta(minutes=-10), "It is about 10 minutes slow."),
        (timedelta(minutes=-9, seconds=-58), "It is about 10 minutes slow."),
        (timedelta(hours=3), "It is about 3 hours fast."),
        (timedelta(days=400), "It is about 13 months fast."),
    ],
)
def test_a_clock_that_is_wrong_is_told_with_by_how_much(off: timedelta, said: str) -> None:
    asked = access(Reason.PROOF_STALE, off)
    assert explain_reason(Reason.PROOF_STALE, (), "", clock_off(asked)).detail.startswith(said)
    view = View(
        Reason.POSTURE_MISSING,
        "REF",
        NOW,
        proof=Reason.PROOF_STALE,
        clock_off=clock_off(asked),
        fix="set-up-device",
    )
    page = PAGES.page("refusal", view).html
    assert "The clock of this device is wrong" in page
    assert said in page
    assert "let it set its date and time by itself" in page
    assert "It is not known which apps are on this device" not in page


@pytest.mark.parametrize("tag", sorted(load_languages()))
@pytest.mark.parametrize("reason", sorted(WORDINGS))
def test_every_language_says_it(tag: str, reason: Reason) -> None:
    view = View(Reason.POSTURE_MISSING, "REF", NOW, proof=reason, accept_language=tag)
    title = load_languages()[tag].say(WORDINGS[reason].title)
    assert title in PAGES.page("refusal", view).html
    assert tag == "en" or title != WORDINGS[reason].title


def test_without_a_measure_the_clock_is_told_all_the_same() -> None:
    assert clock_off(access(Reason.PROOF_STALE)) is None
    assert "agree to about a minute" in explain_reason(Reason.PROOF_FROM_FUTURE).detail
