"""Texts about a refused proof that help its sender: a wrong clock, an old report, another address. For a proof that looks
forged, the text only says that it was not accepted."""

from datetime import timedelta
from typing import NamedTuple

from mailgate.model import Access, Decision, Reason
from mailgate.model.phrase import Phrase, phrase


class Wording(NamedTuple):
    """The texts of one reason. ``detail`` may contain ``%(apps)s`` or ``%(rule)s``; ``bare`` is used if there is
    none."""

    title: Phrase
    detail: Phrase
    bare: Phrase | None = None


WORDINGS = {
    Reason.PROOF_STALE: Wording(
        phrase("The clock of this device is wrong"),
        phrase(
            "A confirmation from this device counts only while its clock and ours agree to about a minute."
        ),
    ),
    Reason.TOKEN_EXPIRED: Wording(
        phrase("The report from this device has expired"),
        phrase(
            "A report counts until a set time, and that time has passed. A new report opens company mail again."
        ),
    ),
    Reason.TOKEN_NOT_YET_VALID: Wording(
        phrase("The report from this device is dated in the future"),
        phrase(
            "The clock of the service that made the report does not agree with ours. You did nothing wrong. Your help desk can have that clock set right."
        ),
    ),
    Reason.TOKEN_KID_UNKNOWN: Wording(
        phrase("The report from this device comes from a service that is not known here"),
        phrase(
            "It is signed with a key that company mail does not know. Your company’s management app or your help desk can set this device up anew."
        ),
    ),
    Reason.PROOF_KEY_MISMATCH: Wording(
        phrase("This device has not shown the key that its report belongs to"),
        phrase(
            "A report counts only together with a fresh signature by the device’s own key. If this does not end by itself, your help desk can set this device up anew."
        ),
    ),
    Reason.PROOF_URL_WRONG: Wording(
        phrase("The confirmation from your device was made for another address"),
        phrase(
            "Open your mail at the address that your company gave you. If it is this one, your help desk can set it right on your device."
        ),
    ),
    Reason.PROOF_REPLAYED: Wording(
        phrase("The confirmation from your device was used before"),
        phrase("Each one counts once. Your device makes a new one when you try again."),
    ),
    Reason.PROOF_STORE_UNAVAILABLE: Wording(
        phrase("The confirmation from your device cannot be checked right now"),
        phrase("You and your device did nothing wrong. Please try again in a few minutes."),
    ),
}
SLOW = phrase(
    "It is about %(off)s slow. A confirmation from this device counts only while its clock and ours agree to about a minute."
)
FAST = phrase(
    "It is about %(off)s fast. A confirmation from this device counts only while its clock and ours agree to about a minute."
)

SAME_WORDS = {
    Reason.PROOF_FROM_FUTURE: Reason.PROOF_STALE,
    Reason.TOKEN_ISSUER_UNKNOWN: Reason.TOKEN_KID_UNKNOWN,
    Reason.PROOF_MISSING: Reason.PROOF_KEY_MISMATCH,
    Reason.PROOF_METHOD_WRONG: Reason.PROOF_URL_WRONG,
    Reason.TOKEN_AUDIENCE_WRONG: Reason.PROOF_URL_WRONG,
    Reason.TOKEN_KEYS_UNAVAILABLE: Reason.PROOF_STORE_UNAVAILABLE,
    Reason.PROOF_MEMORY_FULL: Reason.PROOF_STORE_UNAVAILABLE,
    Reason.PROOF_NONCE_MISSING: Reason.PROOF_STORE_UNAVAILABLE,
    Reason.PROOF_NONCE_WRONG: Reason.PROOF_STORE_UNAVAILABLE,
}

SET_CLOCK = "set-clock"
"""The fix for a wrong clock. No rule can name it, since the gate itself finds out that the clock is wrong."""
FIXES = {
    Reason.PROOF_STALE: SET_CLOCK,
    Reason.TOKEN_EXPIRED: "report-again",
    Reason.TOKEN_NOT_YET_VALID: "ask",
    Reason.TOKEN_KID_UNKNOWN: "set-up-device",
    Reason.PROOF_KEY_MISMATCH: "report-again",
    Reason.PROOF_URL_WRONG: "ask",
    Reason.PROOF_REPLAYED: "wait",
    Reason.PROOF_STORE_UNAVAILABLE: "wait",
    Reason.KEY_REVOKED: "ask",
}
"""The fix for each refused proof. It is shown in place of the rule's fix, which is for a missing report."""

SHOWN_REASONS = WORDINGS.keys() | SAME_WORDS.keys() | {Reason.KEY_REVOKED}
_ENDED_BY_PROOF = frozenset(
    {
        Reason.POSTURE_MISSING,
        Reason.POSTURE_STALE,
        Reason.ATTESTATION_REQUIRED,
        Reason.ATTESTATION_INVALID,
        Reason.NO_RULE_MATCHED,
    }
)
"""Reasons for a refusal that a good proof might have prevented. With these the page also says what was wrong with the proof
that came."""
_MINUTE = timedelta(minutes=1)


def refused_proof(access: Access, decision: Decision) -> Reason | None:
    """Why the proof was refused, if that may be the cause of the refusal and may be shown; otherwise None."""
    refused = shown_refusal(access)
    return refused if refused in SHOWN_REASONS and decision.reason in _ENDED_BY_PROOF else None


def shown_refusal(access: Access) -> Reason | None:
    """Why the proof of a request was refused, if its sender may know; otherwise None."""
    proof = access.attestation
    if proof is None or proof.refused is None:
        return None
    return proof.refused if proof.refused in SHOWN_REASONS else Reason.ATTESTATION_INVALID


def clock_off(access: Access) -> timedelta | None:
    """How far a refused device's clock is ahead, to the minute; None if something else is wrong."""
    off = access.attestation.clock_off if access.attestation else None
    return None if off is None else round(off / _MINUTE) * _MINUTE


def clock_words(off: timedelta) -> Phrase:
    return FAST if off > timedelta() else SLOW
