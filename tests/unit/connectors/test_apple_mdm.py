import asyncio
import gc
import json
import plistlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import FOLDER, event
from tests.exchanges import MARKER, Exchanges
from tests.unit.connectors.around import (
    CATALOG,
    NOW,
    Recorded,
    Scripted,
    answer,
    client_of,
    devices_of,
    ends_in,
    look,
    settings_of,
    tools,
)

from mailgate.config.sources.apis import AppleMdmSettings
from mailgate.connectors.apple_mdm import (
    MAX_DEPTH,
    AppleMdm,
    OwnCommands,
    ask_devices,
    listed_identifiers,
    plist,
)
from mailgate.connectors.setup import Setup
from mailgate.devices.device import Device
from mailgate.devices.names import SERIAL
from mailgate.devices.posture import posture_of
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport, Denial, Enrolment, Kind, PostureState
from mailgate.model.device import PostureTerms
from mailgate.policy import AppCatalog, ListedApp
from mailgate.wire import ApiResponse

BASE = "https://mdm.example.com"
UDID = "00008120-000A00000000001E"
KEY = "nano-s3cret"
API = {"nanomdm": {"base_url": BASE, "api_key": {"env": "API_KEY"}}}
AT = datetime(2026, 11, 24, 9, 30, 12, tzinfo=UTC)
BY_ID = AppCatalog({"tiktok": ListedApp("tiktok", "TikTok", ios=("com.zhiliaoapp.musically",))}, {})

BY_ID_LISTED = AppCatalog(BY_ID.apps, {"prohibited": ("tiktok",)})


@pytest.fixture
def exchanges():
    return Exchanges("apple-mdm", BASE)


@pytest.fixture
def mdm(exchanges):
    def make(*, asks=False, catalog=CATALOG, known=(), **values):
        async def pages(_source):
            for page in known:
                yield page

        handed = Setup("mdm", catalog, tools(), lambda _: Recorded(exchanges), pages)
        given = {"type": "apple-mdm"} | values | (API if asks else {})
        return AppleMdm(handed, settings_of(AppleMdmSettings, given, api_key=KEY))

    return make


async def told(connector, name, **changes):
    return await connector.receive({}, event(name, **changes))


BY_NAME_TOO = replace(CATALOG, lists={"prohibited": ("tiktok", "moomoo")})
"""Two apps on a list, one of which has no iOS identifier."""


def ours(catalog=CATALOG, *, ask_for_all=False):
    return OwnCommands(KEY, listed_identifiers(catalog, ask_for_all=ask_for_all)).name()


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


async def test_a_list_of_all_apps_is_gone_from_memory_once_it_was_answered(mdm, monkeypatch):
    class Answer(dict):
        """A property list that can be watched."""

    watched = []

    def reading(raw):
        answer = Answer(plist(raw))
        watched.append(ref(answer))
        return answer

    monkeypatch.setattr("mailgate.connectors.apple_mdm.plist", reading)
    connector = mdm(asks=True, ask_for_all=True)
    [record] = await told(connector, "applications", command_uuid=ours(ask_for_all=True))
    await asyncio.sleep(0)  # the loop lets go of the future of the thread that read it
    gc.collect()
    assert ([each() for each in watched], record.apps) == ([None], {"tiktok"})


async def test_an_answer_does_not_say_that_it_is_whole(mdm):
    [record] = await told(mdm(), "applications")
    assert look(record) == (frozenset({"tiktok"}), False, AT)


async def test_a_list_that_was_asked_for_here_is_whole(mdm):
    connector = mdm(asks=True, ask_for_all=True)
    [record] = await told(connector, "other-applications", command_uuid=ours(ask_for_all=True))
    assert look(record) == (frozenset(), True, datetime(2026, 11, 24, 10, 30, tzinfo=UTC))
    assert record.asked is None


