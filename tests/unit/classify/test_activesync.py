import base64
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify.activesync import MAX_LENGTH, DeviceQuery, checks_login, read_activesync, read_query
from mailgate.devices.names import eas_forms
from mailgate.model import ActiveSyncPlace, Kind, Reason, RequestFacts, Signal

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


LONG = (b"\x01\xff" + b"A" * 255) * 2 + b"\x01\xe9" + b"A" * 233
"""Parameters of a query of exactly ``MAX_LENGTH`` characters."""


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
        ("User= ada ;DeviceId=1", DeviceQuery("1", user="ada")),
        ("DeviceId&Cmd=Ping", DeviceQuery(command="Ping")),
        ("DeviceId&DeviceId=1", DeviceQuery("1")),
        ("DeviceId=&Cmd=", DeviceQuery()),
        (f"DeviceId={'x' * 257}", DeviceQuery("x" * 256)),
        (f"{'&' * 32}DeviceId=1", DeviceQuery("1")),
        (f"x={'y' * 1011}&DeviceId=12", DeviceQuery("1")),
        ("", DeviceQuery()),
    ],
)
def test_a_plain_query_is_read(query: str, read: DeviceQuery) -> None:
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
        (query_of(encoded(b"a\x01")), DeviceQuery("6101", "iPhone", "Ping", "14.1")),
        (query_of(encoded(b"a b")), DeviceQuery("a b", "iPhone", "Ping", "14.1")),
        (
            query_of(encoded(device_type=b" \xc3\xa9\xff ")),
            DeviceQuery("Appl1", "\xe9\ufffd", "Ping", "14.1"),
        ),
        (query_of(encoded(version=199)), DeviceQuery("Appl1", "iPhone", "Ping", "19.9")),
        (
            query_of(encoded(parameters=b"\x08\x01a\x08\x01b")),
            DeviceQuery("Appl1", "iPhone", "Ping", "14.1", "a"),
        ),
        (query_of(encoded(parameters=b"\x01\x00" * 16)), DeviceQuery("Appl1", "iPhone", "Ping", "14.1")),
        (query_of(encoded(parameters=LONG)), DeviceQuery("Appl1", "iPhone", "Ping", "14.1")),
        (
            query_of(encoded(parameters=b"\x01\x01A\x08\x05alice\x07\x01\x02")),
            DeviceQuery("Appl1", "iPhone", "Ping", "14.1", "alice"),
        ),
    ],
)
def test_a_base64_query_is_read(query: str, read: DeviceQuery) -> None:
    assert read_query(query, "2.5") == read
    assert read_query(query.rstrip("="), "2.5") == read
    assert read_query(query.replace("=", "%3D").replace("+", "%2B").replace("/", "%2F")) == read


