import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import FOLDER
from tests.unit.connectors.around import ends_in

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


def dictionary(inner):
    return HEAD + b"<plist><dict>" + inner + b"</dict></plist>"


def nested(depth):
    return dictionary(b"<key>x</key>" + b"<array>" * depth + b"</array>" * depth)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.plist")), ids=lambda path: path.stem)
def test_what_devices_send_is_read(path):
    assert isinstance(plist(path.read_bytes()), dict)


REFUSED = {
    "nothing": b"",
    "cut short": b"<plist",
    "binary and broken": b"bplist00\xff",
    "binary": plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY),
    "entities that grow": BOMB,
    "an entity that is a file": ELSEWHERE,
    "no dictionary": HEAD + b"<plist><array/></plist>",
    "no whole number": dictionary(b"<key>x</key><integer>1e9</integer>"),
    "no date": dictionary(b"<key>x</key><date>never</date>"),
    "a value without a key": dictionary(b"<string>no key</string>"),
    "a key without a value": dictionary(b"<key>x</key>"),
    "a number that is too long": dictionary(b"<key>x</key><integer>" + b"9" * 10_000 + b"</integer>"),
    "one too deep": nested(MAX_DEPTH),
    "much too deep": nested(100_000),
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_what_is_none_is_refused(raw):
    with ends_in(Trouble.SHAPE):
        plist(raw)


def test_as_deep_as_it_may_be():
    assert plist(nested(MAX_DEPTH - 1))


@given(st.binary() | st.binary().map(dictionary))
def test_whatever_comes_is_read_or_refused(raw):
    try:
        assert isinstance(plist(raw), dict)
    except SourceError:
        return
