"""The pieces of the wiring that open nothing."""

import asyncio
import ssl
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from tests.unit.gateway.gates import gate

from mailgate import app
from mailgate.app import (
    Service,
    new_reference,
    note_stray,
    server_limits,
    utc_now,
    verifier_for,
    ways_for,
)
from mailgate.attest import MemoryReplayGuard, Verifier
from mailgate.config import load_bundle
from mailgate.config.settings import DovecotSettings
from mailgate.gateway.dovecot import PolicyKey
from mailgate.gateway.tls import server_context
from mailgate.model import Reason
from mailgate.store import StoreError

CONFIG = """
listen: 127.0.0.1:0
public_url: https://mail.example.com
upstream: {upstream}
admin_listen: 127.0.0.1:0
store: "sqlite:///gate.db"
limits: {{head_bytes: 16KiB, header_count: 50, body_bytes: 25MiB}}
tls: {{certificate: gate.pem, key: gate.key}}
timeouts: {{connect: 2s, head: 3s, response: 4s, idle: 5s, keep_alive: 6s}}
"""
POLICY = "rules:\n  - {id: closed, when: client.handheld, effect: block}\n"


@pytest.fixture
def bundle(tmp_path: Path, certificate):
    """Reads a small configuration with this upstream and these rules."""
    (tmp_path / "apps.yaml").write_text(
        "apps:\n  tiktok: {name: TikTok, names: [TikTok]}\nlists:\n  prohibited: [tiktok]\n"
    )

    def load(upstream="http://127.0.0.1:9080", policy=POLICY):
        (tmp_path / "policy.yaml").write_text(policy)
        (tmp_path / "mailgate.yaml").write_text(CONFIG.format(upstream=upstream))
        return load_bundle(tmp_path / "mailgate.yaml", {})

    return load


def test_the_clock_is_aware_and_in_utc():
    assert utc_now().tzinfo is UTC


def test_references_are_words_that_can_be_read_out_and_do_not_repeat():
    references = {new_reference() for _ in range(1000)}
    assert len(references) == 1000
    assert all(set(reference) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for reference in references)
    assert {len(reference) for reference in references} == {10}


def test_limits_are_those_of_the_settings_in_bytes_and_seconds(bundle):
    limits = server_limits(bundle().settings)
    assert (limits.head, limits.fields, limits.body) == (16 * 1024, 50, 25 * 1024**2)
    assert (limits.head_time, limits.keep_alive) == (3.0, 6.0)


@pytest.mark.parametrize(
    ("upstream", "host", "port", "tls"),
    [
        ("http://127.0.0.1:9080", "127.0.0.1", 9080, False),
        ("http://inner.example.com", "inner.example.com", 80, False),
        ("https://inner.example.com", "inner.example.com", 443, True),
        ("https://[2001:db8::1]:8443", "2001:db8::1", 8443, True),
    ],
)
async def test_the_ways_to_the_webmail(bundle, upstream, host, port, tls):
    ways = ways_for(bundle(upstream).settings)
    forwarder = ways.usual
    endpoint = forwarder.pool._endpoint
    assert (endpoint.host, endpoint.port, endpoint.tls is not None) == (host, port, tls)
    assert (endpoint.connect_time, endpoint.response_time, endpoint.idle_time, forwarder.idle) == (2, 4, 5, 5)
    assert forwarder.default_host == b"mail.example.com"
    assert forwarder.rewrite.field(b"location", upstream.encode() + b"/a") == b"https://mail.example.com/a"
    patient = ways.patient.pool._endpoint
    assert patient == replace(endpoint, response_time=3600, idle_time=3600)
    assert (ways.patient.idle, ways.patient.editor) == (5, None)
    assert ways.discovery.pool is forwarder.pool
    assert ways.discovery.editor is not None


def test_a_verifier_without_issuers_believes_nobody(bundle):
    verifier = verifier_for(bundle(), MemoryReplayGuard())
    assert isinstance(verifier, Verifier)
    proof = verifier.verify([b"e30.e30.AA"], [], method="GET", url="https://mail.example.com/", now=utc_now())
    assert proof is not None
    assert proof.refused in set(Reason)


@pytest.fixture
def closed(monkeypatch, tmp_path):
    """How often the store was closed that a service had opened."""
    stores = []
    close = app.Store.close

    async def noted(store):
        stores.append(store)
        await close(store)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app.Store, "close", noted)
    return stores