SHORT, TWO = "no protocol version that is sent in this form", "one parameter has two values"
LENGTH, NOTHING = "a device id or policy key of the wrong length", "it is not base64 and names no device"
MANY, TOO_LONG = "more parameters than any command has", "longer than 1024 characters"


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        (query_of(encoded()[:4]), "it ends inside the device id"),
        (EXAMPLE[:8], "it ends inside the device id"),
        (EXAMPLE[:16], "it ends inside the device id"),
        (query_of(encoded()[:10]), "it ends inside the policy key"),
        (query_of(encoded(policy_key=b"1234")[:-8]), "it ends inside the policy key"),
        (query_of(encoded()[:11]), "it ends inside the device type"),
        (EXAMPLE[:-4], "it ends inside the device type"),
        (EXAMPLE + "AAAA", "it ends inside the parameter"),
        (query_of(encoded(parameters=b"\x08")), "it ends inside the parameter"),
        (query_of(encoded(parameters=b"\x08\x02a")), "it ends inside the parameter"),
        (query_of(encoded(parameters=b"\x01\x00" * 17)), MANY),
        ("A" * 40, SHORT),
        ("AA", SHORT),
        (query_of(encoded()[:3]), SHORT),
        (query_of(encoded(version=25)), SHORT),
        (query_of(encoded(version=120)), SHORT),
        (query_of(encoded(version=200)), SHORT),
        ("AAAAA", "not base64"),
        (query_of(encoded(b"")), LENGTH),
        (query_of(encoded(policy_key=b"\1")), LENGTH),
        (query_of(encoded(policy_key=b"\1\2\3")), LENGTH),
        (query_of(encoded(policy_key=b"\1\2\3\4\5")), LENGTH),
        (query_of(encoded(parameters=LONG)) + "=", TOO_LONG),
        (query_of(encoded()).ljust(MAX_LENGTH + 1, "A"), TOO_LONG),
        ("%41" * (MAX_LENGTH + 1), TOO_LONG),
        (urlsafe_b64encode(encoded(policy_key=b"\xff\xfe\xfd\xfc")).decode(), NOTHING),
        (EXAMPLE[:8] + "%0a" + EXAMPLE[8:], NOTHING),
        (f"{'&' * 33}DeviceId=1", NOTHING),
        (f"x={'y' * 1014}&DeviceId=1", NOTHING),
        ("_task=mail", NOTHING),
        ("&&=;%zz", NOTHING),
        ("DeviceId=1&DeviceId=2", TWO),
        ("DeviceType=WindowsOutlook15&Cmd=Sync&devicetype=iPhone", TWO),
        ("DeviceType=WindowsOutlook15;DeviceType=", TWO),
        ("Cmd=Sync&DeviceId=1&%43md=Ping", TWO),
        ("User=alice&User=bob", TWO),
    ],
)
def test_a_broken_query_is_a_handheld_without_an_id_and_a_finding(query: str, fault: str) -> None:
    read = read_query(query, "14.1")
    assert read == DeviceQuery(version="14.1", fault=fault)
    reading = read_activesync(read, checked=True)
    assert (reading.kind, reading.handheld) == (Kind.MAIL_APP, True)
    detail = f"the query cannot be read: {fault}"
    assert [(each.reason, each.detail) for each in reading.findings] == [(Reason.REQUEST_MALFORMED, detail)]


COMMANDS = {
    0: "Sync", 1: "SendMail", 2: "SmartForward", 3: "SmartReply", 4: "GetAttachment", 9: "FolderSync", 10: "FolderCreate",
    11: "FolderDelete", 12: "FolderUpdate", 13: "MoveItems", 14: "GetItemEstimate", 15: "MeetingResponse", 16: "Search",
    17: "Settings", 18: "Ping", 19: "ItemOperations", 20: "Provision", 21: "ResolveRecipients", 22: "ValidateCert", 23: "Find",
}  # fmt: skip
"""[MS-ASHTTP] 2.2.1.1.1.1.2."""


@pytest.mark.parametrize("code", range(26))
def test_a_command_is_told_by_its_code_and_by_its_name(code: int) -> None:
    command = COMMANDS.get(code, "")
    assert read_query(query_of(encoded(command=code))).command == command
    assert read_query(f"Cmd={command.upper()}&DeviceId=1").command == command


def test_no_more_of_a_query_is_read_than_its_longest_form_can_have() -> None:
    for most in (f"Cmd=Sync&{'x' * 3066}", "%41" * 1025):
        assert read_query(most + "a") is read_query(most + "b")
        assert read_query(most[:-1] + "a") is not read_query(most[:-1] + "b")


@given(st.binary(min_size=1, max_size=64))
def test_both_forms_of_a_query_name_one_device(device_id: bytes) -> None:
    sent = read_query(query_of(encoded(device_id))).device_id
    as_servers_write_it = read_query(f"DeviceId={device_id.hex().upper()}").device_id
    assert eas_forms(sent) & eas_forms(as_servers_write_it)
    if device_id.isalnum():
        assert eas_forms(sent) & eas_forms(read_query(f"DeviceId={device_id.decode()}").device_id)


