"""A service that is wired: what a start leaves behind, what a reload changes."""

import ast
import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from structlog.testing import capture_logs
from tests import pki
from tests.servers import PATIENCE
from tests.unit.app.conftest import POLICY

from mailgate.app import in_force, public_ports, utc_now
from mailgate.app import service as service_module
from mailgate.app.admin_port import AdminPort
from mailgate.app.in_force import warn_of_stale_lists
from mailgate.app.metrics import first_list_stale_at
from mailgate.app.service import HOUR, Service, do_hourly_work
from mailgate.console.devices.facts import retention_times_of
from mailgate.gateway.evaluate.browser_probe import Mode
from mailgate.gateway.evaluate.proving import NonceMode
from mailgate.http.tls import CertificateError, device_context
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, StoreUnavailableError


@pytest.fixture
async def closed(monkeypatch, tmp_path):
    """How often the store was closed that a service had opened. A connection to a file that is opened when its task ends closes a
    moment later, by a thread that still needs the loop."""
    stores, before = [], set(threading.enumerate())
    close = service_module.Store.close

    async def noted(store):
        stores.append(store)
        await close(store)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(service_module.Store, "close", noted)
    yield stores
    async with asyncio.timeout(PATIENCE):
        while any("_connection_worker" in each.name for each in set(threading.enumerate()) - before):
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("place", "at"),
    [
        (service_module, "gate_for"),
        (service_module, "Reloader"),
        (AdminPort, "_hosting"),
        (public_ports, "open_public"),
    ],
)
async def test_a_service_that_does_not_start_leaves_nothing_open(bundle, closed, monkeypatch, place, at):
    def breaks(*_):
        raise OSError("in use")

    if at == "open_public":
        monkeypatch.setattr(AdminPort, "opened", opened)
    monkeypatch.setattr(place, at, breaks)
    with pytest.raises(OSError, match="in use"):
        await Service.start(Path("mailgate.yaml"), bundle())
    assert closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


@asynccontextmanager
async def opened(*_):
    yield


async def test_background_work_ends_before_the_store_closes(bundle, closed, monkeypatch):
    looking, ended = asyncio.Event(), []

    async def work(*_):
        try:
            looking.set()
            await asyncio.Event().wait()
        finally:
            ended.append(list(closed))

    async def hosting(*_):
        await looking.wait()
        raise OSError("in use")

    monkeypatch.setattr(service_module, "do_hourly_work", work)
    monkeypatch.setattr(AdminPort, "_hosting", hosting)
    with pytest.raises(OSError, match="in use"):
        await Service.start(Path("mailgate.yaml"), bundle())
    assert (ended, len(closed)) == ([[]], 1)


@pytest.mark.parametrize(
    "halting", [asyncio.Event().wait, AsyncMock(side_effect=KeyError)], ids=["hangs", "breaks"]
)
async def test_reliefs_are_taken_whatever_becomes_of_halts(bundle, closed, monkeypatch, halting):
    monkeypatch.setattr(service_module.HaltMonitor, "halt_rules", lambda _: halting())
    monkeypatch.setattr(AdminPort, "opened", opened)
    monkeypatch.setattr(public_ports.PublicPorts, "opened", opened)
    service = await Service.start(Path("mailgate.yaml"), bundle())
    other = await service_module.Store.open("sqlite:///gate.db")
    act = Act(utc_now(), "ada", "rule-turned-off")
    await other.reliefs.grant(Relief(0, Cause.BREAK_GLASS, "closed", "why", "ada", act.at), act)
    async with asyncio.timeout(PATIENCE):
        while not service.gate.in_force.live.policy.reliefs.for_everybody(utc_now()):
            await asyncio.sleep(0)
    await other.close()
    await service.stop()


CHANGED = POLICY.replace("handheld", "contradicted")


