"""Texts about a refused proof that help its sender: a wrong clock, an old report, another address. For a proof that looks
forged, the text only says that it was not accepted."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from mailgate.model import Access, Decision, Reason
from mailgate.model.phrase import Phrase, phrase, plural
from mailgate.own_files import OwnFile


class Wording(NamedTuple):
    """The texts of one reason. ``detail`` may contain ``%(apps)s`` or ``%(rule)s``; ``bare`` is used if there is
    none."""

    title: Phrase
    detail: Phrase
    bare: Phrase | None = None


class ToldReason(BaseModel):
    """The texts of one reason in ``reasons.toml``."""

    model_config = ConfigDict(extra="forbid")
    title: str
    detail: Annotated[
        list[str],
        Field(min_length=1, max_length=2),
        BeforeValidator(lambda told: [told] if isinstance(told, str) else told),
    ]
    bare: str = ""


class _Parts(BaseModel):
    """``reasons.toml``."""

    model_config = ConfigDict(extra="forbid", alias_generator=lambda name: name.replace("_", "-"))
    decided: dict[str, ToldReason]
    proofs: dict[str, ToldReason]
    unserved: dict[str, ToldReason]
    causes: dict[str, ToldReason]
    by_person: dict[str, ToldReason]
    too_old: dict[str, ToldReason]


_FILE = OwnFile(__package__, "reasons.toml")
TEXTS = _FILE.table(_Parts)
Cause = TypeVar("Cause", bound=str)


def wordings(part: Mapping[str, ToldReason], cause: Callable[[str], Cause]) -> dict[Cause, Wording]:
    """The texts of one part of ``reasons.toml``, by what they are about. Raises ConfigError if the file tells of what there is not."""
    found = {}
    for name, texts in part.items():
        try:
            found[cause(name)] = _wording(texts)
        except ValueError as error:
            raise _FILE.wrong((name,), "nothing has this name; use one that the program knows") from error
    return found


def _wording(texts: ToldReason) -> Wording:
    told = phrase(texts.detail[0]) if len(texts.detail) == 1 else plural(texts.detail[0], texts.detail[1])
    return Wording(phrase(texts.title), told, phrase(texts.bare) if texts.bare else None)


WORDINGS = wordings(TEXTS.proofs, Reason)
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
