"""By which rules a gate decides, and when it says so."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs
from tests.unit.app.conftest import POLICY
from tests.unit.app.test_changes import SAME
from tests.unit.console.login.idp import AT, CLIENT, ISSUER, claims, key, public, signed
from tests.unit.store.examples import NOW

from mailgate.app import utc_now
from mailgate.app.changes import Look
from mailgate.app.in_force import (
    authorizer_for,
    authorizers_for,
    first_live,
    live_with_rules_of,
    response_builder_for,
    served_hosts,
    verifier_for,
)
from mailgate.app.trust import Trust
from mailgate.attest.id_token import parse_provider_keys
from mailgate.attest.verifier import Verifier
from mailgate.config.attestation import LoginTokenSettings
from mailgate.config.serving import AuthzListener, AuthzSettings
from mailgate.console.devices.facts import retention_times_of
from mailgate.gateway.authz.authorizer import Dialect
from mailgate.gateway.pages.render import Pages
from mailgate.model import Reason
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs

CHANGED = POLICY.replace("handheld", "contradicted")


@pytest.fixture
def told(service, monkeypatch):
    """What the parts are asked to do. The gate decides by activation 3 and the reliefs 5."""
    done = []

    def noting(what):
        async def note(*_):
            done.append(what)
            return True

        return note

    rules = service.rules
    service.keeper.is_behind, service.keeper.refresh = lambda serial: serial != 3, noting("version")
    rules.reliefs = SimpleNamespace(current=SimpleNamespace(serial=5), refresh=noting("reliefs"))
    monkeypatch.setattr(type(rules), "decide_by", lambda *_: done.append("decide"))
    return done


def test_whoever_reads_the_rules_in_force_reads_what_is_off(service):
    off = Reliefs(
        1, (Relief(1, Cause.BREAK_GLASS, "phones", "a mistake", "ada", NOW, NOW + timedelta(hours=1)),)
    )
    service.rules.reliefs = SimpleNamespace(current=off)
    assert service.rules.bundle().policy.reliefs.for_everybody(NOW) == off.for_everybody(NOW) != ()


@pytest.mark.parametrize(
    ("numbers", "done"),
    [
        (SAME, []),
        (SAME._replace(activation=4), ["version"]),
        (SAME._replace(reliefs=6), ["reliefs", "decide"]),
        (None, ["version", "reliefs", "decide"]),
    ],
    ids=["nothing changed", "other rules", "other reliefs", "the store is away, each part goes on in its own way"],
)  # fmt: skip
async def test_only_what_has_changed_is_read(service, told, numbers, done):
    await service.rules.follow(Look(NOW, numbers))
    await service.rules.follow_reliefs(Look(NOW, numbers))
    assert told == done


async def test_a_version_that_nobody_foresaw_ends_only_this_look(service, told):
    service.keeper.refresh = AsyncMock(side_effect=KeyError("version"))
    with capture_logs() as logs:
        await service.rules.poll()
    assert told == ["reliefs", "decide"]
    assert [(line["event"], line["error"]) for line in logs if "part" in line] == [
        ("changes-failed", "KeyError")
    ]


async def test_a_policy_started_by_another_gate_decides_here(service, bundle):
    changed = bundle(policy=CHANGED).rules
    service.keeper.current.rules = changed
    with capture_logs() as logs:
        service.rules.take_rules()
        service.rules.take_rules()
    assert service.gate.in_force.live.policy is changed.policy
    assert service.postures.catalog is changed.policy.catalog
    assert [line["event"] for line in logs] == ["policy-changed"]
    assert service.rules.changed.is_set()


async def test_settings_take_effect_under_the_rules_that_are_in_force(service, bundle):
    """Files may be held: then their settings count and their rules do not."""
    before, changed = service.files.bundle.rules, bundle(policy=CHANGED)
    service.keeper.offer = AsyncMock(return_value=before)
    settings = changed.settings.model_copy(update={"trusted_proxies": ("here",)})
    with capture_logs() as logs:
        await service.apply(replace(changed, settings=settings))
    assert service.gate.in_force.live.trusted == ("here",)
    assert service.gate.in_force.live.policy is before.policy
    assert service.files.bundle.rules is before
    assert applied(logs) == [before.policy.version]


async def test_changed_files_are_said_to_be_in_force_once_they_are(service, bundle):
    """While rules are inspected those before decide, and no rules run yet that could be named."""
    before, changed = service.files.bundle.rules, bundle("http://127.0.0.1:9999", policy=CHANGED)
    service.keeper.offer, service.keeper.is_undecided = AsyncMock(return_value=before), True
    with capture_logs() as logs:
        await service.apply(changed)
        service.rules.take_rules()
        assert applied(logs) == []
        service.keeper.current.rules, service.keeper.is_undecided = changed.rules, False
        service.rules.take_rules()
        service.rules.take_rules()
    assert applied(logs) == [changed.policy.version] != [before.policy.version]
    assert logs[-1]["takes_effect_at_restart"] == ["upstream"]


def applied(logs):
    return [line["policy"] for line in logs if line["event"] == "config-applied"]


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
    assert (live.responses.choices, live.responses.certificates, live.responses.tokens) == (
        ("laptop", "management-app"),
        False,
        False,
    )


async def test_pages_know_what_the_company_offers_and_which_sources_send_unlisted_apps(bundle, trust, store):
    files = bundle(
        more="""
choices: [company-phone]
attestation: {issuers: [{issuer: mdm, jwks: 'https://mdm.example.com/jwks'}]}
connectors:
  asked: {type: apple-mdm, api_key: {env: KEY}, nanomdm: {base_url: 'https://mdm.example.com', api_key: {env: KEY}}}
  told: {type: apple-mdm, api_key: {env: KEY}}
  posts: {type: post, api_key: {env: KEY}}
"""
    )
    responses = (await first_live(files, store, trust, NO_RELIEFS)).responses
    assert (responses.choices, responses.tokens) == (("company-phone",), True)
    assert responses.unlisted_from == {"told", "posts"}


async def test_tokens_of_logins_are_believed_as_the_settings_say(bundle, trust, store):
    told = LoginTokenSettings(
        issuer=ISSUER, client_id=CLIENT, jwks="https://login.example.com/keys", person="email", device="dev"
    )
    files = bundle()
    settings = files.settings.model_copy(update={"login_tokens": told, "login_domains": ("example.com",)})
    live = await first_live(replace(files, settings=settings), store, trust, NO_RELIEFS)
    assert (live.login_header, live.login_tokens.source) == (b"x-forwarded-id-token", f"login {ISSUER}")
    listed = parse_provider_keys(json.dumps({"keys": [public(key())]}))
    token = signed(claims("n", dev="d1")).encode()
    found = live.login_tokens.verify(token, listed, datetime.fromtimestamp(AT, UTC))
    assert (found.person, found.device) == ("ada", "d1")
    without = await first_live(files, store, trust, NO_RELIEFS)
    assert (without.login_header, without.login_tokens) == (b"", None)


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
