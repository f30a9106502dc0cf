"""The client: the facts that a request states about itself, and the client that is recognised from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailgate.model.protocol import DEFAULT_PLACE, ActiveSyncPlace, Protocol
from mailgate.model.reasons import Finding, Reason

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
    """Whether another proxy carries the request and only asks about it. The answer then does not pass through the
    gate."""
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
    """One thing that was read from the request. ``says`` is the kind that it speaks for; None if it speaks for no kind.

    ``source``: ``user-agent``, ``client-hints``, ``activesync``, ``imap-id``, ``attestation``, ``certificate`` or
    ``probe``.
    """

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
        """Whether two signals name different kinds."""
        return any(f.reason is Reason.KIND_CONTRADICTED for f in self.findings)

    @property
    def probed(self) -> bool:
        """Whether the browser probe ran in this browser and found a computer."""
        return any(s.source == "probe" and s.says is Kind.LAPTOP for s in self.signals)