async def test_changed_files_take_effect_as_a_whole(service, bundle):
    changed = bundle(policy=CHANGED)
    with capture_logs() as logs:
        await service.apply(changed)
    assert service.files.bundle == changed
    assert service.gate.in_force.live.policy is changed.policy
    assert service.postures.catalog is changed.policy.catalog
    assert service.gate.in_force.live.keep == retention_times_of(changed.settings)
    assert logs[0]["takes_effect_at_restart"] == []


async def test_nonces_and_limits_are_those_of_the_files_in_force(service):
    settings = service.files.settings
    attestation = settings.attestation.model_copy(update={"nonces": "require"})
    limits = settings.enrolment.model_copy(update={"attempts": 7})
    changed = settings.model_copy(update={"attestation": attestation, "enrolment": limits})
    await service.apply(replace(service.files.bundle, settings=changed))
    assert service.gate.judge.prover.mode is NonceMode.REQUIRE
    assert (
        service.gate.own.enrolling.enroller.failed.max_tries,
        service.gate.own.enrolling.enroller.reports.max_tries,
    ) == (7, 7)
    token = [b"e30.e30.AA"]
    verdict = service.gate.in_force.live.verifier.verify(
        token, [], method="GET", url="https://x/", now=utc_now()
    )
    assert verdict.result.refused is not None


async def test_settings_that_need_a_restart_are_named_as_long_as_they_wait(service, bundle):
    first, elsewhere = service.files.bundle, bundle("http://127.0.0.1:9999")
    plain = replace(elsewhere, settings=elsewhere.settings.model_copy(update={"tls": None}))
    with capture_logs() as logs:
        for each in (elsewhere, plain, elsewhere, first):
            await service.apply(each)
    waiting = [line["takes_effect_at_restart"] for line in logs]
    assert waiting == [["upstream"], ["tls", "upstream"], ["upstream"], []]


def asked_at(port, dialect):
    listener = f"{{listen: '127.0.0.1:{port}', dialect: {dialect}}}"
    return f"http://127.0.0.1:9080\ntrusted_proxies: [127.0.0.1/32]\nauthz_listeners: [{listener}]"


async def test_the_dialect_of_a_port_changes_by_reload_and_its_address_by_start(service, bundle):
    with capture_logs() as logs:
        for port, dialect in ((8082, "caddy"), (8082, "envoy"), (8083, "envoy")):
            await service.apply(bundle(asked_at(port, dialect)))
    assert [line["takes_effect_at_restart"] for line in logs] == [["authz_listeners"]] * 3
    assert [(where, each.dialect) for where, each in service.gate.in_force.live.authorizers.items()] == [
        ("127.0.0.1:8083", "envoy")
    ]


@pytest.fixture
def devices(tmp_path):
    """Settings of certificates as they stand in ``mailgate.yaml``, and the authority in their file."""
    authority = pki.root(now=utc_now())
    (tmp_path / "devices.pem").write_bytes(authority.pem)

    def written(port=8444, **lists):
        for name, content in lists.items():
            (tmp_path / f"{name}.txt").write_bytes(content)
        files = "".join(f", {name}: {name}.txt" for name in lists)
        return (
            "http://127.0.0.1:9080\n"
            f"client_certificates: {{authorities: devices.pem, listen: '127.0.0.1:{port}'{files}}}"
        )

    return authority, written


async def test_a_reload_takes_authorities_and_what_was_revoked_and_a_start_the_port(
    service, bundle, devices, tmp_path
):
    authority, written = devices
    tls = service.files.settings.tls
    service.ports.device_tls = device_context(tls.certificate, tls.key, tmp_path / "devices.pem")
    (tmp_path / "devices.pem").write_bytes(authority.pem + pki.root("Another", utc_now()).pem)
    with capture_logs() as logs:
        await service.apply(bundle(written(revoked_serials=b"0A")))
        await service.apply(bundle(written(8445)))
        await service.apply(bundle(written(8445)))
    assert [line["takes_effect_at_restart"] for line in logs] == [["client_certificates"]] * 3
    assert service.gate.in_force.live.certificates is not None
    assert service.ports.device_tls.cert_store_stats()["x509_ca"] == 2


