"""What is kept of a request, and what never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.model import Client, Kind, RequestFacts
from mailgate.store.recorded import client_facts

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
        ("/dav/ada@example.com/calendar/", "/dav"),
        ("/SOGo/dav/ada/Calendar/x.ics", "/SOGo/dav"),
        ("/remote.php/dav/files/ada/x.txt", "/remote.php/dav"),
        ("/.well-known/carddav", "/.well-known/carddav"),
        ("/EWS/Exchange.asmx", "/EWS/Exchange.asmx"),
        ("/mapi/emsmdb/?MailboxId=ada", "/mapi/emsmdb"),
        ("http://[::1", "/"),
        ("*", "/"),
        ("", "/"),
    ],
)
def test_only_the_family_of_a_path_is_kept(target: str, kept: str) -> None:
    assert client_facts(RequestFacts(target=target), LAPTOP).target == kept


def test_an_activesync_device_keeps_its_name_and_nothing_else_of_the_query() -> None:
    target = "/Microsoft-Server-ActiveSync?Cmd=Sync&User=ada&DeviceId=ApplX1&DeviceType=iPhone"
    client = Client(Kind.MAIL_APP, handheld=True, eas_id="ApplX1", eas_type="i Phone&x=1")
    facts = client_facts(RequestFacts("POST", target), client)
    assert facts.target == "/Microsoft-Server-ActiveSync?DeviceId=ApplX1&DeviceType=i+Phone%26x%3D1"
    assert facts.eas_id == "applx1"


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


@given(
    st.text(), st.text(), st.dictionaries(st.sampled_from(["user-agent", "sec-ch-ua"]), st.text()), st.text()
)
def test_any_request_is_kept_within_bounds(
    target: str, method: str, headers: dict[str, str], eas_id: str
) -> None:
    client = Client(Kind.UNKNOWN, handheld=False, eas_id=eas_id, eas_type=eas_id)
    kept = client_facts(RequestFacts(method, target, headers=headers), client)
    assert hash(kept) == hash(client_facts(RequestFacts(method, target, headers=headers), client))
