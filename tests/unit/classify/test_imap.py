"""What a mail client says of itself by IMAP's ID, and what it is taken for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify import classify
from mailgate.classify.imap import FIELDS, MAX_LENGTH, read_client, read_id, write_id
from mailgate.classify.reading import Reading
from mailgate.model import LOGIN_PROTOCOLS, Assurance, Kind, Protocol, Reason, RequestFacts, Signal


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('"name" "iPhone Mail" "version" "22F76"', {"name": "iPhone Mail", "version": "22F76"}),
        ('("name" "Thunderbird")', {"name": "Thunderbird"}),
        ('("NAME" "x" "name" "y" "os" "z" "OS" "z")', {"name": "x", "also": "name y", "os": "z"}),
        ('("name" NIL "os" "iOS")', {"os": "iOS"}),
        (r'("name" "say \"hi\" \\ there")', {"name": r'say "hi" \ there'}),
        ('("name" "" "os" "iOS")', {"os": "iOS"}),
        ('("vendor" "a (b) c")', {"vendor": "a (b) c"}),
        ('("support-url" "https://example.com/ada" "x-originating-ip" "192.0.2.1" "os" "iOS")', {"os": "iOS"}),
        ('("name" "cut short', {"name": "cut short"}),
        ('("name"', {}),
        ('("name" "y" "name" "x")', {"name": "y", "also": "name x"}),
        ('("name" nil "os" Darwin)', {"os": "Darwin"}),
        (f'("name" {"x" * 65})', {"name": "x" * 64}),
        ('("os" "a" "os" "b" "os" "c" "name" "d" "name" "e")', {"os": "a", "also": "os b", "name": "d"}),
        (f'("os" "a" "os" "{"b" * 64}")', {"os": "a", "also": f"os {'b' * 61}"}),
        (" " * 4087 + '"os" "iOS"', {"os": "iOS"}),
        (" " * 4088 + '"os" "iOS"', {"os": "iO"}),
        ("NIL", {}),
        ("()", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_a_list_of_fields_is_read(text: str, read: dict[str, str]) -> None:
    assert read_id(text) == read


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(min_size=1, max_size=64)))
def test_written_fields_are_read_back(fields: dict[str, str]) -> None:
    assert read_id(write_id(fields)) == fields


@given(st.text() | st.text(alphabet='"\\() aN', max_size=60))
def test_no_text_raises_or_makes_a_computer(text: str) -> None:
    assert all(len(value) <= 64 for value in read_id(text).values())
    assert read_client(read_id(text)).handheld


def test_a_long_list_is_read_to_its_limit() -> None:
    assert read_id('"vendor" "x" ' * MAX_LENGTH + '"name" "Thunderbird"') == {"vendor": "x"}


def test_exactly_these_fields_are_kept() -> None:
    kept = "name version vendor os os-version model device device-type x-android-device-model also".split()
    dropped = "address support-url arguments command date environment x-originating-ip".split()
    assert list(read_id(write_id(dict.fromkeys([*kept, *dropped], "x")))) == kept


LAPTOP, PHONE, TABLET, MAIL_APP, TOOL = Kind.LAPTOP, Kind.PHONE, Kind.TABLET, Kind.MAIL_APP, Kind.TOOL


@pytest.mark.parametrize(
    ("imap_id", "kind"),
    [
        ('"name" "Thunderbird" "version" "140.5.0"', LAPTOP),
        ('"name" "Thunderbird"', LAPTOP),
        ('"name" "Mac OS X Mail" "version" "16.0 (3826)" "os" "Mac OS X" "vendor" "Apple Inc."', LAPTOP),
        ('"name" "com.apple.mail" "version" "3826"', LAPTOP),
        ('"name" "Evolution" "version" "3.56.1"', LAPTOP),
        ('"name" "Kontact" "version" "6.3"', LAPTOP),
        ('"name" "NeoMutt" "version" "20250510"', LAPTOP),
        ('"name" "Microsoft Outlook" "version" "16.0" "os" "Windows"', LAPTOP),
        ('"name" "Outlook for Windows"', LAPTOP),
        ('"name" "Microsoft Outlook" "version" "16.0"', MAIL_APP),
        ('"name" "Microsoft Outlook"', MAIL_APP),
        ('"name" "MacOutlook" "os" "Mac OS X" "vendor" "Microsoft Corporation"', LAPTOP),
        ('"name" "eM Client for Windows" "version" "10"', LAPTOP),
        ('"name" "Spark" "os" "macOS" "os-version" "26.1"', LAPTOP),
        ('"name" "BlueMail" "os" "Windows 11"', LAPTOP),
        ('"name" "Something" "os" "Windows NT 10.0"', LAPTOP),
        ('"name" "Something" "os" "macOS" "model" "MacBookPro18,3"', LAPTOP),
        ('"name" "Something" "os" "macOS" "device" "Mac14,2" "device-type" "desktop" "OS" "macOS"', LAPTOP),
        ('"name" "iPhone Mail" "version" "22F76" "os" "iOS" "os-version" "18.6"', PHONE),
        ('"name" "iPad Mail" "os" "iPadOS"', TABLET),
        ('"name" "com.apple.mobilemail" "os" "iOS"', MAIL_APP),
        ('"name" "Mail" "os" "iOS" "device" "iPad13,4"', TABLET),
        ('"name" "Something" "os" "Windows Phone"', PHONE),
        ('"name" "Something" "os" "Windows Mobile"', PHONE),
        ('"name" "K-9 Mail" "version" "12.0"', MAIL_APP),
        ('"name" "Thunderbird for Android" "version" "12.0"', MAIL_APP),
        ('"name" "FairEmail" "os" "Android"', MAIL_APP),
        ('"name" "com.samsung.android.email.provider" "os" "android" "vendor" "samsung"', MAIL_APP),
        ('"name" "com.google.android.gm"', MAIL_APP),
        ('"name" "Spark" "os" "iOS"', MAIL_APP),
        ('"name" "Outlook-iOS-Android"', MAIL_APP),
        ('"name" "Something" "os" "Darwin"', MAIL_APP),
        ('"name" "Something" "os" "Linux"', MAIL_APP),
        ('"name" "Something Thunderbird"', MAIL_APP),
        ('"name" "Thunderbirdish"', MAIL_APP),
        ('"name" "Evolutionary Mail"', MAIL_APP),
        ('"vendor" "Thunderbird"', MAIL_APP),
        ('"name" "Roundcube" "version" "1.6" "os" "Linux"', TOOL),
        ('"name" "offlineimap" "os" "Windows"', TOOL),
        ('"name" "Roundcube" "os" "Android"', MAIL_APP),
        ('"os" "Windows" "name" "Roundcube"', TOOL),
        ('"name" "Something" "os" "Windows" "model" "MacBook Air" "device" "iMac" "device-type" "laptop"', LAPTOP),
        ('"name" "com.apple.mail" "os" "macOS"', LAPTOP),
        ("NIL", MAIL_APP),
        ("", MAIL_APP),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["{}", "({})"])
def test_each_client_of_imap_has_its_kind(imap_id: str, kind: Kind, form: str) -> None:
    client = classify(RequestFacts(scheme="imap", headers={"imap-id": form.format(imap_id)}))
    assert (client.kind, client.protocol) == (kind, Protocol.IMAP)
    assert client.handheld is (kind not in (LAPTOP, TOOL))
    assert client.assurance is Assurance.CLAIMED
    assert not client.contradicted
    assert client.signals


OF_HANDHELDS = {
    TABLET: ["iPad", "tablet", "PlayBook"],
    PHONE: [
        "iPhone", "iPod", "Smartphone", "Windows Mobile", "Windows 10 Mobile", "Windows CE", "BlackBerry", "Symbian", "KaiOS", "Sailfish",
        "Tizen", "Bada", "Ubuntu Touch",
    ],
    MAIL_APP: [
        "iOS", "Android 15", "com.android.x", "HarmonyOS", "watchOS", "visionOS", "webOS", "xmobile", "Nine", "myMail", "Boxer", "K-9 Mail",
    ],
}  # fmt: skip
VENDORS = (
    "Huawei Honor Hihonor Xiaomi Redmi Vivo OPPO ColorOS OnePlus Realme Samsung HTC LG LGE Motorola Nokia HMD Sony BlackBerry Meizu ZTE TCL"
    " TECNO Transsion Infinix itel Fairphone Nothing Google"
).split()  # fmt: skip


@pytest.mark.parametrize(("kind", "words"), OF_HANDHELDS.items())
def test_a_word_of_handhelds_outweighs_a_computers_system(kind: Kind, words: list[str]) -> None:
    for word in words:
        reading = read_client({"name": word, "os": "Windows 11"})
        assert (reading.kind, bool(reading.findings)) == (kind, True), word


@pytest.mark.parametrize("vendor", [*VENDORS, "Research In Motion"])
def test_a_vendor_of_phones_outweighs_a_computers_system(vendor: str) -> None:
    reading = read_client({"vendor": vendor, "os": "Windows 11"})
    assert (reading.handheld, bool(reading.findings)) == (True, True)


@pytest.mark.parametrize("field", ["model", "device", "device-type"])
def test_only_a_computer_has_the_model_of_one(field: str) -> None:
    computers = (
        "iMac Mac14,2 MacBookPro18,3 Macintosh desktop laptop notebook workstation computer PC".split()
    )
    for model in [*computers, "Apple MacBook", ""]:
        assert read_client({"os": "Windows 11", field: model}).kind is LAPTOP, model
    for model in ["LYA-L29", "laptops", "PCX", "my laptop"]:
        assert read_client({"os": "Windows 11", field: model}).kind is MAIL_APP, model


def test_a_package_name_is_that_of_an_app_of_phones() -> None:
    for name in "de.x com.x org.x net.x app.x dev.x info.x edu.x a-b.c_d.e".split():
        assert read_client({"os": "Windows 11", "name": name}).kind is MAIL_APP, name
    for name in ["a.b", "x.com", "1.2.3", "com.apple.mail", "com"]:
        assert read_client({"os": "Windows 11", "name": name}).kind is LAPTOP, name


OF_COMPUTERS = [
    "Thunderbird", "Mozilla Thunderbird", "Thunderbird/140", "Thunderbird Daily", "Thunderbird Beta", "Thunderbird ESR", "SeaMonkey",
    "Betterbird", "Postbox", "Evolution", "KMail", "Kontact", "Akonadi", "KIMAP", "Geary", "Claws", "Sylpheed", "Balsa", "Mailspring",
    "Vivaldi", "Mutt", "NeoMutt", "Alpine", "Pine", "aerc", "meli", "himalaya", "Gnus", "Wanderlust", "Trojita", "Mac OS X Mail",
    "com.apple.mail", "MailMate", "MacOutlook", "Microsoft MacOutlook", "Outlook for Mac", "Microsoft Outlook for Windows",
    "eM Client for Windows", "Outlook Express", "Windows Live Mail", "Microsoft Entourage", "Mailbird", "The Bat!", "Becky! 2", "Lotus Notes",
    "IBM Notes", "HCL Notes", "Eudora Mail", "Pegasus Mail", "OperaMail",
]  # fmt: skip
PROGRAMS = (
    "offlineimap mbsync isync imapsync fetchmail getmail imapfilter imapclient go-imap dsync doveadm Roundcube SOGo Horde SquirrelMail RainLoop"
    " SnappyMail Nextcloud Cypht AfterLogic javamail python perl php curl"
).split()  # fmt: skip
SYSTEMS = (
    "Windows;Windows 11;Windows NT;Windows XP;Windows Vista;Windows Server;Microsoft Windows;WinNT;Win32;Win64;macOS;mac OS;OS X;FreeBSD;OpenBSD"
    ";NetBSD"
).split(";")  # fmt: skip


@pytest.mark.parametrize(
    ("field", "words", "kind"),
    [
        ("name", OF_COMPUTERS, LAPTOP),
        ("os", SYSTEMS, LAPTOP),
        ("name", PROGRAMS, TOOL),
        ("vendor", OF_COMPUTERS + SYSTEMS + PROGRAMS, MAIL_APP),
        ("os", ["Linux", "Darwin", "Windowsx", "xWindows"], MAIL_APP),
        ("name", ["Outlook", "Microsoft Outlook", "eM Client", "Opera", "Spark", "xMutt", "Muttx"], MAIL_APP),
    ],
)
def test_a_computer_is_known_by_the_name_of_its_client_or_system(
    field: str, words: list[str], kind: Kind
) -> None:
    assert {word: read_client({field: word}).kind for word in words} == dict.fromkeys(words, kind)


@pytest.mark.parametrize("phone", ['"os" "Android"', '"x-android-device-model" "M2101K6G"'])
def test_a_computers_client_on_a_phones_system_is_a_finding_and_no_computer(phone: str) -> None:
    facts = RequestFacts(scheme="imap", headers={"imap-id": f'"name" "Thunderbird" {phone}'})
    client = classify(facts)
    assert client.contradicted
    assert client.handheld


@pytest.mark.parametrize(
    "imap_id",
    [
        '"name" "Microsoft Outlook" "os" "Windows" "vendor" "eu.faircode.email"',
        '"name" "Outlook for Windows" "os" "iOS"',
        '"name" "DAVx5" "os" "Windows 11"',
        '"name" "Thunderbird" "vendor" "com.fsck.k9"',
        '"name" "com.tencent.androidqqmail" "os" "Windows"',
        '"name" "cn.mail" "os" "Windows 11"',
        '"name" "jp.example.post" "os" "macOS"',
        '"name" "x" "os" "Windows" "MODEL" "LYA-L29"',
        '"name" "Thunderbird" "device" "Pixel 9"',
        '"name" "Thunderbird" "device-type" "handset"',
        '"name" "x" "os" "Windows" "vendor" "HUAWEI Technologies"',
        '"name" "x" "os" "Windows" "Os" "Something"',
        '"name" "x" "os" "Windows 11" "os" "Windows" "OS" "Linux"',
        '"name" "Thunderbird" "name" "Something"',
        '("name" "com.xiaomi.mail" "os" "Windows")',
        '("name" "Email" "vendor" "Huawei" "os" "Windows" "model" "LYA-L29")',
        '("name" "x" "os" "Windows" "model" "SM-S911B")',
        '("OS" "Windows" "os" "Android")',
    ],
)
def test_a_computers_name_or_system_beside_a_word_of_phones_is_a_finding(imap_id: str) -> None:
    client = classify(RequestFacts(scheme="imap", headers={"imap-id": imap_id}))
    assert (client.kind, client.contradicted) == (MAIL_APP, True)


@pytest.mark.parametrize("protocol", sorted(LOGIN_PROTOCOLS - {Protocol.IMAP}))
def test_a_protocol_without_an_id_is_never_a_computers(protocol: Protocol) -> None:
    client = classify(RequestFacts(scheme=protocol, headers={"user-agent": "Thunderbird"}))
    assert (client.kind, client.handheld, client.protocol) == (MAIL_APP, True, protocol)


@pytest.mark.parametrize(
    ("imap_id", "computer", "disputed"),
    [
        ('"name" "Thunderbird" "os" "Android"', "name=Thunderbird", "Android"),
        ('"name" "Thunderbird" "name" "Something"', "name=Thunderbird", "also name Something"),
        ('"name" "cn.mail" "os" "Windows 11"', "os=Windows 1", "name cn.mail"),
        ('"name" "x" "os" "macOS" "model" "LYA-L29" "device" "y"', "os=macOS", "model LYA-L29"),
        ('"name" "x" "os" "macOS" "model" "iMac" "device" "Pixel 9"', "os=macOS", "device Pixel 9"),
        ('"name" "x" "os" "macOS" "device-type" "handset"', "os=macOS", "device-type handset"),
    ],
)
def test_a_contradiction_is_told_in_words(imap_id: str, computer: str, disputed: str) -> None:
    (finding,) = read_client(read_id(imap_id)).findings
    words = f"names a computer ({computer}) and something that no computer has ({disputed})"
    assert (finding.reason, finding.detail) == (Reason.KIND_CONTRADICTED, f"the mail client {words}")


def test_the_first_field_or_silence_speaks_for_its_kind() -> None:
    assert read_client({"os": "iOS", "name": "Mail", "version": "7"}).signals == (
        Signal("imap-id", "os", "iOS", MAIL_APP),
        Signal("imap-id", "name", "Mail", None),
        Signal("imap-id", "version", "7", None),
    )
    assert read_client({}) == Reading("mail_app", signals=(Signal("imap-id", "absent", "", MAIL_APP),))


@pytest.mark.parametrize(
    ("fields", "os", "model"),
    [
        ({"os": "Windows 11", "device": "a"}, "windows", "a"),
        ({"os": "macOS (arm64)", "device": "a", "model": "b"}, "macos", "b"),
        ({"os": "Mac OS X/15", "model": "b", "x-android-device-model": "c"}, "macos", "c"),
        ({"os": "Chrome OS"}, "chromeos", ""),
    ],
)
def test_the_system_has_no_version_and_the_model_is_the_most_exact(
    fields: dict[str, str], os: str, model: str
) -> None:
    reading = read_client(fields)
    assert (reading.os, reading.model) == (os, model)


@pytest.mark.parametrize("os", ["Windows\tPhone", "Windows\x7fPhone", "Windows\x00Phone"])
def test_a_control_character_is_read_as_a_space(os: str) -> None:
    assert read_client({"os": os}).kind is PHONE


def test_the_name_version_and_model_of_the_client_are_kept() -> None:
    told = '"name" "Mail" "version" "7" "os" "iPhone OS 18" "os-version" "18.6" "device" "iPhone16,1"'
    client = classify(RequestFacts(scheme="imap", headers={"imap-id": told}))
    assert (client.browser, client.browser_version, client.os) == ("Mail", "7", "ios")
    assert (client.os_version, client.model) == ("18.6", "iPhone16,1")


def test_a_request_of_the_web_cannot_pass_for_a_login() -> None:
    facts = RequestFacts("LOGIN", "imap:", "https", headers={"imap-id": '"name" "Thunderbird"'})
    assert classify(facts).protocol is Protocol.WEB
    assert classify(facts).kind is Kind.UNKNOWN


def test_no_more_fields_are_read_than_a_list_may_have() -> None:
    """Thousands of empty ones would cost milliseconds (RFC 2971, section 3.3, allows thirty)."""
    assert read_id('"" "" ' * 29 + '"name" "iPhone Mail"') == {"name": "iPhone Mail"}
    assert read_id('"" "" ' * 30 + '"name" "iPhone Mail"') == {}


@pytest.mark.parametrize("letter", ["x", '"', "\\"])
def test_a_long_value_is_cut_alike_however_it_is_escaped(letter: str) -> None:
    (value,) = read_id(write_id({"name": letter * 5000})).values()
    assert value == letter * 64
