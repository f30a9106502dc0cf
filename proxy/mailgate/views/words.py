"""The closed sets of the model as admins read them."""

import re

from mailgate.connectors.errors import Trouble
from mailgate.devices.names import CERT, EAS, KEY, SERIAL, UDID, USER
from mailgate.devices.trust import ENROLLED, source_name
from mailgate.gateway.pages.devices import SYSTEMS
from mailgate.gateway.pages.reasons import wording_of
from mailgate.model import Effect, Kind, PostureState, Protocol, Reason

EFFECTS = {
    Effect.ALLOW: "let in",
    Effect.WARN: "warned",
    Effect.CHALLENGE: "asked for proof",
    Effect.BLOCK: "kept out",
}
"""What became of a request."""
PROTOCOLS = {
    Protocol.WEB: "the web",
    Protocol.ACTIVESYNC: "ActiveSync",
    Protocol.DAV: "CalDAV or CardDAV",
    Protocol.EWS: "EWS",
    Protocol.JMAP: "JMAP",
    Protocol.MAPI: "MAPI",
    Protocol.IMAP: "IMAP",
    Protocol.POP3: "POP3",
    Protocol.SUBMISSION: "SMTP",
    Protocol.SIEVE: "ManageSieve",
}

STATES = {
    PostureState.CLEAN: "No listed app",
    PostureState.LISTED: "Listed app",
    PostureState.PARTIAL: "Only work apps seen",
    PostureState.STALE: "Report too old",
    PostureState.MISSING: "No report of apps",
    PostureState.UNAVAILABLE: "Reports cannot be read",
}
"""How a device stands by what its sources say."""
CONNECTORS = {
    "new": "Not read yet",
    "ok": "Working",
    "held": "Needs a look",
    "failing": "Failing",
    "unavailable": "Unreachable",
}
"""How a connector fares."""
TROUBLES = {
    Trouble.UNREACHABLE: "cannot be reached",
    Trouble.TIMEOUT: "does not answer in time",
    Trouble.CERTIFICATE: "shows a certificate that is not trusted",
    Trouble.LOGIN: "refuses the account or its secret",
    Trouble.RIGHT: "does not let the account read this",
    Trouble.THROTTLED: "asks to wait again and again",
    Trouble.STATUS: "answers with an error",
    Trouble.TOO_BIG: "answers with more than is read at once",
    Trouble.SHAPE: "answers in another form than its API documents",
    Trouble.NAME: "does not know devices by this name",
    Trouble.ELSEWHERE: "leads to another host",
    Trouble.CUT: "changed its list while it was read",
    Trouble.CURSOR: "has to be read as a whole again",
    Trouble.GONE: "no longer names more devices than one reading may take away",
    Trouble.FILE: "has a file that cannot be read",
    Trouble.STORE: "was read while the store did not answer",
    Trouble.STOPPED: "was stopped while it was read",
    Trouble.FAULT: "met a fault in Mailgate, which the log describes",
}
"""What is wrong with a source, as what it does."""
NAME_KINDS = {
    SERIAL: "Serial number",
    UDID: "UDID",
    KEY: "Key",
    CERT: "Certificate",
    EAS: "ActiveSync ID",
    USER: "Person",
}
"""What a device is called by."""


def trouble_told(trouble: str) -> str:
    """What a source does wrong, with the hint behind its code if there is one."""
    code, _, hint = trouble.partition(": ")
    words = TROUBLES[Trouble(code)] if code in set(Trouble) else code
    return f"{words} ({hint})" if hint else words


def state_told(state: str) -> str:
    """How a device stands, lost ones among them; of whatever release its record is."""
    return STATES[PostureState(state)] if state in set(PostureState) else state.capitalize()


def source_told(source: str) -> str:
    """Who told of a device: an issuer by its host, and a connector by its name in the settings."""
    if source == ENROLLED:
        return "Enrolled here"
    return source_name(source)


def reporter_told(source: str) -> str:
    """The same within a sentence."""
    return "the device itself" if source == ENROLLED else source_told(source)


def looked_told(source: str) -> str:
    """Who looked at the apps of a device, as the beginning of a sentence part."""
    return "the device reported" if source == ENROLLED else f"{source_told(source)} looked"


def kind_told(kind: Kind | str | None) -> str:
    """What a device is."""
    return {None: "device", "": "device", "unknown": "device of unknown kind"}.get(
        kind, str(kind).replace("_", " ")
    )


def system_told(os: str, version: str = "") -> str:
    """The system of a device, as its maker writes it."""
    return f"{SYSTEMS.get(os, os)} {version}".strip()


def device_told(kind: Kind | str | None, os: str, version: str = "") -> str:
    """A device in a few words."""
    return ", ".join(part for part in (kind_told(kind), system_told(os, version)) if part)


def effect_told(effect: str) -> str:
    """What became of a request, of whatever release its record is."""
    return EFFECTS[Effect(effect)] if effect in set(Effect) else effect


def protocol_told(protocol: str) -> str:
    """Over what somebody asked."""
    return PROTOCOLS[Protocol(protocol)] if protocol in set(Protocol) else protocol


def reason_told(reason: str) -> str:
    """Why, in one sentence without its full stop."""
    if reason not in set(Reason) or reason == Reason.RULE_MATCHED:
        return ""
    return wording_of(Reason(reason)).title.singular


_CLAUSES = re.compile(r"(?<=[;:.,])\s+")
_COMMAND = re.compile(r"`mailgate\b|(^|\s|`)--[a-z]")


def without_commands(words: str) -> str:
    """The same without the clauses that name a command: who reads a page does not sit at a command line."""
    clauses, left = _CLAUSES.split(words), list[str]()
    for each in clauses:
        if not _COMMAND.search(each):
            left.append(each)
        elif len(left) > 1 and left[-1].endswith(":") and left[-2].endswith("."):
            left.pop()  # a sentence that only led to the command
    if len(left) == len(clauses):
        return words
    text = " ".join(left).rstrip(" ;:,")
    return text + ")" * max(0, text.count("(") - text.count(")"))
