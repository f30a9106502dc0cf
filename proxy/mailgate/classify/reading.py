"""What one family of signals makes of a request, before the families are weighed against each other."""

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
"""Every form that a rule may name. ``device`` is an appliance of no form that matters here."""

HANDHELD_FORMS = frozenset({"phone", "tablet", "ereader", "mail_app", "watch"})
"""A native mail client whose form is not told counts as handheld: unknown never widens access."""


class Reading(NamedTuple):
    """The form that one family of signals speaks for (empty: none), and what else it tells.

    ``weak`` marks a form that was inferred and yields to any other family that names one; ``disputes`` one that does not yield
    to a computer: a system or a mail app of phones is no computer's, whoever calls it so.
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
    def tells(self) -> bool:
        """Whether there is anything in it."""
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
