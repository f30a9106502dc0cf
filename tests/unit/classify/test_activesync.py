import base64
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify.activesync import MAX_LENGTH, DeviceQuery, checks_login, read_activesync, read_query
from mailgate.devices.names import eas_forms
from mailgate.model import ActiveSyncPlace, Kind, Reason, RequestFacts

EXAMPLE = "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"
"""The example of [MS-ASHTTP] 2.2.1.1.1.1."""


def encoded(
    device_id: bytes = b"Appl1",
    *,
    version: int = 141,
    command: int = 18,
    policy_key: bytes = b"",
    device_type: bytes = b"iPhone",
    parameters: bytes = b"",
) -> bytes:
    """The bytes of a base64 query."""
    values = (device_id, policy_key, device_type)
    head = bytes((version, command, 0x09, 0x04))
    return head + b"".join(bytes((len(value),)) + value for value in values) + parameters


def query_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("query", "read"),
    [
        (
            "Cmd=Sync&User=u&DeviceId=v140Device&DeviceType=SmartPhone",
            DeviceQuery("v140Device", "SmartPhone", "Sync", user="u"),
        ),
        ("cmd=piNG&DEVICEID=Appl1&devicetype=iPhone", DeviceQuery("Appl1", "iPhone", "Ping")),
        ("DeviceId=a%2Bb&DeviceType=Windows%20Phone+8", DeviceQuery("a+b", "Windows Phone 8")),
        ("%44eviceType=iPad", DeviceQuery("", "iPad")),
        ("DeviceId=1&&DEVICEID=1&Cmd=Ping&x=1&x=2&", DeviceQuery("1", "", "Ping")),
        ("Cmd=Launch&DeviceId=1", DeviceQuery("1")),
        ("", DeviceQuery()),
    ],
)
def test_the_plain_query(query: str, read: DeviceQuery) -> None:
    assert read_query(query) == read


@pytest.mark.parametrize(
    ("header", "version"),
    [
        ("14.1", "14.1"),
        (" 16.1 ", "16.1"),
        ("2.5", "2.5"),
        ("14", ""),
        ("14.1, 2.5", ""),
        ("x", ""),
        ("", ""),
    ],
)
def test_a_plain_query_has_its_version_in_a_header(header: str, version: str) -> None:
    assert read_query("Cmd=Sync", header).version == version


@pytest.mark.parametrize(
    ("query", "read"),
    [
        (EXAMPLE, DeviceQuery("v140Device", "SmartPhone", "Sync", "14.0")),
        (query_of(encoded(version=161, command=23)), DeviceQuery("Appl1", "iPhone", "Find", "16.1")),
        (query_of(encoded(version=121, command=4)), DeviceQuery("Appl1", "iPhone", "GetAttachment", "12.1")),
        (query_of(encoded(command=7)), DeviceQuery("Appl1", "iPhone", "", "14.1")),
        (query_of(encoded(policy_key=b"\1\2\3\4")), DeviceQuery("Appl1", "iPhone", "Ping", "14.1")),
        (query_of(encoded(device_type=b"")), DeviceQuery("Appl1", "", "Ping", "14.1")),
        (query_of(encoded(b"\xff" * 16)), DeviceQuery("ff" * 16, "iPhone", "Ping", "14.1")),
        (
            query_of(encoded(parameters=b"\x01\x01A\x08\x05alice\x07\x01\x02")),
            DeviceQuery("Appl1", "iPhone", "Ping", "14.1", "alice"),
        ),
    ],
)
def test_the_base64_query(query: str, read: DeviceQuery) -> None:
    assert read_query(query, "2.5") == read
    assert read_query(query.rstrip("="), "2.5") == read
    assert read_query(query.replace("=", "%3D").replace("+", "%2B").replace("/", "%2F")) == read


