"""The reading of one family of signals. ``verdict.py`` weighs the readings of all families against each other."""

from typing import NamedTuple

from mailgate.model import Finding, Kind, Reason, Signal

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

    ``weak`` marks an inferred form, which yields to any other family that names a form. ``disputes`` marks a form that
    does not yield to a computer: a phone's system or mail app never means a computer, even if another family says
    computer.
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
        """Whether the reading says anything."""
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
