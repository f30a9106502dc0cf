"""The pieces of the wiring that open nothing."""

from dataclasses import replace
from datetime import UTC
from itertools import islice

import pytest

from mailgate.app.parts import (
    authorizer_for,
    authorizers_for,
    keep_of,
    login_check_for,
    references,
    server_limits,
    speaker_for,
    utc_now,
    verifier_for,
    ways_for,
)
from mailgate.app.trust import Trust
from mailgate.attest import Verifier
from mailgate.config.authz import AuthzListener, AuthzSettings
from mailgate.gateway.authz import Dialect
from mailgate.gateway.pages import Pages
from mailgate.model import Reason
from mailgate.store import Store


def test_the_clock_is_aware_and_in_utc():
    assert utc_now().tzinfo is UTC


def test_references_are_words_that_can_be_read_out_and_do_not_repeat():
    drawn = set(islice(references(), 1000))
    assert len(drawn) == 1000
    assert all(set(reference) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for reference in drawn)
    assert {len(reference) for reference in drawn} == {10}


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


async def test_the_webmails_authority_is_the_one_that_is_named(bundle):
    named = bundle("https://inner.example.com\nupstream_ca: gate.pem").settings
    assert ways_for(named).usual.pool._endpoint.tls.cert_store_stats()["x509"] == 1


@pytest.fixture
async def trust(tmp_path):
    store = await Store.open(f"sqlite:///{tmp_path}/mailgate.db")
    yield await Trust.open(store, utc_now)
    await store.close()


async def test_a_verifier_without_issuers_believes_nobody(bundle, trust):
    verifier = verifier_for(bundle(), trust)
    assert isinstance(verifier, Verifier)
    verdict = verifier.verify(
        [b"e30.e30.AA"], [], method="GET", url="https://mail.example.com/", now=utc_now()
    )
    assert verdict.result is not None
    assert verdict.result.refused in set(Reason)


def test_a_page_leads_to_the_extension_where_the_settings_say(bundle):
    named = "http://127.0.0.1:9080\nemployee_page: {extension: {firefox: https://store.example.com/}}"
    assert speaker_for(bundle(named).settings, Pages()).extension_pages == {
        "firefox": "https://store.example.com/"
    }
    assert speaker_for(bundle().settings, Pages()).extension_pages == {}


async def test_a_login_is_checked_where_the_settings_say(bundle):
    settings = bundle().settings
    question = settings.employee_page.login_check
    check = login_check_for(question, settings.public_url, None)
    asked = check._question
    assert (asked.method, asked.target) == (b"OPTIONS", b"/Microsoft-Server-ActiveSync")
    assert login_check_for(None, settings.public_url, None) is None


def test_nobody_may_ask_unless_it_is_set(bundle):
    settings = bundle().settings
    assert authorizer_for(settings) is None
    asked = AuthzSettings.model_validate({"dialect": "nginx", "remember": "2s"})
    authorizer = authorizer_for(settings.model_copy(update={"authz": asked}))
    assert (authorizer.dialect, authorizer.remember.total_seconds()) == (Dialect.NGINX, 2)


def test_each_port_for_questions_has_a_dialect_of_its_own(bundle):
    asked = [
        {"listen": "127.0.0.1:8082", "dialect": "nginx", "remember": "2s"},
        {"listen": "[::1]:8083", "dialect": "envoy"},
    ]
    listeners = tuple(map(AuthzListener.model_validate, asked))
    found = authorizers_for(bundle().settings.model_copy(update={"authz_listeners": listeners}))
    assert {where: (each.dialect, each.remember.total_seconds()) for where, each in found.items()} == {
        "127.0.0.1:8082": (Dialect.NGINX, 2),
        "[::1]:8083": (Dialect.ENVOY, 0),
    }


def test_what_is_stored_of_people_is_kept_as_long_as_the_settings_say(bundle):
    settings = bundle().settings
    kept, told = keep_of(settings), settings.retention
    assert (kept.sightings, kept.devices) == (told.sightings, told.devices)
    assert kept.lost_devices == told.lost_devices
