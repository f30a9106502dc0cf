"""The form of ``mailgate.yaml``: every setting with its default and its meaning."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, ValidationInfo, model_validator

from mailgate.attest.evidence import FORMATS
from mailgate.config.admins import Admins
from mailgate.config.attestation import (
    AttestationSettings,
    EnrolmentSettings,
    LoginTokenSettings,
    PostureSettings,
)
from mailgate.config.client_certs import ClientCertificateSettings
from mailgate.config.console import ConsoleSettings, HostName, check_login_ways
from mailgate.config.extension import ExtensionSettings
from mailgate.config.guard import GuardSettings
from mailgate.config.mail import DomainName, NoticeSettings, QuarantineMailSettings
from mailgate.config.observing import EventSettings, LogSettings, TraceSettings, WitnessSettings
from mailgate.config.pages import Choice, CompanySettings, EmployeePage, LanguageSettings
from mailgate.config.references import AuthoritiesFile, FilePath, HeaderKey, StoreUrl, host_resolver_of
from mailgate.config.reporter import ReporterSettings
from mailgate.config.serving import AuthzListener, AuthzSettings, Limits, Timeouts, TlsSettings
from mailgate.config.sources.apis import SourceSettings
from mailgate.config.upstream_loop import leads_back
from mailgate.config.values import Address, Duration, Listen, Network, Origin, SocketFile
from mailgate.model import DEFAULT_PLACE, ActiveSyncPlace
from mailgate.model.device import Away, PostureTerms
from mailgate.model.phrase import unknown_word, wrong_value
from mailgate.policy.people import Logins
from mailgate.policy.written import Key, Strict, in_words

FileName = Annotated[str, StringConstraints(min_length=1, max_length=500)]

ActiveSyncAddress = Annotated[
    str,
    StringConstraints(
        pattern=r'^/([!-"$-.0->@-~]+/)*[Mm]icrosoft-[Ss]erver-[Aa]ctive[Ss]ync(/[!-"$->@-~]*)?$',
        max_length=200,
    ),
]
CookieName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100)]

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100)]

ENROLLED, REPORTER = "enrolled", "reporter"
"""The sources of what devices, and apps on them, say. No connector may have these names."""


class RetentionSettings(Strict):
    """How long data about people and devices is kept."""

    sightings: Duration = timedelta(days=30)
    """How long decisions about people, the mails about them, and their languages are kept."""
    devices: Duration = timedelta(days=90)
    """How long devices, and a source's report about a device, are kept after the last report."""
    lost_devices: Duration = timedelta(days=365)
    """How long lost devices are kept and shut out, after the last report and after they were marked."""
    looks: Duration = timedelta(days=90)
    """How long it is kept which admin looked at whose data."""


class ActiveSyncSettings(Strict):
    """Where mail apps on phones and tablets log in, and how they are refused."""

    addresses: tuple[ActiveSyncAddress, ...] = Field(default=DEFAULT_PLACE.addresses, max_length=10)
    """The paths at which the webmail itself serves ActiveSync and checks each login, in their exact spelling. Only there does a
    ``DeviceId`` name a device, and a login a person."""
    cookies: tuple[CookieName, ...] = Field(default=DEFAULT_PLACE.cookies, max_length=50)
    """The cookies that mail apps may send there, such as those by which a load balancer finds a server again. A request with any other
    cookie could go by a session of the webmail, so its ``DeviceId`` and its login count for nothing."""
    refusal: Literal["status", "forbidden"] = "status"
    """``status`` answers 200 with status 129 in the body from version 14.0 of the protocol on, and 403 before.
    ``forbidden`` always answers 403."""
    quarantine_mail: QuarantineMailSettings | None = None

    @property
    def place(self) -> ActiveSyncPlace:
        """Where the webmail checks logins."""
        return ActiveSyncPlace(self.addresses, self.cookies)


