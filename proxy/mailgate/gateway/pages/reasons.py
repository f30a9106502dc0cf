"""Every reason in words. Pages translate these texts, and problem+json answers send them in English."""

from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

from babel.dates import format_timedelta
from babel.lists import format_list

from mailgate.gateway.pages import proofs
from mailgate.gateway.pages.causes import WORDINGS as WORDINGS_OF_CAUSES
from mailgate.gateway.pages.proofs import Wording
from mailgate.gateway.pages.steps import names_update
from mailgate.gateway.pages.view import View
from mailgate.model import DEVICE_FINDINGS, Effect, Reason
from mailgate.model.phrase import Phrase, phrase, plural


class ReasonText(NamedTuple):
    """``title`` names the kind of problem, ``detail`` this case of it (RFC 9457, section 3.1)."""

    title: str
    detail: str


_PROOF_REFUSED = Wording(
    phrase("The confirmation from your device could not be accepted"),
    phrase(
        "Your device sent a signed confirmation, but it may be out of date or report a problem with the device. A new one usually helps."
    ),
)

_CERTIFICATE_REFUSED = Wording(
    phrase("The certificate of this device could not be accepted"),
    phrase(
        "It may have expired or been revoked. Your company’s management app or your help desk can put a new one on this device."
    ),
)

_DECIDED = {
    Reason.PROHIBITED_APP: Wording(
        phrase("An app keeps company mail off this device"),
        plural(
            "%(apps)s was found on this device. While it is there, this device gets no company mail.",
            "%(apps)s were found on this device. While any of these apps is there, this device gets no company mail.",
        ),
        phrase("A listed app was found on this device. While it is there, this device gets no company mail."),
    ),
    Reason.RULE_MATCHED: Wording(
        phrase("A company rule applies to this device"),
        phrase("The rule says: %(rule)s"),
        phrase("A rule for company mail decides what this device may open."),
    ),
    Reason.NO_RULE_MATCHED: Wording(
        phrase("Company mail is not available on this kind of device"),
        phrase("The rules for company mail do not mention a device like this one."),
    ),
    Reason.RULE_ERROR: Wording(
        phrase("The rules for company mail could not be read to the end"),
        phrase(
            "There is a mistake in a rule. To be safe, this device gets no mail until we fix it. You and your device did nothing wrong."
        ),
    ),
    Reason.POSTURE_MISSING: Wording(
        phrase("It is not known which apps are on this device"),
        phrase(
            "Company mail needs a report that says whether certain apps are on this device. No such report is known here."
        ),
    ),
    Reason.POSTURE_STALE: Wording(
        phrase("We have not heard from this device for too long"),
        phrase(
            "Company mail needs a recent report on the apps of this device. The last one that is known here has run out."
        ),
    ),
    Reason.POSTURE_PARTIAL: Wording(
        phrase("It is not certain which apps are on this device"),
        phrase(
            "Company mail needs a report that covers every app on this device and can be relied on. There is none so far."
        ),
    ),
    Reason.POSTURE_UNAVAILABLE: Wording(
        phrase("This device cannot be checked right now"),
        phrase(
            "The service that holds the reports of devices does not answer. You and your device did nothing wrong."
        ),
    ),
    Reason.DEVICE_NONCOMPLIANT: Wording(
        phrase("This device does not meet your company’s requirements"),
        phrase("Your company’s management says so. We do not know which requirement it is."),
    ),
    Reason.COMPLIANCE_UNKNOWN: Wording(
        phrase("Your company’s management has not checked this device lately"),
        phrase(
            "Company mail needs its recent word on this device. The last one has run out, or there is none."
        ),
    ),
    Reason.KIND_CONTRADICTED: Wording(
        phrase("Your browser gives two different answers about this device"),
        phrase(
            "Some of what it says fits a computer, some fits a phone or tablet. To be safe, this device is treated as a phone or tablet."
        ),
    ),
    Reason.KIND_UNKNOWN: Wording(
        phrase("It is not clear what kind of device this is"),
        phrase(
            "Your browser or app does not say whether this is a computer, a phone or a tablet. Company mail needs to know."
        ),
    ),
    Reason.KIND_REFUSED: Wording(
        phrase("Company mail does not open on this kind of device"),
        phrase("Your company offers its mail on other kinds of devices and programs than this one."),
    ),
    Reason.UPDATE_REQUIRED: Wording(
        phrase("Something on this device is too old for company mail"),
        phrase("Company mail needs a newer version of the browser or app, or of the system."),
    ),
    Reason.VERSION_UNKNOWN: Wording(
        phrase("It is not known how new this browser or its system is"),
        phrase("Company mail needs a certain version or a newer one. Nothing here says which one this is."),
    ),
    Reason.EXTENSION_REQUIRED: Wording(
        phrase("Company mail needs your company’s extension in this browser"),
        phrase(
            "It tells how this browser is set up, and which version it is. Nothing has come from it so far."
        ),
    ),
    Reason.ATTESTATION_REQUIRED: Wording(
        phrase("This device has to confirm that it is known"),
        phrase(
            "Company mail opens after a signed confirmation from your device. None came with this request."
        ),
    ),
    Reason.ATTESTATION_INVALID: _PROOF_REFUSED,
    Reason.CERTIFICATE_REQUIRED: Wording(
        phrase("This device has to show its certificate"),
        phrase(
            "Company mail opens for devices with a certificate of the company. None came with this request."
        ),
    ),
    Reason.CERTIFICATE_INVALID: _CERTIFICATE_REFUSED,
    Reason.TWO_DEVICES: Wording(
        phrase("Your mail app sent two device names"),
        phrase(
            "Restart your mail app and try again. Its name and the certificate belong to different devices. To be safe, the stricter one counts."
        ),
    ),
    Reason.DEVICE_OF_ANOTHER: Wording(
        phrase("This device is on record as somebody else’s"),
        phrase(
            "Your company’s records name another owner of this device than the person who has logged in. So what we know of it does not count here. If the record is wrong, ask for help."
        ),
    ),
    Reason.DEVICE_LOST: Wording(
        phrase("This device is reported as lost"),
        phrase(
            "Your company was told that this device is lost or stolen, so it gets no company mail. If you have it in your hands, ask for help: it can be opened again at once."
        ),
    ),
    Reason.DEVICE_CONTRADICTED: Wording(
        phrase("Your company’s records do not agree on this device"),
        phrase(
            "They differ in what this device is or whose it is. To be safe, it gets no mail until somebody has looked at that. You and your device did nothing wrong."
        ),
    ),
    Reason.PROBE_REQUIRED: Wording(
        phrase("One moment, please"),
        phrase("We check once whether this browser runs on a computer. Then your mail opens by itself."),
    ),
}

