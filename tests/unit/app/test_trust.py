"""Whom a gate believes, through every reload."""

import pytest

from mailgate.app import utc_now
from mailgate.app.trust import Trust
from mailgate.attest import mint
from mailgate.config.attestation import AttestationSettings, IssuerSettings, LoginTokenSettings
from mailgate.gateway.metrics import Metrics
from mailgate.store import Store


@pytest.fixture
async def trust(store):
    opened = await Trust.open(store, utc_now)
    yield opened
    await opened.keyring.close()


async def test_without_issuers_only_the_gate_itself_is_believed(trust):
    assert (list(trust.keyring), trust.health(), trust.revocations) == ([], [], set())
    assert trust.own_keys.signing_key().kid in trust.own_keys.keys().keys


async def test_each_process_has_a_mark_of_its_own_in_its_nonces(trust, url):
    same = await Store.open(url)
    other = await Trust.open(same, utc_now)
    now = utc_now()
    assert other.nonces.read(trust.nonces.make(now, bound=True), now).origin.value == "foreign"
    assert other.nonces.read(trust.nonces.make(now, bound=False), now).origin.value == "shared"
    await same.close()


def with_issuers(settings, *issuers):
    attestation = AttestationSettings.model_construct(issuers=issuers)
    return settings.model_copy(update={"attestation": attestation})


def issuer(name, jwks):
    return IssuerSettings.model_construct(issuer=name, jwks=jwks, jwks_ca=None)


async def test_an_issuer_that_is_asked_as_before_keeps_its_keys(bundle, trust, tmp_path):
    settings, metrics = bundle().settings, Metrics()
    (tmp_path / "jwks.json").write_text(mint.jwks(mint.make_key(b"k" * 32, "k")))
    one, other, file = (
        issuer("https://one.example.com", "https://one.example.com/jwks"),
        issuer("https://other.example.com", "https://other.example.com/jwks"),
        issuer("https://file.example.com", tmp_path / "jwks.json"),
    )
    first = trust.sources(with_issuers(settings, one, other, file), metrics)
    assert set(first) == {settings.public_url, one.issuer, other.issuer, file.issuer}
    assert set(first[file.issuer].keys().keys) == {"k"}
    trust.keyring.replace(first)
    moved = issuer(other.issuer, "https://other.example.com/elsewhere")
    second = trust.sources(with_issuers(settings, one, moved), metrics)
    assert second[one.issuer] is first[one.issuer]
    assert second[other.issuer] is not first[other.issuer]
    assert second[settings.public_url] is first[settings.public_url]
    tokens = LoginTokenSettings(issuer=one.issuer, client_id="a", jwks="https://one.example.com/jwks")
    logins = settings.model_copy(update={"login_tokens": tokens})
    third = trust.sources(logins, metrics)
    assert set(third) == {settings.public_url, f"login {one.issuer}"}, "and by no other name"
    trust.keyring.replace(second | third)
    assert trust.sources(logins, metrics)[tokens.source] is third[tokens.source]
    health = {each.issuer: each for each in trust.health()}
    assert health[one.issuer].keys == 0
