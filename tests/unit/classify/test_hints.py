import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify.hints import HEADERS, MAX_LENGTH, read_hints
from mailgate.classify.reading import Reading
from mailgate.model import Kind, Reason

MOBILE, PLATFORM, VERSION = "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-ch-ua-platform-version"
FACTORS, MODEL = "sec-ch-ua-form-factors", "sec-ch-ua-model"
BRANDS, VERSIONS, EMBEDDER = "sec-ch-ua", "sec-ch-ua-full-version-list", "x-requested-with"
OF_GATEWAYS = (
    "x-wap-profile wap-profile x-operamini-phone-ua x-operamini-phone x-operamini-features x-ucbrowser-device-ua x-ucbrowser-phone-ua"
    " x-skyfire-phone x-ucbrowser-ua x-puffin-ua x-bolt-phone-ua x-device-user-agent device-stock-ua"
).split()


@pytest.mark.parametrize(
    ("headers", "form", "weak"),
    [
        ({}, "", True),
        ({MOBILE: "?1"}, "phone", False),
        ({MOBILE: "?1;a=b"}, "phone", False),
        ({MOBILE: "?0"}, "", True),
        ({PLATFORM: '"Windows"'}, "desktop", True),
        ({PLATFORM: '"macOS"', MOBILE: "?0"}, "desktop", True),
        ({PLATFORM: '"Chrome OS"'}, "desktop", True),
        ({PLATFORM: '"Linux"'}, "", True),
        ({PLATFORM: '"Android"', MOBILE: "?0"}, "phone", True),
        ({PLATFORM: '"Windows"', MOBILE: "?1"}, "phone", False),
        ({PLATFORM: '"Windows"', MODEL: '"Pixel 9"'}, "phone", False),
        ({PLATFORM: '"Windows"', MODEL: '""'}, "desktop", True),
        ({FACTORS: '"Tablet"'}, "tablet", False),
        ({FACTORS: '"Desktop"'}, "", True),
        ({FACTORS: '"Desktop", "XR";v=1'}, "xr", False),
        ({FACTORS: '"Watch","Mobile"'}, "phone", False),
        ({FACTORS: '"EInk"'}, "ereader", False),
        ({FACTORS: '"Automotive"'}, "car", False),
        ({FACTORS: '"Hologram"'}, "", True),
        ({FACTORS: '"Tablet"', MOBILE: "?1"}, "tablet", False),
        ({FACTORS: '"Watch"', MODEL: '"Pixel Watch"', PLATFORM: '"Android"'}, "watch", False),
        ({FACTORS: '"Desktop"', EMBEDDER: "com.example"}, "phone", True),
        ({EMBEDDER: "com.example", PLATFORM: '"iPadOS"'}, "phone", True),
        ({"sec-ch-ua": '"Android WebView";v="141", "Chromium";v="141"'}, "phone", False),
        ({"sec-ch-ua-full-version-list": '"Opera Mobile";v="76", "Chromium";v="115"'}, "phone", False),
        ({"sec-ch-ua": '"HuaweiBrowser";v="14"', PLATFORM: '"Linux"'}, "phone", False),
        ({"sec-ch-ua": '"Samsung Internet";v="29"', PLATFORM: '"Linux"'}, "phone", False),
        ({"sec-ch-ua": '"Samsung Internet";v="29"', PLATFORM: '"Windows"'}, "desktop", True),
        ({PLATFORM: '"Wear OS"'}, "watch", True),
        ({PLATFORM: '"PlayStation"'}, "device", True),
        ({PLATFORM: '"Something New"'}, "device", True),
        ({PLATFORM: '"FreeBSD"'}, "", True),
        ({PLATFORM: '"Unknown"'}, "", True),
        ({PLATFORM: '"MacIntel"'}, "", True),
        ({PLATFORM: r'"\"Windows\""'}, "desktop", True),
        ({PLATFORM: r'"\"Android\""'}, "phone", True),
        *(({name: "Nokia6230i/2.0"}, "phone", False) for name in OF_GATEWAYS),
    ],
)
def test_hints_tell_the_form(headers: dict[str, str], form: str, weak: bool) -> None:
    reading = read_hints(headers)
    assert (reading.form, reading.weak, reading.findings) == (form, weak, ())
    assert {signal.name for signal in reading.signals} == set(headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (MOBILE, "0"),
        (MOBILE, "?1, ?0"),
        (MOBILE, "false"),
        (PLATFORM, "Windows"),
        (PLATFORM, '"Android'),
        (PLATFORM, '"Windows", "Android"'),
        (MODEL, '"a" b'),
        (MODEL, "undefined"),
        (MODEL, '"' + "x" * MAX_LENGTH + '"'),
        (FACTORS, "Hologram"),
        (FACTORS, "Tablet;"),
        (FACTORS, '"Tablet",'),
        (FACTORS, '"Tablet" "Mobile"'),
        (FACTORS, "\ud800"),
    ],
)
def test_a_malformed_hint_is_a_finding_and_speaks_for_no_kind(name: str, value: str) -> None:
    reading = read_hints({name: value})
    assert reading.form == ""
    assert [finding.reason for finding in reading.findings] == [Reason.REQUEST_MALFORMED]
    assert name in reading.findings[0].detail
    assert [(signal.name, signal.says) for signal in reading.signals] == [(name, None)]


