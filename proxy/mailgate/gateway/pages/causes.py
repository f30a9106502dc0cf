"""Why a phone is not known to be clean, and what really ends that, by what the company offers. No step is told that does not exist: on a
personal side that its management cannot see, no setting of the device lets it look there."""

from collections.abc import Mapping

from mailgate.devices.trust import REPORTER
from mailgate.gateway.pages.proofs import TEXTS, Wording, wordings
from mailgate.gateway.pages.view import ExactCause, View
from mailgate.model import Access, Decision, Protocol, Reason
from mailgate.model.device import Enrolment, NotDenied
from mailgate.model.phrase import Phrase, phrase

WORDINGS: Mapping[ExactCause, Wording] = wordings(TEXTS.causes, ExactCause)

_PARTLY_SEEN = frozenset(
    {Enrolment.WORK_PROFILE_COMPANY, Enrolment.WORK_PROFILE_PERSONAL, Enrolment.USER_ENROLMENT}
)
_NOT_APPLIED = frozenset(
    {
        NotDenied.OTHER_POLICY_DUE,
        NotDenied.DECLARATION_NOT_REPORTED,
        NotDenied.DECLARATION_OUTDATED,
        NotDenied.POLICY_NOT_APPLIED,
        NotDenied.REPORT_TOO_OLD,
    }
)
"""The checks of a denial that fail until the device has applied its management's newest settings and said so."""


def cause_of(access: Access, decision: Decision) -> ExactCause | None:
    """The cause behind the reason of this decision; None if no more is known than the reason says. A decision that is told
    without its cause has another reason, and so has none."""
    posture = access.posture
    match decision.reason:
        case Reason.POSTURE_PARTIAL if posture.not_denied in _NOT_APPLIED:
            return ExactCause.NOT_APPLIED
        case Reason.POSTURE_PARTIAL if REPORTER in posture.sources and posture.unseen:
            return None  # an app on the unseen side has answered for others
        case Reason.POSTURE_PARTIAL if posture.enrolment in _PARTLY_SEEN:
            return ExactCause.UNSEEN_SIDE
        case Reason.POSTURE_MISSING if posture.device_id and posture.managed:
            return ExactCause.NO_INVENTORY
        case Reason.POSTURE_MISSING if access.client.protocol is Protocol.WEB and not posture.device_id:
            return ExactCause.BROWSER_UNKNOWN
    return None


ON_LAPTOP = phrase("Open your mail in a browser on a laptop or desktop computer.")
BY_CERTIFICATE = phrase(
    "On this device: let your company’s management app put its certificate here, and choose it when your browser asks."
)
WAYS: Mapping[str, Phrase] = {
    "reporter": phrase(
        "With your company’s check app: open it and let it answer. It looks for listed apps alone."
    ),
    "company-phone": phrase("On a phone of your company: ask for one."),
    "laptop": ON_LAPTOP,
}
"""A way to mail for each choice of the company that leads past this device's own check."""
TAKES_ANOTHER_WAY = frozenset({ExactCause.UNSEEN_SIDE, ExactCause.NO_INVENTORY, ExactCause.BROWSER_UNKNOWN})
"""The causes that nothing in the management app ends."""

_ANSWERED = frozenset(
    {Reason.PROHIBITED_APP, Reason.POSTURE_MISSING, Reason.POSTURE_STALE, Reason.POSTURE_PARTIAL}
)


def answers_by_itself(view: View) -> bool:
    """Whether an app on the device can end this by its answer. There is none for Apple's systems, whose apps see no others; and
    what it answers is about the device, so it does not count in a browser that shows no device."""
    return (
        "reporter" in view.choices
        and view.reason in _ANSWERED
        and view.cause is not ExactCause.BROWSER_UNKNOWN
        and view.os not in ("ios", "ipados")
    )


def ways(view: View) -> tuple[Phrase, ...]:
    """The ways to mail of which one is enough; none if the company offers none that exists here."""
    by_certificate = view.cause is ExactCause.BROWSER_UNKNOWN and view.certificates
    exists = {"reporter": answers_by_itself(view), "laptop": view.laptops_open}
    own = (BY_CERTIFICATE,) if by_certificate and "management-app" in view.choices else ()
    return (*own, *(WAYS[each] for each in WAYS if each in view.choices and exists.get(each, True)))
