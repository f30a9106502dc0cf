"""What is said of listed apps that a device's management keeps from running, and of why that is not certain."""

from markupsafe import Markup

from mailgate.gateway.pages.devices import state_of
from mailgate.gateway.pages.employee import DeviceCard
from mailgate.model import PostureState
from mailgate.model.device import NotDenied
from mailgate.model.phrase import Phrase, phrase, plural
from mailgate.texts import Language

CANNOT_RUN = plural(
    "This listed app cannot run on it: %(apps)s.", "These listed apps cannot run on it: %(apps)s."
)
"""The app may be there, so nobody is told that it is not."""
NO_OTHERS = phrase("None of the other listed apps was found on it.")

NOT_DENIED: dict[str, Phrase] = {
    NotDenied.NOT_COMPANY_OWNED: phrase(
        "It is not the company’s own, so nobody can forbid apps on its private side."
    ),
    NotDenied.MANAGEMENT_UNKNOWN: phrase("Its management does not say in which way it manages it."),
    NotDenied.NOT_SUPERVISED: phrase(
        "It is not supervised, so its management cannot keep apps from running."
    ),
    NotDenied.NOT_ACTIVE: phrase("It is switched off in its management, or not set up yet."),
    NotDenied.OTHER_POLICY_DUE: phrase("Another policy of its management is due on it."),
    NotDenied.POLICY_UNREAD: phrase("The policy of its management could not be read."),
    NotDenied.POLICY_VERSION_UNKNOWN: phrase("It has a version of its policy that was never read."),
    NotDenied.DECLARATION_NOT_REPORTED: phrase(
        "It has not reported the declaration that forbids these apps."
    ),
    NotDenied.DECLARATION_OUTDATED: phrase(
        "It has another version of the declaration than the one that is known."
    ),
    NotDenied.DECLARATION_INVALID: phrase("It does not accept the declaration that forbids these apps."),
    NotDenied.DECLARATION_INACTIVE: phrase(
        "It has the declaration that forbids these apps, but does not apply it."
    ),
    NotDenied.APP_NOT_BLOCKED: phrase("Its management does not forbid every listed app."),
    NotDenied.UNTRUSTED_APPS_ALLOWED: phrase("Its policy allows apps from other places than the store."),
    NotDenied.PRIVATE_SPACE_ALLOWED: phrase("Its policy allows a private space, whose apps nobody sees."),
    NotDenied.DEVELOPER_SETTINGS_ALLOWED: phrase(
        "Its policy allows the settings for developers, by which apps can be installed."
    ),
    NotDenied.OTHER_USERS_ALLOWED: phrase("Its policy allows other users on it, whose apps nobody sees."),
    NotDenied.NEWER_POLICY_OPEN: phrase(
        "A newer version of its policy is less strict, and it may have that already."
    ),
    NotDenied.BLOCKED_APP_INSTALLED: phrase("It says that a forbidden app is still there."),
    NotDenied.POLICY_NOT_APPLIED: phrase("It says that it does not apply all of its policy."),
    NotDenied.REPORT_TOO_OLD: phrase("Its last word on its policy is too old to count."),
}
"""Why it is not certain that its management keeps every listed app from running."""


def apps_words(card: DeviceCard, language: Language) -> Markup:
    """What is known of the listed apps on a device."""
    known = language.say(state_of(card), len(card.apps), apps=language.names(card.apps))
    if card.apps or card.state not in (PostureState.CLEAN, PostureState.PARTIAL):
        return known
    if card.denied:
        cannot = language.say(CANNOT_RUN, len(card.denied), apps=language.names(card.denied))
        seen = any(source.complete for source in card.sources)
        return Markup(" ").join([cannot, language.say(NO_OTHERS)]) if seen else cannot
    why = NOT_DENIED.get(card.not_denied) if card.state is PostureState.PARTIAL else None
    return Markup(" ").join([known, language.say(why)]) if why else known