@pytest.mark.parametrize(
    ("place", "at"),
    [(app, "gate_for"), (app, "Reloader"), (Service, "_open_admin"), (Service, "_open_public")],
)
async def test_a_service_that_does_not_start_leaves_nothing_open(bundle, closed, monkeypatch, place, at):
    def breaks(*_):
        raise OSError("in use")

    if at == "_open_public":
        monkeypatch.setattr(Service, "_open_admin", opened)
    monkeypatch.setattr(place, at, breaks)
    with pytest.raises(OSError, match="in use"):
        await Service.start(Path("mailgate.yaml"), bundle())
    assert closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def opened(*_):
    return "http://127.0.0.1:8081"


@pytest.mark.parametrize(
    ("context", "kind"),
    [
        ({"message": "Cookie: secret", "exception": ValueError("secret")}, "ValueError"),
        ({"message": "secret"}, "NoneType"),
    ],
)
def test_a_stray_error_is_logged_by_its_kind_alone(context, kind):
    with capture_logs() as logs:
        note_stray(None, context)
    assert logs == [{"event": "stray-error", "error": kind, "log_level": "error"}]


class Store:
    """A store, as far as readiness asks one."""

    def __init__(self):
        self.lost = False
        self.ledger = SimpleNamespace(counts=SimpleNamespace(written=1, spooled=2, dropped=0))

    async def ping(self):
        if self.lost:
            raise StoreError


@pytest.fixture
def service(bundle):
    """A service that was wired, but opened nothing."""
    first = bundle()
    wired = Service(Path("mailgate.yaml"), first, Store(), SimpleNamespace(), MemoryReplayGuard(), gate())
    wired.reloader = SimpleNamespace(mistakes=[])
    wired.tls = server_context(first.settings.tls.certificate, first.settings.tls.key)
    return wired


CHANGED = POLICY.replace("handheld", "contradicted")


async def test_changed_files_are_put_in_force_as_a_whole(service, bundle):
    changed = bundle(policy=CHANGED)
    with capture_logs() as logs:
        await service.apply(changed)
    assert service.bundle is changed
    assert service.gate.live.policy is changed.policy
    assert service.postures.catalog is changed.policy.catalog
    assert logs[0]["takes_effect_at_restart"] == []


async def test_the_mail_servers_key_is_that_of_the_files_in_force(service):
    assert service._policy_key() is None
    settings = service.bundle.settings
    dovecot = DovecotSettings.model_construct(api_key=SecretStr("hunter2"), header="X-Key")
    changed = replace(service.bundle, settings=settings.model_copy(update={"dovecot": dovecot}))
    await service.apply(changed)
    assert service._policy_key() == PolicyKey("X-Key", "hunter2")


async def test_what_only_a_start_can_change_is_named(service, bundle):
    elsewhere = bundle("http://127.0.0.1:9999")
    plain = replace(elsewhere, settings=elsewhere.settings.model_copy(update={"tls": None}))
    with capture_logs() as logs:
        await service.apply(elsewhere)
        await service.apply(plain)
    assert [line["takes_effect_at_restart"] for line in logs] == [["upstream"], ["tls"]]


@pytest.mark.parametrize("broken", ["gate.pem", "gate.key"])
async def test_a_certificate_that_does_not_load_changes_nothing(service, bundle, tmp_path, broken):
    before = service.bundle, service.gate.live
    changed = bundle(policy=CHANGED)
    (tmp_path / broken).write_text("nothing")
    with pytest.raises(ssl.SSLError):
        await service.apply(changed)
    assert (service.bundle, service.gate.live) == before


@pytest.mark.parametrize(
    ("lost", "mistakes", "stopping", "ready"),
    [
        (False, [], False, True),
        (True, [], False, True),
        (False, ["a:1:1: b"], False, True),
        (False, [], True, False),
    ],
)
async def test_only_a_stopping_gate_is_not_ready(service, lost, mistakes, stopping, ready):
    """It decides without its store, and by the rules before; both are shown."""
    service.store.lost, service.reloader.mistakes, service.stopping = lost, mistakes, stopping
    state = await service.readiness()
    assert state["ready"] is ready
    assert state["store"] == ("unavailable" if lost else "ok")
    assert state["config"] == {"state": "rejected" if mistakes else "ok", "mistakes": mistakes}
    assert state["ledger"] == {"written": 1, "spooled": 2, "dropped": 0}
