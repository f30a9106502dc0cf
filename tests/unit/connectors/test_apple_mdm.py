import json
import plistlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import FOLDER, event
from tests.exchanges import MARKER, Exchanges
from tests.unit.connectors.around import CATALOG, Recorded, devices_of, ends_in, look, runtime, settings_of

from mailgate.config.sources.apis import AppleMdmSettings
from mailgate.connectors import Setup, SourceError, Trouble
from mailgate.connectors.apple_mdm import MAX_DEPTH, AppleMdm, plist
from mailgate.connectors.nanomdm import OwnCommands
from mailgate.devices.names import SERIAL
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.policy import AppCatalog, ListedApp

BASE = "https://mdm.example.com"
UDID = "00008120-000A00000000001E"
KEY = "nano-s3cret"
API = {"nanomdm": {"base_url": BASE, "api_key": {"env": "API_KEY"}}}
AT = datetime(2026, 11, 24, 9, 30, 12, tzinfo=UTC)
BY_ID = AppCatalog({"tiktok": ListedApp("tiktok", "TikTok", ios=("com.zhiliaoapp.musically",))}, {})


@pytest.fixture
def exchanges():
    return Exchanges("apple-mdm", BASE)


@pytest.fixture
def mdm(exchanges):
    def make(*, asks=False, catalog=CATALOG, known=(), **values):
        async def pages(_source):
            for page in known:
                yield page

        handed = Setup("mdm", catalog, runtime(), lambda _: Recorded(exchanges), pages)
        given = {"type": "apple-mdm"} | values | (API if asks else {})
        return AppleMdm(handed, settings_of(AppleMdmSettings, given, api_key=KEY))

    return make


async def told(connector, name, **changes):
    return await connector.receive({}, event(name, **changes))


def ours(catalog=CATALOG):
    identifiers = ["com.zhiliaoapp.musically"] if catalog is BY_ID else None
    return OwnCommands(KEY, identifiers).name()


async def test_device_information_tells_kind_system_and_names(mdm):
    assert await told(mdm(), "device-information") == [
        report_by(
            source="mdm",
            device_id=UDID,
            kind=Kind.PHONE,
            os="ios",
            os_version="26.1",
            managed=True,
            serial="F2LEXAMPLE01",
            udid=UDID,
            eas_ids=("9LS7K2G83D1KVEXAMPLE01",),
            adds=True,
        )
    ]


async def test_a_list_of_applications_tells_the_listed_apps(mdm):
    assert await told(mdm(whole_lists=True), "applications") == [
        report_by(
            source="mdm",
            device_id=UDID,
            managed=True,
            apps=AppsReport(frozenset({"tiktok"}), True, AT),
            adds=True,
        )
    ]


async def test_nothing_else_that_is_on_it_leaves_the_connector(mdm):
    assert MARKER not in repr(await told(mdm(), "applications"))


async def test_an_answer_does_not_say_that_it_is_whole(mdm):
    [record] = await told(mdm(), "applications")
    assert look(record) == (frozenset({"tiktok"}), False, AT)


