"""Names and states of devices in words that their owners know."""

from mailgate.gateway.pages.employee import DeviceCard
from mailgate.gateway.pages.languages import Message, mark, mark_plural
from mailgate.model import Effect, Kind, PostureState, Reason

SYSTEMS = {
    "android": "Android",
    "chromeos": "ChromeOS",
    "ios": "iOS",
    "ipados": "iPadOS",
    "linux": "Linux",
    "macos": "macOS",
    "windows": "Windows",
}
_BRANDS = {"ios": "iPhone", "ipados": "iPad", "macos": "Mac", "chromeos": "Chromebook"}
_NAMES: dict[tuple[str, Kind | None], Message] = {
    ("android", Kind.PHONE): mark("Android phone"),
    ("android", Kind.TABLET): mark("Android tablet"),
    ("android", None): mark("Android device"),
    ("windows", None): mark("Windows computer"),
    ("linux", None): mark("Linux computer"),
    ("", Kind.PHONE): mark("Phone"),
    ("", Kind.TABLET): mark("Tablet"),
    ("", Kind.LAPTOP): mark("Computer"),
    ("", None): mark("Device"),
}

GETS = {
    Effect.ALLOW: mark("Gets company mail"),
    Effect.WARN: mark("Gets company mail, with a warning"),
    Effect.CHALLENGE: mark("Gets no company mail"),
    Effect.BLOCK: mark("Gets no company mail"),
}
HERE = {
    Effect.ALLOW: mark("This browser opens company mail"),
    Effect.WARN: mark("This browser opens company mail, with a warning"),
    Effect.CHALLENGE: mark("This browser gets no company mail"),
    Effect.BLOCK: mark("This browser gets no company mail"),
}
UNTIL = mark("Gets company mail until %(date)s (%(countdown)s); after that it is kept out if nothing changes")
UNTIL_HERE = mark(
    "This browser opens company mail until %(date)s (%(countdown)s); after that it is kept out if nothing changes"
)
EXEMPTED = mark("Gets company mail until %(date)s, by an exemption")
EXEMPTED_HERE = mark("This browser opens company mail until %(date)s, by an exemption")
EXEMPTED_OPEN = mark("Gets company mail by an exemption")
LOST = mark("Reported as lost: it gets no company mail")

STATES = {
    PostureState.CLEAN: mark("None of the listed apps was found on it."),
    PostureState.PARTIAL: mark(
        "It is not certain that every app on it was seen. None of the listed apps is among those that were."
    ),
    PostureState.STALE: mark("Its last report is too old to count."),
    PostureState.MISSING: mark("No report says which of the listed apps are on it."),
    PostureState.UNAVAILABLE: mark("Reports of devices cannot be read right now."),
}
FOUND = mark_plural(
    "This listed app was found on it: %(apps)s.", "These listed apps were found on it: %(apps)s."
)
FINDINGS: dict[str, Message] = {
    Reason.DEVICE_OWNER_CONTRADICTED: mark(
        "Its sources name different people as its owner. Your help desk can correct the wrong one."
    ),
    Reason.DEVICE_KIND_CONTRADICTED: mark("Its sources disagree on whether it is a computer or a phone."),
    Reason.DEVICE_OS_CONTRADICTED: mark("Its sources name different systems for it."),
    Reason.DEVICE_NAME_CONTRADICTED: mark(
        "Another device has one of the same ids. Your help desk can tell the two apart."
    ),
}
"""The texts for people about a contradiction, by its reason code."""
OTHER_FINDING = mark(
    "Its sources contradict each other about it. Your help desk can see what they disagree on."
)


def name_of(os: str, kind: Kind | None) -> str | Message:
    """The usual name of such a device: a brand that is the same in every language, or words. It is never a client's own
    text."""
    if os in _BRANDS:
        return _BRANDS[os]
    system = os if (os, None) in _NAMES else ""
    return _NAMES.get((system, kind)) or _NAMES[system, None]


def state_of(card: DeviceCard) -> Message:
    """The text about the apps on it. A watched app is named whether it is on a list or not."""
    return FOUND if card.apps else STATES.get(card.state, FOUND)
