"""The nouns that every part shares. Frozen, without I/O, without behaviour beyond derived values.

The words are those of ``docs/glossary.md``; roles follow NIST SP 800-207 and RFC 9334.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What sends the request. ``laptop`` is any desktop or laptop computer."""

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


class PostureState(StrEnum):
    """What is known of a device. Only ``clean`` means clean."""

    CLEAN = "clean"
    PROHIBITED = "prohibited"
    PARTIAL = "partial"
    STALE = "stale"
    MISSING = "missing"
    UNAVAILABLE = "unavailable"


class Effect(StrEnum):
    """What a rule does to a request, mildest first."""

    ALLOW = "allow"
    WARN = "warn"
    CHALLENGE = "challenge"
    BLOCK = "block"


class Stage(StrEnum):
    """What a rule does today. ``pending`` is before the first date of its stages."""

    PENDING = "pending"
    REPORT_ONLY = "report_only"
    WARN = "warn"
    ENFORCE = "enforce"


class Reason(StrEnum):
    """The closed set of reason codes: the same word in log, header, page, metric and test."""

    # why a rule decided
    RULE_MATCHED = "rule-matched"
    NO_RULE_MATCHED = "no-rule-matched"
    RULE_ERROR = "rule-error"
    PROHIBITED_APP = "prohibited-app"
    POSTURE_MISSING = "posture-missing"
    POSTURE_STALE = "posture-stale"
    POSTURE_PARTIAL = "posture-partial"
    POSTURE_UNAVAILABLE = "posture-unavailable"
    KIND_CONTRADICTED = "kind-contradicted"
    KIND_UNKNOWN = "kind-unknown"
    KIND_REFUSED = "kind-refused"
    ATTESTATION_REQUIRED = "attestation-required"
    ATTESTATION_INVALID = "attestation-invalid"
    CERTIFICATE_REQUIRED = "certificate-required"
    CERTIFICATE_INVALID = "certificate-invalid"
    TWO_DEVICES = "two-devices"
    PROBE_REQUIRED = "probe-required"
    DEVICE_LOST = "device-lost"
    DEVICE_CONTRADICTED = "device-contradicted"
    # what sources contradict each other in about a device (store/contradictions.py)
    DEVICE_NAME_CONTRADICTED = "device-name-contradicted"
    DEVICE_KIND_CONTRADICTED = "device-kind-contradicted"
    DEVICE_OS_CONTRADICTED = "device-os-contradicted"
    DEVICE_OWNER_CONTRADICTED = "device-owner-contradicted"
    # why an attestation was refused (attest/)
    TOKEN_TWO_HEADERS = "token-two-headers"
    TOKEN_OVERSIZE = "token-oversize"
    TOKEN_NOT_UTF8 = "token-not-utf8"
    TOKEN_MALFORMED = "token-malformed"
    TOKEN_ALG_REFUSED = "token-alg-refused"
    TOKEN_TYP_WRONG = "token-typ-wrong"
    TOKEN_ISSUER_UNKNOWN = "token-issuer-unknown"
    TOKEN_KID_MISSING = "token-kid-missing"
    TOKEN_KID_UNKNOWN = "token-kid-unknown"
    TOKEN_KEYS_UNAVAILABLE = "token-keys-unavailable"
    TOKEN_SIGNATURE_WRONG = "token-signature-wrong"
    TOKEN_AUDIENCE_WRONG = "token-audience-wrong"
    TOKEN_EXPIRED = "token-expired"
    TOKEN_NOT_YET_VALID = "token-not-yet-valid"
    TOKEN_TOO_LONG_LIVED = "token-too-long-lived"
    TOKEN_CLAIM_MISSING = "token-claim-missing"
    TOKEN_CLAIM_WRONG = "token-claim-wrong"
    TOKEN_UNBOUND = "token-unbound"
    TOKEN_CONTRAINDICATED = "token-contraindicated"
    PROOF_MISSING = "proof-missing"
    PROOF_MALFORMED = "proof-malformed"
    PROOF_TWO_HEADERS = "proof-two-headers"
    PROOF_OVERSIZE = "proof-oversize"
    PROOF_ALG_REFUSED = "proof-alg-refused"
    PROOF_TYP_WRONG = "proof-typ-wrong"
    PROOF_KEY_MISMATCH = "proof-key-mismatch"
    PROOF_SIGNATURE_WRONG = "proof-signature-wrong"
    PROOF_STALE = "proof-stale"
    PROOF_FROM_FUTURE = "proof-from-future"
    PROOF_URL_WRONG = "proof-url-wrong"
    PROOF_METHOD_WRONG = "proof-method-wrong"
    PROOF_TOKEN_HASH_WRONG = "proof-token-hash-wrong"
    PROOF_NONCE_MISSING = "proof-nonce-missing"
    PROOF_NONCE_WRONG = "proof-nonce-wrong"
    PROOF_REPLAYED = "proof-replayed"
    PROOF_MEMORY_FULL = "proof-memory-full"
    PROOF_STORE_UNAVAILABLE = "proof-store-unavailable"
    KEY_REVOKED = "key-revoked"
    KEY_IN_TWO_PLACES = "key-in-two-places"
    # why a TLS client certificate counts for nothing (attest/client_certs.py)
    CERTIFICATE_TWO_HEADERS = "certificate-two-headers"
    CERTIFICATE_OVERSIZE = "certificate-oversize"
    CERTIFICATE_MALFORMED = "certificate-malformed"
    CERTIFICATE_PURPOSE_WRONG = "certificate-purpose-wrong"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    CERTIFICATE_REVOKED = "certificate-revoked"
    CERTIFICATE_REVOCATION_UNKNOWN = "certificate-revocation-unknown"
    # why what the hardware vouches for counts for nothing (attest/evidence.py)
    EVIDENCE_FORMAT_UNKNOWN = "evidence-format-unknown"
    EVIDENCE_OVERSIZE = "evidence-oversize"
    EVIDENCE_MALFORMED = "evidence-malformed"
    EVIDENCE_UNTRUSTED = "evidence-untrusted"
    EVIDENCE_NOT_YET_VALID = "evidence-not-yet-valid"
    EVIDENCE_EXPIRED = "evidence-expired"
    EVIDENCE_REVOKED = "evidence-revoked"
    EVIDENCE_EXTENSION_MISSING = "evidence-extension-missing"
    EVIDENCE_CHAIN_EXTENDED = "evidence-chain-extended"
    EVIDENCE_CHALLENGE_WRONG = "evidence-challenge-wrong"
    EVIDENCE_KEY_MISMATCH = "evidence-key-mismatch"
    EVIDENCE_SOFTWARE_ONLY = "evidence-software-only"
    EVIDENCE_KEY_IMPORTED = "evidence-key-imported"
    EVIDENCE_UNLOCKED = "evidence-unlocked"
    EVIDENCE_BOOT_UNVERIFIED = "evidence-boot-unverified"
    EVIDENCE_INTEGRITY_OFF = "evidence-integrity-off"
    # why a device could not enrol or report (gateway/)
    ENROLMENT_UNKNOWN = "enrolment-unknown"
    ENROLMENT_EXPIRED = "enrolment-expired"
    ENROLMENT_USED_UP = "enrolment-used-up"
    KEY_NOT_ENROLLED = "key-not-enrolled"
    TOO_MANY_REQUESTS = "too-many-requests"
    STORE_UNAVAILABLE = "store-unavailable"
    # why the gate itself could not or would not serve (gateway/)
    REQUEST_MALFORMED = "request-malformed"
    REQUEST_AMBIGUOUS = "request-ambiguous"
    REQUEST_HEAD_TOO_LARGE = "request-head-too-large"
    REQUEST_BODY_TOO_LARGE = "request-body-too-large"
    REQUEST_TIMEOUT = "request-timeout"
    REQUEST_NOT_SUPPORTED = "request-not-supported"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    UPSTREAM_UNREACHABLE = "upstream-unreachable"
    UPSTREAM_TIMEOUT = "upstream-timeout"
    UPSTREAM_MALFORMED = "upstream-malformed"
    INTERNAL_ERROR = "internal-error"


