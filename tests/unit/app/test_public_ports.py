"""The ports of a gate: which are opened, and with which certificates."""

import resource
import ssl
from contextlib import AsyncExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests import pki
from tests.unit.gateway.gates import gate

from mailgate.app import public_ports as ports_module
from mailgate.app import utc_now
from mailgate.app.public_ports import UNLIMITED, ports_for, raise_descriptor_limit, server_limits
from mailgate.app.workers import ALONE
from mailgate.http.tls import served_certificate

DEVICES = "http://127.0.0.1:9080\nclient_certificates: {authorities: devices.pem, listen: '127.0.0.1:8444'}"
ASKED = (
    "http://127.0.0.1:9080\ntrusted_proxies: [127.0.0.1/32]\n"
    "authz_listeners: [{listen: '127.0.0.1:8082', dialect: caddy}, {listen: '127.0.0.1:8083', dialect: nginx}]"
)


@pytest.fixture
def opened(monkeypatch):
    """What would be opened: each address, with which certificates, and at which sockets."""
    asked = []

    async def note(_server, address, tls, given, _closing):
        asked.append((str(address), tls, given))
        return f"at {address}"

    monkeypatch.setattr(ports_module, "open_public", note)
    monkeypatch.setattr(ports_module, "open_for_proxy", note)
    return asked


async def open_all(settings, place=ALONE):
    ports = ports_for(settings, gate(), place)
    async with AsyncExitStack() as closing:
        await ports._open(settings, closing)
    return ports


async def test_devices_have_a_port_of_their_own_that_asks_for_certificates(bundle, tmp_path, opened):
    (tmp_path / "devices.pem").write_bytes(pki.root(now=utc_now()).pem)
    ports = await open_all(bundle(DEVICES).settings)
    assert opened == [("127.0.0.1:0", ports.tls, ()), ("127.0.0.1:8444", ports.device_tls, ())]
    assert (ports.public, ports.devices) == ("at 127.0.0.1:0", "at 127.0.0.1:8444")
    modes = (ports.tls.verify_mode, ports.device_tls.verify_mode)
    assert modes == (ssl.VerifyMode.CERT_NONE, ssl.VerifyMode.CERT_OPTIONAL)


async def test_without_a_certificate_nothing_is_encrypted(bundle, opened):
    settings = bundle().settings.model_copy(update={"tls": None})
    await open_all(settings)
    assert opened == [("127.0.0.1:0", None, ())]


async def test_a_gate_that_is_alone_opens_every_port_for_questions(bundle, opened):
    ports = await open_all(bundle(ASKED).settings)
    assert ports.questions == ["at 127.0.0.1:8082", "at 127.0.0.1:8083"]
    assert {tls for _, tls, _ in opened} == {ports.tls}


async def test_one_of_several_workers_serves_only_those_that_it_was_given(bundle, opened):
    mail, questions = (object(),), (object(),)
    place = replace(ALONE, count=2, public=mail, questions={"127.0.0.1:8083": questions})
    ports = await open_all(bundle(ASKED).settings, place)
    assert ports.questions == ["at 127.0.0.1:8083"]
    assert [given for _, _, given in opened] == [mail, questions]


async def test_new_files_are_served_to_new_connections(bundle, tmp_path):
    authority = pki.root(now=utc_now())
    (tmp_path / "devices.pem").write_bytes(authority.pem)
    settings = bundle(DEVICES).settings
    ports = ports_for(settings, gate(), ALONE)
    (tmp_path / "devices.pem").write_bytes(authority.pem + pki.root("Another", utc_now()).pem)
    ports.renew_tls(settings)
    assert ports.device_tls.cert_store_stats()["x509_ca"] == 2


async def test_each_listener_has_a_metric_of_its_certificates_end(bundle, tmp_path, opened):
    settings = bundle(ASKED).settings
    ports = await open_all(settings)

    def told():
        (metric,) = ports.gate.metrics.certificate_expiry.collect()
        return {(each.labels["listener"], each.labels["file"]): each.value for each in metric.samples}

    listeners = ["at 127.0.0.1:0", "at 127.0.0.1:8082", "at 127.0.0.1:8083"]
    end = served_certificate(settings.tls.certificate).not_valid_after_utc.timestamp()
    assert told() == {(each, str(settings.tls.certificate)): end for each in listeners}
    renewed = pki.root(now=utc_now())
    settings.tls.certificate.write_bytes(renewed.pem)
    settings.tls.key.write_bytes(renewed.key_pem)
    ports.renew_tls(settings)
    assert set(told().values()) == {renewed.certificate.not_valid_after_utc.timestamp()}


async def test_running_requests_of_all_ports_are_counted_and_ended(bundle, opened):
    ports = await open_all(bundle(ASKED).settings)
    ended = []

    async def finish(*times):
        ended.append(times)

    ports.keep_alive_seconds = 2.0
    ports._servers = [SimpleNamespace(running=each, finish=finish) for each in (1, 2)]
    assert ports.running == 3
    await ports._finish(30.0)
    assert ended == [(30.0, 2.0)] * 2


@pytest.mark.parametrize(
    ("soft", "hard", "found"),
    [
        (1024, 4096, 4096),
        (256, 256, 256),
        (1024, resource.RLIM_INFINITY, UNLIMITED),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, UNLIMITED),
        (UNLIMITED * 2, UNLIMITED * 2, UNLIMITED),
    ],
)
def test_the_limit_is_raised_as_far_as_it_goes(soft, hard, found, monkeypatch):
    limits = [soft, hard]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits.__setitem__(slice(None), wanted))
    assert raise_descriptor_limit() == found
    assert limits[1] == hard


def test_a_descriptor_limit_that_cannot_be_raised_stays(monkeypatch):
    def refused(*_):
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", refused)
    assert raise_descriptor_limit() == 1024


def test_limits_are_those_of_the_settings_in_bytes_and_seconds(bundle):
    limits = server_limits(bundle().settings)
    assert (limits.head, limits.fields, limits.body) == (16 * 1024, 50, 25 * 1024**2)
    assert (limits.head_time, limits.keep_alive) == (3.0, 6.0)
