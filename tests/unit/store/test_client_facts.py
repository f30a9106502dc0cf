"""What is kept of a request, and what never is."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify import classify
from mailgate.classify.certificate import with_certificate
from mailgate.model import CertificateResult, Client, Kind, Posture, Protocol, Reason, RequestFacts
from mailgate.store.client_facts import _HEADERS, MAX_HEADERS_BYTES, _written, client_facts, facts_to_hold

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
    assert client_facts(RequestFacts(target=target), LAPTOP).target == kept


def test_an_activesync_device_keeps_its_name_and_nothing_else_of_the_query() -> None:
    facts = RequestFacts(
        "POST", "/Microsoft-Server-ActiveSync?Cmd=Sync&User=ada&DeviceId=ApplX1&DeviceType=i+P%26"
    )
    kept = client_facts(facts, classify(facts))
    assert kept.target == "/Microsoft-Server-ActiveSync?DeviceId=ApplX1&DeviceType=i+P%26"
    assert kept.eas_id == "applx1"
    elsewhere = replace(facts, target=f"/mail{facts.target}")
    kept = client_facts(elsewhere, classify(elsewhere))
    assert (kept.target, kept.eas_id) == ("/Microsoft-Server-ActiveSync", "")


def test_what_a_page_load_at_activesyncs_address_was_taken_for_is_found_again() -> None:
    headers = {"accept": "text/html", "user-agent": CHROME}
    facts = RequestFacts("GET", "/index.php/Microsoft-Server-ActiveSync?_task=mail", headers=headers)
    client = classify(facts)
    again = classify(client_facts(facts, client).facts)
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
def test_what_is_kept_is_classified_as_the_request_was(facts: RequestFacts) -> None:
    kept = client_facts(facts, classify(facts))
    assert classify(kept.facts) == classify(facts)
    assert "ada" not in kept.target
    held = facts_to_hold(facts, classify(facts))
    assert (classify(held), client_facts(held, classify(held))) == (classify(facts), kept)


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
    assert SECRET not in str(client_facts(facts, LAPTOP))


def test_of_a_request_that_is_held_no_secret_is() -> None:
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
    kept = client_facts(RequestFacts(method, target, headers=headers), client)
    assert hash(kept) == hash(client_facts(RequestFacts(method, target, headers=headers), client))


def test_what_the_probe_found_is_kept_and_explains_the_kind() -> None:
    mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
    facts = RequestFacts(
        headers={"user-agent": mac, "mailgate-probe": "tablet;by=mac-with-touch;os=ipados", "cookie": SECRET}
    )
    client = classify(facts)
    kept = client_facts(facts, client)
    assert kept.kind == "tablet"
    assert classify(kept.facts) == client
    assert SECRET not in repr(kept)


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        (CertificateResult("thumbprint", (("udid", "00008120"),)), "accepted"),
        (
            CertificateResult(refused=Reason.CERTIFICATE_REVOKED, detail="it was revoked"),
            "certificate-revoked",
        ),
    ],
    ids=["accepted", "refused"],
)
def test_of_a_certificate_is_kept_what_came_of_it_and_nothing_else(
    result: CertificateResult, kept: str
) -> None:
    facts = RequestFacts(headers={})
    client = with_certificate(classify(facts), result, Posture())
    assert client_facts(facts, client).headers == (("mailgate-certificate", kept),)


@pytest.mark.parametrize("text", ["plain", 'a "quoted" \\ word', "", "\xe9", "\x7f", "\t"])
def test_the_room_of_a_header_is_what_it_takes(text: str) -> None:
    assert _written("user-agent", text) == len(json.dumps(["user-agent", text]))


@pytest.mark.parametrize("text", ["x", "\xe9", "\U0001f600", "\ud800", "\x01", "%F0%9F"])
def test_however_much_a_client_says_little_is_kept(text: str) -> None:
    said = text * 9999
    query = f"DeviceId={said}&DeviceType={said}"
    facts = RequestFacts(
        "X" * 99, f"/{said}/Microsoft-Server-ActiveSync?{query}", headers=dict.fromkeys(_HEADERS, said)
    )
    asked = Client(Kind.PHONE, handheld=True, eas_id=said, eas_type=said, protocol=Protocol.ACTIVESYNC)
    kept = client_facts(facts, asked)
    assert len(json.dumps(dict(kept.headers))) <= MAX_HEADERS_BYTES
    assert len(kept.target) <= 700
    assert len(kept.method) <= 32
    assert len(kept.eas_id.encode("utf-8", "backslashreplace")) <= 128
    assert client_facts(replace(facts, target=f"/{said}/x"), LAPTOP).target == "/"
