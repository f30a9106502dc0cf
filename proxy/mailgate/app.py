"""The only wiring: files in, a running gate out. The clock and the source of randomness are read here alone."""

import asyncio
import gc
import secrets
import signal
import ssl
from base64 import b32encode
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from mailgate import __version__
from mailgate.attest import MemoryReplayGuard, Verifier, parse_jwks
from mailgate.classify import warm
from mailgate.config import Address, Bundle, Settings, load_bundle
from mailgate.gateway.admin import admin_app
from mailgate.gateway.autodiscover import AutodiscoverEditor
from mailgate.gateway.dovecot import PolicyKey, policy_server
from mailgate.gateway.enforce import Speaker
from mailgate.gateway.forward import Forwarder
from mailgate.gateway.handler import Gate, Live
from mailgate.gateway.hanging import Hanging
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.pages import Pages
from mailgate.gateway.parser import ServerLimits
from mailgate.gateway.pool import UpstreamPool
from mailgate.gateway.prober import Mode, Prober
from mailgate.gateway.quarantine import Letterhead, NoNotices, Quarantine
from mailgate.gateway.refusals import FORMS, activesync
from mailgate.gateway.reload import Reloader
from mailgate.gateway.rewrite import Rewrite
from mailgate.gateway.server import Server
from mailgate.gateway.smtp import MailServer
from mailgate.gateway.tls import server_context, upstream_context
from mailgate.gateway.upstream import Endpoint
from mailgate.model import Protocol
from mailgate.store import Postures, Store, StoreError

log = structlog.get_logger()

HOUR = 3600.0
KEY_AGE = timedelta(days=30)
"""A key that seals cookies is renewed after this and one lifetime of a cookie; the one before still opens them."""
BACKLOG = 1024
FIXED = "listen admin_listen public_url upstream store limits timeouts log languages".split()
"""Settings that only a start can change."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_reference() -> str:
    """An id that a person can read out to the help desk: base32 has no 0, 1, 8 or 9 to mistake for a letter."""
    return b32encode(secrets.token_bytes(6))[:10].decode()


def verifier_for(bundle: Bundle, replay: MemoryReplayGuard) -> Verifier:
    """A verifier with the trust anchors and listed apps of these files."""
    attestation = bundle.settings.attestation
    return Verifier(
        issuers={issuer.issuer: parse_jwks(issuer.jwks.read_text()) for issuer in attestation.issuers},
        audience=bundle.settings.public_url,
        match_app=bundle.policy.catalog.match,
        replay=replay,
        leeway=attestation.leeway,
        max_lifetime=attestation.max_lifetime,
    )


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


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to the webmail of these settings: the usual one, one for what hangs, one for Autodiscover."""

    usual: Forwarder
    patient: Forwarder
    discovery: Forwarder


def ways_for(settings: Settings) -> Ways:
    upstream, timeouts = urlsplit(settings.upstream), settings.timeouts
    tls = upstream_context() if upstream.scheme == "https" else None
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


def quarantine_for(settings: Settings, store: Store, pages: Pages) -> Quarantine | None:
    """Who writes to people whose mail app is refused; None where nobody does."""
    mail, host = settings.activesync.quarantine_mail, urlsplit(settings.public_url).hostname or ""
    if mail is None:
        return None
    password = mail.password.get_secret_value() if mail.password else None
    server = MailServer(mail.smtp.host, mail.smtp.port, mail.security, mail.username, password)
    letterhead = Letterhead(
        mail.sender, mail.domain, mail.pause, mail.at_most, host, settings.languages.default
    )
    return Quarantine(letterhead, pages, store.notices, server.send, utc_now)


def speaker_for(settings: Settings, pages: Pages) -> Speaker:
    forms = dict(FORMS)
    if settings.activesync.refusal == "forbidden":
        forms[Protocol.ACTIVESYNC] = activesync.forbid
    return Speaker(pages, urlsplit(settings.public_url).netloc, settings.languages.default, forms)


