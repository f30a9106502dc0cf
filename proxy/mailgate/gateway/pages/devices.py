"""Names and states of devices in words that their owners know."""

from collections.abc import Mapping
from datetime import datetime

from markupsafe import Markup

from mailgate.gateway.pages.employee import AskedSource, DeviceCard, SourceResult
from mailgate.model import Effect, Enrolment, Kind, PostureState, Reason, Update
from mailgate.model.device import NotDenied
from mailgate.model.phrase import Phrase, phrase, plural
from mailgate.texts import Language

_ANSWERS: dict[SourceResult, Phrase] = {
    SourceResult.FOUND: phrase("%(source)s still saw %(apps)s %(ago)s."),
    SourceResult.CLEAR: phrase("%(source)s saw no listed app %(ago)s."),
    SourceResult.PARTLY: phrase(
        "%(source)s cannot see every app. Among those it sees there was no listed app %(ago)s."
    ),
    SourceResult.UNSEEN: phrase("%(source)s knows the device, but does not see which apps are there."),
    SourceResult.UNKNOWN: phrase("%(source)s no longer knows this device."),
    SourceResult.ASKED: phrase(
        "%(source)s has asked the device. The answer counts as soon as it comes, mostly within seconds, once the device is on and online."
    ),
    SourceResult.SILENT: phrase("%(source)s did not answer. Please try again in a few minutes."),
    SourceResult.NOBODY: phrase(
        "We can ask nobody about this device. Let your company’s management app finish a check; a new report counts at once."
    ),
    SourceResult.TOO_SOON: phrase("You asked a moment ago. Please wait a minute before you ask again."),
}

OLDER = phrase("The list of apps may be up to %(span)s older than that.")


def isolated(text: str) -> Markup:
    """A text of strangers, isolated so that its direction does not change the text around it."""
    return Markup("<bdi>{}</bdi>").format(text)


def moment(at: datetime, form: str, words: str) -> Markup:
    """A time in words, which scripts show in the reader's own zone in this form."""
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(at.isoformat(), form, words)


def answer_words(asked: AskedSource, language: Language, now: datetime) -> Markup:
    """The answer of one source, and how much older it may be."""
    looked = asked.looked_at
    answer = language.say(
        _ANSWERS[asked.result],
        source=isolated(asked.source),
        apps=language.names(asked.apps) if asked.apps else "",
        ago=moment(looked, "ago", language.ago(now - looked)) if looked else "",
    )
    older = language.say(OLDER, span=language.span(asked.lag)) if asked.lag else ""
    return Markup(" ").join(filter(None, (answer, older)))


SYSTEMS = {
    "android": "Android",
    "chromeos": "ChromeOS",
    "ios": "iOS",
    "ipados": "iPadOS",
    "linux": "Linux",
    "macos": "macOS",
    "windows": "Windows",
}


def in_known_words(update: Update | None) -> Update | None:
    """The same with the system's name as people know it."""
    of_system = update is not None and update.of == "system"
    return update._replace(name=SYSTEMS.get(update.name, "")) if update and of_system else update


_BRANDS = {"ios": "iPhone", "ipados": "iPad", "macos": "Mac", "chromeos": "Chromebook"}
_NAMES: dict[tuple[str, Kind | None], Phrase] = {
    ("android", Kind.PHONE): phrase("Android phone"),
    ("android", Kind.TABLET): phrase("Android tablet"),
    ("android", None): phrase("Android device"),
    ("windows", None): phrase("Windows computer"),
    ("linux", None): phrase("Linux computer"),
    ("", Kind.PHONE): phrase("Phone"),
    ("", Kind.TABLET): phrase("Tablet"),
    ("", Kind.LAPTOP): phrase("Computer"),
    ("", None): phrase("Device"),
}