_ALL_OF_YOURS = phrase("This browser goes by all your phones and tablets")
_BY_PERSON = {
    Reason.PROHIBITED_APP: Wording(
        _ALL_OF_YOURS,
        plural(
            "%(apps)s was found on a phone or tablet of yours. While it is there, this browser gets no company mail.",
            "%(apps)s were found on your phones and tablets. While any of these apps is there, this browser gets no company mail.",
        ),
        phrase(
            "A listed app was found on a phone or tablet of yours. While it is there, this browser gets no company mail."
        ),
    ),
    Reason.POSTURE_MISSING: Wording(
        _ALL_OF_YOURS,
        phrase(
            "Company mail needs a report on each of them that says whether certain apps are there. For at least one of yours, no such report is known here, or no phone or tablet of yours is known at all."
        ),
    ),
    Reason.POSTURE_STALE: Wording(
        _ALL_OF_YOURS,
        phrase(
            "The last report on at least one of them is too old. Company mail needs a recent one on each."
        ),
    ),
    Reason.POSTURE_PARTIAL: Wording(
        _ALL_OF_YOURS,
        phrase(
            "It is not certain which apps are on at least one of them. Company mail needs a report on each that covers every app."
        ),
    ),
    Reason.DEVICE_LOST: Wording(
        _ALL_OF_YOURS,
        phrase(
            "One of them is reported as lost or stolen, and this browser could be on it. If you have it in your hands, ask for help: it can be opened again at once."
        ),
    ),
    Reason.DEVICE_CONTRADICTED: Wording(
        _ALL_OF_YOURS,
        phrase(
            "Your company’s records do not agree on one of them. To be safe, you get no mail here until somebody has looked at that. You did nothing wrong."
        ),
    ),
}
"""The texts that differ where a browser goes by its person: the cause may be on another device."""

