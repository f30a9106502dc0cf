import pytest

from mailgate.classify.certificate import with_certificate
from mailgate.model import Assurance, CertificateResult, Client, Kind, Posture, PostureState, Reason

MAIL = Client(Kind.MAIL_APP, handheld=True)
LAPTOP = Client(Kind.LAPTOP, handheld=False, form="desktop", os="macos")
GOOD = CertificateResult("thumbprint", (("udid", "00008120"),))


def device(kind: Kind | None) -> Posture:
    return Posture(PostureState.CLEAN, "d1", kind, os="ios", os_version="26.1")


@pytest.mark.parametrize(
    ("client", "known", "kind", "assurance", "contradicted"),
    [
        (MAIL, device(Kind.PHONE), Kind.PHONE, Assurance.ATTESTED, False),
        (MAIL, device(None), Kind.MAIL_APP, Assurance.CLAIMED, False),
        (MAIL, device(Kind.UNKNOWN), Kind.MAIL_APP, Assurance.CLAIMED, False),
        (MAIL, Posture(), Kind.MAIL_APP, Assurance.CLAIMED, False),
        (MAIL, Posture(kind=Kind.LAPTOP), Kind.MAIL_APP, Assurance.CLAIMED, False),
        (LAPTOP, device(Kind.PHONE), Kind.PHONE, Assurance.ATTESTED, True),
        (MAIL, device(Kind.LAPTOP), Kind.MAIL_APP, Assurance.CLAIMED, True),
        (LAPTOP, device(Kind.LAPTOP), Kind.LAPTOP, Assurance.ATTESTED, False),
    ],
)
def test_the_kind_is_attested_where_the_devices_record_has_it(client, known, kind, assurance, contradicted):
    certified = with_certificate(client, GOOD, known)
    assert (certified.kind, certified.assurance, certified.contradicted) == (kind, assurance, contradicted)


def test_every_name_of_the_certificate_is_a_signal() -> None:
    certified = with_certificate(MAIL, GOOD, device(Kind.PHONE))
    found = [(signal.name, signal.value) for signal in certified.signals if signal.source == "certificate"]
    assert found == [("x5t#S256", "thumbprint"), ("udid", "00008120"), ("kind", "phone")]


def test_a_refused_certificate_leaves_a_finding_and_nothing_else() -> None:
    refused = CertificateResult(refused=Reason.CERTIFICATE_REVOKED, detail="it was revoked")
    certified = with_certificate(MAIL, refused, device(Kind.PHONE))
    assert (certified.kind, certified.assurance, certified.signals) == (Kind.MAIL_APP, Assurance.CLAIMED, ())
    (finding,) = certified.findings
    assert (finding.reason, finding.detail) == (
        Reason.CERTIFICATE_INVALID,
        "certificate-revoked: it was revoked",
    )