@pytest.mark.parametrize(
    ("name", "value", "weak"),
    [
        (MOBILE, "1", False),
        (MOBILE, "true", False),
        (MOBILE, "TRUE", False),
        (PLATFORM, "Android", True),
        (PLATFORM, "IOS", True),
        (MODEL, "SM-G991B", False),
        (MODEL, "'Pixel 9'", False),
        (FACTORS, "Desktop, Mobile", False),
    ],
)
def test_a_malformed_hint_that_names_a_handheld_counts(name: str, value: str, weak: bool) -> None:
    reading = read_hints({name: value})
    assert (reading.form, reading.weak) == ("phone", weak)
    assert [finding.reason for finding in reading.findings] == [Reason.REQUEST_MALFORMED]


@pytest.mark.parametrize(
    ("value", "form"),
    [("com.example.browser", "phone"), ("XMLHttpRequest", ""), ("", ""), ("fetch.", ""), ("Com.x", "")],
)
def test_the_name_of_an_android_app_speaks_for_a_phone(value: str, form: str) -> None:
    reading = read_hints({"x-requested-with": value, PLATFORM: '"Linux"'})
    assert (reading.form, reading.weak) == (form, True)


@pytest.mark.parametrize(
    ("platform", "version", "told"),
    [
        ("Windows", "15.0.0", "11"),
        ("Windows", "", ""),
        ("Windows", "0.0.0", ""),
        ("Windows", "0.1.0", "7"),
        ("Windows", "0.2.0", "8"),
        ("Windows", "0.3", "8.1"),
        ("Windows", "0.4.0", ""),
        ("Windows", "1.0.0", "10"),
        ("Windows", "12.0.0", "10"),
        ("Windows", "13.0.0", "11"),
        ("Windows", "0013.0", "11"),
        ("Windows", "0", ""),
        ("Windows", "9" * 200, "11"),
        ("Windows", "²", ""),
        ("macOS", "15.5.0", "15.5.0"),
        ("Android", "16", "16"),
    ],
)
def test_the_hint_tells_the_version_of_the_system(platform: str, version: str, told: str) -> None:
    assert read_hints({PLATFORM: f'"{platform}"', VERSION: f'"{version}"'}).os_version == told


def test_escapes_in_strings_are_undone() -> None:
    assert read_hints({MODEL: r'"a \"b\" \\c"'}).model == r'a "b" \c'


@given(st.dictionaries(st.sampled_from(HEADERS), st.text() | st.text('?01";=, \\aA', max_size=600)))
def test_no_hint_raises_or_makes_a_laptop_outright(headers: dict[str, str]) -> None:
    reading = read_hints(headers)
    assert reading.weak or reading.kind is not Kind.LAPTOP


@given(st.dictionaries(st.sampled_from([name for name in HEADERS if name != MOBILE]), st.text()))
def test_mobile_always_counts(headers: dict[str, str]) -> None:
    reading = read_hints({**headers, MOBILE: "?1"})
    assert not reading.weak
    assert reading.kind is not Kind.LAPTOP


@pytest.mark.parametrize(
    ("form", "systems"),
    [
        ("phone", ["Android", "iOS", "KaiOS", "HarmonyOS", "Sailfish OS", "Windows Phone"]),
        ("tablet", ["iPadOS", "Fire OS"]),
        ("desktop", ["Windows", "macOS", "Chrome OS", "Chromium OS"]),
        ("tv", ["Tizen", "webOS", "Web0S", "VIDAA", "tvOS"]),
        ("speaker", ["Fuchsia"]),
        ("watch", ["watchOS", "Wear OS"]),
        ("xr", ["visionOS"]),
        ("", ["Linux", "MacIntel", "Unknown"]),
    ],
)
def test_a_system_speaks_for_the_form_that_it_runs_on(form: str, systems: list[str]) -> None:
    assert {each: read_hints({PLATFORM: f'"{each}"'}).form for each in systems} == dict.fromkeys(
        systems, form
    )


FORM_FACTORS = {
    "Mobile": "phone", "Tablet": "tablet", "EInk": "ereader", "Watch": "watch", "XR": "xr", "Automotive": "car",
}  # fmt: skip


