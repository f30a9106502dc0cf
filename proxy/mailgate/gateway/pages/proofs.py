"""Texts about a refused proof that help its sender: a wrong clock, an old report, another address. For a proof that looks
forged, the text only says that it was not accepted."""

import tomllib
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from typing import NamedTuple, TypeVar

from mailgate.model import Access, Decision, Reason
from mailgate.model.phrase import Phrase, phrase, plural


class Wording(NamedTuple):
    """The texts of one reason, and what ends it, as the head of ``reasons.toml`` says."""

    title: Phrase
    detail: Phrase
    bare: Phrase | None = None
    fix: str = ""
    at_login: str = ""


_TEXTS = tomllib.loads(files(__package__).joinpath("reasons.toml").read_text("utf-8"))
Cause = TypeVar("Cause", bound=str)


def wordings(part: str, cause: Callable[[str], Cause]) -> dict[Cause, Wording]:
    """The texts of one part of ``reasons.toml``, by what they are about."""
    return {cause(name): _wording(**texts) for name, texts in _TEXTS[part].items()}


def _wording(title: str, detail: str | list[str], bare: str = "", **more: str) -> Wording:
    told = phrase(detail) if isinstance(detail, str) else plural(detail[0], detail[1])
    return Wording(phrase(title), told, phrase(bare) if bare else None, **more)


WORDINGS = wordings("proofs", Reason)
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
FIXES = {reason: each.fix for reason, each in WORDINGS.items()} | {Reason.KEY_REVOKED: "ask"}
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