@pytest.mark.parametrize(
    ("catalog", "settings", "state", "unseen"),
    [
        (BY_NAME_TOO, {}, PostureState.PARTIAL, ("moomoo",)),
        (BY_NAME_TOO, {"ask_for_all": True}, PostureState.CLEAN, ()),
        (CATALOG, {}, PostureState.CLEAN, ()),
        (BY_ID, {"ask_for_all": True}, PostureState.CLEAN, ()),
    ],
    ids=["not asked for", "asked for all", "on no list", "each has an identifier"],
)
async def test_an_app_without_an_identifier_is_seen_absent_only_among_all(
    mdm, catalog, settings, state, unseen
):
    connector, name = mdm(asks=True, catalog=catalog, **settings), ours(catalog, **settings)
    [record] = await told(connector, "other-applications", command_uuid=name)
    device = Device("d", (record.received(AT),))
    posture = posture_of(device, catalog, PostureTerms(timedelta(days=1)), AT)
    assert (posture.state, posture.unseen) == (state, unseen)


async def test_a_list_that_shows_more_than_was_asked_for_rules_out_no_more(mdm):
    [record] = await told(mdm(asks=True), "applications", command_uuid=ours())
    assert (record.apps, record.asked) == ({"tiktok"}, {"tiktok"})
    assert MARKER not in repr(record)


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
    [
        ({"whole_lists": True}, {}),
        ({"asks": True, "ask_for_all": True}, {"command_uuid": ours(ask_for_all=True)}),
    ],
    ids=["lists that are said to be whole", "asked here"],
)
async def test_no_apps_at_all_is_no_inventory(mdm, settings, changes):
    assert await told(mdm(**settings), "no-applications", **changes) == []


