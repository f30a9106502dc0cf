from dataclasses import replace

import pytest

from mailgate.classify import with_attestation, with_device
from mailgate.classify.attestation import with_certificate
from mailgate.model import (
    Assurance,
    AttestationResult,
    CertificateResult,
    Client,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    Signal,
)

LAPTOP = Client(Kind.LAPTOP, handheld=False, form="desktop", os="macos", os_version="10.15.7")
PHONE = Client(Kind.PHONE, handheld=True, form="phone", os="android")
MAIL = Client(Kind.MAIL_APP, handheld=True)
TV = Client(Kind.OTHER, handheld=False, form="tv")
UNKNOWN = Client(Kind.UNKNOWN, handheld=False)


def proof(kind: Kind | None, **said: object) -> AttestationResult:
    return AttestationResult(device_id="d1", kind=kind, **said)


@pytest.mark.parametrize(
    ("client", "signed", "kind", "assurance", "contradicted"),
    [
        (LAPTOP, Kind.LAPTOP, Kind.LAPTOP, Assurance.ATTESTED, False),
        (UNKNOWN, Kind.LAPTOP, Kind.LAPTOP, Assurance.ATTESTED, False),
        (PHONE, Kind.PHONE, Kind.PHONE, Assurance.ATTESTED, False),
        (PHONE, Kind.TABLET, Kind.TABLET, Assurance.ATTESTED, False),
        (MAIL, Kind.PHONE, Kind.PHONE, Assurance.ATTESTED, False),
        (LAPTOP, Kind.TABLET, Kind.TABLET, Assurance.ATTESTED, True),
        (LAPTOP, Kind.TOOL, Kind.TOOL, Assurance.ATTESTED, True),
        (PHONE, Kind.LAPTOP, Kind.PHONE, Assurance.CLAIMED, True),
        (TV, Kind.LAPTOP, Kind.OTHER, Assurance.CLAIMED, True),
        (LAPTOP, None, Kind.LAPTOP, Assurance.CLAIMED, False),
        (UNKNOWN, Kind.UNKNOWN, Kind.UNKNOWN, Assurance.CLAIMED, False),
    ],
)
def test_the_signed_kind_wins_unless_the_request_is_more_restrictive(
    client: Client, signed: Kind | None, kind: Kind, assurance: Assurance, contradicted: bool
) -> None:
    attested = with_attestation(client, proof(signed))
    assert (attested.kind, attested.assurance, attested.contradicted) == (kind, assurance, contradicted)
    assert attested.handheld is (kind in (Kind.PHONE, Kind.TABLET))


def test_a_laptop_by_its_own_word_and_by_its_headers_is_attested() -> None:
    attested = with_attestation(LAPTOP, proof(Kind.LAPTOP, self_reported=True))
    assert (attested.kind, attested.assurance) == (Kind.LAPTOP, Assurance.ATTESTED)


@pytest.mark.parametrize("client", [UNKNOWN, PHONE, TV])
def test_an_other_client_that_calls_itself_a_laptop_is_none(client: Client) -> None:
    attested = with_attestation(client, proof(Kind.LAPTOP, self_reported=True))
    assert (attested.kind, attested.assurance) == (client.kind, Assurance.CLAIMED)
    assert attested.contradicted is (client in (PHONE, TV))
    assert attested.signals[-1].source == "attestation"


@pytest.mark.parametrize("client", [LAPTOP, UNKNOWN, PHONE])
def test_a_phone_by_its_own_word_is_one(client: Client) -> None:
    attested = with_attestation(client, proof(Kind.PHONE, self_reported=True))
    assert (attested.kind, attested.handheld) == (Kind.PHONE, True)


def test_no_attestation_changes_nothing() -> None:
    assert with_attestation(PHONE, None) is PHONE


def test_a_refused_attestation_is_worth_no_more_than_none() -> None:
    refused = AttestationResult(refused=Reason.TOKEN_EXPIRED, detail="12 s ago")
    client = with_attestation(LAPTOP, refused)
    assert replace(client, findings=()) == LAPTOP
    assert [(f.reason, f.detail) for f in client.findings] == [
        (Reason.ATTESTATION_INVALID, "token-expired: 12 s ago")
    ]


def test_a_refusal_without_details_is_told_by_its_reason() -> None:
    earlier = Finding(Reason.REQUEST_MALFORMED, "earlier")
    client = with_attestation(
        replace(LAPTOP, findings=(earlier,)), AttestationResult(refused=Reason.TOKEN_EXPIRED)
    )
    assert client.findings == (earlier, Finding(Reason.ATTESTATION_INVALID, "token-expired"))


FORMS = {Kind.LAPTOP: "desktop", Kind.PHONE: "phone", Kind.TABLET: "tablet"}
CARRIED = [Kind.PHONE, Kind.TABLET, Kind.MAIL_APP]


