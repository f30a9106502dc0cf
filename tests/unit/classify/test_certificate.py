from dataclasses import replace

import pytest

from mailgate.classify.certificate import with_certificate
from mailgate.model import (
    Assurance,
    CertificateResult,
    Client,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    Signal,
)

MAIL = Client(Kind.MAIL_APP, handheld=True)
LAPTOP = Client(Kind.LAPTOP, handheld=False, form="desktop", os="macos")
EARLIER = Signal("user-agent", "mail-app", "Mail")
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
        (Client(Kind.UNKNOWN, handheld=False), device(Kind.LAPTOP), Kind.LAPTOP, Assurance.ATTESTED, False),
    ],
)
def test_the_kind_is_attested_where_the_devices_record_has_it(client, known, kind, assurance, contradicted):
    certified = with_certificate(client, GOOD, known)
    assert (certified.kind, certified.assurance, certified.contradicted) == (kind, assurance, contradicted)


def test_every_name_of_the_certificate_is_a_signal() -> None:
    certified = with_certificate(replace(MAIL, signals=(EARLIER,)), GOOD, device(Kind.PHONE))
    assert certified.signals == (
        EARLIER,
        Signal("certificate", "x5t#S256", "thumbprint"),
        Signal("certificate", "udid", "00008120"),
        Signal("certificate", "kind", "phone", Kind.PHONE),
    )
    assert (certified.os, certified.os_version) == ("ios", "26.1")


def test_a_certificate_of_a_handheld_beside_the_words_of_a_computer_is_told() -> None:
    (finding,) = with_certificate(LAPTOP, GOOD, device(Kind.PHONE)).findings
    assert finding.detail == "the certificate says phone, the request says laptop"


def test_a_refused_certificate_leaves_a_finding_and_nothing_else() -> None:
    refused = CertificateResult(refused=Reason.CERTIFICATE_REVOKED, detail="it was revoked")
    earlier = Finding(Reason.REQUEST_MALFORMED, "earlier")
    certified = with_certificate(replace(MAIL, findings=(earlier,)), refused, device(Kind.PHONE))
    assert (certified.kind, certified.assurance, certified.signals) == (Kind.MAIL_APP, Assurance.CLAIMED, ())
    before, finding = certified.findings
    assert before is earlier
    assert (finding.reason, finding.detail) == (
        Reason.CERTIFICATE_INVALID,
        "certificate-revoked: it was revoked",
    )
