"""What one family of signals speaks for."""

from collections.abc import Callable

import pytest

from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.reading import (
    HANDHELD_FORMS,
    KIND_OF_FORM,
    Reading,
    system_name,
    system_of_rule,
    system_of_words,
    weigh,
)
from mailgate.model import Assurance, Client, Finding, Kind, Protocol, Reason, Signal


@pytest.mark.parametrize(
    ("form", "kind", "handheld"),
    [
        ("desktop", Kind.LAPTOP, False),
        ("phone", Kind.PHONE, True),
        ("tablet", Kind.TABLET, True),
        ("ereader", Kind.TABLET, True),
        ("mail_app", Kind.MAIL_APP, True),
        ("watch", Kind.OTHER, True),
        ("tv", Kind.OTHER, False),
        ("car", Kind.OTHER, False),
        ("console", Kind.OTHER, False),
        ("speaker", Kind.OTHER, False),
        ("xr", Kind.OTHER, False),
        ("device", Kind.OTHER, False),
        ("tool", Kind.TOOL, False),
        ("bot", Kind.BOT, False),
        ("", Kind.UNKNOWN, False),
    ],
)
def test_a_form_is_of_one_kind_and_carried_in_a_hand_or_not(form: str, kind: Kind, handheld: bool) -> None:
    reading = Reading(form)
    assert (reading.kind, reading.handheld) == (kind, handheld)


def test_exactly_these_forms_are_handheld() -> None:
    assert {"phone", "tablet", "ereader", "mail_app", "watch"} == HANDHELD_FORMS


def test_only_a_desktop_is_a_laptop_and_every_handheld_form_is_known() -> None:
    assert [form for form, kind in KIND_OF_FORM.items() if kind is Kind.LAPTOP] == ["desktop"]
    assert set(KIND_OF_FORM) >= HANDHELD_FORMS


def test_nothing_read_is_unknown_and_says_nothing() -> None:
    assert Reading() == ("", False, False, "", "", "", "", "", (), ())
    assert Reading().kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        (Reading(), False),
        (
            Reading(weak=True, disputes=True, os_version="1", browser="x", browser_version="1", model="x"),
            False,
        ),
        (Reading("phone"), True),
        (Reading(os="ios"), True),
        (Reading(signals=(Signal("probe", "told", ""),)), True),
        (Reading(findings=(Finding(Reason.REQUEST_MALFORMED, "x"),)), True),
    ],
)
def test_a_form_a_system_a_signal_or_a_finding_says_something(reading: Reading, says: bool) -> None:
    assert reading.says_anything is says


def test_a_contradiction_is_added_and_changes_nothing_else() -> None:
    first = Finding(Reason.KIND_CONTRADICTED, "one")
    reading = Reading("phone", os="ios", findings=(first,)).contradicted("two")
    assert reading == Reading("phone", os="ios", findings=(first, Finding(Reason.KIND_CONTRADICTED, "two")))


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("Mac OS X", "macos"),
        (" mac ", "macos"),
        ("Mac OS", "macos"),
        ("OS X", "macos"),
        ("iPhone OS", "ios"),
        ("Windows NT", "windows"),
        ("WinNT", "windows"),
        ("Microsoft Windows", "windows"),
        ("Symbian OS", "symbian"),
        ("BlackBerry OS", "blackberry"),
        ("Chrome OS", "chromeos"),
        ("Chromium OS", "chromeos"),
        ("iOS", "ios"),
        ("Windows", "windows"),
        ("Windows Phone", "windows-phone"),
        ("BlackBerry Tablet OS", "blackberry"),
        ("Sailfish OS", "sailfish-os"),
        ("Android", "android"),
        ("Windows Mobile", "windows-mobile"),
        ("Windows CE", "windows-ce"),
        ("Other", ""),
        ("Unknown", ""),
        ("", ""),
    ],
)
def test_every_spelling_has_one_name(family: str, name: str) -> None:
    assert system_name(family) == name


@pytest.mark.parametrize(
    ("agent", "of_rule", "of_words"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "macos", "macintosh"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)", "chromeos", "cros"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64)", "linux", "ubuntu"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "linux", "linux-x86_64"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "windows", "windows"),
        ("Mozilla/5.0 (PC; OpenHarmony 5.1; Windows NT 10.0)", "harmonyos", "pc;-openharmony"),
        ("Mozilla/5.0 (X11; FreeBSD amd64)", "", "freebsd"),
        ("Mozilla/4.0 (compatible; SunOS)", "", "sunos"),
        ("gvfs/1.54.2", "", ""),
    ],
)
def test_a_computer_is_named_by_its_rule_or_by_the_words(agent: str, of_rule: str, of_words: str) -> None:
    match = DESKTOPS.first(agent)
    assert match is not None
    assert (system_of_rule(match), system_of_words(match)) == (of_rule, of_words)


