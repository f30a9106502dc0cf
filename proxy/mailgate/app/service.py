"""A gate that runs: what is opened, what a reload changes, and in which order everything ends."""

import asyncio
import gc
import signal
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import Any

import structlog
from aiohttp import web

from mailgate import __version__
from mailgate.app.following import Following
from mailgate.app.parts import gate_for, keep_of, live_for, prober_for, server_limits, utc_now
from mailgate.app.syncing import Syncing
from mailgate.app.trust import Trust
from mailgate.classify import warm
from mailgate.config import Address, Bundle, Settings, load_bundle
from mailgate.gateway.admin import admin_app
from mailgate.gateway.dovecot import PolicyKey, policy_server
from mailgate.gateway.handler import Gate
from mailgate.gateway.intake import intake_server
from mailgate.gateway.prober import Mode
from mailgate.gateway.proving import Mode as NonceMode
from mailgate.gateway.quarantine import Quarantine
from mailgate.gateway.recheck import Recheck
from mailgate.gateway.reload import Reloader
from mailgate.gateway.server import Server
from mailgate.gateway.tls import device_context, server_context
from mailgate.rollout import LOOK, Keeper
from mailgate.rollout.inspection import Inspection
from mailgate.store import Postures, Store, StoreError

log = structlog.get_logger()

HOUR = 3600.0
BACKLOG = 1024
FIXED = "listen admin_listen public_url upstream upstream_ca store limits timeouts activesync log languages employee_page".split()
"""Settings that only a start can change."""


