"""Puts changed files in force by itself: a good set takes effect at once and as a whole, and a bad set never does. What of the settings
waits for the next start is said, and changed settings have their entry in the audit log."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from pydantic import BaseModel

from mailgate.app.in_force import (
    FilesInForce,
    RulesInForce,
    live_with_rules_of,
    live_with_settings_of,
    warn_of_stale_lists,
)
from mailgate.app.public_ports import PublicPorts
from mailgate.app.request_sinks import RequestSinks
from mailgate.app.trust import Trust
from mailgate.config import Address, Bundle, Settings, SocketFile
from mailgate.config.admins import BY_FILE
from mailgate.config.files import Stamps, stamp_of
from mailgate.config.serving import GRPC
from mailgate.errors import ConfigError, MailgateError
from mailgate.gateway.evaluate.proving import NonceMode
from mailgate.gateway.handler import Gate
from mailgate.gateway.metrics import Metrics
from mailgate.logs import change_level
from mailgate.model.phrase import phrase
from mailgate.store import Act, Postures
from mailgate.store.audit import Audit
from mailgate.store.hash_chain import read_details
from mailgate.tasks import compute

log = structlog.get_logger()

LOOK_SECONDS = 0.25
"""The seconds between two looks at the files. A change is read once a second look has found nothing newer, since a file may be half written."""
LOOKS_AT_REJECTED = 20
"""After this many looks, rejected files are read again though none of them has changed."""

Loaded = TypeVar("Loaded")


@dataclass(slots=True)
class Reloader(Generic[Loaded]):
    """Reads the files again when one of them changes.

    ``load`` raises ConfigError if the files cannot be used. Then nothing changes, and the mistakes are logged and shown
    until the files are good again. ``apply`` puts the files in force. If it raises, nothing has changed.
    """

    load: Callable[[], Loaded]
    apply: Callable[[Loaded], Awaitable[None]]
    metrics: Metrics
    mistakes: list[str] = field(default_factory=list)
    _turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Makes reloads wait for each other, so that the files read last take effect last."""

    async def reload(self, *, again: bool = False) -> bool:
        """Read the files now. Returns whether they were put in force. With ``again``, the same mistakes are not reported twice."""
        async with self._turns:
            return await self._reload(again)

    async def _reload(self, again: bool) -> bool:
        try:
            await self.apply(await compute(self.load))
        except ConfigError as error:
            return self._rejected([mistake.text for mistake in error.mistakes], again)
        except Exception as error:  # noqa: BLE001 - later files must be read after any error
            # the text of an error of the house is for people
            why = error.words if isinstance(error, MailgateError) else type(error).__name__
            return self._rejected([phrase("the files cannot be started: %(why)s", why=why)], again)
        self.mistakes = []
        self._count("applied", ok=True)
        return True

    def _rejected(self, mistakes: list[str], again: bool) -> bool:
        if again and mistakes == self.mistakes:
            return False
        self.mistakes = mistakes
        self._count("rejected", ok=False)
        log.error("config-rejected", mistakes=mistakes, kept="the running rules go on")
        return False

    async def watch(self, files: Callable[[], set[Path]], read: Stamps) -> None:
        """Reload whenever one of ``files`` comes, goes or changes, however it is written or replaced; runs until cancelled.
        ``read`` is their state when they were read last, since they may have changed before this begins.

        Rejected files are read again regularly, since they may lack something that is not among ``files``.
        """
        taken = seen = _stamps(files()) | read
        again = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            before, seen = seen, await asyncio.to_thread(_stamps, files())
            changed = any(taken.get(path, stamp) != stamp for path, stamp in seen.items())
            again = (again + 1) % LOOKS_AT_REJECTED if self.mistakes else 0
            if (changed and seen == before) or (self.mistakes and not again):
                taken = seen
                await self.reload(again=not changed)
                taken = _stamps(files()) | taken  # the new settings may name further files

    def _count(self, result: str, *, ok: bool) -> None:
        self.metrics.reloads.labels(result).inc()
        self.metrics.config_ok.set(ok)


def _stamps(files: set[Path]) -> Stamps:
    return {path: stamp_of(path) for path in files}


_SAID = (Path, date, timedelta, Enum, IPv4Network, IPv6Network, Address, SocketFile)


