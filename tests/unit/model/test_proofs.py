"""What a device proved."""

from mailgate.model import CertificateResult


def test_a_certificate_is_written_in_no_log_with_its_chain() -> None:
    assert repr(CertificateResult("t", chain=(b"leaf",))) == (
        "CertificateResult(thumbprint='t', names=(), refused=None, detail='', expires=None)"
    )
