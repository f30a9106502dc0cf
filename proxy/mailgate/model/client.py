"""The client: the facts that a request states about itself, and the client that is recognised from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailgate.model.reasons import Finding, Reason


class Protocol(StrEnum):
    """The protocol of a request, recognised by path, method, headers and the client's name; it decides the form of a refusal.
    The last four are logins at the mail server (``LOGIN_PROTOCOLS``), which asks about them one by one."""

    WEB = "web"
    ACTIVESYNC = "activesync"
    DAV = "dav"
    EWS = "ews"
    JMAP = "jmap"
    MAPI = "mapi"
    IMAP = "imap"
    POP3 = "pop3"
    SUBMISSION = "submission"
    SIEVE = "sieve"


@dataclass(frozen=True, slots=True)
class ProtocolTraits:
    path: str = ""
    """The path that is recorded, by which it is recognised again; if empty, the first folder of the request's own."""
    of_mail_apps: bool = False
    """Whether mail apps speak it, which answer a login challenge (RFC 9110, section 11.3)."""
    can_prove: bool = False
    """Whether its usual clients can send signed evidence."""
    is_login: bool = False
    """Whether it is a login at the mail server itself."""


@dataclass(frozen=True, slots=True)
class ActiveSyncPlace:
    """Where the webmail itself checks the login of every request, so that more than the request's own word stands behind
    the names in it (``classify/activesync.py``)."""

    addresses: tuple[str, ...] = ("/Microsoft-Server-ActiveSync",)
    """Its paths, which are compared literally."""
    cookies: tuple[str, ...] = ("X-BackEndCookie", "ClientId")
    """The cookies that log nobody in: by these a load balancer, or Exchange, finds a phone's server again."""


DEFAULT_PLACE = ActiveSyncPlace()

_LOGIN = ProtocolTraits(is_login=True)
PROTOCOL_TRAITS: Mapping[Protocol, ProtocolTraits] = {
    Protocol.WEB: ProtocolTraits(can_prove=True),
    Protocol.ACTIVESYNC: ProtocolTraits("/Microsoft-Server-ActiveSync", of_mail_apps=True),
    Protocol.DAV: ProtocolTraits("/dav/", of_mail_apps=True),
    Protocol.EWS: ProtocolTraits("/EWS/Exchange.asmx", of_mail_apps=True),
    Protocol.JMAP: ProtocolTraits("/jmap/", of_mail_apps=True, can_prove=True),
    Protocol.MAPI: ProtocolTraits("/mapi/emsmdb/", of_mail_apps=True),
    Protocol.IMAP: _LOGIN,
    Protocol.POP3: _LOGIN,
    Protocol.SUBMISSION: _LOGIN,
    Protocol.SIEVE: _LOGIN,
}
LOGIN_PROTOCOLS = frozenset(each for each, traits in PROTOCOL_TRAITS.items() if traits.is_login)
"""The side door: the protocols between a mail server and mail clients (RFC 9051, 1939, 6409 and 5804)."""

IMAP_ID = "imap-id"
"""The header in which the facts of a login keep what the client says about itself."""

LOCAL_PREFIX = "/.mailgate/"
"""The beginning of the gate's own addresses."""


class Kind(StrEnum):
    """The kind of client. ``laptop`` is any desktop or laptop computer."""

    LAPTOP = "laptop"
    PHONE = "phone"
    TABLET = "tablet"
    MAIL_APP = "mail_app"
    TOOL = "tool"
    BOT = "bot"
    OTHER = "other"
    UNKNOWN = "unknown"


class Assurance(StrEnum):
    """How well the kind is known, weakest first."""

    CLAIMED = "claimed"
    CONSISTENT = "consistent"
    ATTESTED = "attested"


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """The facts that a request states about itself, after forged trust headers were dropped.

    ``headers`` has lower-case names; a name that came several times has its values joined by ``", "``
    in order (RFC 9110, section 5.3), but those of ``cookie`` by ``"; "``. ``target`` is the request target as sent, never decoded.
    A login at the mail server has its protocol as ``scheme`` and what the client says of itself as ``imap-id``.
    """

    method: str = "GET"
    target: str = "/"
    scheme: str = "http"
    host: str = ""
    remote: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    by_forward_auth: bool = False
    """Whether another proxy carries the request and only asks: the answer does not pass through the gate."""
    activesync: ActiveSyncPlace = DEFAULT_PLACE
    """Where the webmail checks logins, by the settings."""
    over_https: bool = False
    """Whether the browser's address is https: by the settings, or by this request."""

    @property
    def path(self) -> str:
        """The path of the target. Its percent-encoding is left as it is."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query of the target without its question mark. Its percent-encoding is left as it is."""
        return self.target.partition("?")[2]

    @property
    def is_local(self) -> bool:
        """Whether the request is for the gate itself."""
        return self.target.startswith(LOCAL_PREFIX) or f"{self.path}/" == LOCAL_PREFIX

    @property
    def user_agent(self) -> str:
        return self.headers.get("user-agent", "")


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that was read from the request. ``says`` is the kind that it speaks for, if any. ``source``: ``user-agent``,
    ``client-hints``, ``activesync``, ``imap-id``, ``attestation``, ``certificate`` or ``probe``."""

    source: str
    name: str
    value: str
    says: Kind | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """The client of a request, how well it is known, and every signal that was used."""

    kind: Kind
    handheld: bool
    assurance: Assurance = Assurance.CLAIMED
    form: str = ""
    """The form factor in one word, or empty if it is not known: desktop, phone, tablet, ereader, tv, console, watch, car, speaker, xr."""
    os: str = ""
    """``windows``, ``macos``, ``linux``, ``chromeos``, ``ios``, ``ipados``, ``android``, … or empty."""
    os_version: str = ""
    browser: str = ""
    browser_version: str = ""
    model: str = ""
    eas_id: str = ""
    """ActiveSync DeviceId as sent (in hex where it is no text), if the webmail checks who sends it; otherwise empty."""
    eas_type: str = ""
    eas_command: str = ""
    """ActiveSync command in its own spelling, like ``FolderSync``, or empty."""
    eas_version: str = ""
    """ActiveSync protocol version, like ``14.1``, or empty."""
    eas_user: str = ""
    """The user that the ActiveSync query names. This claim is not checked, so no rule uses it."""
    protocol: Protocol = Protocol.WEB
    signals: tuple[Signal, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def contradicted(self) -> bool:
        return any(f.reason is Reason.KIND_CONTRADICTED for f in self.findings)

    @property
    def probed(self) -> bool:
        """Whether the browser probe ran in this browser and found a computer."""
        return any(s.source == "probe" and s.says is Kind.LAPTOP for s in self.signals)