def digests_of(settings: Settings) -> dict[str, str]:
    """Half a SHA-256 of each setting that differs from its default; of a secret, of its presence alone."""
    usual = Settings.model_fields
    return {
        name: _digest(value)
        for name, value in settings.model_dump(mode="python").items()
        if getattr(settings, name) != usual[name].get_default(call_default_factory=True)
    }


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True, default=_plain).encode()).hexdigest()[:32]


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return str(value) if isinstance(value, _SAID) else type(value).__name__


READ_AT_START = "workers listen admin_listen public_url upstream upstream_ca store spool limits timeouts activesync languages company employee_page choices traces".split()
"""Settings that only a start can change."""


@dataclass(frozen=True, slots=True)
class ChangedFiles:
    """The parts that take changed files."""

    files: FilesInForce
    rules: RulesInForce
    trust: Trust
    gate: Gate
    postures: Postures
    ports: PublicPorts
    sinks: RequestSinks

    async def apply(self, bundle: Bundle) -> None:
        """Put changed files in force. Settings that only a start can change are logged and stay as they are."""
        settings = bundle.settings
        # these three raise before anything has changed
        live_with_rules_of(self.gate.in_force.live, bundle, self.trust)
        sources = self.trust.sources(settings, self.gate.metrics)
        self.ports.renew_tls(settings)
        self.trust.keyring.replace(sources)
        await self.rules.offer(bundle, needs_restart(self.files.started, bundle))
        self._take(settings)
        self.sinks.take(settings)
        warn_of_stale_lists(settings)
        self.rules.say_applied()

    def _take(self, settings: Settings) -> None:
        """Use these settings from the next request on."""
        gate, postures = self.gate, self.postures
        change_level(settings.log.level)
        gate.judge.prover.mode = NonceMode(settings.attestation.nonces)
        gate.own.enrolling.enroller.limit(settings.enrolment.attempts, settings.enrolment.span)
        postures.terms = settings.posture_terms(postures.terms.away)
        gate.in_force.live = live_with_settings_of(gate.in_force.live, settings, gate.judge.public_url)


def needs_restart(started: Bundle, bundle: Bundle) -> list[str]:
    """The settings that only a start can change, and that differ from those of the start, or whose files do."""
    before, settings = started.settings, bundle.settings
    waiting = [name for name in READ_AT_START if _at_start(started, name) != _at_start(bundle, name)]
    if (before.tls is None) is not (settings.tls is None):
        waiting.append("tls")
    if _devices_port(before) != _devices_port(settings):
        waiting.append("client_certificates")
    if _question_ports(before) != _question_ports(settings):
        waiting.append("authz_listeners")
    return waiting


def _at_start(bundle: Bundle, name: str) -> tuple[object, list[object]]:
    """A setting and the state of the files that it names."""
    value = getattr(bundle.settings, name)
    parts = [value, *(part for _, part in value)] if isinstance(value, BaseModel) else [value]
    return value, [bundle.stamps.get(part) for part in parts if isinstance(part, Path)]


def _question_ports(settings: Settings) -> set[tuple[Address | SocketFile, bool]]:
    """The addresses where other proxies ask, and whether by gRPC."""
    return {(each.listen, each.dialect == GRPC) for each in settings.authz_listeners}


def _devices_port(settings: Settings) -> Address | None:
    return settings.client_certificates.listen if settings.client_certificates else None


NOTED, CHANGED = "settings-noted", "settings-changed"


class SettingsAudit:
    """Compares the settings with those that the audit log has. Call ``poll`` often: it looks only at other settings than the last."""

    def __init__(
        self, audit: Audit, settings: Callable[[], Settings], host: str, clock: Callable[[], datetime]
    ) -> None:
        self._audit = audit
        self._settings = settings
        self._host = host
        self._clock = clock
        self._seen: Settings | None = None

    async def poll(self) -> None:
        """Write the names of the settings that differ from those in the audit log to the log."""
        settings = self._settings()
        if settings is self._seen:
            return
        about, digests = f"settings of {self._host} {settings.admin_listen}", digests_of(settings)
        last = await self._audit.last(about, NOTED, CHANGED)
        before = read_details(last.details)["digests"] if last else {}
        changed = sorted(name for name in {*before, *digests} if before.get(name) != digests.get(name))
        if changed or last is None:
            details = {"changed": changed if last else [], "digests": digests}
            what, why = CHANGED if last else NOTED, ", ".join(details["changed"])
            await self._audit.append(Act(self._clock(), BY_FILE, what, about, why, self._host, details))
        if changed and last:
            log.warning("settings-changed", changed=changed)
        self._seen = settings
