import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import FOLDER

from mailgate.connectors import SourceError, Trouble
from mailgate.connectors.apple_plist import MAX_DEPTH, plist

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'
BOMB = HEAD + (
    b'<!DOCTYPE plist [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<plist><dict><key>x</key><string>&b;</string></dict></plist>"
)
ELSEWHERE = HEAD + (
    b'<!DOCTYPE plist [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    b"<plist><dict><key>x</key><string>&x;</string></dict></plist>"
)


def nested(depth):
    return HEAD + b"<plist><dict><key>x</key>" + b"<array>" * depth + b"</array>" * depth + b"</dict></plist>"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.plist")), ids=lambda path: path.stem)
def test_what_devices_send_is_read(path):
    assert isinstance(plist(path.read_bytes()), dict)


@pytest.mark.parametrize(
    "raw",
    [b"", b"<plist", b"bplist00\xff", plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY), BOMB, ELSEWHERE,
     HEAD + b"<plist><array/></plist>", HEAD + b"<plist><dict><key>x</key><integer>1e9</integer></dict></plist>",
     HEAD + b"<plist><dict><key>x</key><date>never</date></dict></plist>",
     HEAD + b"<plist><dict><string>no key</string></dict></plist>",
     HEAD + b"<plist><dict><key>x</key></dict></plist>",
     HEAD + b"<plist><dict><key>x</key><integer>" + b"9" * 10_000 + b"</integer></dict></plist>",
     nested(MAX_DEPTH), nested(100_000)],
    ids=range(14),
)  # fmt: skip
def test_what_is_none_is_refused(raw):
    with pytest.raises(SourceError) as caught:
        plist(raw)
    assert caught.value.trouble is Trouble.SHAPE


def test_as_deep_as_it_may_be():
    assert plist(nested(MAX_DEPTH - 1))


@given(st.binary() | st.binary().map(lambda raw: HEAD + b"<plist><dict>" + raw + b"</dict></plist>"))
def test_whatever_comes_is_read_or_refused(raw):
    try:
        assert isinstance(plist(raw), dict)
    except SourceError:
        return