Ask = Callable[..., Client]

_ENGINE = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_ENGINE} Safari/537.36"
MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_ENGINE} Safari/537.36"
LINUX = f"Mozilla/5.0 (X11; Linux x86_64) {_ENGINE} Safari/537.36"
PHONE = f"Mozilla/5.0 (Linux; Android 10; K) {_ENGINE} Mobile Safari/537.36"
TABLET = f"Mozilla/5.0 (Linux; Android 10; K) {_ENGINE} Safari/537.36"
TV = f"Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) {_ENGINE} TV Safari/537.36"
XBOX = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) {_ENGINE} Safari/537.36"
OUTLOOK = "Outlook/16.0 (16.0.19426.20076; x86)"
EAS = "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=d1&DeviceType="


@pytest.mark.parametrize(
    ("user_agent", "hints", "kind", "assurance", "contradicted"),
    [
        (WINDOWS, {}, Kind.LAPTOP, Assurance.CLAIMED, False),
        (WINDOWS, {"mobile": "?0", "platform": '"Windows"'}, Kind.LAPTOP, Assurance.CONSISTENT, False),
        (WINDOWS, {"mobile": "?1", "platform": '"Windows"'}, Kind.PHONE, Assurance.CLAIMED, True),
        (WINDOWS, {"platform": '"Android"'}, Kind.PHONE, Assurance.CLAIMED, True),
        (WINDOWS, {"platform": '"macOS"'}, Kind.LAPTOP, Assurance.CLAIMED, False),
        (WINDOWS, {"form_factors": '"XR"'}, Kind.OTHER, Assurance.CLAIMED, True),
        (WINDOWS, {"mobile": "maybe"}, Kind.LAPTOP, Assurance.CLAIMED, False),
        (MAC, {"model": '"Pixel 9"'}, Kind.PHONE, Assurance.CLAIMED, True),
        (LINUX, {"mobile": "?0", "platform": '"Linux"'}, Kind.LAPTOP, Assurance.CLAIMED, False),
        (LINUX, {"mobile": "?0", "platform": '"Android"'}, Kind.PHONE, Assurance.CLAIMED, True),
        (PHONE, {"mobile": "?1", "platform": '"Android"'}, Kind.PHONE, Assurance.CONSISTENT, False),
        (PHONE, {"mobile": "?0", "platform": '"Windows"'}, Kind.PHONE, Assurance.CLAIMED, True),
        (TABLET, {"mobile": "?0", "platform": '"Android"'}, Kind.TABLET, Assurance.CLAIMED, False),
        (TABLET, {"form_factors": '"Tablet"'}, Kind.TABLET, Assurance.CONSISTENT, False),
        (TV, {"mobile": "?0", "platform": '"Linux"'}, Kind.OTHER, Assurance.CLAIMED, False),
        (TV, {"mobile": "?0", "platform": '"Android"'}, Kind.OTHER, Assurance.CLAIMED, False),
        (XBOX, {"mobile": "?0", "platform": '"Windows"'}, Kind.OTHER, Assurance.CLAIMED, False),
        ("", {"mobile": "?0", "platform": '"Windows"'}, Kind.UNKNOWN, Assurance.CLAIMED, False),
        (LINUX, {"mobile": "?0", "platform": '"Tizen"'}, Kind.OTHER, Assurance.CLAIMED, True),
        (LINUX, {"mobile": "?0", "platform": '"webOS"'}, Kind.OTHER, Assurance.CLAIMED, True),
        (LINUX, {"mobile": "?0", "platform": '"Fuchsia"'}, Kind.OTHER, Assurance.CLAIMED, True),
        (LINUX, {"mobile": "?0", "platform": '"KaiOS"'}, Kind.PHONE, Assurance.CLAIMED, True),
        (LINUX, {"mobile": "?0", "platform": '"HarmonyOS"'}, Kind.PHONE, Assurance.CLAIMED, True),
        (LINUX, {"mobile": "?0", "platform": '"FreeBSD"'}, Kind.LAPTOP, Assurance.CLAIMED, False),
        (PHONE, {"mobile": "?0", "platform": '"Tizen"'}, Kind.PHONE, Assurance.CLAIMED, False),
        ("", {"mobile": "?1"}, Kind.PHONE, Assurance.CLAIMED, False),
        ("", {"platform": '"Android"'}, Kind.PHONE, Assurance.CLAIMED, False),
        ("curl/8.9.1", {"platform": '"Windows"'}, Kind.TOOL, Assurance.CLAIMED, False),
        ("", {}, Kind.UNKNOWN, Assurance.CLAIMED, False),
    ],
)
def test_user_agent_and_hints_decide_together(
    ask: Ask, user_agent: str, hints: dict[str, str], kind: Kind, assurance: Assurance, contradicted: bool
) -> None:
    client = ask(user_agent, **{f"sec_ch_ua_{name}": value for name, value in hints.items()})
    assert (client.kind, client.assurance, client.contradicted) == (kind, assurance, contradicted)
    assert client.handheld is (kind in (Kind.PHONE, Kind.TABLET))


