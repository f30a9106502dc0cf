"""The connections to the webmail go where the settings say."""

from dataclasses import replace

import pytest

from mailgate.app.upstream import forwarders_for, login_check_for


@pytest.mark.parametrize(
    ("upstream", "host", "port", "tls"),
    [
        ("http://127.0.0.1:9080", "127.0.0.1", 9080, False),
        ("http://inner.example.com", "inner.example.com", 80, False),
        ("https://inner.example.com", "inner.example.com", 443, True),
        ("https://[2001:db8::1]:8443", "2001:db8::1", 8443, True),
    ],
)
async def test_each_way_to_the_webmail_has_its_address_and_times(bundle, upstream, host, port, tls):
    ways = forwarders_for(bundle(upstream).settings)
    forwarder = ways.usual
    endpoint = forwarder.pool._endpoint
    assert (endpoint.host, endpoint.port, endpoint.tls is not None) == (host, port, tls)
    assert (endpoint.connect_time, endpoint.response_time, endpoint.idle_time, forwarder.idle) == (2, 4, 5, 5)
    assert forwarder.default_host == b"mail.example.com"
    assert forwarder.rewrite.field(b"location", upstream.encode() + b"/a") == b"https://mail.example.com/a"
    patient = ways.long_poll.pool._endpoint
    assert patient == replace(endpoint, response_time=3600, idle_time=3600)
    assert (ways.long_poll.idle, ways.long_poll.editor) == (5, None)
    assert ways.autodiscover.pool is forwarder.pool
    assert ways.autodiscover.editor is not None


async def test_the_webmails_authority_is_the_one_that_is_named(bundle):
    named = bundle("https://inner.example.com\nupstream_ca: gate.pem").settings
    assert forwarders_for(named).usual.pool._endpoint.tls.cert_store_stats()["x509"] == 1


async def test_a_login_is_checked_where_the_settings_say(bundle):
    settings = bundle().settings
    question = settings.employee_page.login_check
    check = login_check_for(question, settings.public_url, None)
    assert check._question == (b"OPTIONS", b"/Microsoft-Server-ActiveSync")
    assert login_check_for(None, settings.public_url, None) is None