_NEEDS = phrase("Company mail needs %(software)s %(version)s or newer.")
_TOO_OLD = {
    "browser": Wording(phrase("This browser is too old for company mail"), _NEEDS),
    "system": Wording(phrase("The system of this device is too old for company mail"), _NEEDS),
    "extension": Wording(
        phrase("Your company’s extension in this browser is too old"),
        phrase("Company mail needs version %(version)s or newer of it."),
    ),
}
"""The texts for what is known to be too old, where it has a name."""

_UNSERVED = {
    Reason.REQUEST_MALFORMED: Wording(
        phrase("The request could not be understood"),
        phrase(
            "What your browser or app sent is damaged or incomplete. Going back and opening the page again usually helps."
        ),
    ),
    Reason.REQUEST_AMBIGUOUS: Wording(
        phrase("The request could be read in two ways"),
        phrase("To be safe, it was not passed on. Going back and opening the page again usually helps."),
    ),
    Reason.REQUEST_HEAD_TOO_LARGE: Wording(
        phrase("This request is too large"),
        phrase(
            "Its address or its cookies are too long. Delete the cookies of this site and log in again. This usually helps."
        ),
    ),
    Reason.REQUEST_BODY_TOO_LARGE: Wording(
        phrase("This message or attachment is too large"),
        phrase(
            "A message or an attachment is larger than allowed here. Try a smaller file or fewer attachments."
        ),
    ),
    Reason.REQUEST_TIMEOUT: Wording(
        phrase("The request took too long to arrive"),
        phrase("The connection may be slow or was interrupted. Please try again."),
    ),
    Reason.REQUEST_NOT_SUPPORTED: Wording(
        phrase("The request asks for something that does not exist here"),
        phrase("Your browser or app uses a feature that this address does not offer."),
    ),
    Reason.NOT_FOUND: Wording(
        phrase("There is no page at this address"),
        phrase("It may have been moved or mistyped. Your mail is not affected."),
    ),
    Reason.METHOD_NOT_ALLOWED: Wording(
        phrase("This address cannot be used in this way"),
        phrase("Your browser or app asked for something that this address does not allow."),
    ),
    Reason.UPSTREAM_UNREACHABLE: Wording(
        phrase("The mail system cannot be reached right now"),
        phrase(
            "It may be restarting or under maintenance. Your mail is not lost. Please try again in a few minutes."
        ),
    ),
    Reason.UPSTREAM_TIMEOUT: Wording(
        phrase("The mail system takes too long to answer"),
        phrase(
            "It may be very busy. If you just sent a message, look into your Sent folder before you send it again."
        ),
    ),
    Reason.UPSTREAM_MALFORMED: Wording(
        phrase("The answer of the mail system could not be understood"),
        phrase("It was damaged or incomplete, so it is not shown. Please try again in a few minutes."),
    ),
    Reason.ENROLMENT_UNKNOWN: Wording(
        phrase("This device could not be added"),
        phrase(
            "The code or the link for adding it is not known here, or it was used or has expired. Ask for a new one."
        ),
    ),
    Reason.ENROLMENT_REVOKED: Wording(
        phrase("Your company has shut out this device"),
        phrase("It cannot be added again before your help desk allows it."),
    ),
    Reason.MACHINE_KEYS_FULL: Wording(
        phrase("As many browsers as are allowed were added on this computer"),
        phrase("Ask your help desk to remove one that is no longer used."),
    ),
    Reason.KEY_NOT_ENROLLED: Wording(
        phrase("This device is not known here"),
        phrase("It was never added, or it was removed. Ask your help desk to add it again."),
    ),
    Reason.TOO_MANY_REQUESTS: Wording(
        phrase("Too many tries from your network"),
        phrase(
            "They came from this device, or from others that share its connection. Try again in a few minutes."
        ),
    ),
    Reason.INTERNAL_ERROR: Wording(
        phrase("We made a mistake"), phrase("This is not your fault. Please try again in a few minutes.")
    ),
}

WORDINGS = _DECIDED | proofs.WORDINGS | _UNSERVED

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
    other = _CERTIFICATE_REFUSED if reason.startswith("certificate-") else _PROOF_REFUSED
    return WORDINGS.get(SAME_WORDS.get(reason, reason), other)


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
