"""Makes the parts that a reload replaces from the files."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from mailgate.app.clock import utc_now
from mailgate.app.trust import Trust
from mailgate.attest import CertificateVerifier, Verifier
from mailgate.attest.sealing import Secret
from mailgate.config import Bundle, Settings
from mailgate.config.serving import GRPC, AuthzListener, AuthzSettings
from mailgate.console.devices.facts import retention_times_of
from mailgate.gateway.authz import Authorizer, Dialect
from mailgate.gateway.evaluate.browser_probe import BrowserProbe, Mode
from mailgate.gateway.evaluate.proving import NonceMode
from mailgate.gateway.live import Live
from mailgate.gateway.pages import Appearance, Pages
from mailgate.gateway.refusals import activesync
from mailgate.gateway.refusals.forms import FORMS
from mailgate.gateway.refusals.help_ticket import LIFETIME, Tickets
from mailgate.gateway.refusals.responses import ResponseBuilder
from mailgate.http.client_certs import NO_PROXY, ProxyForm
from mailgate.http.trusted_headers import canonical_name
from mailgate.model import Protocol
from mailgate.policy.reliefs import NO_RELIEFS, Reliefs
from mailgate.store import Store

KEY_AGE = timedelta(days=30)
"""A key that seals cookies is renewed after this time and one lifetime of a cookie. The key before still opens older cookies."""


async def first_live(bundle: Bundle, store: Store, trust: Trust, reliefs: Reliefs) -> Live:
    """The live parts at the start of a gate with these files. Raises StoreError."""
    settings = bundle.settings
    bare = Live(
        bundle.policy,
        verifier_for(bundle, trust),
        response_builder_for(settings, Pages(appearance_of(settings)), await tickets_for(store)),
        retention_times_of(settings),
        hardware=settings.attestation.hardware.trusted_roots(),
        hosts=served_hosts(settings.public_url, settings),
        trusted=settings.trusted_proxies,
        browser_probe=BrowserProbe(
            Mode(settings.probe), settings.probe_lifetime, await probe_keys(settings, store)
        ),
        authorizer=authorizer_for(settings),
        authorizers=authorizers_for(settings),
        activesync=settings.activesync.place,
    )
    return live_with_rules_of(bare, bundle, trust, reliefs)


def live_with_rules_of(live: Live, bundle: Bundle, trust: Trust, reliefs: Reliefs = NO_RELIEFS) -> Live:
    """The live parts with the rules and issuers of these files."""
    certificates = bundle.settings.client_certificates
    verifier = (
        CertificateVerifier(
            certificates.trusted, matches=certificates.matches, revocation=certificates.revocation
        )
        if certificates
        else None
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
        responses=live.responses.by_rules(policy, utc_now()),
        groups=bundle.groups,
        logins=bundle.settings.logins,
    )


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


async def tickets_for(store: Store) -> Tickets:
    """The sealer of the help button on refusals. Raises StoreError."""
    return Tickets(await store.keys.current("help", utc_now(), KEY_AGE + LIFETIME))


async def probe_keys(settings: Settings, store: Store) -> Sequence[Secret]:
    """The keys that seal the cookies of the browser probe. Raises StoreError."""
    return await store.keys.current("probe", utc_now(), KEY_AGE + settings.probe_lifetime)


def response_builder_for(settings: Settings, pages: Pages, tickets: Tickets | None = None) -> ResponseBuilder:
    forms = dict(FORMS)
    if settings.activesync.refusal == "forbidden":
        forms[Protocol.ACTIVESYNC] = activesync.forbid
    return ResponseBuilder(
        pages,
        urlsplit(settings.public_url).netloc,
        settings.languages.default,
        forms,
        extension_pages=settings.employee_page.extension.model_dump(exclude_none=True),
        tickets=tickets,
        warn_again=settings.stages.warn_again,
        seen_within=seen_within(settings),
        help_address=settings.company.help or "",
    )


def served_hosts(public_url: str, settings: Settings) -> frozenset[str]:
    """The hosts under which mail is served. ``localhost`` is this machine under each of its own names."""
    name = urlsplit(public_url).hostname or ""
    loopback = ("127.0.0.1", "::1") if name == "localhost" else ()
    return frozenset(map(canonical_name, (name, *loopback, *settings.hosts)))


def appearance_of(settings: Settings) -> Appearance:
    """The company's appearance on pages."""
    company = settings.company
    return Appearance(company.name or "", company.logo or "", company.colour or "", company.colour_dark or "")


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