class Files(Strict):
    """The other files, relative to the folder of this one."""

    apps: FileName = "apps.yaml"
    policy: FileName = "policy.yaml"
    policy_tests: FileName = "policy.tests.yaml"
    groups: FileName = "groups.yaml"


class StageSettings(Strict):
    """The settings for the stages of every rule."""

    warn_again: Duration = Field(default=timedelta(hours=4), ge=timedelta(minutes=1))
    """How long a browser that has shown a warning is not shown the same one again."""
    report_only_for: Duration = timedelta(days=30)
    """How long a rule may only report before `mailgate check` and the log name it."""


class DovecotSettings(Strict):
    """Logins at the mail server, about which Dovecot asks at the admin port. If left out, it cannot ask."""

    api_key: HeaderKey
    """The key that Dovecot has to send, only by reference."""
    header: HeaderName = "X-API-Key"
    """The header with the key."""


ServedHost = (
    HostName | Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$", max_length=45)]
)
"""A host name, an IPv4 address, or an IPv6 address without brackets."""


class Settings(Strict):
    """``mailgate.yaml``."""

    listen: Listen
    """The address on which the gate serves employees."""
    public_url: Origin
    """The address that employees type. It is the audience of every attestation."""
    hosts: tuple[ServedHost, ...] = Field(default=(), max_length=100)
    """Other host names and addresses under which mail is served, without a port: like ``autodiscover.example.com``. A request
    for any host but these and that of ``public_url`` is refused with 421."""
    upstream: Origin
    """The origin of the webmail."""
    upstream_ca: AuthoritiesFile | None = None
    """The authorities of an https webmail's certificate, PEM; by default those of the system."""
    admin_listen: Listen
    """The address of health, metrics and the console. They are never served on the public port."""
    workers: Annotated[int, Field(ge=1, le=256)] | Literal["auto"] = 1
    """The number of processes that serve; ``auto`` for the number of processors."""
    store: StoreUrl
    """The database of devices and sightings: a URL, or a reference to one with a password."""
    spool: FilePath | None = None
    """The folder that keeps records while the store cannot be reached. By default it is beside an SQLite file,
    otherwise ``var/spool``."""
    trusted_proxies: tuple[Network, ...] = ()
    """The proxies whose ``X-Forwarded-For``, ``-Proto``, ``-Host`` and ``-User`` are believed."""
    login_domains: tuple[DomainName, ...] = Field(default=(), max_length=100)
    """The company's login domains: ``EXAMPLE\\alice`` and ``alice@example.com`` are the person ``alice`` if both are
    listed here. A login of any other domain is another person."""
    authz: AuthzSettings | None = None
    authz_listeners: tuple[AuthzListener, ...] = Field(default=(), max_length=20)
    """Ports and sockets that answer the questions of other proxies, one dialect each, and carry no mail."""
    attestation: AttestationSettings = AttestationSettings()
    login_tokens: LoginTokenSettings | None = None
    enrolment: EnrolmentSettings = EnrolmentSettings()
    extension: ExtensionSettings = ExtensionSettings()
    reporter: ReporterSettings = ReporterSettings()
    probe: Literal["off", "observe", "require"] = "off"
    """Whether browsers that claim to be on a computer are probed once, and whether the result counts."""
    probe_lifetime: Duration = Field(default=timedelta(days=7), ge=timedelta(minutes=10))
    """How long the browser keeps the probe's answer."""
    tls: TlsSettings | None = None
    client_certificates: ClientCertificateSettings | None = None
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    activesync: ActiveSyncSettings = ActiveSyncSettings()
    posture: PostureSettings = PostureSettings()
    retention: RetentionSettings = RetentionSettings()
    files: Files = Files()
    log: LogSettings = LogSettings()
    languages: LanguageSettings = LanguageSettings()
    company: CompanySettings = CompanySettings()
    dovecot: DovecotSettings | None = None
    employee_page: EmployeePage = EmployeePage()
    choices: tuple[Choice, ...] = ("laptop", "management-app")
    """What the company offers to people whose phone gets no mail: a ``laptop``; a ``reporter``, an app on the phone that answers
    for listed apps alone; a ``company-phone``; the ``management-app`` on the phone. Pages name no other way."""
    guard: GuardSettings | None = None
    notices: NoticeSettings | None = None
    stages: StageSettings = StageSettings()
    admins: Admins = Field(default_factory=dict)
    """The people who may look and change something, by name. If left out, whoever runs commands here may."""
    console: ConsoleSettings = ConsoleSettings()
    witness: WitnessSettings | None = None
    events: EventSettings | None = None
    traces: TraceSettings | None = None
    connectors: Mapping[Key, SourceSettings] = Field(default_factory=dict)
    """The sources of device inventories, by name."""

    def _ports(self) -> Iterator[tuple[tuple[str | int, ...], Address | SocketFile]]:
        """The places of the settings that say where the gate listens, each with the address there."""
        yield ("listen",), self.listen
        yield ("admin_listen",), self.admin_listen
        if self.client_certificates and self.client_certificates.listen:
            yield ("client_certificates", "listen"), self.client_certificates.listen
        for index, each in enumerate(self.authz_listeners):
            yield ("authz_listeners", index, "listen"), each.listen

    @model_validator(mode="after")
    def _ports_of_their_own(self) -> Self:
        """Refuse one address for two purposes, so that the purpose of a port is always clear."""
        taken: dict[Address | SocketFile, str] = {}
        for place, each in self._ports():
            if each in taken:
                message = f"the same address as `{taken[each]}`; use a port of its own"
                raise wrong_value("address", message, key=place)
            if isinstance(each, SocketFile) or each.port or place[0] == "authz_listeners":
                taken[each] = ".".join(map(str, place))
        return self

    @model_validator(mode="after")
    def _upstream_is_elsewhere(self, info: ValidationInfo) -> Self:
        upstream = urlsplit(self.upstream)
        own = {each: place for place, each in self._ports() if isinstance(each, Address)}
        port = upstream.port or {"http": 80, "https": 443}[upstream.scheme]
        back = leads_back(upstream.hostname or "", port, own, host_resolver_of(info))
        if back is not None:
            name = ".".join(map(str, own[back]))
            message = f"this leads back to the gate itself, to `{name}`; use the address of the webmail"
            raise wrong_value("address", message, key="upstream")
        return self

    @model_validator(mode="after")
    def _window_is_remembered(self) -> Self:
        """Refuse a retention that is shorter than the guard's window, since a plan would silently count fewer days."""
        if self.guard and self.guard.window > self.retention.sightings:
            kept = in_words(self.retention.sightings)
            message = f"the window of {in_words(self.guard.window)} is longer than the {kept} for which requests are kept; choose a shorter one"
            raise wrong_value("window", message, key="guard")
        return self

    @model_validator(mode="after")
    def _somebody_may_ask(self) -> Self:
        asked = "authz" if self.authz else "authz_listeners"
        ports = [each for each in self.authz_listeners if isinstance(each.listen, Address)]
        if (self.authz or ports) and not self.trusted_proxies:
            message = "nobody may ask: `trusted_proxies` is empty; add the proxy's address there"
            raise wrong_value("address", message, key=asked)
        return self

    @model_validator(mode="after")
    def _somebody_names_people(self) -> Self:
        """Refuse settings that go by what a trusted proxy says of people where there is none."""
        by_socket = any(isinstance(each.listen, SocketFile) for each in self.authz_listeners)
        going_by = {
            ("login_tokens",): self.login_tokens is not None,
            ("posture", "browsers"): self.posture.browsers == "by-person",
        }
        for key, is_set in going_by.items():
            if is_set and not (self.trusted_proxies or by_socket):
                message = (
                    "nobody says who has logged in: `trusted_proxies` is empty; add the proxy's address there"
                )
                raise wrong_value("address", message, key=key)
        return self

    def posture_terms(self, away: Away) -> PostureTerms:
        """How far reports are believed while these sources are away."""
        posture = self.posture
        ages = {name: each.max_age for name, each in self.connectors.items() if each.max_age is not None}
        reporter = self.reporter
        if not reporter.android:
            ages[REPORTER] = timedelta()  # nobody takes its answers any more, so none of them counts
        elif reporter.max_age:
            ages[REPORTER] = reporter.max_age
        verdicts = {name: each.compliance_max_age for name, each in self.connectors.items()}
        by_person = posture.browsers == "by-person"
        return PostureTerms(
            posture.max_age, posture.last_known_for, posture.precedence, away, ages, verdicts, by_person
        )

    @model_validator(mode="after")
    def _devices_port(self) -> Self:
        """Check that the port for certificates has TLS."""
        if self.client_certificates and self.client_certificates.listen and not self.tls:
            message = "no certificate to serve there; set `tls`"
            raise wrong_value("address", message, key=("client_certificates", "listen"))
        return self

    @model_validator(mode="after")
    def _sources_have_names_of_their_own(self) -> Self:
        """Refuse two sources with one name, since nobody could tell their reports apart."""
        taken = {ENROLLED: "devices that enrolled", REPORTER: "the reporter on phones"}
        taken |= {each.issuer: "an issuer" for each in self.attestation.issuers}
        taken |= dict.fromkeys(FORMATS, "what hardware vouches for")
        for name in self.connectors:
            if name in taken:
                message = f"the name belongs to {taken[name]}; choose another for this source"
                raise wrong_value("source", message, key=("connectors", name))
        return self

    @model_validator(mode="after")
    def _reporters_can_be_checked(self) -> Self:
        """Refuse a reporter whose evidence nobody can check, and nonces that are off, since evidence is made for a nonce."""
        hardware = self.attestation.hardware
        for system, roots in (("android", hardware.android_key), ("ios", hardware.app_attest)):
            if getattr(self.reporter, system) is None:
                continue
            if roots is None:
                setting = {"android": "android_key", "ios": "app_attest"}[system]
                message = f"nobody can check its evidence; set `attestation.hardware.{setting}`"
                raise wrong_value("reporter", message, key=("reporter", system))
            if self.attestation.nonces == "off":
                message = "its evidence is made for a nonce; set `attestation.nonces` to `offer` or `require`"
                raise wrong_value("reporter", message, key=("reporter", system))
        return self

    @model_validator(mode="after")
    def _precedence_names_sources(self) -> Self:
        """Refuse unknown names in ``precedence``, since a misspelt source would silently count as one of the others."""
        known = [*(each.issuer for each in self.attestation.issuers), *self.connectors]
        known += [REPORTER] if self.reporter.android else []
        for index, name in enumerate(self.posture.precedence):
            if name not in known:
                raise unknown_word(name, known, key=("posture", "precedence", index))
        return self

    @model_validator(mode="after")
    def _authorities_for_https(self) -> Self:
        if self.upstream_ca and not self.upstream.lower().startswith("https:"):
            message = "`upstream` is not https, so no certificate is checked; use https there"
            raise wrong_value("file", message, key="upstream_ca")
        return self

    @model_validator(mode="after")
    def _issuers_of_others(self) -> Self:
        """Refuse an issuer with the gate's own ``public_url``, which only the gate uses as an issuer."""
        for index, each in enumerate(self.attestation.issuers):
            if each.issuer == self.public_url:
                message = "this is the gate's own issuer (`public_url`); give the name of another"
                raise wrong_value("issuer", message, key=("attestation", "issuers", index, "issuer"))
        return self

    @model_validator(mode="after")
    def _admins_come_in(self) -> Self:
        check_login_ways(self.admins, self.console.login)
        return self

    @property
    def logins(self) -> Logins:
        """How a login becomes a person."""
        return Logins.of(self.login_domains)
