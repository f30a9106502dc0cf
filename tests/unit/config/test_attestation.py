"""What is believed of devices in the settings, and for how long."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.pki import root
from tests.unit.config.minimal import MINIMAL

from mailgate.config import Settings, load_settings
from mailgate.errors import ConfigError

ISSUER = "issuer: a, jwks: k.json"


@pytest.fixture
def loaded(tmp_path: Path):
    (tmp_path / "k.json").write_bytes(Path(__file__).with_name("issuer.jwks.json").read_bytes())

    def load(text: str) -> Settings:
        (tmp_path / "mailgate.yaml").write_text(MINIMAL + text)
        return load_settings(tmp_path / "mailgate.yaml", {})

    return load


def test_nobody_is_believed_unless_said(loaded) -> None:
    settings = loaded("")
    assert settings.attestation.issuers == settings.posture.precedence == ()
    assert (settings.attestation.leeway, settings.attestation.max_lifetime) == (
        timedelta(minutes=1),
        timedelta(days=1),
    )


LOGINS = "login_tokens: {issuer: a, client_id: b, jwks: 'https://login.example.com/keys'%s}\n"
PROXIES = "trusted_proxies: [10.0.0.0/8]\n"


def test_tokens_of_logins_count_where_a_proxy_passes_them_on(loaded) -> None:
    tokens = loaded(PROXIES + LOGINS % "").login_tokens
    assert (tokens.header, tokens.person, tokens.device) == (
        "X-Forwarded-Id-Token",
        "preferred_username",
        "deviceid",
    )
    assert loaded("").login_tokens is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (LOGINS % "", "nobody says who has logged in"),
        ("posture: {browsers: by-person}", "nobody says who has logged in"),
        (PROXIES + LOGINS % ", header: X-Mine", "X-Forwarded-Id-Token"),
        (PROXIES + LOGINS % ", client_id: c", "repeated"),
        (PROXIES + LOGINS.replace("https", "http") % "", "can be forged"),
        (PROXIES + LOGINS % ", device: ''", "has the wrong form"),
    ],
)
def test_settings_that_need_a_proxys_word_need_a_proxy(loaded, text: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        loaded(text)


def test_an_issuer_is_believed_by_its_keys(loaded, tmp_path: Path) -> None:
    settings = loaded(f"attestation: {{issuers: [{{{ISSUER}}}]}}\nposture: {{precedence: [a]}}")
    (issuer,) = settings.attestation.issuers
    assert (issuer.issuer, issuer.jwks) == ("a", tmp_path / "k.json")
    assert settings.posture.precedence == ("a",)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (f"attestation: {{issuers: [{{{ISSUER}}}, {{{ISSUER}}}]}}", "7:61: the issuer is listed twice"),
        (
            f"attestation: {{issuers: [{{{ISSUER}, jwks_ca: mailgate.yaml}}]}}",
            "7:60: the file holds no certificates",
        ),
        ("attestation: {issuers: [{issuer: 'a b', jwks: k.json}]}", "7:34: `a b` has the wrong form"),
        (
            "attestation: {nonces: always}",
            "7:23: `always` is not known here; use one of `off`, `offer`, `require`",
        ),
        (
            f"attestation: {{issuers: [{{{ISSUER}}}]}}\nposture: {{precedence: [a, a]}}",
            "8:27: the source is listed twice",
        ),
        ("enrolment: {attempts: 0}", "7:23: `0` is out of range"),
    ],
)
def test_a_mistake_is_named_where_it_stands(loaded, text: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(text)
    [found] = caught.value.mistakes
    assert f":{mistake}" in str(found)


def test_authorities_are_for_keys_at_a_url(loaded, certificate: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigError, match="`jwks` is not an https URL"):
        loaded(f"attestation: {{issuers: [{{{ISSUER}, jwks_ca: {certificate[0].name}}}]}}")


MAKER = root("Maker")


@pytest.fixture
def load(tmp_path: Path):
    (tmp_path / "maker.pem").write_bytes(MAKER.pem)
    (tmp_path / "status.json").write_text('{"entries": {"2c": {"status": "REVOKED"}}}')
    (tmp_path / "broken.json").write_text('{"entries": {"2c": {}}}')
    (tmp_path / "latin.json").write_bytes(b"\xe4")

    def read(text: str) -> Settings:
        (tmp_path / "mailgate.yaml").write_text(f"{MINIMAL}attestation: {{hardware: {text}}}")
        return load_settings(tmp_path / "mailgate.yaml", {})

    return read


def test_each_maker_has_a_format(load) -> None:
    settings = load(
        "{android_key: {roots: maker.pem, revoked: status.json}, apple_device: {roots: maker.pem}}"
    )
    believed = settings.attestation.hardware.trusted_roots()
    assert {name: roots.revoked for name, roots in believed.items()} == {
        "android-key": frozenset({0x2C}),
        "apple-device": frozenset(),
    }
    assert believed["android-key"].certificates == (MAKER.certificate,)


def test_without_roots_nobody_is_believed(load) -> None:
    assert load("{}").attestation.hardware.trusted_roots() == {}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            "{android_key: {roots: maker.pem, revoked: broken.json}}",
            "7:67: the file holds no list of revoked keys: use {",
        ),
        (
            "{android_key: {roots: maker.pem, revoked: latin.json}}",
            "7:67: the file holds no list of revoked keys: save the file",
        ),
        ("{apple_device: {roots: status.json}}", "the file holds no certificates"),
        ("{apple_device: {}}", "the key `roots` is missing"),
    ],
)
def test_a_mistake_about_hardware_is_named_where_it_stands(load, text: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert mistake in str(caught.value)