async def test_a_list_that_was_asked_for_here_is_whole(mdm):
    [record] = await told(mdm(asks=True), "other-applications", command_uuid=ours())
    assert look(record) == (frozenset(), True, datetime(2026, 11, 24, 10, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("asks", "changes"),
    [(True, {"command_uuid": ours()}), (False, {"ids": None})],
    ids=["asked here", "only the enrolment has a name"],
)
async def test_under_user_enrolment_no_list_is_whole(mdm, asks, changes):
    [record] = await told(mdm(asks=asks, whole_lists=True), "user-enrolled", **changes)
    assert (record.id, record.apps_complete) == ("b318edb72b556059a013368e3150050c5f74a2c6", False)


async def test_a_strangers_list_shows_an_app_and_clears_nobody(mdm):
    connector = mdm(asks=True)
    [record] = await told(connector, "applications")
    assert look(record) == (frozenset({"tiktok"}), False, AT)
    assert await told(connector, "other-applications") == []


@pytest.mark.parametrize(
    ("settings", "changes"),
    [({"whole_lists": True}, {}), ({"asks": True}, {"command_uuid": ours()})],
    ids=["lists that are said to be whole", "asked here"],
)
async def test_no_apps_at_all_is_no_inventory(mdm, settings, changes):
    assert await told(mdm(**settings), "no-applications", **changes) == []


async def test_none_of_the_listed_apps_is_one_where_only_they_were_asked_for(mdm):
    connector = mdm(asks=True, catalog=BY_ID)
    [record] = await told(connector, "no-applications", command_uuid=ours(BY_ID))
    assert (record.apps, record.apps_complete) == (frozenset(), True)
    assert await told(connector, "no-applications", command_uuid=ours()) == [], (
        "the list of apps is another now"
    )


async def test_without_a_time_nothing_is_known(mdm):
    body = json.loads(event("applications")) | {"created_at": "0001-01-01T00:00:00Z"}
    assert await mdm(whole_lists=True).receive({}, json.dumps(body).encode()) == []


async def test_micromdm_has_no_ids_of_its_own(mdm):
    [record] = await told(mdm(), "micromdm")
    assert (record.id, record.apps) == (UDID, {"tiktok"})


async def test_a_device_that_checks_out_is_gone(mdm):
    assert await told(mdm(), "check-out") == [report_by("mdm", UDID, gone=True)]


async def test_a_device_that_enrols_says_what_it_is_and_nothing_of_apps(mdm):
    [record] = await told(mdm(), "authenticate")
    assert ((SERIAL, "F2LEXAMPLE01") in record.names, record.kind, record.reported_at, record.adds) == (
        True,
        Kind.PHONE,
        None,
        True,
    )


@pytest.mark.parametrize("name", ["not-now", "person", "token-update"])
async def test_other_events_tell_nothing(mdm, name):
    assert await told(mdm(), name) == []


@pytest.mark.parametrize("status", ["Idle", "Error", "CommandFormatError", "NotNow", ""])
async def test_only_an_answer_that_went_well_counts(mdm, status):
    assert await told(mdm(), "applications", status=status) == []


async def test_a_device_that_has_enrolled_is_asked_at_once(mdm, exchanges):
    assert await told(mdm(asks=True), "token-update") == []
    assert exchanges.asked == {f"PUT /v1/enqueue/{UDID}": 2}
    assert await told(mdm(asks=True), "token-update", token_update_tally=2) == []
    assert exchanges.asked == {f"PUT /v1/enqueue/{UDID}": 2}


async def test_a_refused_question_does_not_lose_the_event(mdm):
    assert await told(mdm(asks=True), "token-update", ids={"id": "unknown", "type": "Device"}) == []


async def test_on_its_schedule_every_known_device_is_asked(mdm, exchanges):
    connector = mdm(asks=True, known=[[UDID]])
    assert await devices_of(connector) == []
    assert exchanges.asked == {f"PUT /v1/enqueue/{UDID}": 2}
    await connector.close()


async def test_one_device_is_asked_when_a_person_wants_to_know(mdm, exchanges):
    await mdm(asks=True).wake(UDID)
    assert exchanges.asked == {f"PUT /v1/enqueue/{UDID}": 2}
    with pytest.raises(SourceError):
        await mdm(asks=True).wake("unknown")
    with pytest.raises(SourceError):
        await mdm().wake(UDID)


NO_EVENTS = {
    "nothing": b"",
    "HTML": b"<html>",
    "a plist that is cut short": event("applications", b"<plist"),
    "an empty plist": event("applications", b""),
    "a payload that is a number": event("applications", raw_payload=7),
    "a payload that is no ASCII": event("applications", raw_payload="é"),
    "a payload that is no base64": event("device-information", raw_payload="!"),
    "XML that is no plist": event("authenticate", b"<x/>"),
}


@pytest.mark.parametrize("body", NO_EVENTS.values(), ids=NO_EVENTS)
async def test_a_malformed_event_is_refused(mdm, body):
    with ends_in(Trouble.SHAPE):
        await mdm().receive({}, body)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{}", b"null", b'{"topic": "mdm.Connect"}', b'{"topic": "mdm.CheckOut", "checkin_event": []}'],
)
async def test_an_event_without_a_device_tells_nothing(mdm, body):
    assert await mdm().receive({}, body) == []


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
def test_property_lists_of_devices_are_read(path):
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
def test_a_malformed_property_list_is_refused(raw):
    with ends_in(Trouble.SHAPE):
        plist(raw)


def test_the_deepest_allowed_list_is_read():
    assert plist(nested(MAX_DEPTH - 1))


@given(st.binary() | st.binary().map(dictionary))
def test_all_bytes_are_read_or_refused(raw):
    try:
        assert isinstance(plist(raw), dict)
    except SourceError:
        return
