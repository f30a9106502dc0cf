"""What a gate needs of the machine that it runs on: files without mistakes, closed to others, certificates, and room on disk."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import mailgate
from mailgate.app import spool_folder
from mailgate.app.doctor.diagnosis import Diagnosis, Examined, State, diagnosis_by, failed, ok, unknown
from mailgate.app.preflight import without_groups
from mailgate.config.extension import PACKAGES
from mailgate.http.tls import CertificateError, served_certificate
from mailgate.store import StoreError
from mailgate.store.migrate import store_url

MEND = "put it right there; `mailgate check` lists everything that is wrong"
ROOM = 256 * 1024 * 1024
"""The least free bytes: both spools at their fullest, and as much again for the database."""
SOON, SHARE_OF_LIFE = timedelta(days=14), 6
"""A certificate ends soon if less is left than this, or than this share of its life: what renews one has failed by then."""

_EXTRAS = frozenset({"grpclib", "opentelemetry", "psycopg", "psycopg_pool"})
"""What only some gates need; a start says so if it is not there."""
_RUN_BY_ALEMBIC = "mailgate.store.migrations."


async def program(_gate: Examined) -> AsyncIterator[Diagnosis]:
    """Whether every part of the program can be loaded: a gate loads some of them long after its start, or never."""
    broken = await asyncio.to_thread(_broken)
    for words, name in broken.items():
        yield failed(
            "program", f"{name} cannot be loaded: {words}", "install Mailgate and its packages again"
        )
    if not broken:
        yield ok("program", "every part of it can be loaded")


def _broken() -> dict[str, str]:
    """The first module that each error keeps from being loaded, by the error in words."""
    found: dict[str, str] = {}
    for each in walk_packages(mailgate.__path__, "mailgate.", onerror=lambda _: None):
        if each.name.startswith(_RUN_BY_ALEMBIC):
            continue
        try:
            import_module(each.name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the module is of no use
            if (getattr(error, "name", None) or "").partition(".")[0] not in _EXTRAS:
                found.setdefault(f"{type(error).__name__}: {error}", each.name)
    return found


async def settings(gate: Examined) -> AsyncIterator[Diagnosis]:
    for mistake in gate.mistakes:
        yield diagnosis_by("settings", str(mistake), otherwise=MEND)
    if gate.bundle and not gate.mistakes:
        policy, cases = gate.bundle.policy, gate.bundle.policy_tests.tests
        found = f"no mistake in {gate.config} and its files"
        yield ok("settings", f"{found}: {len(policy.rules)} rules, {len(cases)} cases hold")
    if gate.bundle and (unsure := without_groups(gate.bundle)):
        yield diagnosis_by("settings", unsure, State.WARNING)


async def permissions(gate: Examined) -> AsyncIterator[Diagnosis]:
    assert gate.bundle is not None
    exposed = gate.bundle.exposed_files()
    for each in exposed:
        yield diagnosis_by("permissions", str(each), State.FAILED if each.refused else State.WARNING)
    if os.geteuid() == 0:
        found = "this runs as root, who may read and write everything; whether the gate may was not seen"
        yield unknown("permissions", found, "run it as the user of the gate, as with `sudo -u mailgate`")
    elif not exposed:
        found = "no other user may read a secret, or change what the gate decides by"
        yield ok("permissions", found)


async def certificate(gate: Examined) -> AsyncIterator[Diagnosis]:
    """How long what is served and what is trusted lasts. Whether key and certificate belong together is among the mistakes."""
    tls, devices, now = gate.at_hand.tls, gate.at_hand.client_certificates, gate.clock()
    if tls:
        try:
            served = served_certificate(tls.certificate)
        except CertificateError as error:
            yield diagnosis_by("certificate", str(error))
            return
        begin, end = served.not_valid_before_utc, served.not_valid_after_utc
        found = f"{tls.certificate} ends on {end:%Y-%m-%d}, in {(end - now).days} days"
        late = end - now < min(SOON, (end - begin) / SHARE_OF_LIFE)
        renew = "renew it, and see why that did not happen by itself; the gate takes up the new file"
        yield Diagnosis("certificate", State.FAILED if late else State.OK, found, renew if late else "")
    since = devices.revocation.stale_since(now) if devices else None
    if since:
        found = f"a revocation list should have been replaced on {since:%Y-%m-%d}"
        yield failed("certificate", found, "bring the new list; until then its certificates are refused")


async def disk(gate: Examined) -> AsyncIterator[Diagnosis]:
    for folder in dict.fromkeys(map(_existing, _folders(gate))):
        free = shutil.disk_usage(folder).free
        full = free < ROOM
        found = f"{free // 1024 // 1024} MiB are free at {folder}"
        make = f"make room: {ROOM // 1024 // 1024} MiB, or what a long outage of the store brings is lost"
        yield Diagnosis("disk", State.FAILED if full else State.OK, found, make if full else "")


async def extension(gate: Examined) -> AsyncIterator[Diagnosis]:
    """Whether browsers find the extension's packages: where they do not, none installs it, and none gets its next version."""
    folder = gate.at_hand.extension.packages
    assert folder is not None
    there = {name for pair in PACKAGES for name in pair if os.access(folder / name, os.R_OK)}
    halves = [name for pair in PACKAGES if there & {*pair} for name in pair if name not in there]
    if there and not halves:
        yield ok("extension", f"browsers find {', '.join(sorted(there))} of {folder}")
        return
    found = f"browsers find no {', '.join(halves) or 'package'} in {folder}"
    make = f"run `mailgate extension package --out {folder}`, and let the gate's user read what it writes"
    yield failed("extension", found, make)


def _folders(gate: Examined) -> Iterator[Path]:
    """Where the gate writes what must not be lost."""
    settings = gate.at_hand
    try:
        url = store_url(settings.store.get_secret_value())
    except StoreError:  # among the mistakes
        return
    if url.get_backend_name() == "sqlite":
        yield Path(str(url.database)).parent
    yield spool_folder(gate.config, settings, url)
    logs = settings.log.access.file if settings.log.access else None
    yield from (file.parent for file in (logs, settings.events and settings.events.file) if file)


def _existing(folder: Path) -> Path:
    """The folder, or the first above it that exists."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
