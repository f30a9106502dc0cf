import base64
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify.activesync import MAX_LENGTH, DeviceQuery, read_activesync, read_query
from mailgate.devices.names import eas_forms
from mailgate.model import Kind, Reason

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
    reading = read_activesync(read)
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
    reading = read_activesync(DeviceQuery("id", device_type))
    assert (reading.kind, reading.handheld) == (kind, handheld)


@given(st.text() | st.binary().map(query_of))
def test_no_query_raises_or_grows(query: str) -> None:
    read = read_query(query, query)
    assert len(read.device_id) <= 510
    assert read_activesync(read).form
