"""The display names of the closed sets of the model."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from http import HTTPStatus

from mailgate.devices.names import CERT, DIRECTORY, EAS, KEY, SERIAL, UDID, USER
from mailgate.devices.trust import ASLEEP, ENROLLED, is_asleep, source_name
from mailgate.errors import Trouble
from mailgate.gateway.pages.devices import ENROLMENTS, NOT_DENIED, SYSTEMS
from mailgate.gateway.pages.reasons import wording_of
from mailgate.model import Absence, Compliance, Effect, Enrolment, Kind, PostureState, Protocol, Reason
from mailgate.model.phrase import capital, joined, phrase, plural
from mailgate.policy.rule_states import AppState, RuleState

EFFECTS: Mapping[str, str] = {
    Effect.ALLOW: phrase("gets mail"),
    Effect.WARN: phrase("warned"),
    Effect.CHALLENGE: phrase("asked for proof"),
    Effect.BLOCK: phrase("no mail"),
}
"""The effect on a request."""
RULE_STATES: Mapping[str, str] = {
    RuleState.LETS_IN: phrase("gives mail"),
    RuleState.WARNS: phrase("warns"),
    RuleState.CHALLENGES: phrase("asks for proof"),
    RuleState.BLOCKS: phrase("blocks"),
    RuleState.WATCHES: phrase("watches"),
    RuleState.WAITS: phrase("has not begun"),
    RuleState.OFF: phrase("off"),
}
"""What a rule does now."""
APP_STATES: Mapping[str, str] = {AppState.PROHIBITED: phrase("Prohibited"), AppState.LISTED: phrase("Listed")}
"""What a listed app means for company mail now."""
PROTOCOLS: Mapping[str, str] = {
    Protocol.WEB: phrase("the web"),
    Protocol.ACTIVESYNC: "ActiveSync",
    Protocol.DAV: phrase("CalDAV or CardDAV"),
    Protocol.EWS: "EWS",
    Protocol.JMAP: "JMAP",
    Protocol.MAPI: "MAPI",
    Protocol.IMAP: "IMAP",
    Protocol.POP3: "POP3",
    Protocol.SUBMISSION: "SMTP",
    Protocol.SIEVE: "ManageSieve",
}

STATES = {
    PostureState.CLEAN: phrase("No listed app"),
    PostureState.LISTED: phrase("Listed app"),
    PostureState.PARTIAL: phrase("Not every app seen"),
    PostureState.STALE: phrase("Report too old"),
    PostureState.MISSING: phrase("No report of apps"),
    PostureState.UNAVAILABLE: phrase("Reports cannot be read"),
}
"""The state of a device by its reports."""
CANNOT_RUN = phrase("No listed app can run")
"""The state of a clean device of which it is only known that some listed apps cannot run."""
NOT_REPORTING = phrase("Does not report now")
"""The state of a computer whose browser is closed, or has no extension any more."""
VERDICTS: Mapping[str, str] = {
    Compliance.COMPLIANT: phrase("it meets the management's rules"),
    Compliance.GRACE: phrase("it breaks the management's rules, and has time to fix that"),
    Compliance.NONCOMPLIANT: phrase("it breaks the management's rules"),
    Compliance.UNKNOWN: phrase("there is no verdict, or it is too old"),
    Compliance.NONE: phrase("nobody judges it"),
}
"""The verdict of a device's management by its own rules."""
LOST = phrase("Lost")
CONNECTORS: Mapping[str, str] = {
    "new": phrase("Not read yet"),
    "reading": phrase("Read for the first time"),
    "ok": phrase("Working"),
    "held": phrase("Needs a look"),
    "failing": phrase("Failing"),
    "unavailable": phrase("Unreachable"),
}
"""The state of a connector."""
TROUBLES = {
    Trouble.UNREACHABLE: phrase("cannot be reached"),
    Trouble.TIMEOUT: phrase("does not answer in time"),
    Trouble.CERTIFICATE: phrase("shows a certificate that is not trusted"),
    Trouble.LOGIN: phrase("refuses our password"),
    Trouble.RIGHT: phrase("refuses to let our account read this"),
    Trouble.THROTTLED: phrase("asks to wait again and again"),
    Trouble.STATUS: phrase("answers with an error"),
    Trouble.TOO_BIG: phrase("answers with more than is read at once"),
    Trouble.SHAPE: phrase("answers in another form than its API documents"),
    Trouble.NAME: phrase("does not know devices by this name"),
    Trouble.ELSEWHERE: phrase("leads to another host"),
    Trouble.CUT: phrase("changed its list while it was read"),
    Trouble.CURSOR: phrase("has to be read as a whole again"),
    Trouble.GONE: phrase("no longer names more devices than one reading may take away"),
    Trouble.FILE: phrase("has a file that cannot be read"),
    Trouble.STORE: phrase("was read while the store did not answer"),
    Trouble.STOPPED: phrase("was stopped while it was read"),
    Trouble.FAULT: phrase("met a fault in Mailgate, which the log describes"),
}
"""What is wrong with a source."""
KINDS: Mapping[str, str] = {
    "": phrase("device"),
    "unknown": phrase("device of unknown kind"),
    "laptop": phrase("laptop"),
    "phone": phrase("phone"),
    "tablet": phrase("tablet"),
    "mail_app": phrase("mail app"),
    "tool": phrase("tool"),
    "bot": phrase("bot"),
    "other": phrase("other"),
}
"""The kind of a device."""
ROLES: Mapping[str, str] = {
    "analyst": phrase("analyst"),
    "viewer": phrase("viewer"),
    "operator": phrase("operator"),
    "approver": phrase("approver"),
}
"""The roles of admins."""
KIND_CHOICES: Mapping[str, str] = {**KINDS, "unknown": phrase("unknown")}
"""The kinds of devices, as choices in a form."""
STAGES: Mapping[str, str] = {
    "pending": phrase("has not begun"),
    "report_only": phrase("watches"),
    "warn": phrase("warns"),
    "enforce": phrase("applies"),
}
"""The stages of a rule."""
PLAN_STATES: Mapping[str, str] = {
    "open": phrase("open"),
    "expired": phrase("expired"),
    "overtaken": phrase("overtaken"),
    "in force": phrase("running"),
    "rolled back": phrase("rolled back"),
    "replaced": phrase("replaced"),
}
"""The state of a plan."""
NAME_KINDS: Mapping[str, str] = {
    SERIAL: phrase("Serial number"),
    UDID: phrase("UDID"),
    KEY: phrase("Key"),
    CERT: phrase("Certificate"),
    DIRECTORY: phrase("Directory ID"),
    EAS: phrase("ActiveSync ID"),
    USER: phrase("Person"),
}
"""The kinds of names of devices."""