@dataclass
class Service:
    """A running gate. ``start`` makes it, ``stop`` ends it."""

    config: Path
    bundle: Bundle
    store: Store
    keeper: Keeper
    postures: Postures
    trust: Trust
    gate: Gate
    reloader: Reloader[Bundle] = field(init=False)
    inspection: Inspection | None = None
    syncing: Syncing = field(init=False)
    tls: ssl.SSLContext | None = None
    device_tls: ssl.SSLContext | None = None
    stopping: bool = False
    public: str = ""
    devices: str = ""
    """Where client certificates are asked for; empty where nowhere."""
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
            inspection = Inspection(store, bundle.settings, gethostname(), utc_now)
            keeper = Keeper(store.policies, gethostname(), utc_now, inspection)
            undo.callback(keeper.close)
            bundle = replace(bundle, rules=await keeper.start(bundle.rules))
            posture = bundle.settings.posture
            postures = store.postures(bundle.policy.catalog, posture.max_age, posture.precedence)
            trust = await Trust.open(store, utc_now)
            gate = gate_for(bundle, store, postures, trust)
            gate.prober = await prober_for(bundle.settings, store)
            service = cls(config, bundle, store, keeper, postures, trust, gate, inspection)
            undo.push_async_callback(service.stop)
            await service._open()
            undo.pop_all()
        return service

    async def _open(self) -> None:
        settings, loop = self.bundle.settings, asyncio.get_running_loop()
        # the last to be pushed is the first to end: requests, then what they recorded, then the writers of it
        self._closing.push_async_callback(self._end_tasks)
        self._closing.push_async_callback(self.store.close)
        self._closing.callback(self.keeper.close)
        self._closing.push_async_callback(self.trust.keyring.close)
        self.trust.keyring.replace(self.trust.sources(settings, self.gate.metrics))
        self.syncing = Syncing(self.store, lambda: self.bundle, self.postures, self.gate.metrics.registry)
        self._closing.push_async_callback(self.syncing.stop)
        recheck = Recheck(self.syncing.check_again)
        self.gate.self_service = replace(self.gate.self_service, recheck=recheck)
        for way in (self.gate.forwarder, self.gate.patient):
            self._closing.callback(way.pool.close)
        self.reloader = Reloader(partial(load_bundle, self.config), self.apply, self.gate.metrics)
        self._tasks = [
            loop.create_task(self.store.run()),
            loop.create_task(self.reloader.watch(lambda: set(self.bundle.paths))),
            loop.create_task(self._follow()),
            loop.create_task(self._prune_hourly()),
            loop.create_task(self.trust.run(self.store.spent)),
            loop.create_task(self.gate.hanging.watch(self.gate.judge_again)),
            loop.create_task(Following(self.postures, self.store.devices, self.gate.metrics, utc_now).run()),
        ]
        if isinstance(self.gate.notices, Quarantine):
            self._tasks.append(loop.create_task(self.gate.notices.run()))
        self.syncing.start()
        self._watch_numbers()
        self._show_policy()
        if settings.tls:
            self.tls = server_context(settings.tls.certificate, settings.tls.key)
        self._server = Server(self.gate.handle, server_limits(settings))
        self.admin = await self._open_admin(settings.admin_listen)
        self._closing.push_async_callback(self._server.finish, settings.timeouts.shutdown.total_seconds())
        self.public = await self._open_public(settings.listen, self.tls)
        if settings.tls and settings.client_certificates and settings.client_certificates.listen:
            self.device_tls = device_context(
                settings.tls.certificate, settings.tls.key, settings.client_certificates.authorities
            )
            self.devices = await self._open_public(settings.client_certificates.listen, self.device_tls)

    async def _open_public(self, address: Address, tls: ssl.SSLContext | None) -> str:
        listener = await asyncio.get_running_loop().create_server(
            self._server, address.host, address.port, ssl=tls, backlog=BACKLOG
        )
        self._closing.callback(listener.close)
        host, port = listener.sockets[0].getsockname()[:2]
        return f"{'https' if tls else 'http'}://{Address(host, port)}"

    async def _open_admin(self, address: Address) -> str:
        policy = policy_server(self.gate, self._policy_key)
        admin = admin_app(
            self.gate.metrics.registry, self.readiness, policy, intake_server(self.syncing.intake)
        )
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
        live_for(bundle, self.trust)  # raises before anything has changed
        sources = self.trust.sources(settings, self.gate.metrics)
        self._renew_tls(settings)
        if self.inspection:
            self.inspection.settings = settings
        self.trust.keyring.replace(sources)
        self._decide_by(replace(bundle, rules=await self.keeper.offer(bundle.rules)))
        self.gate.prover.mode = NonceMode(settings.attestation.nonces)
        self.gate.enroller.hardware = settings.attestation.hardware.believed()
        self.gate.enroller.limit(settings.enrolment.attempts, settings.enrolment.span)
        self.postures.max_age = settings.posture.max_age
        self.postures.precedence = settings.posture.precedence
        self.gate.trusted = settings.trusted_proxies
        self.gate.self_service = replace(self.gate.self_service, keep=keep_of(settings))
        self.gate.prober = replace(
            self.gate.prober, mode=Mode(settings.probe), lifetime=settings.probe_lifetime
        )
        warn_of_stale_lists(settings)
        waiting = [name for name in FIXED if getattr(before, name) != getattr(settings, name)]
        if (before.tls is None) is not (settings.tls is None):
            waiting.append("tls")
        if _devices_port(before) != _devices_port(settings):
            waiting.append("client_certificates")
        log.info("config-applied", policy=self.bundle.policy.version, takes_effect_at_restart=waiting)

    def _decide_by(self, bundle: Bundle) -> None:
        """Decide the next request by these rules and issuers."""
        self.gate.live = live_for(bundle, self.trust)
        self.gate.enroller.match_app = bundle.policy.catalog.match
        self.gate.enroller.extensions = bundle.policy.catalog.extensions
        self.postures.catalog = bundle.policy.catalog
        self.bundle = bundle
        self._show_policy()

    async def _follow(self) -> None:
        """Decide by what is in force in the store, whoever put it there."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                await self.keeper.look()
                if self.keeper.current.rules is not self.bundle.rules:
                    self._change_rules()
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one version, the next must be seen
                log.error("policy-look-failed", error=type(error).__name__)

    def _change_rules(self) -> None:
        current = self.keeper.current
        self._decide_by(replace(self.bundle, rules=current.rules))
        told = current.activation
        log.info("policy-changed", policy=told.policy, number=told.number, serial=told.serial)

    def _renew_tls(self, settings: Settings) -> None:
        """Serve new files to new connections. Raises before anything has changed."""
        tls, devices = settings.tls, settings.client_certificates
        if tls and self.tls:
            server_context(tls.certificate, tls.key)
            self.tls.load_cert_chain(tls.certificate, tls.key)
        if tls and devices and self.device_tls:
            self.device_tls.load_cert_chain(tls.certificate, tls.key)
            self.device_tls.load_verify_locations(devices.authorities)

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
            "rules": {
                "number": self.keeper.current.activation.number,
                "serial": self.keeper.current.activation.serial,
                "held": self.keeper.held,
            },
            "config": {
                "state": "rejected" if self.reloader.mistakes else "ok",
                "mistakes": self.reloader.mistakes,
            },
            "store": store,
            "issuers": self.trust.health(),
            "connectors": self.syncing.health(),
            "ledger": {
                "written": counts.written,
                "spooled": counts.spooled,
                "dropped": counts.dropped,
                "passed_over": self.store.ledger.passed_over,
            },
        }

    def _watch_numbers(self) -> None:
        metrics, counts = self.gate.metrics, self.store.ledger.counts
        hanging = self.gate.hanging
        metrics.watch(
            "mailgate_activesync_hanging", "ActiveSync requests that wait for mail", lambda: len(hanging)
        )
        metrics.watch(
            "mailgate_crl_next_update_seconds",
            "When the first revocation list becomes stale, in seconds since 1970; 0 without lists",
            self._next_update,
        )
        metrics.build.info({"version": __version__})
        metrics.config_ok.set(1)
        metrics.watch(
            "mailgate_policy_serial",
            "Which activation the gate decides by",
            lambda: self.keeper.current.activation.serial,
        )
        metrics.watch(
            "mailgate_policy_held",
            "1 while the files on disk are not in force",
            lambda: bool(self.keeper.held),
        )
        metrics.watch("mailgate_ledger_written", "Sightings written to the store", lambda: counts.written)
        metrics.watch(
            "mailgate_ledger_spooled",
            "Sightings kept on disk while the store was down",
            lambda: counts.spooled,
        )
        metrics.watch("mailgate_ledger_dropped", "Sightings lost", lambda: counts.dropped)
        metrics.watch(
            "mailgate_ledger_passed_over",
            "Decisions on strangers that were not recorded, because too many came at once",
            lambda: self.store.ledger.passed_over,
        )

    def _next_update(self) -> float:
        certificates = self.gate.live.certificates
        end = certificates.revocation.next_update if certificates else None
        return end.timestamp() if end else 0.0

    def _show_policy(self) -> None:
        self.gate.metrics.policy.info({"version": self.bundle.policy.version})

    async def _prune_hourly(self) -> None:
        while True:
            warn_of_stale_lists(self.bundle.settings)
            try:
                self.gate.prober.keys = (await prober_for(self.bundle.settings, self.store)).keys
                gone = await self.store.retention.prune(utc_now(), keep_of(self.bundle.settings))
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
    log.info(
        "listening",
        public=service.public,
        devices=service.devices,
        admin=service.admin,
        policy=service.bundle.policy.version,
    )
    if ready:
        ready(service)
    try:
        await stop.wait()
    finally:
        log.info("stopping")
        await service.stop()
        log.info("stopped")


def warn_of_stale_lists(settings: Settings) -> None:
    """Be loud about a revocation list that should have been replaced: what it covers is refused, or not known."""
    certificates = settings.client_certificates
    since = certificates.revocation.stale_since(utc_now()) if certificates else None
    if certificates and since:
        log.error("crl-stale", since=since.isoformat(), stale_crl=certificates.stale_crl)


def _devices_port(settings: Settings) -> Address | None:
    return settings.client_certificates.listen if settings.client_certificates else None


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
