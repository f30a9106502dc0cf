"""The readings of the families in common words, and how they are weighed: the most restrictive counts, agreement raises the assurance."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from mailgate.classify.table import Match
from mailgate.model import Assurance, Client, Finding, Kind, Protocol, Reason, Signal
from mailgate.model.phrase import joined, phrase

KIND_OF_FORM = {
    "desktop": Kind.LAPTOP,
    "phone": Kind.PHONE,
    "tablet": Kind.TABLET,
    "ereader": Kind.TABLET,
    "mail_app": Kind.MAIL_APP,
    "tv": Kind.OTHER,
    "console": Kind.OTHER,
    "watch": Kind.OTHER,
    "car": Kind.OTHER,
    "speaker": Kind.OTHER,
    "xr": Kind.OTHER,
    "device": Kind.OTHER,
    "tool": Kind.TOOL,
    "bot": Kind.BOT,
    "": Kind.UNKNOWN,
}
"""Every form that a rule may name, with its kind. ``device`` is an appliance whose form does not matter here."""

HANDHELD_FORMS = frozenset({"phone", "tablet", "ereader", "mail_app", "watch"})
"""Forms that count as handheld. A native mail client of unknown form is one of them, since unknown never widens access."""


class Reading(NamedTuple):
    """The form that one family of signals speaks for, or an empty one, and what else the family says.

    ``weak`` marks an inferred form, which yields to any other family that names one. ``disputes`` marks a form that yields to no computer: a
    phone's system or mail app never means a computer, even if another family says computer.
    """

    form: str = ""
    weak: bool = False
    disputes: bool = False
    os: str = ""
    os_version: str = ""
    browser: str = ""
    browser_version: str = ""
    model: str = ""
    signals: tuple[Signal, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def says_anything(self) -> bool:
        return bool(self.signals or self.form or self.findings or self.os)

    @property
    def kind(self) -> Kind:
        return KIND_OF_FORM[self.form]

    @property
    def handheld(self) -> bool:
        return self.form in HANDHELD_FORMS

    def contradicted(self, detail: str) -> "Reading":
        """The same reading with the finding that its own signals name different kinds."""
        return self._replace(findings=(*self.findings, Finding(Reason.KIND_CONTRADICTED, detail)))


_NAMES = {
    **dict.fromkeys(("mac os x", "mac os", "mac", "os x"), "macos"),
    "iphone os": "ios",
    **dict.fromkeys(("windows nt", "winnt", "microsoft windows"), "windows"),
    **dict.fromkeys(("chrome os", "chromium os"), "chromeos"),
    "symbian os": "symbian",
    **dict.fromkeys(("blackberry os", "blackberry tablet os"), "blackberry"),
    **dict.fromkeys(("other", "unknown"), ""),
}

_OF_DESKTOP_RULE = {
    "harmony-pc": "harmonyos",
    "windows": "windows",
    "macintosh": "macos",
    "chromebook": "chromeos",
    "linux-distribution": "linux",
    "linux-computer": "linux",
}


@lru_cache(512)
def system_name(family: str) -> str:
    """Mailgate's name of a system, like ``macos`` for ``Mac OS X``. One without an entry is in lower case, with hyphens for spaces."""
    lowered = family.strip().lower()
    return _NAMES.get(lowered, lowered.replace(" ", "-"))


def system_of_rule(match: Match) -> str:
    """The system of a computer by the rule that recognised it; empty if the rule covers several systems."""
    return _OF_DESKTOP_RULE.get(match.rule.name, "")


def system_of_words(match: Match) -> str:
    """The system of a computer by the matched words; empty if they are the words of a program."""
    return "" if match.rule.name == "x11" else system_name(match.text.strip("(;/ )"))


_FORMLESS = frozenset({"tool", "bot", "mail_app", "device"})
"""Forms that are not form factors. A client's form is left empty for them."""

_RESTRICTIVE_FIRST = (
    HANDHELD_FORMS,
    {"phone"},
    {"mail_app"},
    KIND_OF_FORM.keys() - HANDHELD_FORMS,
    {"desktop"},
)
"""The forms by rank, the most restrictive first; the last place of a form counts. Exact handhelds come first (tablet before phone)
and computers last."""
_RANKS = {form: rank for rank, forms in enumerate(_RESTRICTIVE_FIRST) for form in forms}