@pytest.mark.parametrize("kind", [each for each in Kind if each is not Kind.UNKNOWN])
def test_a_signed_kind_brings_its_form_and_is_a_signal(kind: Kind) -> None:
    client = replace(UNKNOWN, form="x", os="macos", os_version="15", signals=(Signal("a", "b", "c"),))
    assert with_attestation(client, proof(kind)) == replace(
        client,
        kind=kind,
        handheld=kind in CARRIED,
        assurance=Assurance.ATTESTED,
        form=FORMS.get(kind, ""),
        signals=(Signal("a", "b", "c"), Signal("attestation", "kind", kind, kind)),
    )


def test_a_signed_kind_that_is_the_observed_one_leaves_its_form() -> None:
    watch = Client(Kind.OTHER, handheld=True, form="watch")
    attested = with_attestation(watch, proof(Kind.OTHER))
    assert (attested.handheld, attested.form, attested.assurance) == (True, "watch", Assurance.ATTESTED)


@pytest.mark.parametrize(
    ("signed", "told"),
    [
        ({"os": "windows", "os_version": "11"}, ("windows", "11")),
        ({"os": "windows"}, ("windows", "")),
        ({"os_version": "11"}, ("macos", "10.15.7")),
        ({}, ("macos", "10.15.7")),
    ],
)
def test_a_version_is_signed_with_its_system_or_not_at_all(
    signed: dict[str, str], told: tuple[str, str]
) -> None:
    attested = with_attestation(LAPTOP, proof(Kind.LAPTOP, **signed))
    assert (attested.os, attested.os_version) == told


@pytest.mark.parametrize("self_reported", [False, True])
@pytest.mark.parametrize("client", [PHONE, MAIL, TV, Client(Kind.OTHER, handheld=True, form="watch")])
def test_a_signed_laptop_that_is_seen_as_a_device_stays_what_it_is(
    client: Client, self_reported: bool
) -> None:
    earlier = Finding(Reason.REQUEST_MALFORMED, "earlier")
    client = replace(client, findings=(earlier,))
    detail = f"the attestation says laptop, the request says {client.kind}"
    assert with_attestation(client, proof(Kind.LAPTOP, os="macos", self_reported=self_reported)) == replace(
        client,
        signals=(Signal("attestation", "kind", "laptop", Kind.LAPTOP),),
        findings=(earlier, Finding(Reason.KIND_CONTRADICTED, detail)),
    )


def test_a_signed_phone_that_is_seen_as_a_laptop_is_told() -> None:
    attested = with_attestation(LAPTOP, proof(Kind.PHONE))
    detail = "the attestation says phone, the request says laptop"
    assert attested.findings == (Finding(Reason.KIND_CONTRADICTED, detail),)


@pytest.mark.parametrize("reported", CARRIED)
def test_a_computer_reported_as_a_device_has_its_form_and_a_finding(reported: Kind) -> None:
    earlier = Finding(Reason.REQUEST_MALFORMED, "earlier")
    client = replace(LAPTOP, assurance=Assurance.ATTESTED, findings=(earlier,))
    detail = f"the reports of this device say {reported}, the request says laptop"
    assert with_device(client, reported) == replace(
        client,
        kind=reported,
        handheld=True,
        assurance=Assurance.CLAIMED,
        form=FORMS.get(reported, ""),
        findings=(earlier, Finding(Reason.KIND_CONTRADICTED, detail)),
    )


@pytest.mark.parametrize(
    ("client", "reported", "kind", "contradicted"),
    [
        (LAPTOP, Kind.PHONE, Kind.PHONE, True),
        (LAPTOP, Kind.TABLET, Kind.TABLET, True),
        (LAPTOP, Kind.LAPTOP, Kind.LAPTOP, False),
        (LAPTOP, Kind.OTHER, Kind.LAPTOP, False),
        (LAPTOP, Kind.UNKNOWN, Kind.LAPTOP, False),
        (LAPTOP, None, Kind.LAPTOP, False),
        (PHONE, Kind.LAPTOP, Kind.PHONE, False),
        (UNKNOWN, Kind.PHONE, Kind.UNKNOWN, False),
        (TV, Kind.PHONE, Kind.OTHER, False),
    ],
)
def test_a_computer_reported_as_a_phone_is_a_phone(
    client: Client, reported: Kind | None, kind: Kind, contradicted: bool
) -> None:
    """Whatever it signed: a phone may enrol as a laptop, and its management still knows what it is."""
    known = with_device(with_attestation(client, proof(client.kind)), reported)
    assert (known.kind, known.contradicted) == (kind, contradicted)
    assert known.handheld is (kind in (Kind.PHONE, Kind.TABLET))
    assert not (contradicted and known.assurance is Assurance.ATTESTED)


LAPTOP_CERTIFICATE = Client(Kind.LAPTOP, handheld=False, form="desktop", os="macos")
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
        (LAPTOP_CERTIFICATE, device(Kind.PHONE), Kind.PHONE, Assurance.ATTESTED, True),
        (MAIL, device(Kind.LAPTOP), Kind.MAIL_APP, Assurance.CLAIMED, True),
        (LAPTOP_CERTIFICATE, device(Kind.LAPTOP), Kind.LAPTOP, Assurance.ATTESTED, False),
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
    (finding,) = with_certificate(LAPTOP_CERTIFICATE, GOOD, device(Kind.PHONE)).findings
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
