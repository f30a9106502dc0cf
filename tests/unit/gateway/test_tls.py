"""TLS contexts."""

import ssl

import pytest
from tests.pki import root

from mailgate.gateway.tls import device_context, server_context, upstream_context


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
    with pytest.raises(ssl.SSLError):
        server_context(*certificate)


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        server_context(tmp_path / "none.pem", tmp_path / "none.key")


def test_the_webmail_has_to_prove_its_name():
    context = upstream_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_private_authority_stands_in_place_of_the_systems(certificate):
    context = upstream_context(certificate[0])
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509"] == 1