MAIL_STATES: Mapping[str, str] = {
    "queued": phrase("queued"),
    "sending": phrase("sending"),
    "sent": phrase("sent"),
    "failed": phrase("failed"),
    "unsure": phrase("unsure"),
    "withdrawn": phrase("withdrawn"),
}
"""The state of a mail."""


def mail_failure_in_words(why: str) -> str:
    """Why a mail was not sent. A reply code is SMTP's (RFC 5321, section 4.2.1); the class of another error stays as it is."""
    if re.fullmatch(r"5\d\d", why):
        return phrase("the mail server refused it for good (%(code)s)", code=why)
    if re.fullmatch(r"4\d\d", why):
        return phrase("the mail server did not take it for now (%(code)s)", code=why)
    return phrase("the gate ended while it was being sent") if why == "interrupted" else why


def told_by(words: Mapping[str, str]) -> Callable[[str], str]:
    """A function that tells a word of a closed set. One of another release stays as it is stored."""
    return lambda word: words.get(word, word)


outcome_in_words = told_by({**EFFECTS, Effect.ALLOW: phrase("got mail"), Effect.BLOCK: phrase("refused")})
"""What became of a request that is over."""
not_denied_in_words = told_by(NOT_DENIED)
"""Why a device's management is not known to keep every listed app from running; empty if there is no reason."""


def device_named(device: str) -> str:
    """A device by its id, within a sentence."""
    return phrase("the device %(id)s", id=device)


def trouble_in_words(trouble: str) -> str:
    """What is wrong with a source, with the hint after its code if there is one."""
    code, _, hint = trouble.partition(": ")
    words = TROUBLES[Trouble(code)] if code in set(Trouble) else code
    return phrase("%(trouble)s (%(hint)s)", trouble=words, hint=hint) if hint else words


