"""Every reason in words. Pages translate these texts, and problem+json answers send them in English."""

from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

from babel.dates import format_timedelta
from babel.lists import format_list

from mailgate.gateway.pages import proofs
from mailgate.gateway.pages.causes import WORDINGS as WORDINGS_OF_CAUSES
from mailgate.gateway.pages.proofs import Wording, wordings
from mailgate.gateway.pages.steps import names_update
from mailgate.gateway.pages.view import View
from mailgate.model import DEVICE_FINDINGS, Effect, Reason
from mailgate.model.phrase import Phrase, phrase


class ReasonText(NamedTuple):
    """``title`` names the kind of problem, ``detail`` this case of it (RFC 9457, section 3.1)."""

    title: str
    detail: str


WORDINGS = wordings("decided", Reason) | proofs.WORDINGS | wordings("unserved", Reason)
_BY_PERSON = wordings("by-person", Reason)
"""The texts that differ where a browser goes by its person: the cause may be on another device."""
_TOO_OLD = wordings("too-old", str)
"""The texts for what is known to be too old, where it has a name."""

SAME_WORDS = {
    **proofs.SAME_WORDS,
    Reason.ENROLMENT_EXPIRED: Reason.ENROLMENT_UNKNOWN,
    Reason.ENROLMENT_USED_UP: Reason.ENROLMENT_UNKNOWN,
    Reason.KEY_REVOKED: Reason.KEY_NOT_ENROLLED,
    Reason.REPORTER_UNKNOWN: Reason.KEY_NOT_ENROLLED,
    Reason.QUESTION_CHANGED: Reason.ATTESTATION_INVALID,
    Reason.REPORT_UNSIGNED: Reason.ATTESTATION_INVALID,
    Reason.STORE_UNAVAILABLE: Reason.POSTURE_UNAVAILABLE,
}
"""Reasons that programs and admins distinguish but that have one text for people."""


def wording_of(reason: Reason, *, by_person: bool = False) -> Wording:
    """The texts of a reason; ``by_person`` where the browser goes by all phones and tablets of its person.

    All reasons why a token or certificate that may be forged is refused have one text, since the details help an admin and not the sender.
    So do all contradictions between sources.
    """
    if reason in DEVICE_FINDINGS:
        reason = Reason.DEVICE_CONTRADICTED
    if by_person and reason in _BY_PERSON:
        return _BY_PERSON[reason]
    forged = Reason.CERTIFICATE_INVALID if reason.startswith("certificate-") else Reason.ATTESTATION_INVALID
    return WORDINGS.get(SAME_WORDS.get(reason, reason), WORDINGS[forged])


def wording_for(view: View) -> Wording:
    """The texts of what a page shows: of its cause, where that is known more exactly than the reason says."""
    if view.why is Reason.UPDATE_REQUIRED and names_update(view):
        return _TOO_OLD[view.update.of] if view.update else wording_of(view.why)
    if view.cause and not view.proof and not view.by_person:
        return WORDINGS_OF_CAUSES[view.cause]
    return wording_of(view.why, by_person=view.by_person)


def detail_of(wording: Wording, *, apps: bool, rule: bool) -> Phrase:
    """The detail text for what is known. It names apps or a rule only if there are any."""
    if wording.bare is None or (apps and "%(apps)s" in wording.detail.one):
        return wording.detail
    return wording.detail if rule and "%(rule)s" in wording.detail.one else wording.bare


_WARNED_OF_APPS = phrase("Found on this device: %(apps)s. A rule of your company warns of this.")
_WARNED_BY_PERSON = phrase(
    "Found on your phones and tablets: %(apps)s. A rule of your company warns of this."
)


def detail_for(view: View) -> Phrase:
    """The detail text for what a page knows. A future effect is not described as if it had begun, nor one that may never come."""
    if view.clock_off is not None:
        return proofs.clock_words(view.clock_off)
    if view.why is Reason.PROHIBITED_APP and view.effect is Effect.WARN:
        return (
            (_WARNED_BY_PERSON if view.by_person else _WARNED_OF_APPS)
            if view.apps
            else detail_of(wording_of(Reason.RULE_MATCHED), apps=False, rule=False)
        )
    return detail_of(wording_for(view), apps=bool(view.apps), rule=bool(view.rule_title))


@lru_cache(256)
def explain_reason(
    reason: Reason,
    apps: tuple[str, ...] = (),
    rule_title: str = "",
    clock_off: timedelta | None = None,
    *,
    by_person: bool = False,
) -> ReasonText:
    """A reason in plain English, for ``title`` and ``detail`` of a problem+json answer.

    It is cached, since Babel reads from disk how a list of names is written.
    """
    wording = wording_of(reason, by_person=by_person)
    detail = detail_of(wording, apps=bool(apps), rule=bool(rule_title))
    text = detail.more if detail.more and len(apps) != 1 else detail.one
    names = format_list(list(apps), locale="en")
    if clock_off is None:
        return ReasonText(wording.title, text % {"apps": names, "rule": rule_title})
    off = format_timedelta(clock_off, threshold=2, locale="en")
    return ReasonText(wording.title, proofs.clock_words(clock_off) % {"off": off})
