"""What a reload replaces, made of the files."""

import pytest
from tests.unit.app.conftest import POLICY

from mailgate.app.clock import utc_now
from mailgate.app.live import (
    authorizer_for,
    authorizers_for,
    first_live,
    live_with_rules_of,
    response_builder_for,
    served_hosts,
    verifier_for,
)
from mailgate.app.trust import Trust
from mailgate.attest import Verifier
from mailgate.config.serving import AuthzListener, AuthzSettings
from mailgate.console.devices.facts import retention_times_of
from mailgate.gateway.authz import Dialect
from mailgate.gateway.pages import Pages
from mailgate.model import Reason
from mailgate.policy.reliefs import NO_RELIEFS


@pytest.fixture
async def trust(store):
    return await Trust.open(store, utc_now)


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
    assert response_builder_for(bundle(named).settings, Pages()).extension_pages == {
        "firefox": "https://store.example.com/"
    }
    assert response_builder_for(bundle().settings, Pages()).extension_pages == {}


def test_nobody_may_ask_without_the_setting(bundle):
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


async def test_the_first_live_parts_come_from_the_files(bundle, trust, store):
    files = bundle()
    settings = files.settings
    live = await first_live(files, store, trust, NO_RELIEFS)
    assert (live.policy, live.groups, live.logins) == (files.policy, files.groups, settings.logins)
    assert (live.trusted, live.keep, live.certificates) == (
        settings.trusted_proxies,
        retention_times_of(settings),
        None,
    )
    assert live.browser_probe.keys
    assert live.responses.tickets is not None


async def test_other_rules_leave_the_rest_as_it_is(bundle, trust, store):
    """An answer that waits to be fetched is not lost to them."""
    live = await first_live(bundle(), store, trust, NO_RELIEFS)
    changed = bundle(policy=POLICY.replace("handheld", "contradicted"))
    other = live_with_rules_of(live, changed, trust)
    assert other.policy == changed.policy
    kept = ("browser_probe", "trusted", "authorizer", "authorizers", "keep")
    assert all(getattr(other, name) is getattr(live, name) for name in kept)
    assert other.responses.pages is live.responses.pages
    assert other.responses.tickets is live.responses.tickets
    assert other.responses.laptops.policy is other.policy


@pytest.mark.parametrize(
    ("public_url", "hosts"),
    [
        ("https://Mail.example.com:8443", {"mail.example.com", "autodiscover.example.com", "2001:db8::1"}),
        (
            "http://localhost:8080",
            {"localhost", "127.0.0.1", "::1", "autodiscover.example.com", "2001:db8::1"},
        ),
        ("https://[2001:DB8::2]", {"2001:db8::2", "autodiscover.example.com", "2001:db8::1"}),
    ],
)
def test_mail_is_served_under_its_public_name_and_those_of_the_settings(bundle, public_url, hosts):
    settings = bundle("http://127.0.0.1:9080\nhosts: [Autodiscover.example.com, '2001:db8:0::1']").settings
    assert served_hosts(public_url, settings) == hosts