@pytest.mark.parametrize(
    "query",
    [
        EXAMPLE[:-4],
        EXAMPLE + "AAAA",
        "A" * 40,
        "AAAAA",
        query_of(encoded(b"")),
        query_of(encoded(policy_key=b"\1\2")),
        query_of(encoded(version=25)),
        query_of(encoded(version=255)),
        query_of(encoded(parameters=b"\x08")),
        query_of(encoded(parameters=b"\x01\x00" * 17)),
        query_of(encoded(parameters=b"\x01\xff" + b"A" * 255) + b"\x01\xff" + b"A" * 2048),
        query_of(encoded()).ljust(MAX_LENGTH + 1, "A"),
        "%41" * (MAX_LENGTH + 1),
        urlsafe_b64encode(encoded(policy_key=b"\xff\xfe\xfd\xfc")).decode(),
        EXAMPLE[:8] + "%0a" + EXAMPLE[8:],
        "DeviceId=1&DeviceId=2",
        "DeviceType=WindowsOutlook15&Cmd=Sync&devicetype=iPhone",
        "DeviceType=WindowsOutlook15;DeviceType=",
        "Cmd=Sync&DeviceId=1&%43md=Ping",
        "User=alice&User=bob",
        "_task=mail",
        "&&=;%zz",
    ],
)
def test_a_broken_query_is_a_handheld_without_an_id_and_a_finding(query: str) -> None:
    read = read_query(query, "14.1")
    assert (read.device_id, read.device_type, read.command, read.version) == ("", "", "", "14.1")
    reading = read_activesync(read, checked=True)
    assert (reading.kind, reading.handheld) == (Kind.MAIL_APP, True)
    assert [finding.reason for finding in reading.findings] == [Reason.REQUEST_MALFORMED]


@given(st.binary(min_size=1, max_size=64))
def test_both_forms_of_a_query_name_one_device(device_id: bytes) -> None:
    sent = read_query(query_of(encoded(device_id))).device_id
    as_servers_write_it = read_query(f"DeviceId={device_id.hex().upper()}").device_id
    assert eas_forms(sent) & eas_forms(as_servers_write_it)
    if device_id.isalnum():
        assert eas_forms(sent) & eas_forms(read_query(f"DeviceId={device_id.decode()}").device_id)


@pytest.mark.parametrize(
    ("device_type", "kind", "handheld"),
    [
        ("iPhone", Kind.PHONE, True),
        ("iPod", Kind.PHONE, True),
        ("iPad", Kind.TABLET, True),
        ("SmartPhone", Kind.PHONE, True),
        ("Android", Kind.PHONE, True),
        ("SAMSUNGSGHI317M", Kind.PHONE, True),
        ("SAMSUNGSMT870", Kind.TABLET, True),
        ("WP8", Kind.PHONE, True),
        ("BlackBerry", Kind.PHONE, True),
        ("PlayBook", Kind.TABLET, True),
        ("Outlook", Kind.MAIL_APP, True),
        ("UniversalOutlook", Kind.MAIL_APP, True),
        ("WindowsMail", Kind.MAIL_APP, True),
        ("", Kind.MAIL_APP, True),
        ("whatever 9000", Kind.MAIL_APP, True),
        ("WindowsOutlook15", Kind.LAPTOP, False),
        ("windowsoutlook16", Kind.LAPTOP, False),
        ("WindowsOutlook15 iPhone", Kind.PHONE, True),
        ("xWindowsOutlook15", Kind.MAIL_APP, True),
    ],
)
def test_the_kind_of_a_device_type(device_type: str, kind: Kind, handheld: bool) -> None:
    reading = read_activesync(DeviceQuery("id", device_type), checked=True)
    assert (reading.kind, reading.handheld) == (kind, handheld)
    reading = read_activesync(DeviceQuery("id", device_type), checked=False)
    assert (reading.kind, reading.handheld) == (kind if handheld else Kind.MAIL_APP, True)


@given(st.text() | st.binary().map(query_of))
def test_no_query_raises_or_grows(query: str) -> None:
    read = read_query(query, query)
    assert len(read.device_id) <= 510
    assert read_activesync(read, checked=True).form


HERE = "/Microsoft-Server-ActiveSync"
PHONE = "Cmd=Sync&User=ada&DeviceId=Appl1&DeviceType=iPhone"