TYPES = {
    Kind.LAPTOP: ["WindowsOutlook", "WindowsOutlook15", "windowsoutlook16", "Thunderbird", "TbSync"],
    Kind.TABLET: [
        "iPad", "PlayBook", "Tablet", "TouchPad", "SAMSUNGSMT870", "SAMSUNGSMX200", "SAMSUNGSMP610", "SAMSUNGGTP1000", "SAMSUNGGTN8000",
        "GalaxyTab", "Galaxy Tab S", "KFTT",
    ],
    Kind.PHONE: [
        "iPhone", "iPod", "SmartPhone", "Smart Phone", "Android", "WP", "WP8", "WindowsPhone", "Windows Phone", "PocketPC", "Pocket PC",
        "BlackBerry", "Palm", "Symbian", "NokiaE51", "SAMSUNGSGHI317M", "htcdesire", "LG-P970", "Moto X", "SonyEricssonX10", "HUAWEIP9",
        "webOS", "MSFT-PPC", "WindowsOutlook15 iPhone",
    ],
    Kind.MAIL_APP: [
        "", "Outlook", "UniversalOutlook", "WindowsMail", "whatever 9000", "xWindowsOutlook15", "Thunderbirds", "TbSync2", "WP8x", "xhtc",
        "xLG", "xMoto", "KF1", "SMT870", "\xef", "MSFT",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("device_type", "kind"), [(each, kind) for kind in TYPES for each in TYPES[kind]])
def test_each_device_type_has_its_kind(device_type: str, kind: Kind) -> None:
    """A computer's counts only where the login is checked."""
    named = DeviceQuery("id", device_type)
    for checked, told in ((True, kind), (False, Kind.MAIL_APP if kind is Kind.LAPTOP else kind)):
        reading = read_activesync(named, checked=checked)
        assert (reading.kind, reading.handheld, reading.findings) == (told, told is not Kind.LAPTOP, ())
        assert reading.signals == (Signal("activesync", "DeviceType", device_type, told),)


@pytest.mark.parametrize(
    ("device_type", "browser"),
    [
        ("WindowsOutlook15", "Outlook"),
        ("windowsoutlook", "Outlook"),
        ("Outlook", ""),
        ("xWindowsOutlook15", ""),
    ],
)
def test_outlook_is_told_by_its_device_type(device_type: str, browser: str) -> None:
    assert read_activesync(DeviceQuery("id", device_type), checked=True).browser == browser


@given(st.text() | st.binary().map(query_of))
def test_no_query_raises_or_grows(query: str) -> None:
    read = read_query(query, query)
    assert len(read.device_id) <= 510
    assert read_activesync(read, checked=True).form


HERE = "/Microsoft-Server-ActiveSync"
PHONE = "Cmd=Sync&User=ada&DeviceId=Appl1&DeviceType=iPhone"


@pytest.mark.parametrize(
    "query",
    [
        "",
        PHONE,
        f"{PHONE}&AttachmentName=a&CollectionId=3&CollectionName=b&ItemId=1%3a2&LongId=c&Occurrence=d&ParentId=e&SAVEINSENT=T&",
        f"&{PHONE};;",
        f"DeviceId={'x' * 1015}",
        EXAMPLE,
        query_of(encoded()),
        query_of(encoded()).replace("=", "%3D"),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/vnd.ms-sync.wbxml"},
        {"content-type": "Application/vnd.ms-sync; charset=utf-8"},
        {"content-type": "message/rfc822"},
        {"content-type": "application/octet-stream"},
        {"content-type": " ; x "},
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
        f"{HERE}?DeviceId={'x' * 1016}",
        f"{HERE}?{'A' * 4000}",
        f"{HERE}?{EXAMPLE}&_task=mail",
        f"{HERE}?DeviceId=1&DeviceId=2",
        "/inbox",
    ],
)
def test_no_other_address_or_query_checks_a_login(target: str) -> None:
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