GETS: Mapping[str, Phrase] = {
    Effect.ALLOW: phrase("Gets company mail"),
    Effect.WARN: phrase("Gets company mail, with a warning"),
    Effect.CHALLENGE: phrase("Gets no company mail"),
    Effect.BLOCK: phrase("Gets no company mail"),
}
HERE: Mapping[str, Phrase] = {
    Effect.ALLOW: phrase("This browser gets company mail"),
    Effect.WARN: phrase("This browser gets company mail, with a warning"),
    Effect.CHALLENGE: phrase("This browser gets no company mail"),
    Effect.BLOCK: phrase("This browser gets no company mail"),
}
UNCHECKED_HERE = phrase("We have not checked this browser yet. Open your mail: we check it then.")
UNTIL = phrase("Gets company mail until %(date)s (%(countdown)s); after that no longer, if nothing changes")
UNTIL_HERE = phrase(
    "This browser gets company mail until %(date)s (%(countdown)s); after that no longer, if nothing changes"
)
EXEMPTED = phrase("Gets company mail until %(date)s, by an exemption")
EXEMPTED_HERE = phrase("This browser gets company mail until %(date)s, by an exemption")
EXEMPTED_OPEN = phrase("Gets company mail by an exemption")
LOST = phrase("Marked as lost. No mail")

STATES: dict[str, Phrase] = {
    PostureState.CLEAN: phrase("No listed app was found on it."),
    PostureState.PARTIAL: phrase(
        "Perhaps not every app on it was seen. There is no listed app among those that were."
    ),
    PostureState.STALE: phrase("Its last report is too old to count."),
    PostureState.MISSING: phrase("No report says which of the listed apps are on it."),
    PostureState.UNAVAILABLE: phrase("Reports of devices cannot be read right now."),
}
ASLEEP = phrase(
    "It does not report now: its browser is closed, or has no extension any more. An open browser with the extension reports by itself."
)
FOUND = plural("This listed app was found on it: %(apps)s.", "These listed apps were found on it: %(apps)s.")
FINDINGS: dict[str, Phrase] = {
    Reason.DEVICE_OWNER_CONTRADICTED: phrase(
        "Its sources name different people as its owner. Your help desk can correct the wrong one."
    ),
    Reason.DEVICE_KIND_CONTRADICTED: phrase("Its sources disagree on whether it is a computer or a phone."),
    Reason.DEVICE_OS_CONTRADICTED: phrase("Its sources name different systems for it."),
    Reason.DEVICE_NAME_CONTRADICTED: phrase(
        "Another device has one of the same ids. Your help desk can tell the two apart."
    ),
}
OTHER_FINDING = phrase(
    "Its sources contradict each other about it. Your help desk can see what they disagree on."
)


def name_of(os: str, kind: Kind | None) -> str | Phrase:
    """The usual name of such a device: a brand that is the same in every language, or words. It is never a client's own
    text."""
    if os in _BRANDS:
        return _BRANDS[os]
    system = os if (os, None) in _NAMES else ""
    return _NAMES.get((system, kind)) or _NAMES[system, None]


def state_of(card: DeviceCard) -> Phrase:
    """The text about the apps on it. A watched app is named whether it is on a list or not."""
    return FOUND if card.apps else ASLEEP if card.asleep else STATES.get(card.state, FOUND)


ENROLMENTS: Mapping[str, Phrase] = {
    Enrolment.FULLY_MANAGED: phrase("a company device, managed as a whole"),
    Enrolment.DEDICATED: phrase("a company device for one purpose"),
    Enrolment.WORK_PROFILE_COMPANY: phrase("a company phone with a personal side"),
    Enrolment.WORK_PROFILE_PERSONAL: phrase("a personal phone with a work profile"),
    Enrolment.DEVICE_ADMINISTRATOR: phrase("an Android device with a device administrator"),
    Enrolment.SUPERVISED: phrase("a supervised Apple device"),
    Enrolment.DEVICE_ENROLMENT: phrase("an Apple device, enrolled as a whole"),
    Enrolment.USER_ENROLMENT: phrase("an Apple device of which only the work part is enrolled"),
    Enrolment.NONE: phrase("in no device management"),
}
"""How a device is enrolled, in words; nothing is said of what is unknown."""

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
    NotDenied.BLOCKED_APP_INSTALLED: phrase("It says that a prohibited app is still there."),
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
        seen = any(source.saw_device for source in card.sources)
        return Markup(" ").join([cannot, language.say(NO_OTHERS)]) if seen else cannot
    why = NOT_DENIED.get(card.not_denied) if card.state is PostureState.PARTIAL else None
    return Markup(" ").join([known, language.say(why)]) if why else known