async def test_none_of_the_listed_apps_is_one_where_only_they_were_asked_for(mdm):
    connector = mdm(asks=True, catalog=BY_ID)
    [record] = await told(connector, "no-applications", command_uuid=ours(BY_ID))
    assert (record.apps, record.apps_complete) == (frozenset(), True)
    of_others = AppCatalog({"x": ListedApp("x", "X", ios=("com.x",))})
    assert await told(connector, "no-applications", command_uuid=ours(of_others)) == [], (
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


DECLARED = {
    "declarations": {"com.example.deny": {"server_token": "7", "denied_apps": ("com.zhiliaoapp.musically",)}}
}


def status_report(full=True, **item):
    told = {"identifier": "com.example.deny", "server-token": "7", "active": True, "valid": "valid"} | item
    items = {"management": {"declarations": {"configurations": [told]}}}
    report = json.dumps({"StatusItems": items, "FullReport": full}).encode()
    return plistlib.dumps({"MessageType": "DeclarativeManagement", "Endpoint": "status", "Data": report})


async def test_a_status_report_tells_the_kind_of_enrolment_and_what_cannot_run(mdm):
    at = datetime(2026, 11, 24, 9, 31, tzinfo=UTC)
    [record] = await told(mdm(**DECLARED), "status-report")
    assert record == report_by(
        source="mdm",
        device_id=UDID,
        managed=True,
        denial=Denial(frozenset({"tiktok"}), at, at + timedelta(days=7), "com.example.deny 7"),
        enrolment=Enrolment.SUPERVISED,
        adds=True,
    )
    assert MARKER not in repr(record)


async def test_without_a_known_declaration_a_status_report_tells_the_kind_of_enrolment_alone(mdm):
    [record] = await told(mdm(), "status-report")
    assert (record.enrolment, record.denied_at) == (Enrolment.SUPERVISED, None)


@pytest.mark.parametrize(
    "payload",
    [
        plistlib.dumps({"Endpoint": "tokens"}),
        plistlib.dumps({"Endpoint": "declaration-items", "Data": b"{}"}),
        plistlib.dumps({"Endpoint": "status", "Data": "text"}),
        plistlib.dumps({"Endpoint": "status", "Data": b"{}"}),
        status_report(full=False, identifier="com.example.other"),
    ],
)
async def test_other_messages_of_declarative_management_tell_nothing(mdm, payload):
    assert await mdm(**DECLARED).receive({}, event("status-report", payload)) == []


async def test_a_status_report_that_is_no_json_is_refused(mdm):
    with ends_in(Trouble.SHAPE):
        payload = plistlib.dumps({"Endpoint": "status", "Data": b"no JSON"})
        await mdm(**DECLARED).receive({}, event("status-report", payload))


async def test_a_phone_is_clean_by_its_declaration_until_it_says_otherwise(mdm):
    """An app that is there and cannot run counts as denied; it counts again when the declaration ends."""
    connector, kept = mdm(catalog=BY_ID_LISTED, whole_lists=True, **DECLARED), None
    for name, payload, at, expected in [
        ("status-report", status_report(), "10:00", ("clean", "enforced", "")),
        ("status-report", status_report(full=False, identifier="com.example.other"), "10:10", ("clean", "enforced", "")),
        ("status-report", status_report(**{"server-token": "8"}), "10:20", ("partial", None, "declaration-outdated")),
        ("status-report", status_report(), "10:30", ("clean", "enforced", "")),
        ("status-report", status_report(full=False, _removed=True), "10:40", ("partial", None, "declaration-not-reported")),
        ("applications", None, "10:50", ("listed", None, "declaration-not-reported")),
        ("status-report", status_report(), "11:00", ("clean", "enforced", "")),
        ("authenticate", None, "11:10", ("listed", None, "declaration-not-reported")),
    ]:  # fmt: skip
        for record in await connector.receive({}, event(name, payload, at=f"2026-11-24T{at}:00Z")):
            kept = record.after(kept, NOW)
        posture = posture_of(Device("x", (kept,)), BY_ID_LISTED, PostureTerms(timedelta(hours=24)), NOW)
        assert (posture.state, posture.absence, posture.not_denied) == expected, at


async def test_a_declaration_counts_for_a_week_and_restrictions_as_long_as_a_look(mdm):
    [declared] = await told(mdm(catalog=BY_ID_LISTED, **DECLARED), "status-report")
    [restricted] = await told(mdm(catalog=BY_ID_LISTED, asks=True, restrictions=True), "restrictions")
    for report, span in ((declared, timedelta(days=7)), (restricted, timedelta(hours=24))):
        end = report.denied_at + span
        times = [end - timedelta(seconds=1), end]
        device, terms = Device("x", (report,)), PostureTerms(timedelta(hours=24))
        states = [posture_of(device, BY_ID_LISTED, terms, now).state for now in times]
        assert states == ["clean", "stale"]


async def test_restrictions_count_only_where_they_are_asked_for(mdm):
    at = datetime(2026, 11, 24, 9, 30, 14, tzinfo=UTC)
    [record] = await told(mdm(asks=True, restrictions=True), "restrictions")
    assert (record.denied, record.denied_by, record.denied_at) == ({"tiktok"}, "com.example.apps", at)
    assert await told(mdm(asks=True), "restrictions") == []
    personal = {"id": "x", "type": "User Enrollment (Device)"}
    assert await told(mdm(asks=True, restrictions=True), "restrictions", ids=personal) == []


async def test_restrictions_are_asked_for_if_the_settings_say_so():
    wire = Scripted(*[taken()] * 3)
    settings = settings_of(AppleMdmSettings, {"type": "apple-mdm", "restrictions": True} | API, api_key=KEY)
    await AppleMdm(Setup("mdm", CATALOG, tools(), lambda _: wire), settings).wake(UDID)
    asked = [plistlib.loads(each.body)["Command"]["RequestType"] for each in wire.questions]
    assert asked == ["DeviceInformation", "Restrictions", "InstalledApplicationList"]


@pytest.mark.parametrize("values", [{}, {"asks": True, **DECLARED}], ids=["no API", "declarations too"])
def test_restrictions_that_cannot_be_asked_for_are_a_mistake(mdm, values):
    with pytest.raises(ValueError, match="cannot be asked for"):
        mdm(restrictions=True, **values)


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


def test_a_device_is_asked_for_all_apps_only_if_that_is_set_and_finds_more():
    assert listed_identifiers(CATALOG) == ["com.zhiliaoapp.musically"]
    assert listed_identifiers(CATALOG, ask_for_all=True) is None
    assert listed_identifiers(BY_ID, ask_for_all=True) == ["com.zhiliaoapp.musically"]


async def test_without_any_identifier_a_device_is_not_asked_for_apps():
    client, wire = asking(taken("a"))
    await ask_devices(client, ["a"], OwnCommands("k", []), [])
    assert [plistlib.loads(each.body)["Command"]["RequestType"] for each in wire.questions] == [
        "DeviceInformation"
    ]


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
