"""What a gate decides by: the settings of its files, and the rules and reliefs in force, whichever process put them in force."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlsplit

import structlog

from mailgate.app import utc_now
from mailgate.app.changes import ChangeDispatcher, Look
from mailgate.app.trust import Trust
from mailgate.attest.client_certs import CertificateVerifier
from mailgate.attest.id_token import ExpectedToken, LoginTokens
from mailgate.attest.sealing import Secret
from mailgate.attest.verifier import Verifier
from mailgate.config import Bundle, Settings
from mailgate.config.serving import GRPC, AuthzListener, AuthzSettings
from mailgate.console.devices.facts import retention_times_of
from mailgate.gateway.authz.authorizer import Authorizer, Dialect
from mailgate.gateway.evaluate.browser_probe import BrowserProbe, Mode
from mailgate.gateway.evaluate.proving import NonceMode
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.pages.render import Pages
from mailgate.gateway.pages.view import Appearance
from mailgate.gateway.refusals.forms import FORMS, forbid_activesync
from mailgate.gateway.refusals.help_ticket import LIFETIME, Tickets
from mailgate.gateway.refusals.responses import ResponseBuilder
from mailgate.http.client_certs import NO_PROXY, ProxyForm
from mailgate.http.trusted_headers import canonical_name
from mailgate.model import Protocol
from mailgate.policy.reliefs import NO_RELIEFS, Reliefs
from mailgate.policy.rule_states import stuck_in_report_only
from mailgate.rollout import RulesKeeper
from mailgate.rollout.reliefs import ReliefWatch
from mailgate.store import Postures, Store

log = structlog.get_logger()

KEY_AGE = timedelta(days=30)
"""A key that seals cookies is renewed after this time and one lifetime of a cookie. The key before still opens older cookies."""


async def first_live(bundle: Bundle, store: Store, trust: Trust, reliefs: Reliefs) -> Live:
    """The live parts at the start of a gate with these files. Raises StoreError."""
    settings, company = bundle.settings, bundle.settings.company
    look = Appearance(company.name or "", company.logo or "", company.colour or "", company.colour_dark or "")
    bare = Live(
        bundle.policy,
        verifier_for(bundle, trust),
        response_builder_for(settings, Pages(look), await tickets_for(store)),
        retention_times_of(settings),
        browser_probe=BrowserProbe(keys=await probe_keys(settings, store)),
        activesync=settings.activesync.place,
    )
    live = live_with_settings_of(bare, settings, settings.public_url)
    return live_with_rules_of(live, bundle, trust, reliefs)


def live_with_settings_of(live: Live, settings: Settings, public_url: str) -> Live:
    """The live parts with these settings. The public URL is that of the start."""
    return replace(
        live,
        hosts=served_hosts(public_url, settings),
        trusted=settings.trusted_proxies,
        authorizer=authorizer_for(settings),
        authorizers=authorizers_for(settings),
        keep=retention_times_of(settings),
        hardware=settings.attestation.hardware.trusted_roots(),
        reporters=settings.reporter.expected(),
        extension_packages=settings.extension.packages,
        machines=settings.extension.machine_tokens,
        responses=replace(
            live.responses,
            warn_again=settings.stages.warn_again,
            seen_within=seen_within(settings),
            unlisted_from=frozenset(
                name for name, each in settings.connectors.items() if each.gets_unlisted()
            ),
        ),
        browser_probe=replace(
            live.browser_probe, mode=Mode(settings.probe), lifetime=settings.probe_lifetime
        ),
    )


def live_with_rules_of(live: Live, bundle: Bundle, trust: Trust, reliefs: Reliefs = NO_RELIEFS) -> Live:
    """The live parts with the rules and issuers of these files."""
    certificates, verifier = bundle.settings.client_certificates, None
    if certificates:
        verifier = CertificateVerifier(
            certificates.trusted,
            matches=certificates.matches,
            revocation=certificates.revocation,
            person=bundle.settings.logins.person,
        )
    policy = bundle.rules.with_reliefs(reliefs).policy
    _ = policy.index  # made now, so that no request waits for it
    form = ProxyForm(certificates.from_proxies or "", certificates.proxy_header) if certificates else NO_PROXY
    return replace(
        live,
        policy=policy,
        verifier=verifier_for(bundle, trust),
        certificates=verifier,
        proxy_form=form,
        login_tokens=login_tokens_for(bundle.settings),
        login_header=logins.header.lower().encode() if (logins := bundle.settings.login_tokens) else b"",
        responses=replace(
            live.responses,
            certificates=verifier is not None,
            tokens=bool(bundle.settings.attestation.issuers),
        ).by_rules(policy, utc_now()),
        groups=bundle.groups,
        logins=bundle.settings.logins,
    )


def login_tokens_for(settings: Settings) -> LoginTokens | None:
    """A verifier of the tokens of logins; None if none counts."""
    told, person = settings.login_tokens, settings.logins.person
    if told is None:
        return None
    expected = ExpectedToken(told.issuer, told.client_id)
    return LoginTokens(expected, told.source, named=told.person, device=told.device, person=person)


def verifier_for(bundle: Bundle, trust: Trust) -> Verifier:
    """A verifier with the settings and listed apps of these files."""
    attestation = bundle.settings.attestation
    return Verifier(
        issuers=trust.keyring,
        audience=bundle.settings.public_url,
        match_app=bundle.policy.catalog.match,
        person=bundle.settings.logins.person,
        replay=trust.replay,
        own=bundle.settings.public_url,
        nonces=trust.nonces,
        nonce_required=NonceMode(attestation.nonces) is NonceMode.REQUIRE,
        revoked=trust.revocations,
        leeway=attestation.leeway,
        max_lifetime=attestation.max_lifetime,
    )


HELP_KEYS = "help"


async def tickets_for(store: Store) -> Tickets:
    """The sealer of the help button on refusals. Raises StoreError."""
    return Tickets(await store.keys.current(HELP_KEYS, utc_now(), KEY_AGE + LIFETIME))


async def probe_keys(settings: Settings, store: Store) -> Sequence[Secret]:
    """The keys that seal the cookies of the browser probe. Raises StoreError."""
    return await store.keys.current("probe", utc_now(), KEY_AGE + settings.probe_lifetime)


def response_builder_for(settings: Settings, pages: Pages, tickets: Tickets | None = None) -> ResponseBuilder:
    forms = dict(FORMS)
    if settings.activesync.refusal == "forbidden":
        forms[Protocol.ACTIVESYNC] = forbid_activesync
    return ResponseBuilder(
        pages,
        urlsplit(settings.public_url).netloc,
        settings.languages.default,
        forms,
        extension_pages=settings.employee_page.extension.model_dump(exclude_none=True),
        tickets=tickets,
        help_address=settings.company.help or "",
        choices=settings.choices,
    )


def served_hosts(public_url: str, settings: Settings) -> frozenset[str]:
    """The hosts under which mail is served. ``localhost`` is this machine under each of its own names."""
    name = urlsplit(public_url).hostname or ""
    loopback = ("127.0.0.1", "::1") if name == "localhost" else ()
    return frozenset(map(canonical_name, (name, *loopback, *settings.hosts)))


def seen_within(settings: Settings) -> dict[str, timedelta]:
    """How long it usually takes until a connector sees a change, for those whose settings say so."""
    return {name: each.seen_within for name, each in settings.connectors.items() if each.seen_within}


def authorizer_for(settings: Settings) -> Authorizer | None:
    """The authorizer for questions at the port for mail; None if nobody may ask there."""
    return _authorizer(settings.authz) if settings.authz else None


def authorizers_for(settings: Settings) -> dict[str, Authorizer]:
    """The authorizers for questions at ports of their own, by address."""
    return {str(each.listen): _authorizer(each) for each in settings.authz_listeners}


def _authorizer(asked: AuthzSettings | AuthzListener) -> Authorizer:
    """An authorizer. A question by gRPC is answered like the same one by HTTP."""
    dialect = Dialect.ENVOY if asked.dialect == GRPC else Dialect(asked.dialect)
    return Authorizer(dialect, utc_now, asked.remember)


@dataclass(slots=True)
class FilesInForce:
    """Holds the files of a gate with the rules in force. It is made before the parts that read it."""

    bundle: Bundle
    started: Bundle = field(init=False)
    """The files of the start."""

    def __post_init__(self) -> None:
        self.started = self.bundle

    @property
    def settings(self) -> Settings:
        return self.bundle.settings

    def lingering(self) -> dict[str, str]:
        """The rules in force that have been report-only for too long, each with the reason."""
        return stuck_in_report_only(self.bundle.policy, utc_now(), self.settings.stages.report_only_for)

    def warn_of_lingering_rules(self) -> None:
        for rule, why in self.lingering().items():
            log.warning("rule-only-reports", rule=rule, why=why)


@dataclass(slots=True)
class RulesInForce:
    """Lets the gate decide by what the store has in force. ``follow`` and ``follow_reliefs`` take every look at the store."""

    changes: ChangeDispatcher
    files: FilesInForce
    keeper: RulesKeeper
    reliefs: ReliefWatch
    trust: Trust
    postures: Postures
    in_force: InForce
    metrics: Metrics
    changed: asyncio.Event
    """Set whenever other rules decide here."""
    _unsaid: list[str] | None = None
    """The settings that wait for a restart, of files of which it is not yet known whether their rules come in force; None if there
    are none."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _relief_turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def bundle(self) -> Bundle:
        """The files in force, with the sources that cannot be asked and the reliefs."""
        bundle = self.files.bundle
        rules = bundle.rules.with_reliefs(self.reliefs.current)
        return replace(bundle, away=self.postures.terms.away, rules=rules)

    async def poll(self) -> None:
        """Use what the store has in force now. Nothing is raised, since the next look tries again."""
        look = await self.changes.look()
        for part, follow in (("rules", self.follow), ("reliefs", self.follow_reliefs)):
            try:
                await follow(look)
            except Exception as error:  # noqa: BLE001 - pages of admins are shown by the rules before
                log.error("changes-failed", part=part, error=type(error).__name__)

    async def follow(self, look: Look) -> None:
        """Use the version that was in force at this look. If the store did not answer, it is read again."""
        async with self._turn:
            if look.numbers is None or self.keeper.is_behind(look.numbers.activation):
                await self.keeper.refresh()
            self.take_rules()

    async def follow_reliefs(self, look: Look) -> None:
        """Use the reliefs that were in force at this look, also where a version cannot be read."""
        async with self._relief_turn:
            changed = look.numbers is None or look.numbers.reliefs != self.reliefs.current.serial
            if changed and await self.reliefs.refresh():
                self.decide_by(self.files.bundle)

    def take_rules(self) -> None:
        """Use the rules that the keeper has now, whichever process put them in force."""
        current = self.keeper.current
        if current.rules is not self.files.bundle.rules:
            self.decide_by(replace(self.files.bundle, rules=current.rules))
            self.files.warn_of_lingering_rules()
            told = current.activation
            log.info("policy-changed", policy=told.policy, number=told.number, serial=told.serial)
        self.say_applied()

    async def offer(self, bundle: Bundle, waiting: list[str]) -> None:
        """Use these files. Their rules come in force now, or after they were inspected, or are held. ``waiting`` names the
        settings that wait for a restart."""
        # the rules are inspected by these settings
        self.files.bundle = replace(self.files.bundle, settings=bundle.settings)
        self.decide_by(replace(bundle, rules=await self.keeper.offer(bundle.rules)))
        self.files.warn_of_lingering_rules()
        self._unsaid = sorted(waiting)

    def say_applied(self) -> None:
        """Log that changed files are in force, by name of the version that is, once that is decided."""
        if self._unsaid is not None and not self.keeper.is_undecided:
            policy, waiting, self._unsaid = self.files.bundle.policy.version, self._unsaid, None
            log.info("config-applied", policy=policy, takes_effect_at_restart=waiting)

    def decide_by(self, bundle: Bundle) -> None:
        """Use these rules and issuers from the next request on."""
        self.in_force.live = live_with_rules_of(self.in_force.live, bundle, self.trust, self.reliefs.current)
        self.postures.catalog = bundle.policy.catalog
        self.files.bundle = bundle
        self.metrics.policy.info({"version": bundle.policy.version})
        self.changed.set()


async def renew_keys(in_force: InForce, settings: Settings, store: Store) -> None:
    """Renew the keys that seal cookies and help buttons. Raises StoreError."""
    keys, tickets = await probe_keys(settings, store), await tickets_for(store)
    live = in_force.live  # as of now, since other settings may have come in between
    in_force.live = replace(
        live,
        browser_probe=replace(live.browser_probe, keys=keys),
        responses=replace(live.responses, tickets=tickets),
    )


def warn_of_stale_lists(settings: Settings) -> None:
    """Warn about a revocation list that should have been replaced: its certificates are refused, or not checked."""
    certificates = settings.client_certificates
    since = certificates.revocation.stale_since(utc_now()) if certificates else None
    if certificates and since:
        log.error("crl-stale", since=since.isoformat(), stale_crl=certificates.stale_crl)