@pytest.mark.parametrize(
    ("user_agent", "device_type", "kind", "assurance", "contradicted"),
    [
        ("Apple-iPhone15C2/2107.102", "iPhone", Kind.PHONE, Assurance.CONSISTENT, False),
        ("Android-Mail/2025.08.10.1.release", "Android", Kind.PHONE, Assurance.CLAIMED, False),
        ("Outlook-iOS-Android/1.0", "Outlook", Kind.MAIL_APP, Assurance.CONSISTENT, False),
        (OUTLOOK, "WindowsOutlook15", Kind.LAPTOP, Assurance.CONSISTENT, False),
        ("", "WindowsOutlook15", Kind.LAPTOP, Assurance.CLAIMED, False),
        (PHONE, "WindowsOutlook15", Kind.PHONE, Assurance.CLAIMED, True),
        (TABLET, "Android", Kind.TABLET, Assurance.CLAIMED, False),
        (WINDOWS, "iPhone", Kind.PHONE, Assurance.CLAIMED, True),
        (WINDOWS, "", Kind.MAIL_APP, Assurance.CLAIMED, True),
        ("curl/8.9.1", "", Kind.MAIL_APP, Assurance.CLAIMED, False),
        ("curl/8.9.1", "WindowsOutlook15", Kind.TOOL, Assurance.CLAIMED, False),
        (TV, "", Kind.MAIL_APP, Assurance.CLAIMED, False),
    ],
)
def test_user_agent_and_device_type_decide_together(
    ask: Ask, user_agent: str, device_type: str, kind: Kind, assurance: Assurance, contradicted: bool
) -> None:
    client = ask(user_agent, EAS + device_type, "POST")
    assert (client.kind, client.assurance, client.contradicted) == (kind, assurance, contradicted)
    assert (client.protocol, client.eas_id, client.eas_type) == (Protocol.ACTIVESYNC, "d1", device_type)
    assert client.handheld is (kind not in (Kind.LAPTOP, Kind.TOOL))


PHONES_OWN = [
    "Android-Mail/2025.08.10.1.release", "Outlook-iOS-Android/1.0", "Nine/4.9", "K-9 Mail/6", "k9mail 6.8", "com.fsck.k9/6",
    "AquaMail/1.50 (Android 15)", "FairEmail/1.2 (Android)", "FairEmail/1.2", "DAVx5/4.5 Android/15", "DAVx5/4.5", "Spark/3", "Email/6.1",
    "dataaccessd/1.0", "K-9 Mail/6.0 (Windows NT 10.0; Win64; x64)", "FairEmail/1.2 (Macintosh; Intel Mac OS X 10_15_7)",
    "Nine/4.9 (X11; Linux x86_64)", "K-9 Mail/6 (Linux; Android 13; HP Chromebook 14a)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0; Pro) " + "x" * 512 + " K-9 Mail/6",
    "Outlook/16.0 " + "x" * 512 + " K-9 Mail/6", "x" * 600,
    "com.xiaomi.mail/12", "com.vivo.email/9", "com.ohos.email/5", "com.microsoft.office.outlook/4.2531", "com.good.gcs/3.20",
    "MiuiMail/12", "OnePlus Mail/4", "Xperia Email/10", "GrapheneOS Mail", "WorkspaceONEBoxer/24.01", "Email+/3.20", "Ivanti Email+/4.0",
    "TfA/8.0", "R2Mail2/2.4", "MailWise/1.4", "Squeaky Mail/1", "Acompli/1.0", "NitroDesk/9", "RoadSync/5", "MailForExchange/3.0",
    "Moxier/2", "TeamsMobile/1", "Alimail-Mobile/3", "OWA for Devices/2", "Dekko/0.3", "Traveler/10", "IBM Verse/12",
    "Apple-Vision1C1/2201", "Apple-RealityDevice14C1/2201",
    "MSFT-WP/10.0.15254", "MSFT-PPC/5.2.5082", "MSFT-SPhone/5.2.5082", "Lotus Notes Traveler/9", "x", "?",
]  # fmt: skip
"""A list of names always lacks the next one, so what no computer's program is known to send disputes a computer as well."""