async def test_a_stale_list_is_loud_and_its_end_is_a_number(service, bundle, devices):
    authority, written = devices
    assert first_list_stale_at(service.gate) == 0.0
    old = authority.revoke(1, made=timedelta(days=-8)).public_bytes(Encoding.PEM)
    with capture_logs() as logs:
        await service.apply(bundle(written(crl=old)))
    assert [line["event"] for line in logs] == ["crl-stale", "config-applied"]
    assert logs[0]["stale_crl"] == "refuse"
    assert first_list_stale_at(service.gate) < utc_now().timestamp()
    with capture_logs() as logs:
        warn_of_stale_lists(bundle(written(crl=authority.revoke(1).public_bytes(Encoding.PEM))).settings)
    assert logs == []


@pytest.mark.parametrize("broken", ["gate.pem", "gate.key"])
async def test_a_certificate_that_does_not_load_changes_nothing(service, bundle, tmp_path, broken):
    before = service.files.bundle, service.gate.in_force.live
    changed = bundle(policy=CHANGED)
    (tmp_path / broken).write_text("nothing")
    with pytest.raises(CertificateError, match=broken):
        await service.apply(changed)
    assert (service.files.bundle, service.gate.in_force.live) == before


REPLACED_BY_A_RELOAD = {"live", "catalog", "terms", "mode", "others", "listening", "bundle", "ask"}


def test_no_part_is_changed_after_it_was_made_but_by_a_reload():
    for path in Path(service_module.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for target in node.targets if isinstance(node, ast.Assign) else ():
                if isinstance(target, ast.Attribute) and ast.unparse(target.value) != "self":
                    assert target.attr in {"measured"} | REPLACED_BY_A_RELOAD, path


NEW = object()


@pytest.fixture
def hours(monkeypatch):
    """Hours pass at once; after three of them it is over."""
    passed = []

    async def sleep(seconds):
        passed.append(seconds)
        if len(passed) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(service_module.asyncio, "sleep", sleep)
    return passed


async def test_each_hour_renews_keys_deletes_old_rows_and_names_rules(service, hours, monkeypatch):
    for name in ("probe_keys", "tickets_for"):
        monkeypatch.setattr(in_force, name, AsyncMock(return_value=NEW))
    prune = AsyncMock(side_effect=[7, StoreUnavailableError("away"), 7])
    service.store.retention = SimpleNamespace(prune=prune)
    monkeypatch.setattr(type(service.files), "lingering", lambda _: {"pilot": "no end"})
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await do_hourly_work(service.files, service.store, service.gate.in_force)
    assert hours == [HOUR] * 3
    events = [line["event"] for line in logs]
    assert events[::2] == ["rule-only-reports"] * 3
    assert events[1::2] == ["pruned", "prune-failed", "pruned"]
    live = service.gate.in_force.live
    assert (live.browser_probe.keys, live.responses.tickets) == (NEW, NEW)


async def test_settings_that_come_while_keys_are_read_stay(service, hours):
    async def slowly(*_):
        live = service.gate.in_force.live
        probe = replace(live.browser_probe, mode=Mode.REQUIRE, lifetime=timedelta(hours=1))
        service.gate.in_force.live = replace(live, browser_probe=probe, trusted=("10.0.0.0/8",))
        return NEW

    service.store.keys = SimpleNamespace(current=slowly)
    service.store.retention = SimpleNamespace(prune=AsyncMock(return_value=1))
    with pytest.raises(asyncio.CancelledError):
        await do_hourly_work(service.files, service.store, service.gate.in_force)
    live = service.gate.in_force.live
    probe = live.browser_probe
    assert (probe.mode, probe.lifetime, probe.keys) == (Mode.REQUIRE, timedelta(hours=1), NEW)
    assert live.trusted == ("10.0.0.0/8",)
