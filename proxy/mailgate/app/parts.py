"""From the files to the parts of a gate, with nothing open yet but what is handed in.

The clock and the source of randomness are read here alone.
"""

import secrets
from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from socket import gethostname
from urllib.parse import urlsplit

from mailgate.app.trust import Trust
from mailgate.attest import CertificateVerifier, Verifier
from mailgate.config import Bundle, Settings
from mailgate.config.authz import AuthzSettings
from mailgate.gateway.authz import Authorizer, Dialect
from mailgate.gateway.autodiscover import AutodiscoverEditor
from mailgate.gateway.client_certs.presented import ProxyForm
from mailgate.gateway.enforce import Speaker
from mailgate.gateway.enroller import Enroller
from mailgate.gateway.forward import Forwarder
from mailgate.gateway.handler import Gate
from mailgate.gateway.hanging import Hanging
from mailgate.gateway.hearing import Hearing
from mailgate.gateway.helping import HelpDesk
from mailgate.gateway.hosts import OwnHosts
from mailgate.gateway.judging import Live
from mailgate.gateway.login_check import LoginCheck, Question
from mailgate.gateway.me import SelfService
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.own_code import OwnCodes
from mailgate.gateway.pages import Pages
from mailgate.gateway.parser import ServerLimits
from mailgate.gateway.pool import UpstreamPool
from mailgate.gateway.prober import Mode, Prober
from mailgate.gateway.proving import Mode as NonceMode
from mailgate.gateway.proving import Prover
from mailgate.gateway.quarantine import Letterhead, NoNotices, Quarantine
from mailgate.gateway.rates import Rates
from mailgate.gateway.refusals import FORMS, activesync
from mailgate.gateway.rewrite import Rewrite
from mailgate.gateway.smtp import MailServer
from mailgate.gateway.tickets import LIFETIME, Tickets
from mailgate.gateway.tls import upstream_context
from mailgate.gateway.upstream import Endpoint
from mailgate.model import Protocol
from mailgate.policy.reliefs import NO_RELIEFS, Reliefs
from mailgate.rollout.halting import Halting
from mailgate.store import Postures, Store
from mailgate.views.devices import keep_of

KEY_AGE = timedelta(days=30)
"""A key that seals cookies is renewed after this and one lifetime of a cookie; the one before still opens them."""


REFERENCE = 10
"""Letters of a reference id: 50 bits."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def references() -> Iterator[str]:
    """Ids that a person can read out to the help desk: base32 has no 0, 1, 8 or 9 to mistake for a letter.

    Every request has one and few show it, so they are drawn many at a time.
    """
    while True:
        letters = b32encode(secrets.token_bytes(REFERENCE * 320)).decode()
        yield from [letters[at : at + REFERENCE] for at in range(0, len(letters), REFERENCE)]


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


def live_for(bundle: Bundle, trust: Trust, reliefs: Reliefs = NO_RELIEFS) -> Live:
    """What a reload replaces, made of these files."""
    certificates = bundle.settings.client_certificates
    verifier, policy = verifier_for(bundle, trust), bundle.rules.relieved(reliefs).policy
    if certificates is None:
        return Live(policy, verifier, groups=bundle.groups, logins=bundle.settings.logins)
    return Live(
        policy,
        verifier,
        CertificateVerifier(
            certificates.trusted, matches=certificates.matches, revocation=certificates.revocation
        ),
        ProxyForm(certificates.from_proxies or "", certificates.proxy_header),
        bundle.groups,
        bundle.settings.logins,
    )


async def tickets_for(store: Store) -> Tickets:
    """What seals the help button of refusals. Raises StoreError."""
    return Tickets(await store.keys.current("help", utc_now(), KEY_AGE + LIFETIME))


def helpdesk_for(store: Store, halting: Halting) -> HelpDesk:
    """Where people who were refused ask for help."""
    return HelpDesk(store.help_requests, halting.called, Rates(5, timedelta(minutes=10)))


async def prober_for(settings: Settings, store: Store) -> Prober:
    """The browser probe of these settings. Raises StoreError."""
    keys = await store.keys.current("probe", utc_now(), KEY_AGE + settings.probe_lifetime)
    return Prober(Mode(settings.probe), settings.probe_lifetime, keys)


def server_limits(settings: Settings) -> ServerLimits:
    return ServerLimits(
        head=settings.limits.head_bytes,
        fields=settings.limits.header_count,
        body=settings.limits.body_bytes,
        head_time=settings.timeouts.head.total_seconds(),
        keep_alive=settings.timeouts.keep_alive.total_seconds(),
    )


def admin_limits(settings: Settings) -> ServerLimits:
    """Those of the port for mail; how long a body may be says each address for itself."""
    return replace(server_limits(settings), body=0)


def own_hosts(settings: Settings) -> OwnHosts:
    """By which names the admin port of these settings is asked."""
    url, here = urlsplit(settings.console.url or "").hostname, settings.admin_listen.host
    names = {gethostname(), *settings.console.hosts, *([url] if url else []), here}
    return OwnHosts(frozenset(each.lower() for each in names), settings.console.trusted_proxies)


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to the webmail of these settings: the usual one, one for what hangs, one for Autodiscover."""

    usual: Forwarder
    patient: Forwarder
    discovery: Forwarder