_NOTHING = Reading()


def weigh(readings: Sequence[Reading], protocol: Protocol, **named: str) -> Client:
    """The client that these readings show. The strongest family comes first. ``named`` are the fields of the client that an
    ActiveSync query names."""
    readings = [reading for reading in readings if reading.says_anything]
    taken = _taken(readings)
    # no other reading can agree or disagree with a single one
    told = readings[0] if len(readings) == 1 else _together(readings, taken)
    assurance = _assurance(readings, taken, told.findings) if len(readings) > 1 else Assurance.CLAIMED
    return Client(
        kind=taken.kind,
        handheld=taken.handheld,
        assurance=assurance,
        form="" if taken.form in _FORMLESS else taken.form,
        os=told.os,
        os_version=told.os_version,
        browser=told.browser,
        browser_version=told.browser_version,
        model=told.model,
        protocol=protocol,
        signals=told.signals,
        findings=told.findings,
        **named,
    )


def _together(readings: Sequence[Reading], taken: Reading) -> Reading:
    """Each value is that of the taken reading, or else of the strongest that has it."""
    os = browser = browser_version = model = ""
    for reading in (taken, *readings):
        os = os or reading.os
        browser = browser or reading.browser
        browser_version = browser_version or reading.browser_version
        model = model or reading.model
    findings = tuple([finding for reading in readings for finding in reading.findings])
    return Reading(
        os=os,
        os_version=next(
            (reading.os_version for reading in readings if reading.os == os and reading.os_version), ""
        ),
        browser=browser,
        browser_version=browser_version,
        model=model,
        signals=tuple([signal for reading in readings for signal in reading.signals]),
        findings=findings + _clash(readings, taken),
    )


def _taken(readings: Sequence[Reading]) -> Reading:
    """The most restrictive explicit reading, unless an inferred one is even more restrictive.

    An inferred reading never makes a laptop. A mail client of unknown form does not dispute a form that is named. But a phone's
    mail client, or one on a phone's system, disputes a computer in every protocol.
    """
    outright = [reading for reading in readings if reading.form and not reading.weak]
    taken = min(outright, key=lambda reading: _RANKS[reading.form], default=_NOTHING)
    for reading in readings:
        if reading.weak and _counts(reading, taken):
            taken = reading
    if taken.kind is Kind.LAPTOP:
        return next((reading for reading in readings if reading.disputes), taken)
    return taken


def _counts(inferred: Reading, taken: Reading) -> bool:
    if inferred.form == "mail_app":
        return taken.kind is Kind.UNKNOWN
    of_a_device = inferred.handheld or inferred.kind is Kind.OTHER
    return of_a_device and taken.kind in (Kind.LAPTOP, Kind.UNKNOWN, Kind.MAIL_APP)


def _clash(readings: Sequence[Reading], taken: Reading) -> tuple[Finding, ...]:
    """A finding if one family names a computer and another family another device.

    An inferred computer does not contradict appliances, since televisions and consoles run desktop systems.
    """
    if not (taken.handheld or taken.disputes or taken.kind is Kind.OTHER):
        return ()
    if not any(r.kind is Kind.LAPTOP and (taken.handheld or not r.weak) for r in readings):
        return ()
    said = joined(
        (
            phrase("%(name)s %(value)s says %(kind)s", name=s.name, value=repr(s.value), kind=s.says)
            for r in readings
            for s in r.signals
            if s.says
        ),
        "; ",
    )
    detail = phrase("the request names different kinds: %(said)s", said=said)
    return (Finding(Reason.KIND_CONTRADICTED, detail),)


def _assurance(readings: Sequence[Reading], taken: Reading, findings: Sequence[Finding]) -> Assurance:
    if any(finding.reason is Reason.KIND_CONTRADICTED for finding in findings):
        return Assurance.CLAIMED
    agreeing = [r.os for r in readings if r.form and r.form == taken.form]
    systems = {os for os in agreeing if os}
    return Assurance.CONSISTENT if len(agreeing) > 1 and len(systems) <= 1 else Assurance.CLAIMED
