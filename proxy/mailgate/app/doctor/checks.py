"""The table of checks, and how they are made: all at once, each for a limited time, and none tried that lacks what it needs."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from mailgate.app import open_store
from mailgate.app.doctor import machine, services, serving
from mailgate.app.doctor.diagnosis import Check, Diagnosis, Examined, failed, unknown
from mailgate.app.preflight import failing_cases, file_mistakes
from mailgate.config import Bundle, Settings, load_bundle, load_settings
from mailgate.config.upstream_loop import SystemResolver
from mailgate.errors import ConfigError, Mistake
from mailgate.model.addresses import canonical_address
from mailgate.store import Store, StoreError

LIMIT_SECONDS = 15.0
"""How long one check may take, whatever does not answer."""
_FILES, _STORE = frozenset({"files"}), frozenset({"settings", "store"})

CHECKS = (
    Check("program", machine.program, frozenset()),
    Check("settings", machine.settings, frozenset()),
    Check("permissions", machine.permissions, _FILES),
    Check("certificate", machine.certificate),
    Check("disk", machine.disk),
    Check("extension", machine.extension, about=lambda each: each.extension.packages),
    Check("store", services.store),
    Check("webmail", services.webmail),
    Check("issuers", services.issuers),
    Check("connectors", services.connectors, _FILES | _STORE, lambda each: each.connectors),
    Check("mail server", services.mail_servers),
    Check("gate", serving.running_gate),
    Check("open files", serving.descriptors),
    Check("public URL", serving.public_url),
    Check("forward auth", serving.forward_auth),
)
_LACKS = {
    "settings": "not tried, since the settings have a mistake",
    "files": "not tried, since a file has a mistake",
    "store": "not tried, since the store cannot be opened",
}


async def examine(
    gate: Examined, done: Callable[[int, int], None], checks: tuple[Check, ...]
) -> list[Diagnosis]:
    """Everything that the checks find, in their order. ``done`` is told how many of them are."""
    finished: list[Check] = []

    async def made(check: Check) -> list[Diagnosis]:
        found = await _made(check, gate)
        finished.append(check)
        done(len(finished), len(checks))
        return found

    return [each for found in await asyncio.gather(*map(made, checks)) for each in found]


async def _made(check: Check, gate: Examined) -> list[Diagnosis]:
    """What one check finds. An error of its own is no verdict on the gate."""
    if gate.settings is not None and not check.about(gate.settings):
        return []
    has = {"settings": gate.settings, "files": gate.bundle, "store": isinstance(gate.store, Store)}
    lacks = next((words for what, words in _LACKS.items() if what in check.needs and not has[what]), None)
    if lacks:
        return [unknown(check.name, lacks)]
    found: list[Diagnosis] = []
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            async for each in check.look(gate):
                found.append(each)  # noqa: PERF401 - what was seen before a timeout counts
    except TimeoutError:
        words = f"not seen within {LIMIT_SECONDS:.0f} s: something that it asks does not answer"
        found.append(failed(check.name, words, "try again; see whether a firewall drops packets"))
    except StoreError as error:
        found.append(failed(check.name, str(error), "see the line about the store"))
    except Exception as error:  # noqa: BLE001 - its text may quote what was asked
        words = f"not seen, by an error of this command ({type(error).__name__})"
        found.append(unknown(check.name, words, "please report it"))
    return found


def read_files(config: Path, now: datetime) -> tuple[Settings | None, Bundle | None, list[Mistake]]:
    """The settings and all files, as far as they can be used, and every mistake that a start would find."""
    try:
        bundle = load_bundle(config, names=SystemResolver())
    except ConfigError as error:
        settings = _settings_alone(config)
        own = file_mistakes(config, settings, now) if settings else []
        return settings, None, [*error.mistakes, *own]
    mistakes = [*failing_cases(config, bundle, now), *file_mistakes(config, bundle.settings, now)]
    return bundle.settings, bundle, mistakes


def _settings_alone(config: Path) -> Settings | None:
    try:
        return load_settings(config)
    except ConfigError:
        return None


@asynccontextmanager
async def with_its_store(gate: Examined) -> AsyncIterator[Examined]:
    """The same with its store open, or with the reason why it is not."""
    if gate.settings is None:
        yield gate
        return
    try:
        opened = await open_store(gate.config, gate.settings)
    except StoreError as error:
        yield replace(gate, store=error)
        return
    try:
        yield replace(gate, store=opened)
    finally:
        await opened.close()


def addresses_towards(host: str) -> frozenset[str]:
    """The addresses of this machine from which it would ask ``host``. Nothing is sent."""
    return frozenset(own for each in SystemResolver().addresses(host) if (own := _towards(str(each))))


def _towards(address: str) -> str:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect((address, 9))
        except OSError:
            return ""
        return canonical_address(str(asked.getsockname()[0]))
