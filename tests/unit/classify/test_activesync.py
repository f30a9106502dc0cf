import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify.activesync import DeviceQuery, read_activesync, read_query
from mailgate.model import Kind


@pytest.mark.parametrize(
    ("query", "read"),
    [
        (
            "Cmd=Sync&User=u&DeviceId=v140Device&DeviceType=SmartPhone",
            DeviceQuery("v140Device", "SmartPhone"),
        ),
        ("cmd=Ping&DEVICEID=Appl1&devicetype=iPhone", DeviceQuery("Appl1", "iPhone")),
        ("DeviceId=a%2Bb&DeviceType=Windows%20Phone+8", DeviceQuery("a+b", "Windows Phone 8")),
        ("%44eviceType=iPad", DeviceQuery("", "iPad")),
        ("DeviceType=iPhone&DeviceType=WindowsOutlook15", DeviceQuery("", "iPhone")),
        ("jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", DeviceQuery()),
        ("", DeviceQuery()),
        ("&&=;%zz", DeviceQuery()),
    ],
)
def test_the_plain_query(query: str, read: DeviceQuery) -> None:
    assert read_query(query) == read


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


@given(st.text())
def test_no_query_raises_or_grows(query: str) -> None:
    read = read_query(query)
    assert len(read.device_id) <= 256
    assert read_activesync(read).form