@pytest.mark.parametrize(
    "query", ["", PHONE, f"{PHONE}&SaveInSent=T&ItemId=1%3a2&CollectionId=3", EXAMPLE, query_of(encoded())]
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/vnd.ms-sync.wbxml"},
        {"content-type": "Application/vnd.ms-sync; charset=utf-8"},
        {"content-type": "message/rfc822"},
        {"content-type": "application/octet-stream"},
        {"cookie": "X-BackEndCookie=S-1-5-21=u56Lnp2ejJq/+w==; ClientId=ABC;"},
        {"cookie": ""},
    ],
)
def test_a_webmail_checks_the_login_of_what_a_phone_sends(query: str, headers: dict[str, str]) -> None:
    for method in ("POST", "OPTIONS"):
        assert checks_login(RequestFacts(method, f"{HERE}?{query}", headers=headers))
        assert checks_login(RequestFacts(method, HERE, headers=headers))


@pytest.mark.parametrize(
    "target",
    [
        f"{HERE}/?{PHONE}",
        f"{HERE}/default.eas?{PHONE}",
        f"/index.php{HERE}?{PHONE}",
        f"/SOGo{HERE}?{PHONE}",
        f"{HERE}/../inbox?{PHONE}",
        f"/inbox/..{HERE}?{PHONE}",
        f"/{HERE}?{PHONE}",
        f"{HERE};x?{PHONE}",
        f"{HERE.lower()}?{PHONE}",
        f"/%4dicrosoft-Server-ActiveSync?{PHONE}",
        f"{HERE}%20?{PHONE}",
        f"{HERE}?{PHONE}&_task=mail",
        f"{HERE}?_task=mail&{PHONE}",
        f"{HERE}?{PHONE};_task=mail",
        f"{HERE}?{PHONE}&%5ftask=mail",
        f"{HERE}?{PHONE}&DeviceId[]=1",
        f"{HERE}?_task=mail",
        f"{HERE}?{PHONE}{'&Cmd=Sync' * 40}&_task=mail",
        f"{HERE}?{PHONE}{'&' * 1100}_task=mail",
        f"{HERE}?{EXAMPLE}&_task=mail",
        f"{HERE}?DeviceId=1&DeviceId=2",
        "/inbox",
    ],
)
def test_no_webmail_is_bound_to_check_a_login_at_another_address_or_with_another_query(target: str) -> None:
    assert not checks_login(RequestFacts("POST", target))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PROPFIND", "post", ""])
def test_no_webmail_is_bound_to_check_a_login_for_another_method(method: str) -> None:
    assert not checks_login(RequestFacts(method, f"{HERE}?{PHONE}"))


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "roundcube_sessid=1"},
        {"cookie": "ClientId=1; roundcube_sessid=1"},
        {"cookie": "ClientId=1, sid"},
        {"cookie": "clientid=1"},
        {"cookie": "=x"},
        {"cookie": "ClientId=1 roundcube_sessid=1"},
        {"cookie": "ClientId=1\troundcube_sessid=1"},
        {"cookie": 'ClientId="1;roundcube_sessid=1"'},
        {"cookie": 'ClientId="1" roundcube_sessid=1'},
        {"cookie": "ClientId roundcube_sessid=1"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/vnd.ms-sync, application/x-www-form-urlencoded"},
        {"content-type": "application/vnd.ms-sync; x, multipart/form-data"},
        {"content-type": "text/plain"},
        {"content-type": "application/json"},
    ],
)
def test_no_webmail_is_bound_to_check_a_login_beside_a_session(headers: dict[str, str]) -> None:
    assert not checks_login(RequestFacts("POST", f"{HERE}?{PHONE}", headers=headers))


def test_the_settings_say_where_the_webmail_checks_logins() -> None:
    place = ActiveSyncPlace(("/SOGo/Microsoft-Server-ActiveSync",), ("SERVERID",))
    facts = RequestFacts("POST", f"/SOGo{HERE}?{PHONE}", headers={"cookie": "SERVERID=a"}, activesync=place)
    assert checks_login(facts)
    assert not checks_login(RequestFacts("POST", f"{HERE}?{PHONE}", activesync=place))
