from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.pki import NOW, root
from tests.unit.config.minimal import MINIMAL

from mailgate.attest.certificates import NamePattern, key_of
from mailgate.attest.client_certs import RevocationList
from mailgate.config import Address, client_certs, load_settings
from mailgate.config.client_certs import ClientCertificateSettings
from mailgate.config.settings import Settings
from mailgate.errors import ConfigError
from mailgate.http.forgeable import forgeable

ROOT = root()
CONFIG = f"""{MINIMAL.replace("8080", "8443")}tls: {{certificate: gate.pem, key: gate.key}}
client_certificates: {{authorities: devices.pem, %s}}
"""


@pytest.fixture
def load(tmp_path: Path, certificate):
    (tmp_path / "devices.pem").write_bytes(ROOT.pem)
    (tmp_path / "devices.crl").write_bytes(ROOT.revoke(5).public_bytes(Encoding.PEM))
    (tmp_path / "lost.txt").write_text("0A\n")

    def read(text: str, config: str = CONFIG) -> Settings:
        (tmp_path / "mailgate.yaml").write_text(config % text)
        return load_settings(tmp_path / "mailgate.yaml", {})

    return read


def certificates(settings: Settings) -> ClientCertificateSettings:
    assert settings.client_certificates is not None
    return settings.client_certificates


def test_every_setting_of_certificates_is_read(load, tmp_path: Path) -> None:
    settings = load(
        "listen: 127.0.0.1:8444, crl: devices.crl, revoked_serials: lost.txt, stale_crl: count, "
        'match: [{field: san-uri, names: udid, prefix: "urn:udid:"}]'
    )
    own = certificates(settings)
    assert own.listen == Address("127.0.0.1", 8444)
    assert own.trusted == (ROOT.certificate,)
    assert own.matches == (NamePattern("san-uri", "udid", "urn:udid:"),)
    issuer = key_of(ROOT.certificate)
    assert own.revocation.lists == {issuer: RevocationList(frozenset({5}), NOW + timedelta(days=7))}
    assert (own.revocation.serials, own.revocation.accepts_stale) == (frozenset({0x0A}), True)


def test_proxies_alone_need_no_port_and_no_tls(load) -> None:
    config = CONFIG.replace("tls: {certificate: gate.pem, key: gate.key}\n", "")
    own = certificates(load("from_proxies: nginx, proxy_header: X-Client-Cert", config))
    assert (own.from_proxies, own.proxy_header, own.listen) == ("nginx", "X-Client-Cert", None)
    assert certificates(load("from_proxies: xfcc")).revocation.lists == {}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("crl: devices.crl", "8:22: no certificate can reach the gate; set `listen`, `from_proxies` or both"),
        ("listen: 127.0.0.1:8443", "8:57: the same address as"),
        ("listen: 127.0.0.1:8081", "8:57: the same address as"),
        ("from_proxies: apache", "use one of"),
        ("from_proxies: nginx, proxy_header: X-Real-IP", "8:"),
        ("from_proxies: nginx, proxy_header: X_SSL_Client_Cert", "8:"),
        ("from_proxies: xfcc, crl: gate.pem", "8:74: no certificate revocation list"),
        ("from_proxies: xfcc, crl: lost.txt", "8:74: cannot be read as a certificate revocation list"),
        ("from_proxies: xfcc, revoked_serials: gate.pem", "8:86: line 1 is no serial number"),
        ("from_proxies: xfcc, match: [{field: san-ip, names: udid}]", "use one of"),
        ("from_proxies: xfcc, match: [{field: san-uri, names: owner}]", "use one of"),
    ],
)
def test_a_mistake_is_named_where_it_stands(load, text: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert mistake in str(caught.value)


def test_a_port_of_its_own_needs_tls(load) -> None:
    with pytest.raises(ConfigError, match="no certificate to serve there; set `tls`"):
        load("listen: 127.0.0.1:8444", CONFIG.replace("tls: {certificate: gate.pem, key: gate.key}\n", ""))


def test_an_authority_that_cannot_be_read_is_a_mistake(load, tmp_path: Path) -> None:
    (tmp_path / "devices.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="the file holds no certificates"):
        load("from_proxies: xfcc")


def test_a_long_file_is_not_read(load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_certs, "MAX_FILE", 10)
    with pytest.raises(ConfigError, match="longer than 10 bytes"):
        load("from_proxies: xfcc, crl: devices.crl")


@pytest.mark.parametrize(
    "name", ["X-SSL-Client-Cert", "ssl-client-cert", "X-Client-Cert", "X-Ssl-Cert", "x-ssl"]
)
def test_every_header_that_may_be_set_is_kept_from_the_webmail(load, name: str) -> None:
    assert certificates(load(f"from_proxies: nginx, proxy_header: {name}")).proxy_header == name
    assert forgeable(name.encode())
