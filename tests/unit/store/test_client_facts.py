"""What is kept of a request, and what never is."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.examples import NOW

from mailgate.classify import classify
from mailgate.classify.attestation import with_certificate
from mailgate.classify.discovery import is_discovery
from mailgate.model import (
    FOUND_BESIDE,
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Kind,
    Posture,
    Protocol,
    Reason,
    RequestFacts,
    User,
    VerifiedLogin,
)
from mailgate.store import ClientFacts, Proofs
from mailgate.store.client_facts import _HEADERS, MAX_HEADERS_BYTES, _written, client_facts, facts_to_hold


def kept_of(
    facts: RequestFacts, client: Client | None = None, user: str = "", **proofs: object
) -> ClientFacts:
    """The record of a request."""
    asked = client or classify(facts)
    return client_facts(Access(facts, asked, Posture(), NOW, User(user), **proofs))  # type: ignore[arg-type]


LAPTOP = Client(Kind.LAPTOP, handheld=False)
SECRET = "secret-of-one-person"


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/", "/"),
        ("/?_task=mail&_uid=7", "/"),
        ("/inbox", "/"),
        ("/roundcube/?_task=mail", "/roundcube/"),
        ("/mail/u/ada/letter.html", "/mail/"),
        ("/ada@example.com/inbox", "/"),
        ("/~ada/inbox", "/"),
        ("/%61da/inbox", "/"),
        ("http://[::1", "/"),
        ("*", "/"),
        ("", "/"),
    ],
)
def test_only_the_family_of_a_path_is_kept(target: str, kept: str) -> None:
    assert kept_of(RequestFacts(target=target), LAPTOP).target == kept


def test_an_activesync_device_keeps_its_name_and_nothing_else_of_the_query() -> None:
    facts = RequestFacts(
        "POST", "/Microsoft-Server-ActiveSync?Cmd=Sync&User=ada&DeviceId=ApplX1&DeviceType=i+P%26"
    )
    kept = kept_of(facts, classify(facts))
    assert kept.target == "/Microsoft-Server-ActiveSync?DeviceId=ApplX1&DeviceType=i+P%26"
    assert kept.eas_id == "applx1"
    elsewhere = replace(facts, target=f"/mail{facts.target}")
    kept = kept_of(elsewhere)
    assert (kept.target, kept.eas_id) == ("/Microsoft-Server-ActiveSync", "")


def test_a_page_load_at_activesyncs_address_keeps_its_class() -> None:
    headers = {"accept": "text/html", "user-agent": CHROME}
    facts = RequestFacts("GET", "/index.php/Microsoft-Server-ActiveSync?_task=mail", headers=headers)
    client = classify(facts)
    again = classify(kept_of(facts).facts)
    assert (again.kind, again.contradicted) == (client.kind, client.contradicted) == (Kind.MAIL_APP, True)


CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"


@pytest.mark.parametrize(
    "facts",
    [
        RequestFacts(headers={"user-agent": IPHONE}),
        RequestFacts(
            headers={"user-agent": IPHONE, "sec-ch-ua-mobile": "?0", "sec-ch-ua-platform": '"Windows"'}
        ),
        RequestFacts(headers={"user-agent": IPHONE, "sec-ch-ua": "x" * 9999}),
        RequestFacts(headers={"user-agent": "addon/1.0 " * 70 + IPHONE}),
        RequestFacts("POST", "/Microsoft-Server-ActiveSync?DeviceId=ApplX1&DeviceType=iPhone"),
        RequestFacts("POST", "/x/ews/Exchange.asmx/ada"),
        RequestFacts("PROPFIND", "/ada/calendar"),
        RequestFacts("GET", "/SOGo/dav/ada/Calendar/x.ics"),
        RequestFacts("POST", "/jmap/upload/ada"),
        RequestFacts("POST", "/mapi/nspi/?MailboxId=ada"),
        RequestFacts("LOGIN", scheme="imap", headers={"imap-id": '"name" "iPhone Mail"'}),
        RequestFacts("LOGIN", scheme="imap", headers={"imap-id": '"name" "Thunderbird" "os" "Linux"'}),
        RequestFacts("LOGIN", scheme="pop3"),
        RequestFacts("LOGIN", scheme="submission"),
        RequestFacts("GET", "/", headers={"imap-id": '"name" "Thunderbird"'}),
        RequestFacts(),
    ],
)
def test_a_kept_request_is_classified_as_before(facts: RequestFacts) -> None:
    kept = kept_of(facts, classify(facts))
    assert classify(kept.facts) == classify(facts)
    assert "ada" not in kept.target
    held = facts_to_hold(facts, classify(facts))
    assert (classify(held), kept_of(held, classify(held))) == (classify(facts), kept)


@pytest.mark.parametrize(
    "facts",
    [
        RequestFacts(headers={name: SECRET})
        for name in (
            "cookie",
            "authorization",
            "device-attestation",
            "dpop",
            "referer",
            "x-forwarded-for",
            "x-other",
        )
    ]
    + [
        RequestFacts(headers={"content-type": f"multipart/form-data; boundary={SECRET}"}),
        RequestFacts(target=f"/mail/?token={SECRET}"),
        RequestFacts(target=f"/mail/{SECRET}/x"),
        RequestFacts(remote=SECRET, user=SECRET, host=SECRET),
    ],
)
def test_no_secret_is_kept(facts: RequestFacts) -> None:
    assert SECRET not in str(kept_of(facts, LAPTOP))


def test_a_held_request_keeps_no_secret() -> None:
    names = "cookie", "authorization", "device-attestation", "dpop", "referer", "x-other"
    facts = RequestFacts(target=f"/mail/?token={SECRET}", headers=dict.fromkeys(names, SECRET))
    assert SECRET not in str(facts_to_hold(facts, LAPTOP))


@given(
    st.text(), st.text(), st.dictionaries(st.sampled_from(["user-agent", "sec-ch-ua"]), st.text()), st.text()
)
def test_any_request_is_kept_within_bounds(
    target: str, method: str, headers: dict[str, str], eas_id: str
) -> None:
    client = Client(Kind.UNKNOWN, handheld=False, eas_id=eas_id, eas_type=eas_id)
    kept = kept_of(RequestFacts(method, target, headers=headers), client)
    assert hash(kept) == hash(kept_of(RequestFacts(method, target, headers=headers), client))


def test_the_finding_of_the_probe_is_kept_with_the_kind() -> None:
    mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
    facts = RequestFacts(
        headers={"user-agent": mac, "mailgate-probe": "tablet;by=mac-with-touch;os=ipados", "cookie": SECRET}
    )
    client = classify(facts)
    kept = kept_of(facts, client)
    assert kept.kind == "tablet"
    assert classify(kept.facts) == client
    assert SECRET not in repr(kept)


ISSUER = "https://mdm.example.com"
GOOD = AttestationResult(
    "phone-7", ISSUER, "thumbprint", Kind.PHONE, "ios", "26.1", user="ada", status="affirming"
)
CERTIFIED = CertificateResult("thumbprint", (("udid", "00008120"),))
SAID = Proofs("accepted", ISSUER, "affirming", "phone", "ios", "26.1")


@pytest.mark.parametrize(
    ("proofs", "kept"),
    [
        ({}, Proofs()),
        ({"attestation": GOOD}, SAID._replace(named_by="proof")),
        (
            {"attestation": replace(GOOD, self_reported=True)},
            SAID._replace(self_reported=True),
        ),
        ({"attestation": replace(GOOD, user="")}, SAID),
        (
            {"attestation": AttestationResult(refused=Reason.PROOF_STALE, detail="2 h", user="ada")},
            Proofs("proof-stale"),
        ),
        ({"certificate": CERTIFIED}, Proofs(certificate="accepted")),
        (
            {"certificate": CertificateResult(refused=Reason.CERTIFICATE_REVOKED, detail="it was revoked")},
            Proofs(certificate="certificate-revoked"),
        ),
    ],
    ids=["none", "accepted", "a device's own word", "without an owner", "refused", "a certificate", "a refused certificate"],
)  # fmt: skip
def test_only_the_results_of_proofs_are_kept(proofs: dict[str, object], kept: Proofs) -> None:
    assert kept_of(RequestFacts(), **proofs).proofs == kept  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("login", "kept"),
    [
        (VerifiedLogin("ada", "4f0c", NOW), "accepted"),
        (VerifiedLogin("ada", "", NOW), ""),
        (VerifiedLogin("", "", NOW, refused=True), "refused"),
    ],
)
def test_that_a_login_named_its_device_is_kept(login: VerifiedLogin, kept: str) -> None:
    assert kept_of(RequestFacts(user="ada"), login=login).proofs == Proofs(named_by="proxy", login=kept)


def test_the_device_of_a_certificate_is_kept() -> None:
    device = Posture(device_id="d1", kind=Kind.PHONE, os="ios", os_version="26.1")
    client = with_certificate(classify(RequestFacts()), CERTIFIED, device)
    client = replace(client, findings=(FOUND_BESIDE[Reason.TWO_DEVICES],))
    kept = Proofs(
        certificate="accepted",
        certified_kind="phone",
        certified_os="ios",
        certified_os_version="26.1",
        findings=("two-devices",),
    )
    assert kept_of(RequestFacts(), client, certificate=CERTIFIED).proofs == kept


@pytest.mark.parametrize(
    ("facts", "by"),
    [
        (RequestFacts(user="ada"), "proxy"),
        (RequestFacts("LOGIN", scheme="imap", user="ada"), ""),
        (RequestFacts("POST", "/Microsoft-Server-ActiveSync?DeviceId=A1&DeviceType=iPhone"), ""),
    ],
    ids=["a trusted proxy", "a login whose password nobody has checked", "Basic credentials"],
)
def test_the_source_of_a_name_is_kept_with_it(facts: RequestFacts, by: str) -> None:
    kept = kept_of(facts, user="ada").proofs
    assert kept is not None
    assert kept.named_by == by


@pytest.mark.parametrize(
    ("facts", "user"),
    [
        (RequestFacts(headers={name: "\xe9" * 600 for name in _HEADERS if name != "mailgate-probe"}), ""),
        (RequestFacts("X" * 33), ""),
        (RequestFacts("POST", f"/Microsoft-Server-ActiveSync?DeviceId=A1&DeviceType={'x' * 65}"), ""),
        (RequestFacts("POST", f"/Microsoft-Server-ActiveSync?DeviceId={'x' * 129}"), ""),
        (RequestFacts("POST", "/Microsoft-Server-ActiveSync?DeviceId=A1&DeviceId=A2"), ""),
        (RequestFacts(), "x" * 257),
    ],
    ids=["headers", "a method", "a type", "an id", "a broken query", "a name"],
)
def test_an_unreadable_request_counts_as_not_recorded(facts: RequestFacts, user: str) -> None:
    assert kept_of(facts, user=user).proofs is None


XML = {"content-type": "application/xml", "content-length": "300"}
FORM = {"content-type": "application/x-www-form-urlencoded", "content-length": "3"}


@pytest.mark.parametrize(
    "facts",
    [
        RequestFacts("POST", "/autodiscover/autodiscover.xml", headers=XML),
        RequestFacts("POST", "/autodiscover/autodiscover.xml", headers=FORM),
        RequestFacts("GET", "/autodiscover/autodiscover.json?Email=ada%40example.com", headers=FORM),
        RequestFacts("GET", "/Autodiscover/Autodiscover.json/v1.0/ada@example.com?Protocol=ActiveSync"),
        RequestFacts("OPTIONS", "/Microsoft-Server-ActiveSync?Cmd=OPTIONS&DeviceId=A1"),
        RequestFacts("OPTIONS", "/Microsoft-Server-ActiveSync", headers=FORM),
        RequestFacts("OPTIONS", "/index.php/Microsoft-Server-ActiveSync"),
    ],
)
def test_the_way_to_the_mail_is_asked_again_only_where_it_was_asked(facts: RequestFacts) -> None:
    kept = kept_of(facts)
    assert kept.proofs is not None
    assert (is_discovery(kept.facts), kept.method) == (is_discovery(facts), facts.method)
    assert "ada" not in str(kept)


@pytest.mark.parametrize("text", ["plain", 'a "quoted" \\ word', "", "\xe9", "\x7f", "\t"])
def test_the_size_of_a_header_is_counted_as_stored(text: str) -> None:
    assert _written("user-agent", text) == len(json.dumps(["user-agent", text]))


@pytest.mark.parametrize("text", ["x", "\xe9", "\U0001f600", "\ud800", "\x01", "%F0%9F"])
def test_however_much_a_client_says_little_is_kept(text: str) -> None:
    said = text * 9999
    query = f"DeviceId={said}&DeviceType={said}"
    facts = RequestFacts(
        "X" * 99, f"/{said}/Microsoft-Server-ActiveSync?{query}", headers=dict.fromkeys(_HEADERS, said)
    )
    asked = Client(Kind.PHONE, handheld=True, eas_id=said, eas_type=said, protocol=Protocol.ACTIVESYNC)
    kept = kept_of(facts, asked)
    assert len(json.dumps(dict(kept.headers))) <= MAX_HEADERS_BYTES
    assert len(kept.target) <= 700
    assert len(kept.method) <= 32
    assert len(kept.eas_id.encode("utf-8", "backslashreplace")) <= 128
    assert kept_of(replace(facts, target=f"/{said}/x"), LAPTOP).target == "/"
