"""What the page read, and what that is: computers with touch screens stay computers, disguised handhelds do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mailgate.classify import classify
from mailgate.classify.hints import FORM_OF_FACTOR
from mailgate.classify.probe_readings import (
    HEADER,
    RULES,
    WHY,
    ProbeFinding,
    ProbeReadings,
    examine,
    probe_header,
    read_probe,
)
from mailgate.classify.reading import KIND_OF_FORM, Reading
from mailgate.model import Assurance, Client, Finding, Kind, Reason, RequestFacts, Signal

MOUSE = {"touch_points": 0, "pointer": "fine", "hover": True, "any_fine": True, "any_hover": True}
TOUCH_AND_MOUSE = MOUSE | {"touch_points": 10}
FINGERS = {"touch_points": 5, "pointer": "coarse", "hover": False, "any_fine": False, "any_hover": False}
TEN_FINGERS = FINGERS | {"touch_points": 10}
PEN_AND_FINGERS = FINGERS | {"any_fine": True, "any_hover": True}
LAPTOP, TABLET, PHONE = {"width": 1440, "height": 900}, {"width": 1024, "height": 1366}, {"width": 412, "height": 915}  # fmt: skip
UNTOLD = {"mobile": None, "system": "", "form_factors": [], "model": ""}


def seen(*parts: dict[str, object], **more: object) -> ProbeReadings:
    told: dict[str, object] = {"platform": "Win32"} | MOUSE | LAPTOP | UNTOLD
    for part in (*parts, more):
        told |= part
    return ProbeReadings.model_validate(told)


@pytest.mark.parametrize(
    ("readings", "claimed", "found"),
    [
        # computers
        (seen(), "windows", ("desktop", "no-touch", "")),
        (seen(mobile=False, system="Windows", form_factors=["Desktop"]), "windows", ("desktop", "no-touch", "")),
        (seen(platform="MacIntel"), "macos", ("desktop", "no-touch", "")),
        (seen(platform="Linux x86_64"), "linux", ("desktop", "no-touch", "")),
        (seen(platform="Linux aarch64"), "linux", ("desktop", "no-touch", "")),
        (seen(platform="Linux armv7l"), "chromeos", ("desktop", "no-touch", "")),
        (seen(platform="FreeBSD amd64"), "freebsd", ("desktop", "no-touch", "")),
        (seen(pointer="none", hover=False, any_fine=False, any_hover=False), "windows", ("desktop", "no-touch", "")),
        (seen(TOUCH_AND_MOUSE), "windows", ("desktop", "mouse-first", "")),
        (seen(TOUCH_AND_MOUSE, touch_points=2), "windows", ("desktop", "mouse-first", "")),
        (seen(TOUCH_AND_MOUSE, platform="Linux x86_64"), "linux", ("desktop", "mouse-first", "")),
        (seen(TOUCH_AND_MOUSE, platform="Linux x86_64"), "chromeos", ("desktop", "mouse-first", "")),
        (seen(TOUCH_AND_MOUSE, platform="Linux aarch64"), "chromeos", ("desktop", "mouse-first", "")),
        (seen(TEN_FINGERS), "windows", ("desktop", "convertible", "")),
        (seen(TEN_FINGERS, platform="Linux x86_64"), "chromeos", ("desktop", "convertible", "")),
        (seen(PEN_AND_FINGERS), "windows", ("desktop", "convertible", "")),
        # iPads and iPhones that ask for the desktop site, with and without a trackpad
        (seen(FINGERS, TABLET, platform="MacIntel"), "macos", ("tablet", "mac-with-touch", "ipados")),
        (seen(TOUCH_AND_MOUSE, TABLET, platform="MacIntel", touch_points=5), "macos", ("tablet", "mac-with-touch", "ipados")),
        (seen(FINGERS, PHONE, platform="MacIntel"), "macos", ("phone", "mac-with-touch", "ios")),
        (seen(FINGERS, PHONE, platform="iPhone"), "macos", ("phone", "platform", "ios")),
        (seen(FINGERS, TABLET, platform="iPad"), "windows", ("tablet", "platform", "ipados")),
        (seen(FINGERS, TABLET, platform="MacIntel"), "windows", ("tablet", "mac-with-touch", "ipados")),
        (seen(FINGERS, TABLET, platform=""), "macos", ("tablet", "mac-with-touch", "")),
        # Android that asks for the desktop site
        (seen(FINGERS, PHONE, platform="Linux armv81"), "linux", ("phone", "platform", "android")),
        (seen(MOUSE, PHONE, platform="Linux armv81"), "linux", ("phone", "platform", "android")),
        (seen(FINGERS, TABLET, platform="Linux aarch64"), "linux", ("tablet", "arm-with-touch", "android")),
        (seen(TOUCH_AND_MOUSE, TABLET, platform="Linux armv8l"), "linux", ("tablet", "arm-with-touch", "android")),
        (seen(FINGERS, PHONE, platform="Linux armv8l"), "windows", ("phone", "arm-with-touch", "android")),
        (seen(FINGERS, PHONE, platform="Linux x86_64", mobile=False), "linux", ("phone", "touch-first", "android")),
        (seen(FINGERS, PHONE, platform="Linux x86_64", hover=True, any_hover=True), "linux", ("phone", "touch-first", "android")),
        (seen(FINGERS, TABLET, platform="Linux x86_64"), "chromeos", ("tablet", "touch-first", "android")),
        (seen(FINGERS, PHONE, system="Android"), "windows", ("phone", "platform", "android")),
        (seen(mobile=True), "windows", ("tablet", "mobile", "")),
        (seen(PHONE, model="Pixel 9"), "linux", ("phone", "model", "")),
        (seen(form_factors=["Desktop", "Tablet"], platform="Linux armv81"), "linux", ("tablet", "form-factor", "android")),
        (seen(system="iOS"), "windows", ("tablet", "platform", "")),
        (seen(platform="iPod touch"), "macos", ("tablet", "platform", "ipados")),
        (seen(PHONE, platform="Android"), "linux", ("phone", "platform", "android")),
        (seen(FINGERS, platform="Win32", system="Android"), "windows", ("tablet", "platform", "android")),
        # the short side of a tablet is at least 600 pixels
        (seen(mobile=True, width=600, height=960), "", ("tablet", "mobile", "")),
        (seen(mobile=True, width=960, height=600), "", ("tablet", "mobile", "")),
        (seen(mobile=True, width=599, height=960), "", ("phone", "mobile", "")),
        (seen(mobile=True, width=960, height=599), "", ("phone", "mobile", "")),
        # a convertible has a mouse or more touch points than five, and the platform of its system
        (seen(TEN_FINGERS, touch_points=6), "windows", ("desktop", "convertible", "")),
        (seen(TEN_FINGERS, TABLET, touch_points=5), "windows", ("tablet", "touch-first", "")),
        (seen(FINGERS, TABLET, touch_points=2), "windows", ("tablet", "touch-first", "")),
        (seen(FINGERS, TABLET, any_fine=True), "windows", ("tablet", "touch-first", "")),
        (seen(FINGERS, TABLET, any_hover=True), "windows", ("tablet", "touch-first", "")),
        (seen(TEN_FINGERS, platform="CrOS"), "chromeos", ("desktop", "convertible", "")),
        (seen(TEN_FINGERS, TABLET, platform="CrOS"), "windows", ("tablet", "touch-first", "")),
        (seen(TEN_FINGERS, TABLET, platform="Win32"), "chromeos", ("tablet", "touch-first", "")),
        (seen(TEN_FINGERS, TABLET, platform="Linux x86_64"), "linux", ("tablet", "touch-first", "android")),
        # a mouse comes first only if it is fine and hovers
        (seen(TOUCH_AND_MOUSE, TABLET, hover=False), "linux", ("tablet", "touch-first", "")),
        (seen(TOUCH_AND_MOUSE, TABLET, pointer="coarse"), "linux", ("tablet", "touch-first", "")),
        (seen(TOUCH_AND_MOUSE, touch_points=1), "linux", ("desktop", "mouse-first", "")),
        (seen(TOUCH_AND_MOUSE, TABLET, touch_points=1, platform="MacIntel"), "", ("tablet", "mac-with-touch", "ipados")),
        (seen(TOUCH_AND_MOUSE, TABLET, pointer="none"), "linux", ("tablet", "touch-first", "")),
        (seen(FINGERS, TABLET, platform="Linux aarch64"), "", ("tablet", "arm-with-touch", "android")),
        (seen(FINGERS, TABLET, system="Windows"), "windows", ("tablet", "touch-first", "")),
        (seen(form_factors=["Watch"], platform="iPhone"), "", ("watch", "form-factor", "ios")),
        # what nobody knows is not a computer
        (seen(FINGERS, TABLET), "windows", ("tablet", "touch-first", "")),
        (seen(TEN_FINGERS, TABLET, platform="Linux x86_64"), "windows", ("tablet", "touch-first", "android")),
        (seen(TEN_FINGERS, TABLET, platform="SomethingNew"), "linux", ("tablet", "touch-first", "")),
        (seen(pointer="coarse", hover=False), "linux", ("device", "coarse-without-touch", "")),
    ],
)  # fmt: skip
def test_readings_tell_the_form_of_the_device(
    readings: ProbeReadings, claimed: str, found: tuple[str, str, str]
) -> None:
    assert examine(readings, claimed) == found


WORDS = st.text(max_size=12) | st.sampled_from(
    ["MacIntel", "Linux x86_64", "Linux armv81", "Win32", "iPad", "Android"]
)
ANYTHING = st.builds(
    ProbeReadings,
    touch_points=st.integers(0, 300),
    pointer=st.sampled_from(["fine", "coarse", "none"]),
    hover=st.booleans(),
    any_fine=st.booleans(),
    any_hover=st.booleans(),
    platform=WORDS,
    width=st.integers(0, 9000),
    height=st.integers(0, 9000),
    mobile=st.none() | st.booleans(),
    system=WORDS,
    form_factors=st.lists(st.sampled_from([*FORM_OF_FACTOR, "Desktop", "?"]), max_size=3),
    model=st.just("") | WORDS,
)


@given(ANYTHING, st.sampled_from(["macos", "windows", "linux", "chromeos", ""]))
def test_all_readings_have_a_form_and_a_reason(readings: ProbeReadings, claimed: str) -> None:
    found = examine(readings, claimed)
    assert KIND_OF_FORM[found.form]
    assert found.by in WHY
    if found.form == "desktop":  # whatever the claim, these are never those of a computer
        assert not readings.mobile
        assert not readings.model
        assert not (readings.touches and readings.platform.startswith("Mac"))
        assert not (readings.touches and claimed == "macos")


def test_every_rule_says_why() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert WHY == {
        "form-factor": "userAgentData tells the form factor",
        "mobile": "userAgentData says that it is mobile",
        "model": "userAgentData names a model, which browsers on computers leave empty",
        "platform": "the platform is one of phones and tablets",
        "mac-with-touch": "no Mac has a touch screen, but an iPad that claims to be one has",
        "arm-with-touch": "a touch screen with Linux on an ARM processor means Android",
        "coarse-without-touch": "neither mouse nor touch: a remote control or a game pad",
        "no-touch": "no touch screen",
        "mouse-first": "a touch screen, but mouse or trackpad come first",
        "convertible": "Windows or ChromeOS used by touch, with a mouse or more touch points than phones and tablets report",
        "touch-first": "touch comes first, as on phones and tablets",
    }


@pytest.mark.parametrize(
    "limits",
    [
        {"touch_points": 0, "width": 0, "height": 0, "form_factors": []},
        {"touch_points": 10_000, "width": 1_000_000, "height": 1_000_000, "platform": "x" * 128},
        {"system": "x" * 128, "model": "x" * 128, "form_factors": ["x" * 128] * 16},
    ],
)
def test_readings_up_to_the_limits_are_read(limits: dict[str, object]) -> None:
    assert limits.items() <= seen(limits).model_dump().items()
    with pytest.raises(ValidationError):
        seen().touch_points = 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"touch_points": -1}, {"touch_points": "0"}, {"touch_points": True},
        {"touch_points": 10_001}, {"pointer": "laser"}, {"hover": 1}, {"platform": None}, {"platform": "x" * 129}, {"width": 1.5},
        {"width": -1}, {"height": 1_000_001}, {"system": "x" * 129}, {"form_factors": ["x" * 129]},
        {"form_factors": ["Desktop"] * 17}, {"form_factors": "Desktop"}, {"model": None}, {"more": 1},
    ],
)  # fmt: skip
def test_readings_are_read_strictly(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        seen(wrong)


MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
IPAD = ProbeFinding("tablet", "mac-with-touch", "ipados")


def client(header: str | None) -> Client:
    told = {} if header is None else {HEADER: header}
    return classify(RequestFacts(headers={"user-agent": MAC} | told))


def test_without_the_probe_a_claim_stays_a_claim() -> None:
    claimed = client(None)
    assert (claimed.kind, claimed.assurance, claimed.probed) == (Kind.LAPTOP, Assurance.CLAIMED, False)


@pytest.mark.parametrize("observed", [True, False])
def test_a_computer_that_was_found_makes_the_claim_consistent(observed: bool) -> None:
    found = client(probe_header(ProbeFinding("desktop", "no-touch"), observed=observed))
    assert (found.kind, found.assurance, found.probed) == (Kind.LAPTOP, Assurance.CONSISTENT, True)
    assert found.findings == ()


def test_a_handheld_that_was_found_counts_and_contradicts() -> None:
    found = client(probe_header(IPAD, observed=False))
    assert (found.kind, found.handheld, found.form, found.os) == (Kind.TABLET, True, "tablet", "ipados")
    assert (found.assurance, found.contradicted, found.probed) == (Assurance.CLAIMED, True, False)
    assert "no Mac has a touch screen" in found.findings[0].detail
    assert found.browser == "Safari"


def test_an_observed_probe_leaves_only_a_finding() -> None:
    found = client(probe_header(IPAD, observed=True))
    assert (found.kind, found.assurance, found.probed) == (Kind.LAPTOP, Assurance.CLAIMED, False)
    assert [finding.reason for finding in found.findings] == [Reason.KIND_CONTRADICTED]
    assert [s.says for s in found.signals if s.source == "probe"] == [Kind.TABLET]


@pytest.mark.parametrize(
    ("found", "observed", "header"),
    [
        (IPAD, False, "tablet;by=mac-with-touch;os=ipados"),
        (IPAD, True, "tablet;by=mac-with-touch;os=ipados;observe"),
        (ProbeFinding("desktop", "no-touch"), False, "desktop;by=no-touch"),
        (ProbeFinding("desktop", "no-touch"), True, "desktop;by=no-touch;observe"),
    ],
)
def test_a_finding_is_written_as_a_header(found: ProbeFinding, observed: bool, header: str) -> None:
    assert probe_header(found, observed=observed) == header


OBSERVED = "it only observes, so the claim counts"
NO_MAC = "no Mac has a touch screen, but an iPad that claims to be one has"


@pytest.mark.parametrize(
    ("header", "reading", "signal", "finding"),
    [
        ("tablet;by=mac-with-touch;os=ipados", Reading("tablet", os="ipados"), ("mac-with-touch", NO_MAC, Kind.TABLET), None),
        ("tablet;by=mac-with-touch", Reading("tablet"), ("mac-with-touch", NO_MAC, Kind.TABLET), None),
        ("phone", Reading("phone"), ("told", "phone", Kind.PHONE), None),
        ("phone;by=later;os=android", Reading("phone", os="android"), ("later", "phone", Kind.PHONE), None),
        ("desktop;by=no-touch;observe", Reading("desktop"), ("no-touch", "no touch screen", Kind.LAPTOP), None),
        (
            "tablet;by=mac-with-touch;os=ipados;observe",
            Reading(),
            ("mac-with-touch", NO_MAC, Kind.TABLET),
            f"the browser probe finds a tablet: {NO_MAC}; {OBSERVED}",
        ),
        ("phone;by=later;observe", Reading(), ("later", "phone", Kind.PHONE), f"the browser probe finds a phone: later; {OBSERVED}"),
        ("phone;observe", Reading(), ("told", "phone", Kind.PHONE), f"the browser probe finds a phone: told; {OBSERVED}"),
    ],
)  # fmt: skip
def test_a_header_of_the_probe_is_read(
    header: str, reading: Reading, signal: tuple[str, str, Kind], finding: str | None
) -> None:
    findings = (Finding(Reason.KIND_CONTRADICTED, finding),) if finding else ()
    assert read_probe(header) == reading._replace(signals=(Signal("probe", *signal),), findings=findings)


def test_an_unclear_device_is_no_laptop() -> None:
    found = client(probe_header(ProbeFinding("device", "coarse-without-touch"), observed=False))
    assert (found.kind, found.handheld, found.contradicted) == (Kind.OTHER, False, True)


@pytest.mark.parametrize(
    "header", ["", "desktop ", "Desktop", "castle", "desktop;by=A", "desktop;x", "desktop\n", "é" * 9999]
)
def test_an_invalid_probe_header_says_nothing(header: str) -> None:
    assert read_probe(header) == Reading()


def test_a_form_alone_is_enough_for_a_case_in_a_file() -> None:
    assert client("desktop").probed
    assert client("tablet").kind is Kind.TABLET
