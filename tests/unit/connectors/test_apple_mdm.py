import json
import plistlib
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import FOLDER, event
from tests.exchanges import MARKER, Exchanges
from tests.unit.connectors.around import (
    CATALOG,
    Recorded,
    Scripted,
    answer,
    client_of,
    devices_of,
    ends_in,
    look,
    runtime,
    settings_of,
)

from mailgate.config.sources.apis import AppleMdmSettings
from mailgate.connectors import Setup, SourceError, Trouble
from mailgate.connectors.apple_mdm import (
    MAX_DEPTH,
    AppleMdm,
    OwnCommands,
    ask_devices,
    listed_identifiers,
    plist,
)
from mailgate.devices.names import SERIAL
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Enrolment, Kind
from mailgate.policy import AppCatalog, ListedApp
from mailgate.wire import ApiResponse

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
            enrolment=Enrolment.SUPERVISED,
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


TIKTOK = ListedApp("tiktok", "TikTok", ios=("com.b", "com.a"))


def taken(*ids, **more):
    status = {each: {"push_result": "x"} for each in ids}
    return answer({"status": status, "command_uuid": "x"} | more)


def asking(*answers):
    wire = Scripted(*answers)
    return client_of(wire, BASE), wire


def test_only_listed_apps_are_asked_for():
    assert listed_identifiers(AppCatalog({"tiktok": TIKTOK}, {})) == ["com.a", "com.b"]


def test_an_app_that_has_only_a_name_is_looked_for_among_all():
    assert listed_identifiers(CATALOG) is None


async def test_every_device_is_asked_what_it_is_and_what_is_on_it():
    client, wire = asking(taken(), taken("a", "b"))
    await ask_devices(client, ["a", "b/c"], OwnCommands("k", ["com.a"]), ["com.a"])
    first, second = wire.questions
    assert first.url == f"{BASE}/v1/enqueue/a,b%2Fc?nopush=1"
    assert second.url == f"{BASE}/v1/enqueue/a,b%2Fc"
    assert plistlib.loads(first.body)["Command"]["RequestType"] == "DeviceInformation"
    assert plistlib.loads(second.body)["Command"] == {
        "RequestType": "InstalledApplicationList",
        "ManagedAppsOnly": False,
        "Identifiers": ["com.a"],
        "Items": ["Identifier", "Name"],
    }
    assert OwnCommands("k", ["com.a"]).made(plistlib.loads(second.body)["CommandUUID"])


async def test_many_devices_are_asked_a_part_at_a_time():
    client, wire = asking(*[taken()] * 6)
    await ask_devices(client, map(str, range(120)), OwnCommands("k", None), None)
    assert [question.url.count(",") + 1 for question in wire.questions] == [50, 50, 50, 50, 20, 20]


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ({"command_error": "no"}, Trouble.STATUS),
        ({"status": {"a": {"command_error": "no such enrollment"}}}, Trouble.STATUS),
        ({"command_uuid": None}, Trouble.SHAPE),
    ],
    ids=["by the server", "for one device", "without a name"],
)
async def test_a_command_that_was_not_taken_is_no_success(said, trouble):
    client, _ = asking(taken("a", **said))
    with ends_in(trouble):
        await ask_devices(client, ["a"], OwnCommands("k", None), None)


async def test_a_device_that_nanomdm_knows_no_longer_keeps_no_other_from_being_asked():
    asked = []

    class Strict:
        """It takes a command for all of its devices or for none, as NanoMDM on MySQL does."""

        async def ask(self, question):
            path = question.url.partition("/v1/enqueue/")[2]
            ids = path.removesuffix("?nopush=1").split(",")
            if "gone" in ids:
                return ApiResponse(500, {}, b'{"command_error": "no such enrollment"}')
            asked.extend([] if "nopush" in path else ids)
            return taken(*ids)

        async def close(self):
            """Nothing is open."""

    client = client_of(Strict(), BASE)
    devices = [str(number) for number in range(7)]
    await ask_devices(client, ["gone", *devices], OwnCommands("k", None), None)
    assert sorted(asked) == devices
    with ends_in(Trouble.STATUS):
        await ask_devices(client, ["gone"], OwnCommands("k", None), None)


async def test_a_push_that_failed_is_none_of_ours():
    """The command waits for the device, so that no half of the devices is asked again, and nothing is refused."""
    answer = taken(status={each: {"push_error": "BadDeviceToken"} for each in "ab"})
    client, wire = asking(answer, answer)
    await ask_devices(client, ["a", "b"], OwnCommands("k", None), None)
    asked = [plistlib.loads(each.body)["Command"]["RequestType"] for each in wire.questions]
    assert asked == ["DeviceInformation", "InstalledApplicationList"]


def test_an_answer_to_our_own_question_is_known_again():
    commands = OwnCommands("k", ["com.a"])
    name = commands.name()
    assert commands.made(name)
    assert commands.made(name.lower())
    assert commands.name() != name


@pytest.mark.parametrize(
    "other",
    [OwnCommands("l", ["com.a"]), OwnCommands("k", ["com.a", "com.b"]), OwnCommands("k", None)],
    ids=["by another key", "for more apps", "for all apps"],
)
def test_a_question_for_other_apps_or_by_another_key_is_not(other):
    assert not other.made(OwnCommands("k", ["com.a"]).name())


@pytest.mark.parametrize("name", ["", "x", str(UUID(int=0)), "D0B5F3F1-3C8A-4F0E-9C11-000000000001"])
def test_a_strangers_question_is_not(name):
    assert not OwnCommands("k", None).made(name)