def test_the_most_restrictive_form_factor_counts() -> None:
    ranked = list(FORM_FACTORS.items())
    for place, (factor, form) in enumerate(ranked):
        assert read_hints({FACTORS: f'"{factor}"'}).form == form
        for behind, _ in ranked[place:]:
            assert read_hints({FACTORS: f'"{behind}", "Desktop", "{factor}"'}).form == form


OF_HANDHELDS = [
    "Android WebView", "Opera Mobile", "OperaMobile", "Opera Mini", "Huawei Browser", "HuaweiBrowser", "Mi Browser", "Miui Browser",
    "HeyTap Browser", "Oppo Browser", "VivoBrowser", "Honor Browser", "Phoenix", "Silk", "Amazon Silk", "Oculus Browser",
    "Meta Quest Browser", "PICO Browser", "Puffin Mobile",
]  # fmt: skip
NOT_FOR_LINUX = ["Samsung Internet", "Samsung Browser", "DuckDuckGo", "AlohaBrowser", "Aloha"]
OF_COMPUTERS = ["Chromium", "Google Chrome", "Opera", "Puffin", "Browser", "My Phoenix"]


@pytest.mark.parametrize("header", [BRANDS, VERSIONS])
@pytest.mark.parametrize(
    ("platform", "brands", "form"),
    [
        ("Windows", OF_HANDHELDS, "phone"),
        ("Linux", OF_HANDHELDS + NOT_FOR_LINUX, "phone"),
        ("Windows", NOT_FOR_LINUX + OF_COMPUTERS, "desktop"),
        ("Chrome OS", NOT_FOR_LINUX + OF_COMPUTERS, "desktop"),
        ("Linux", OF_COMPUTERS, ""),
    ],
)
def test_a_brand_of_handhelds_speaks_for_a_phone(
    header: str, platform: str, brands: list[str], form: str
) -> None:
    for brand in brands:
        for value in (f'"{brand}";v="1", "Chromium";v="141"', f'"Not=A?Brand";v="8", "{brand.upper()}"'):
            assert read_hints({header: value, PLATFORM: f'"{platform}"'}).form == form, brand


@pytest.mark.parametrize(("length", "form"), [(512, "phone"), (513, "")])
def test_a_list_of_brands_is_read_up_to_its_limit(length: int, form: str) -> None:
    assert read_hints({BRANDS: '"Phoenix"'.rjust(length)}).form == form


@pytest.mark.parametrize("malformed", [False, True])
def test_a_hint_is_read_to_its_limit(malformed: bool) -> None:
    value = f'"{"x" * (254 + malformed)}"'
    reading = read_hints({MODEL: value})
    assert (reading.model, bool(reading.findings)) == ("" if malformed else "x" * 254, malformed)
    assert reading.signals[0].value == value[:80]


def test_the_name_of_an_app_is_read_up_to_its_limit() -> None:
    assert read_hints({EMBEDDER: f"com.{'x' * 252}"}).form == "phone"
    assert read_hints({EMBEDDER: f"com.{'x' * 252}!"}).form == "phone"
    assert read_hints({EMBEDDER: f"com.{'x' * 251}!"}).form == ""


def test_every_header_that_was_sent_is_a_signal_for_what_it_speaks_for() -> None:
    sent = {
        MOBILE: "?1",
        PLATFORM: '"Windows"',
        VERSION: '"15.0"',
        FACTORS: '"Tablet"',
        MODEL: '"Pixel 9"',
        BRANDS: '"Chromium"',
        VERSIONS: '"Phoenix"',
        EMBEDDER: "com.example",
        "wap-profile": "x",
    }
    kinds = {FACTORS: Kind.TABLET, PLATFORM: Kind.LAPTOP, VERSION: None, BRANDS: None}
    told = {(signal.source, signal.name, signal.value, signal.says) for signal in read_hints(sent).signals}
    assert told == {
        ("client-hints", name, value, kinds.get(name, Kind.PHONE)) for name, value in sent.items()
    }
    plain = {EMBEDDER: "XMLHttpRequest", MODEL: '""'}
    assert [(each.name, each.says) for each in read_hints(plain).signals] == [(MODEL, None)]


def test_hints_tell_system_version_and_model() -> None:
    reading = read_hints({PLATFORM: '"Android"', VERSION: '"16"', MODEL: '"Pixel 9"'})
    assert (reading.os, reading.os_version, reading.model) == ("android", "16", "Pixel 9")
    assert read_hints({}) == Reading(weak=True)


def test_a_malformed_hint_is_told_in_words() -> None:
    (finding,) = read_hints({MOBILE: "yes"}).findings
    assert finding.detail == "sec-ch-ua-mobile is not a value that RFC 9651 allows there"


def test_exactly_these_headers_are_read() -> None:
    named = [MOBILE, PLATFORM, VERSION, FACTORS, MODEL, BRANDS, VERSIONS, EMBEDDER, *OF_GATEWAYS]
    assert sorted(HEADERS) == sorted(named)