@pytest.mark.parametrize("user_agent", PHONES_OWN)
@pytest.mark.parametrize("device_type", ["WindowsOutlook15", "windowsoutlook16", "TbSync", "Thunderbird"])
def test_a_phones_own_word_outvotes_the_device_type_of_a_computer(
    ask: Ask, user_agent: str, device_type: str
) -> None:
    client = ask(user_agent, EAS + device_type, "POST")
    assert (client.kind is Kind.LAPTOP, client.contradicted) == (False, True)
    assert client.assurance is Assurance.CLAIMED


COMPUTERS = [
    OUTLOOK, WINDOWS, "Outlook/16.0 (16.0.17126; x86)",
    "", "Outlook/15.0 (15.0.4420.1017; MSI; x86)", "Outlook/16.0 (16.0.19426.20076; x86)", "Outlook/16.0", "Microsoft.Outlook.15",
    "Microsoft Outlook 16.0", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17126; Pro)", "MSFT-WIN-4/10.0.19041",
    "MSFT-WIN-3/6.2.9200", "Thunderbird ActiveSync", "Thunderbird ActiveSync/4.9", "eM Client/10.1", "eMClient/9.2.1628", "Evolution/3.56.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0", "Mailbird/3.0", "The Bat! 11",
]  # fmt: skip


@pytest.mark.parametrize("user_agent", COMPUTERS)
@pytest.mark.parametrize("device_type", ["WindowsOutlook15", "TbSync", "Thunderbird"])
def test_programs_of_computers_dispute_no_device_type(ask: Ask, user_agent: str, device_type: str) -> None:
    client = ask(user_agent, EAS + device_type, "POST")
    assert (client.kind, client.contradicted) == (Kind.LAPTOP, False)


@pytest.mark.parametrize(
    "said",
    [
        {"sec_ch_ua_mobile": "?1"},
        {"sec_ch_ua_platform": '"Android"'},
        {"sec_ch_ua_platform": '"iOS"'},
        {"sec_ch_ua_model": '"Pixel 9"'},
        {"sec_ch_ua_form_factors": '"Tablet"'},
        {"x_requested_with": "com.fsck.k9"},
        {"x_wap_profile": "http://example.com/x.xml"},
    ],
)
def test_a_phones_hints_outvote_the_device_type_of_a_computer(ask: Ask, said: dict[str, str]) -> None:
    client = ask("", EAS + "WindowsOutlook15", "POST", **said)
    assert (client.handheld, client.contradicted) == (True, True)


@pytest.mark.parametrize("user_agent", [each for each in PHONES_OWN if "(" in each and "Android" not in each])
@pytest.mark.parametrize(
    ("target", "method"),
    [("/EWS/Exchange.asmx", "POST"), ("/dav/", "PROPFIND"), ("/mapi/emsmdb", "POST"), ("/jmap", "POST"), ("/", "GET")],
)  # fmt: skip
def test_no_protocol_hides_a_phones_mail_app_behind_a_computers_system(
    ask: Ask, user_agent: str, target: str, method: str
) -> None:
    client = ask(user_agent, target, method)
    assert client.kind is not Kind.LAPTOP
    assert client.contradicted is (len(user_agent) < 512)


def test_the_base64_query_names_the_device(ask: Ask) -> None:
    client = ask("", "/Microsoft-Server-ActiveSync?jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", "POST")
    assert (client.kind, client.handheld, client.eas_id) == (Kind.PHONE, True, "v140Device")
    assert (client.eas_command, client.eas_version) == ("Sync", "14.0")