def gate_for(bundle: Bundle, store: Store, postures: Postures, replay: MemoryReplayGuard) -> Gate:
    """The gate of these files, with nothing open yet."""
    settings, pages = bundle.settings, Pages()
    ways = ways_for(settings)
    return Gate(
        live=Live(bundle.policy, verifier_for(bundle, replay)),
        forwarder=ways.usual,
        patient=ways.patient,
        discovery=ways.discovery,
        hanging=Hanging(),
        notices=quarantine_for(settings, store, pages) or NoNotices(),
        postures=postures,
        ledger=store.ledger,
        speaker=speaker_for(settings, pages),
        metrics=Metrics(),
        trusted=settings.trusted_proxies,
        public_url=settings.public_url,
        clock=utc_now,
        new_reference=new_reference,
    )


@dataclass
class Service:
    """A running gate. ``start`` makes it, ``stop`` ends it."""

    config: Path
    bundle: Bundle
    store: Store
    postures: Postures
    replay: MemoryReplayGuard
    gate: Gate
    reloader: Reloader[Bundle] = field(init=False)
    tls: ssl.SSLContext | None = None
    stopping: bool = False
    public: str = ""
    admin: str = ""
    _server: Server = field(init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    async def start(cls, config: Path, bundle: Bundle | None = None) -> "Service":
        """Open the store and both ports. Raises MailgateError or OSError; then nothing is left open."""
        bundle = bundle or load_bundle(config)
        async with AsyncExitStack() as undo:
            store = await Store.open(bundle.settings.store.get_secret_value())
            undo.push_async_callback(store.close)
            postures = store.postures(bundle.policy.catalog, bundle.settings.posture.max_age)
            replay = MemoryReplayGuard()
            gate = gate_for(bundle, store, postures, replay)
            gate.prober = await prober_for(bundle.settings, store)
            service = cls(config, bundle, store, postures, replay, gate)
            undo.push_async_callback(service.stop)
            await service._open()
            undo.pop_all()
        return service

    async def _open(self) -> None:
        settings, loop = self.bundle.settings, asyncio.get_running_loop()
        # the last to be pushed is the first to end: requests, then what they recorded, then the writers of it
        self._closing.push_async_callback(self._end_tasks)
        self._closing.push_async_callback(self.store.close)
        for way in (self.gate.forwarder, self.gate.patient):
            self._closing.callback(way.pool.close)
        self.reloader = Reloader(partial(load_bundle, self.config), self.apply, self.gate.metrics)
        self._tasks = [
            loop.create_task(self.store.run()),
            loop.create_task(self.reloader.watch(lambda: set(self.bundle.paths))),
            loop.create_task(self._prune_hourly()),
            loop.create_task(self.gate.hanging.watch(self.gate.judge_again, self._catch_up)),
        ]
        if isinstance(self.gate.notices, Quarantine):
            self._tasks.append(loop.create_task(self.gate.notices.run()))
        self._watch_numbers()
        self._show_policy()
        if settings.tls:
            self.tls = server_context(settings.tls.certificate, settings.tls.key)
        self._server = Server(self.gate.handle, server_limits(settings))
        self.admin = await self._open_admin(settings.admin_listen)
        self.public = await self._open_public(settings.listen)

    async def _open_public(self, address: Address) -> str:
        listener = await asyncio.get_running_loop().create_server(
            self._server, address.host, address.port, ssl=self.tls, backlog=BACKLOG
        )
        timeout = self.bundle.settings.timeouts.shutdown.total_seconds()
        self._closing.push_async_callback(self._server.finish, timeout)
        self._closing.callback(listener.close)
        host, port = listener.sockets[0].getsockname()[:2]
        return f"{'https' if self.tls else 'http'}://{Address(host, port)}"

    async def _open_admin(self, address: Address) -> str:
        policy = policy_server(self.gate, self._policy_key)
        admin = admin_app(self.gate.metrics.registry, self.readiness, policy)
        runner = web.AppRunner(admin, access_log=None)
        await runner.setup()
        self._closing.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, address.host, address.port).start()
        return f"http://{Address(*runner.addresses[0][:2])}"

    def _policy_key(self) -> PolicyKey | None:
        """Read at every question, so that a reload changes it."""
        dovecot = self.bundle.settings.dovecot
        return PolicyKey(dovecot.header, dovecot.api_key.get_secret_value()) if dovecot else None

    async def stop(self) -> None:
        """Stop accepting, let running requests end, write what is recorded, close everything."""
        self.stopping = True
        await self._closing.aclose()

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def apply(self, bundle: Bundle) -> None:
        """Put changed files in force. What only a start can change is named in the log and left as it is."""
        before, settings = self.bundle.settings, bundle.settings
        live = Live(bundle.policy, verifier_for(bundle, self.replay))
        if self.tls and settings.tls:
            server_context(settings.tls.certificate, settings.tls.key)  # raises before anything has changed
            self.tls.load_cert_chain(settings.tls.certificate, settings.tls.key)
        self.gate.live = live
        self.postures.catalog = bundle.policy.catalog
        self.postures.max_age = settings.posture.max_age
        self.gate.trusted = settings.trusted_proxies
        self.gate.prober = replace(
            self.gate.prober, mode=Mode(settings.probe), lifetime=settings.probe_lifetime
        )
        self.bundle = bundle
        self._show_policy()
        waiting = [name for name in FIXED if getattr(before, name) != getattr(settings, name)]
        if (before.tls is None) is not (settings.tls is None):
            waiting.append("tls")
        log.info("config-applied", policy=bundle.policy.version, takes_effect_at_restart=waiting)

    async def readiness(self) -> dict[str, object]:
        """The body of ``/readyz``. A rejected file or a lost store is shown; only a stopping gate is not ready."""
        try:
            await self.store.ping()
            store = "ok"
        except StoreError:
            store = "unavailable"
        counts = self.store.ledger.counts
        return {
            "ready": not self.stopping,
            "version": __version__,
            "policy": self.gate.live.policy.version,
            "config": {
                "state": "rejected" if self.reloader.mistakes else "ok",
                "mistakes": self.reloader.mistakes,
            },
            "store": store,
            "ledger": {"written": counts.written, "spooled": counts.spooled, "dropped": counts.dropped},
        }

    def _watch_numbers(self) -> None:
        metrics, counts = self.gate.metrics, self.store.ledger.counts
        hanging = self.gate.hanging
        metrics.watch(
            "mailgate_activesync_hanging", "ActiveSync requests that wait for mail", lambda: len(hanging)
        )
        metrics.build.info({"version": __version__})
        metrics.config_ok.set(1)
        metrics.watch("mailgate_ledger_written", "Sightings written to the store", lambda: counts.written)
        metrics.watch(
            "mailgate_ledger_spooled",
            "Sightings kept on disk while the store was down",
            lambda: counts.spooled,
        )
        metrics.watch("mailgate_ledger_dropped", "Sightings lost", lambda: counts.dropped)

    def _show_policy(self) -> None:
        self.gate.metrics.policy.info({"version": self.bundle.policy.version})

    async def _catch_up(self) -> None:
        await self.postures.catch_up(utc_now())

    async def _prune_hourly(self) -> None:
        while True:
            retention = self.bundle.settings.retention
            try:
                self.gate.prober.keys = (await prober_for(self.bundle.settings, self.store)).keys
                gone = await self.store.prune(utc_now(), retention.sightings, retention.devices)
                log.debug("pruned", rows=gone)
            except StoreError as error:
                log.warning("prune-failed", error=type(error).__name__)
            await asyncio.sleep(HOUR)


async def serve(
    config: Path, bundle: Bundle | None = None, ready: Callable[[Service], None] | None = None
) -> None:
    """Run a gate until SIGTERM or SIGINT; SIGHUP reads the files anew. ``ready`` is called once it listens."""
    warm()
    service = await Service.start(config, bundle)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(note_stray)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    reloads: set[asyncio.Task[bool]] = set()  # the loop itself would let a running one be collected

    def reload() -> None:
        task = loop.create_task(service.reloader.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    settle_memory()
    log.info("listening", public=service.public, admin=service.admin, policy=service.bundle.policy.version)
    if ready:
        ready(service)
    try:
        await stop.wait()
    finally:
        log.info("stopping")
        await service.stop()
        log.info("stopped")


def settle_memory() -> None:
    """Let the collector leave alone what was made at start, and look for cycles seldom.

    A request makes hardly any; looking as often as Python does by itself cost a tenth of each request's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def note_stray(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What no task waited for: its kind alone, since its text may quote a request."""
    log.error("stray-error", error=type(context.get("exception")).__name__)