def ways_for(settings: Settings) -> Ways:
    upstream, timeouts = urlsplit(settings.upstream), settings.timeouts
    tls = upstream_context(settings.upstream_ca) if upstream.scheme == "https" else None
    endpoint = Endpoint(
        host=upstream.hostname or "",
        port=upstream.port or (443 if tls else 80),
        tls=tls,
        connect_time=timeouts.connect.total_seconds(),
        response_time=timeouts.response.total_seconds(),
        idle_time=timeouts.idle.total_seconds(),
    )
    usual = Forwarder(
        UpstreamPool(endpoint),
        Rewrite.between(settings.public_url, settings.upstream),
        urlsplit(settings.public_url).netloc.encode(),
        timeouts.idle.total_seconds(),
    )
    hanging = timeouts.hanging.total_seconds()
    patient = UpstreamPool(replace(endpoint, response_time=hanging, idle_time=hanging))
    editor = AutodiscoverEditor.between(settings.public_url, settings.upstream)
    return Ways(usual, replace(usual, pool=patient), replace(usual, editor=editor))


def quarantine_for(settings: Settings, store: Store, pages: Pages, pool: UpstreamPool) -> Quarantine | None:
    """Who writes to people whose mail app is refused; None where nobody does.

    Logins are checked apart from those on the employee's page: phones with an old password must not close that page.
    """
    mail, host = settings.activesync.quarantine_mail, urlsplit(settings.public_url).hostname or ""
    if mail is None:
        return None
    password = mail.password.get_secret_value() if mail.password else None
    server = MailServer(mail.smtp.host, mail.smtp.port, mail.security, mail.username, password)
    letterhead = Letterhead(
        mail.sender,
        mail.domain,
        mail.pause,
        mail.at_most,
        mail.per_hour,
        host,
        settings.languages.default,
        f"{settings.public_url}/.mailgate/me",
    )
    check = login_check_for(settings.employee_page.login_check, settings.public_url, pool)
    return Quarantine(letterhead, pages, store.notices, server.send, utc_now, check)


def self_service_for(settings: Settings, store: Store, postures: Postures, pool: UpstreamPool) -> SelfService:
    """What it takes to show people what is stored of them."""
    page, mail = settings.employee_page, settings.activesync.quarantine_mail

    return SelfService(
        store.people,
        postures,
        keep_of(settings),
        check=login_check_for(page.login_check, settings.public_url, pool),
        contact=page.contact or "",
        codes=OwnCodes(store.enrolments, page.pairing_codes),
        domain=mail.domain if mail else "",
    )


def login_check_for(question: str | None, public_url: str, pool: UpstreamPool) -> LoginCheck | None:
    """Who asks the webmail about logins; None where none is believed."""
    if question is None:
        return None
    method, target = question.encode().split(b" ", 1)
    host = urlsplit(public_url).netloc.encode()
    return LoginCheck(pool, Question(method, target), host, utc_now, partial(secrets.token_urlsafe, 18))


def speaker_for(settings: Settings, pages: Pages) -> Speaker:
    forms = dict(FORMS)
    if settings.activesync.refusal == "forbidden":
        forms[Protocol.ACTIVESYNC] = activesync.forbid
    return Speaker(
        pages,
        urlsplit(settings.public_url).netloc,
        settings.languages.default,
        forms,
        extension_pages=settings.employee_page.extension.model_dump(exclude_none=True),
        warn_again=settings.stages.warn_again,
    )


def enroller_for(bundle: Bundle, store: Store, trust: Trust) -> Enroller:
    """Where devices enrol with the gate itself."""
    limits = bundle.settings.enrolment
    return Enroller(
        store.enrolments,
        trust.own_keys,
        trust.revocations,
        bundle.policy.catalog.match,
        lambda: secrets.token_urlsafe(16),
        Rates(limits.attempts, limits.span),
        Rates(limits.attempts, limits.span),
        store.devices,
        bundle.settings.attestation.hardware.believed(),
        bundle.policy.catalog.extensions,
    )


def authorizer_for(settings: Settings) -> Authorizer | None:
    """Where other proxies ask beside the mail; None where they may not."""
    return _authorizer(settings.authz) if settings.authz else None


def authorizers_for(settings: Settings) -> dict[str, Authorizer]:
    """Where other proxies ask at ports of their own, by the address of each."""
    return {str(each.listen): _authorizer(each) for each in settings.authz_listeners}


def _authorizer(asked: AuthzSettings) -> Authorizer:
    return Authorizer(Dialect(asked.dialect), utc_now, asked.remember)


def gate_for(bundle: Bundle, store: Store, postures: Postures, trust: Trust) -> Gate:
    """The gate of these files, with nothing open yet."""
    settings, pages, metrics = bundle.settings, Pages(), Metrics()
    ways = ways_for(settings)
    mode = NonceMode(settings.attestation.nonces)
    return Gate(
        live=live_for(bundle, trust),
        forwarder=ways.usual,
        patient=ways.patient,
        discovery=ways.discovery,
        hanging=Hanging(),
        notices=quarantine_for(settings, store, pages, ways.usual.pool) or NoNotices(),
        prover=Prover(trust.keyring, trust.nonces, store.spent, metrics, mode),
        enroller=enroller_for(bundle, store, trust),
        postures=postures,
        ledger=Hearing.of(store.ledger, store.languages),
        speaker=speaker_for(settings, pages),
        metrics=metrics,
        trusted=settings.trusted_proxies,
        public_url=settings.public_url,
        clock=utc_now,
        new_reference=references().__next__,
        self_service=self_service_for(settings, store, postures, ways.usual.pool),
        authorizer=authorizer_for(settings),
        authorizers=authorizers_for(settings),
    )