def test_hints_tell_the_version_that_a_frozen_user_agent_hides(ask: Ask) -> None:
    windows = ask(WINDOWS, sec_ch_ua_platform='"Windows"', sec_ch_ua_platform_version='"15.0.0"')
    assert (windows.os, windows.os_version) == ("windows", "11")
    pixel = ask(
        PHONE, sec_ch_ua_platform='"Android"', sec_ch_ua_platform_version='"16"', sec_ch_ua_model='"Pixel 9"'
    )
    assert (pixel.os, pixel.os_version, pixel.model) == ("android", "16", "Pixel 9")


def weighed(*readings: Reading) -> Client:
    return weigh(readings, Protocol.WEB)


RESTRICTIVE_FIRST = [
    ["tablet", "ereader", "watch"],
    ["phone"],
    ["mail_app"],
    ["tv", "console", "car", "speaker", "xr", "device", "tool", "bot"],
    ["desktop"],
]
BY_RANK = [(rank, form) for rank, forms in enumerate(RESTRICTIVE_FIRST) for form in forms]


@pytest.mark.parametrize(("rank", "form"), BY_RANK)
def test_the_more_restrictive_form_or_the_stronger_family_counts(rank: int, form: str) -> None:
    for other_rank, other in BY_RANK:
        first, second = Reading(form, os=form), Reading(other, os=other)
        assert weighed(first, second).os == (form if rank <= other_rank else other)
        assert weighed(second, first).os == (form if rank < other_rank else other)


@pytest.mark.parametrize(
    ("form", "kind", "handheld", "shown"),
    [
        ("desktop", Kind.LAPTOP, False, "desktop"),
        ("phone", Kind.PHONE, True, "phone"),
        ("tablet", Kind.TABLET, True, "tablet"),
        ("ereader", Kind.TABLET, True, "ereader"),
        ("watch", Kind.OTHER, True, "watch"),
        ("tv", Kind.OTHER, False, "tv"),
        ("console", Kind.OTHER, False, "console"),
        ("car", Kind.OTHER, False, "car"),
        ("speaker", Kind.OTHER, False, "speaker"),
        ("xr", Kind.OTHER, False, "xr"),
        ("device", Kind.OTHER, False, ""),
        ("mail_app", Kind.MAIL_APP, True, ""),
        ("tool", Kind.TOOL, False, ""),
        ("bot", Kind.BOT, False, ""),
    ],
)
def test_the_form_of_a_client_is_a_form_factor_or_empty(
    form: str, kind: Kind, handheld: bool, shown: str
) -> None:
    client = weighed(Reading(form))
    assert (client.kind, client.handheld, client.form) == (kind, handheld, shown)


@pytest.mark.parametrize(
    ("inferred", "beside"),
    [
        ("mail_app", [""]),
        *((form, ["", "desktop", "mail_app"]) for form in ("phone", "tablet", "watch", "tv", "device")),
        *((form, []) for form in ("desktop", "tool", "bot")),
    ],
)
def test_an_inferred_form_yields_to_what_is_named_unless_it_is_more_restrictive(
    inferred: str, beside: list[str]
) -> None:
    """And it never makes a laptop."""
    for other in ["", "desktop", "mail_app", "tool", "bot", "tv", "phone", "tablet"]:
        named, weak = Reading(other, os="named"), Reading(inferred, weak=True, os="inferred")
        for client in (weighed(named, weak), weighed(weak, named)):
            assert client.kind is (weak if other in beside else named).kind


@pytest.mark.parametrize("form", ["", "mail_app"])
def test_only_a_computer_is_disputed(form: str) -> None:
    disputing = Reading(form, weak=True, disputes=True, os="x")
    assert weighed(Reading("desktop"), disputing).kind is disputing.kind
    assert weighed(disputing, Reading("desktop")).kind is disputing.kind
    assert weighed(Reading("desktop"), Reading(form, weak=True, os="x")).kind is Kind.LAPTOP
    for other in ("tv", "tool", "phone"):
        assert weighed(Reading(other), disputing).kind is Reading(other).kind


def test_each_value_comes_from_the_taken_or_the_strongest_reading() -> None:
    one = Reading("desktop", os="windows", os_version="11", browser="Edge", browser_version="1", model="A")
    two = Reading("phone", os="android", os_version="16", browser="Chrome", browser_version="2", model="B")
    bare = Reading("phone")
    for readings, told in [
        ((one, two), ("android", "16", "Chrome", "2", "B")),
        ((one, bare, two), ("windows", "11", "Edge", "1", "A")),
        ((bare, two, one), ("android", "16", "Chrome", "2", "B")),
        ((two,), ("android", "16", "Chrome", "2", "B")),
        ((bare,), ("", "", "", "", "")),
    ]:
        client = weighed(*readings)
        shown = (client.os, client.os_version, client.browser, client.browser_version, client.model)
        assert shown == told


