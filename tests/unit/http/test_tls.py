"""TLS contexts."""

import ssl
from contextlib import suppress
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from tests.pki import name, root

from mailgate.http.tls import (
    CertificateError,
    device_context,
    hosts_not_named,
    renew,
    server_context,
    upstream_context,
)


def test_the_listener_speaks_tls_1_2_or_newer_with_its_certificate(certificate):
    context = server_context(*certificate)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_NONE  # no client certificate is asked for
    assert context.cert_store_stats()["x509_ca"] == 0


def test_the_listener_of_devices_asks_for_a_certificate_and_remembers_no_session(certificate, tmp_path):
    (tmp_path / "devices.pem").write_bytes(root().pem)
    context = device_context(*certificate, tmp_path / "devices.pem")
    assert context.verify_mode is ssl.CERT_OPTIONAL
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] == 1
    assert context.options & ssl.OP_NO_TICKET
    assert context.num_tickets == 0
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


@pytest.mark.parametrize("broken", ["certificate", "key"])
def test_files_that_are_no_certificate_and_key_are_refused(certificate, broken):
    path = dict(zip(("certificate", "key"), certificate, strict=True))[broken]
    path.write_text("nothing")
    with pytest.raises(CertificateError) as caught:
        server_context(*certificate)
    assert (caught.value.which, str(caught.value).split()[0]) == (broken, str(path))


HOSTS = ["mail.example.com", "a.mail.example.com", "example.com", "192.0.2.1"]


@pytest.mark.parametrize(
    ("names", "others"),
    [
        ([x509.DNSName("Mail.example.com"), x509.IPAddress(ip_address("192.0.2.1"))], HOSTS[1:3]),
        ([x509.DNSName("*.example.com")], HOSTS[1:]),
        ([x509.DNSName("*.mail.example.com")], [HOSTS[0], *HOSTS[2:]]),
        ([], HOSTS),
    ],
)
def test_hosts_that_a_certificate_does_not_name_are_told(tmp_path, names, others):
    root().device(*names, subject=name(HOSTS[0])).write(tmp_path, "gate")
    assert hosts_not_named(tmp_path / "gate.pem", HOSTS) == others


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(CertificateError, match=r"none\.pem cannot be read: no such file"):
        server_context(tmp_path / "none.pem", tmp_path / "none.key")


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(certificate):
    key = certificate[1]
    locked = load_pem_private_key(key.read_bytes(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    key.write_bytes(locked)
    with pytest.raises(CertificateError, match="use one in PEM, without a password"):
        server_context(*certificate)


def served(context) -> bytes:
    """The certificate that a client gets from this context, without a connection."""
    asks = ssl.create_default_context()
    asks.check_hostname, asks.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asks.wrap_bio(to_client, to_server, server_hostname="mail.example.com")
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return client.getpeercert(binary_form=True)


def test_new_files_are_served_to_every_new_connection(certificate, tmp_path):
    context, before = server_context(*certificate), ssl.PEM_cert_to_DER_cert(certificate[0].read_text())
    assert served(context) == before
    another = root("Another")
    files = tmp_path / "another.pem", tmp_path / "another.key"
    files[0].write_bytes(another.pem)
    files[1].write_bytes(another.key_pem)
    renew(context, *files)
    assert served(context) == ssl.PEM_cert_to_DER_cert(another.pem.decode()) != before


@pytest.mark.parametrize("which", ["certificate", "key"])
def test_a_pair_that_does_not_fit_changes_nothing(certificate, tmp_path, which):
    """Half a pair that was taken over would end every handshake from then on."""
    context, before = server_context(*certificate), ssl.PEM_cert_to_DER_cert(certificate[0].read_text())
    another = root("Another")
    (tmp_path / "another.pem").write_bytes(another.pem)
    (tmp_path / "another.key").write_bytes(another.key_pem)
    files = {"certificate": certificate[0], "key": certificate[1]}
    files[which] = tmp_path / ("another.pem" if which == "certificate" else "another.key")
    with pytest.raises(CertificateError, match="is not the key of"):
        renew(context, *files.values())
    assert served(context) == before


def test_the_webmail_has_to_prove_its_name():
    context = upstream_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_private_authority_stands_in_place_of_the_systems(certificate):
    context = upstream_context(certificate[0])
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509"] == 1