DEVICE_FINDINGS = frozenset(
    {
        Reason.DEVICE_NAME_CONTRADICTED,
        Reason.DEVICE_KIND_CONTRADICTED,
        Reason.DEVICE_OS_CONTRADICTED,
        Reason.DEVICE_OWNER_CONTRADICTED,
    }
)
"""What can be found about a device whose sources contradict each other."""


class Protocol(StrEnum):
    """What the caller speaks, told from path, method and content type. Decides the form of a refusal.

    The last four are logins at the mail server itself (``LOGINS``), which it asks about one by one.
    """

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


LOGINS = frozenset({Protocol.IMAP, Protocol.POP3, Protocol.SUBMISSION, Protocol.SIEVE})
"""The side door: what a mail server speaks with mail clients (RFC 9051, 1939, 6409 and 5804)."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a request says about itself, after forged trust headers were dropped.

    ``headers`` has lower-case names; a name that came several times has its values joined by ``", "``
    in order (RFC 9110, section 5.3). ``target`` is the request target as sent, never decoded.
    A login at the mail server has its protocol as ``scheme`` and what the client says of itself as ``imap-id``.
    """

    method: str = "GET"
    target: str = "/"
    scheme: str = "http"
    host: str = ""
    remote: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None

    @property
    def path(self) -> str:
        """The path of the target, percent-encoding untouched."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query of the target without its question mark, percent-encoding untouched."""
        return self.target.partition("?")[2]

    @property
    def user_agent(self) -> str:
        return self.headers.get("user-agent", "")


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that was read from the request and the kind that it speaks for (None: for no kind).

    ``source``: ``user-agent``, ``client-hints``, ``activesync``, ``imap-id``, ``attestation``, ``certificate``, ``probe``, ``path``.
    """

    source: str
    name: str
    value: str
    says: Kind | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the signals that does not fit, in words an admin can act on."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Client:
    """What sends the request, how well that is known, and every signal that was used."""

    kind: Kind
    handheld: bool
    assurance: Assurance = Assurance.CLAIMED
    form: str = ""
    """The form factor in one word where known: desktop, phone, tablet, tv, console, watch, car, speaker, xr."""
    os: str = ""
    """``windows``, ``macos``, ``linux``, ``chromeos``, ``ios``, ``ipados``, ``android``, … or empty."""
    os_version: str = ""
    browser: str = ""
    browser_version: str = ""
    model: str = ""
    eas_id: str = ""
    """ActiveSync DeviceId as sent (in hex where it is no text), or empty."""
    eas_type: str = ""
    eas_command: str = ""
    """ActiveSync command in its own spelling, like ``FolderSync``, or empty."""
    eas_version: str = ""
    """ActiveSync protocol version, like ``14.1``, or empty."""
    eas_user: str = ""
    """Whom the ActiveSync query names: a claim that nobody checks, never used for a rule."""
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


@dataclass(frozen=True, slots=True)
class AppsReport:
    """Which listed apps are on a device. Apps that are not listed never get this far."""

    present: frozenset[str]
    """Keys of ``apps.yaml``."""
    complete: bool
    """False where only managed apps could be seen."""
    at: datetime


@dataclass(frozen=True, slots=True)
class AttestationResult:
    """What the verifier makes of signed evidence (RFC 9334): a device that proved its key, or why not.

    Exactly one of ``device_id`` and ``refused`` is set. A refused attestation is worth no more than none.
    """

    device_id: str = ""
    issuer: str = ""
    key_thumbprint: str = ""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    user: str = ""
    eas_ids: tuple[str, ...] = ()
    apps: AppsReport | None = None
    status: str = "none"
    """EAR tier: ``affirming``, ``warning``, ``contraindicated`` or ``none``."""
    expires: datetime | None = None
    self_reported: bool = False
    """The device said so of itself, and a gate signed it: only the key is proved."""
    refused: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CertificateResult:
    """What a TLS client certificate proves: a key that a configured authority signed, or why it counts for nothing.

    Exactly one of ``thumbprint`` and ``refused`` is set. A refused certificate is worth no more than none.
    """

    thumbprint: str = ""
    """base64url of the SHA-256 of the DER certificate (``x5t#S256``, RFC 8705, section 3.1)."""
    names: tuple[tuple[str, str], ...] = ()
    """What it calls the device: pairs of the kind of a name (``serial``, ``udid``, ``mdm``, ``eas``) and the name."""
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    """As presented, DER, the leaf first: so that it can be checked again."""
    refused: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HardwareResult:
    """What the maker of a device vouches for by its hardware, or why it counts for nothing.

    Exactly one of ``hardware`` and ``refused`` is set. It says nothing about the apps on the device.
    """

    format: str
    hardware: str = ""
    """Where the key lives: ``tee``, ``strongbox`` or ``secure-enclave``."""
    os: str = ""
    os_version: str = ""
    patch_level: str = ""
    """Of the system, as ``2026-11``; empty where it is not told."""
    serial: str = ""
    udid: str = ""
    claims: tuple[tuple[str, str], ...] = ()
    """Whatever else is told: pairs of name and value."""
    refused: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What one source says of one device, and every name that it has for it.

    A source is an issuer of attestations, a connector, or the gate where devices enrol with it. Names are what
    several sources can be matched by; empty ones say nothing. Apps that are not listed never get this far.
    """

    source: str
    id: str
    """The source's own name for the device."""
    owner: str = ""
    """Login name of the person whose device it is."""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    status: str = "none"
    """EAR tier: ``affirming``, ``warning``, ``contraindicated`` or ``none``."""
    apps: AppsReport | None = None
    """None where the source cannot tell which apps are there."""
    expires: datetime | None = None
    serial: str = ""
    udid: str = ""
    eas_ids: tuple[str, ...] = ()
    """ActiveSync device ids as the source has them."""
    keys: tuple[str, ...] = ()
    """Thumbprints of attestation keys (RFC 7638, SHA-256)."""
    certificates: tuple[str, ...] = ()
    """Thumbprints of TLS client certificates (``x5t#S256``, RFC 8705)."""
    gone: bool = False
    """The source has it no longer: wiped, retired, unenrolled."""
    adds: bool = False
    """Only part of what the source knows: what is empty here is as the source said before."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How one connector fares. Its source is failing from the first run that failed until one succeeds."""

    name: str
    last_attempt: datetime | None = None
    """When the last run ended, however it ended."""
    last_success: datetime | None = None
    last_full: datetime | None = None
    """When the last run ended that named every device."""
    failing_since: datetime | None = None
    trouble: str = ""
    """What was wrong in the last run, a word of a closed set; empty where nothing was."""
    cursor: datetime | None = None
    """From when on changes are to be asked for; None: everything has to be read."""
    listed: str = ""
    """What the last full run looked for: ``AppCatalog.fingerprint``."""
    devices: int = 0
    """Devices that the last full run named."""
    taken: int = 0
    """Records that the last run brought."""
    gone: int = 0
    """Devices that the last full run found gone."""
    held: int = 0
    """Devices that would be gone, but are too many to believe it."""


@dataclass(frozen=True, slots=True)
class Posture:
    """The stored, expiring view of one device."""

    state: PostureState = PostureState.MISSING
    device_id: str = ""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    owner: str = ""
    apps: tuple[str, ...] = ()
    """Listed apps present (keys of ``apps.yaml``), sorted."""
    lists: tuple[str, ...] = ()
    """The lists on which those apps stand, sorted."""
    source: str = ""
    """Whose report the state rests on."""
    sources: tuple[str, ...] = ()
    """Every source that has the device, sorted."""
    reported_at: datetime | None = None
    expires_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    """What its sources contradict each other in."""
    lost: bool = False
    """The company says that it is not in its owner's hands."""
    first_seen: datetime | None = None
    """Since when the device is known."""
    last_state: PostureState | None = None
    """Where ``state`` is ``unavailable``: the state that was last known, worth something until ``expires_at``."""


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, as far as the gate may believe it. The webmail does the authentication."""

    name: str = ""
    groups: tuple[str, ...] = ()
    """Of the person, or where nobody is named of the owner of the device."""
    grouped: bool = False
    """Whether anything tells the gate who is in which groups; without it ``groups`` says nothing."""


@dataclass(frozen=True, slots=True)
class Access:
    """Everything that a decision may depend on."""

    facts: RequestFacts
    client: Client
    posture: Posture
    now: datetime
    user: User = User()
    attestation: AttestationResult | None = None
    certificate: CertificateResult | None = None


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """One rule that was read for a decision, in order, and what came of it."""

    rule: str
    condition: str
    matched: bool
    stage: Stage
    effect: Effect | None = None
    """What the rule did or (``report_only``) would have done; None where it did not match."""
    note: str = ""
    """Why it did or did not decide, in words: out of share, report-only, error text, …"""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one request."""

    effect: Effect
    reason: Reason
    rule: str
    """Id of the rule that decided; ``default`` where none did."""
    policy_version: str
    trials: tuple[RuleTrial, ...] = ()
    would: tuple[RuleTrial, ...] = ()
    """Report-only rules that matched: what they would have done."""
    title: str = ""
    fix: str = ""
    contact: str = ""
    apps: tuple[str, ...] = ()
    """Display names of the listed apps that the decision rests on."""
    deadline: datetime | None = None
    """When the rule's next, stricter stage starts, or a new device's grace ends."""
    reliefs: int = 0
    """The serial of the reliefs that were looked at."""