def test_a_version_is_that_of_the_system_that_is_told() -> None:
    nameless = Reading("phone", os="android")
    assert weighed(nameless, Reading("phone", os="ios", os_version="18")).os_version == ""
    assert weighed(nameless, Reading("phone", os="aix", os_version="7")).os_version == ""
    assert weighed(nameless, Reading("phone", os="android", os_version="16")).os_version == "16"
    assert (
        weighed(nameless._replace(os_version="15"), Reading(os="android", os_version="16")).os_version == "15"
    )


def says(form: str, name: str, value: str, kind: Kind | None, **more: bool) -> Reading:
    return Reading(form, signals=(Signal("user-agent", name, value, kind),), **more)


COMPUTER = says("desktop", "windows", "NT", Kind.LAPTOP)


@pytest.mark.parametrize(
    ("other", "contradicted"),
    [
        (says("phone", "other", "x", Kind.PHONE), True),
        (says("phone", "other", "x", Kind.PHONE, weak=True), True),
        (says("tv", "other", "x", Kind.OTHER), True),
        (says("watch", "other", "x", Kind.OTHER), True),
        (says("", "other", "x", None, disputes=True), True),
        (says("tool", "other", "x", Kind.TOOL), False),
        (says("bot", "other", "x", Kind.BOT), False),
        (says("desktop", "other", "x", Kind.LAPTOP), False),
        (says("mail_app", "other", "x", Kind.MAIL_APP, weak=True), False),
    ],
)
def test_a_computer_beside_another_device_is_a_contradiction(other: Reading, contradicted: bool) -> None:
    client = weighed(COMPUTER, other)
    assert client.contradicted is contradicted
    assert client.signals == (*COMPUTER.signals, *other.signals)
    named = f"; other 'x' says {other.kind}" if other.form else ""
    said = f"the request names different kinds: windows 'NT' says laptop{named}"
    assert [each.detail for each in client.findings] == [said] * contradicted


@pytest.mark.parametrize(
    ("form", "contradicted"), [("tv", False), ("device", False), ("phone", True), ("watch", True)]
)
def test_a_computer_that_was_only_inferred_does_not_contradict_an_appliance(
    form: str, contradicted: bool
) -> None:
    inferred = COMPUTER._replace(weak=True)
    assert weighed(says(form, "other", "x", Kind.OTHER), inferred).contradicted is contradicted


@pytest.mark.parametrize(
    ("readings", "assurance"),
    [
        ([Reading("phone")], Assurance.CLAIMED),
        ([Reading("phone"), Reading("phone")], Assurance.CONSISTENT),
        ([Reading("phone", os="ios"), Reading("phone")], Assurance.CONSISTENT),
        ([Reading("phone", os="ios"), Reading("phone", os="ios")], Assurance.CONSISTENT),
        ([Reading("phone", os="ios"), Reading("phone", os="android")], Assurance.CLAIMED),
        ([Reading("phone"), Reading("tablet")], Assurance.CLAIMED),
        ([Reading("phone"), Reading("tv")], Assurance.CLAIMED),
        ([Reading("phone"), Reading("tablet"), Reading("tablet")], Assurance.CONSISTENT),
        ([Reading("phone"), Reading(os="ios")], Assurance.CLAIMED),
        ([Reading(os="ios"), Reading(os="ios")], Assurance.CLAIMED),
        ([Reading("phone"), Reading("phone").contradicted("itself")], Assurance.CLAIMED),
        (
            [Reading("phone"), Reading("phone", findings=(Finding(Reason.REQUEST_MALFORMED, "x"),))],
            Assurance.CONSISTENT,
        ),
        ([Reading("phone"), Reading()], Assurance.CLAIMED),
    ],
)
def test_families_that_agree_make_a_claim_consistent_unless_anything_contradicts(
    readings: list[Reading], assurance: Assurance
) -> None:
    assert weighed(*readings).assurance is assurance


def test_without_any_reading_the_client_is_unknown() -> None:
    assert weighed() == weighed(Reading()) == Client(Kind.UNKNOWN, handheld=False)
