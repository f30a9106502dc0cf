"""TLS contexts."""

import ssl

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from tests.pki import root

from mailgate.gateway.http1.tls import (
    CertificateError,
    device_context,
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


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(CertificateError, match=r"none\.pem cannot be read: no such file"):
        server_context(tmp_path / "none.pem", tmp_path / "none.key")


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(certificate):
    key = certificate[1]
    locked = load_pem_private_key(key.read_bytes(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    key.write_bytes(locked)
    with pytest.raises(CertificateError, match="expected one in PEM, without a password"):
        server_context(*certificate)


def test_what_does_not_fit_changes_nothing_of_what_is_served(certificate, tmp_path):
    context = server_context(*certificate)
    (tmp_path / "another.key").write_bytes(root("Another").key_pem)
    with pytest.raises(CertificateError, match=r"another\.key is not the key of"):
        renew(context, certificate[0], tmp_path / "another.key")
    renew(context, *certificate)


def test_the_webmail_has_to_prove_its_name():
    context = upstream_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_private_authority_stands_in_place_of_the_systems(certificate):
    context = upstream_context(certificate[0])
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509"] == 1