def status_in_words(status: int) -> str:
    """An HTTP status with its phrase (RFC 9110, section 15)."""
    known = next((each.phrase for each in HTTPStatus if each == status), "")
    return f"HTTP {status} {known}".strip()


def state_in_words(
    state: str, absence: str | None = None, kind: str | None = None, sources: Collection[str] = ()
) -> str:
    """The state of a device, or lost. States of other releases are shown as they are stored."""
    if state == ASLEEP or is_asleep(state, kind, sources):
        return NOT_REPORTING
    if (state, absence) == (PostureState.CLEAN, Absence.ENFORCED):
        return CANNOT_RUN
    if state in set(PostureState):
        return STATES[PostureState(state)]
    return LOST if state == "lost" else state.capitalize()


def source_in_words(source: str) -> str:
    """A source of reports: an issuer by its host, a connector by its name in the settings."""
    if source == ENROLLED:
        return phrase("The device itself")
    return source_name(source)


def reporter_in_words(source: str) -> str:
    """A source within a sentence."""
    return phrase("the device itself") if source == ENROLLED else source_in_words(source)


def looked_clause(source: str) -> str:
    """A source that looked at the apps of a device, as the beginning of a clause."""
    if source == ENROLLED:
        return phrase("the device reported")
    return phrase("%(source)s looked", source=source_in_words(source))


def looked_clause_first(source: str) -> str:
    """The words at the beginning of a sentence. The name of a source keeps its case."""
    told = looked_clause(source)
    return capital(told) if source == ENROLLED else told


def length_in_words(count: int, unit: str) -> str:
    """A length of time, in ``days``, ``hours``, ``minutes`` or ``seconds``."""
    return {
        "days": plural("%(count)s day", "%(count)s days", count),
        "hours": plural("%(count)s hour", "%(count)s hours", count),
        "minutes": plural("%(count)s minute", "%(count)s minutes", count),
        "seconds": plural("%(count)s second", "%(count)s seconds", count),
    }[unit]


def short_name(login: str) -> str:
    """A person as a sentence about this one alone names them."""
    return login.partition("@")[0]


def short_names(logins: Sequence[str]) -> list[str]:
    """People as a sentence names them: without the domain, unless there are several."""
    several = len({each.partition("@")[2] for each in logins} - {""}) > 1
    return list(logins) if several else [short_name(each) for each in logins]


def kind_in_words(kind: Kind | str | None) -> str:
    return KINDS.get(kind or "") or str(kind).replace("_", " ")


def enrolment_in_words(enrolment: str) -> str:
    return capital(ENROLMENTS[Enrolment(enrolment)]) if enrolment in ENROLMENTS else phrase("Not told")


def system_in_words(os: str, version: str = "") -> str:
    """The system of a device, as its maker writes it."""
    return f"{SYSTEMS.get(os, os)} {version}".strip()


def device_in_words(kind: Kind | str | None, os: str, version: str = "") -> str:
    return joined(part for part in (kind_in_words(kind), system_in_words(os, version)) if part)


_BY_SYSTEM = {
    "ios": phrase("the iPhone"),
    "ipados": phrase("the iPad"),
    "macos": phrase("the Mac"),
    "chromeos": phrase("the Chromebook"),
    "windows": phrase("the Windows computer"),
    "linux": phrase("the Linux computer"),
    "android phone": phrase("the Android phone"),
    "android tablet": phrase("the Android tablet"),
}
_BY_KIND = {
    "phone": phrase("the phone"),
    "tablet": phrase("the tablet"),
    "laptop": phrase("the laptop"),
    "mail_app": phrase("the mail app"),
}
_DEVICE = phrase("the device")


def called(kind: str | None, os: str) -> str:
    """A device by what people call it, as the subject of a sentence."""
    return _BY_SYSTEM.get(os) or _BY_SYSTEM.get(f"{os} {kind}") or _BY_KIND.get(kind or "", _DEVICE)


def reason_in_words(reason: str) -> str:
    """The reason in one sentence without its full stop; empty if the rule alone is the reason."""
    if reason not in set(Reason) or reason == Reason.RULE_MATCHED:
        return ""
    return wording_of(Reason(reason)).title
