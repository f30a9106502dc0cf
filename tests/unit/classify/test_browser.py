import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.browser import MAX_LENGTH, read_traits, read_user_agent, shortened
from mailgate.model import Kind, Reason

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}"


@pytest.mark.parametrize(
    ("user_agent", "told"),
    [
        (WINDOWS, ("desktop", "windows", "10", "Chrome", "141.0.0")),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME}", ("desktop", "macos", "10.15.7", "Chrome", "141.0.0")),
        (f"Mozilla/5.0 (X11; Ubuntu; Linux x86_64) {CHROME}", ("desktop", "linux", "", "Chrome", "141.0.0")),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME}", ("desktop", "chromeos", "14541.0.0", "Chrome", "141.0.0")),
        ("Lynx/2.8.3dev.18 libwww-FM/2.14 (OpenVMS)", ("desktop", "openvms", "", "Lynx", "2.8.3")),
        (
            "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1",
            ("tablet", "ipados", "12.5", "Mobile Safari", "12.1"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
            ("phone", "android", "15", "Chrome Mobile", "139.0.0"),
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.8.0",
            ("desktop", "linux", "", "Thunderbird", "115.8.0"),
        ),
        ("Android-Mail/2025.08.10.123456789.release", ("mail_app", "android", "", "Android", "")),
    ],
)  # fmt: skip
def test_what_a_user_agent_tells(user_agent: str, told: tuple[str, ...]) -> None:
    reading = read_user_agent(user_agent)
    shown = (reading.form, reading.os, reading.os_version, reading.browser, reading.browser_version)
    assert shown[:3] == told[:3]
    assert told[3] in ("Android", shown[3])
    assert told[4] in ("", shown[4])


def test_the_model_of_a_handheld_is_told_and_a_computer_has_none() -> None:
    phone = "Mozilla/5.0 (Linux; Android 14; SM-S928B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Mobile Safari/537.36"
    assert read_user_agent(phone).model == "SM-S928B"
    assert read_user_agent(f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME}").model == ""


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/128.0 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119.0.0.0 Safari/537.36",
    ],
)
def test_a_handheld_browser_beside_a_computer_is_a_contradiction(user_agent: str) -> None:
    reading = read_user_agent(user_agent)
    assert reading.handheld
    assert [finding.reason for finding in reading.findings] == [Reason.KIND_CONTRADICTED]


def test_the_signal_names_the_rule_and_the_words() -> None:
    (signal,) = read_user_agent("Mozilla/5.0 (Web0S; Linux/SmartTV) " + CHROME).signals
    assert (signal.source, signal.name, signal.value) == ("user-agent", "tv-standard", "Web0S")
    assert signal.says is Kind.OTHER


def test_an_empty_user_agent_says_nothing() -> None:
    reading = read_user_agent(" ")
    assert (reading.form, reading.signals[0].name) == ("", "absent")


def test_what_stands_beyond_the_limit_cannot_make_a_laptop() -> None:
    assert read_user_agent(WINDOWS + " " * (MAX_LENGTH - len(WINDOWS))).form == "desktop"
    padded = read_user_agent(WINDOWS + " x" * MAX_LENGTH + " Mobile")
    assert (padded.form, padded.signals[0].name) == ("", "too-long")


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (WINDOWS + " OWASMIME/4.0500" * 200, "desktop"),
        (WINDOWS + " OWASMIME/4.0500" * 300, ""),
        (" ".join([WINDOWS, *(f"Word/{n}" for n in range(100))]), ""),
        (WINDOWS + " OWASMIME/4.0500" * 200 + " iPhone", "phone"),
    ],
)
def test_of_a_long_user_agent_every_word_counts_once(header: str, form: str) -> None:
    assert read_user_agent(shortened(header)).form == form
    assert len(shortened(header)) <= MAX_LENGTH + 1


@given(st.text(max_size=MAX_LENGTH))
def test_a_user_agent_of_usual_length_stays_as_it_is(header: str) -> None:
    assert shortened(header) == header


@given(st.text() | st.text(alphabet="(;) /.0:WindowsAndroid\ud800\u0130\x00", max_size=2000))
def test_no_text_raises(text: str) -> None:
    assert read_user_agent(text).signals


@given(
    st.text(max_size=200),
    st.sampled_from(["Android", "iPhone", "BlackBerry", "SMART-TV", "Xbox", "Kindle/3.0"]),
)
def test_a_word_of_another_device_never_makes_a_laptop(text: str, word: str) -> None:
    assume(
        APPLIANCES.first(text.encode("ascii", "replace").decode()) is None
    )  # such as a Chromebook, which says Android where it runs an app
    assert read_user_agent(f"{text[:100]} {word} {text[100:]}").kind is not Kind.LAPTOP


def test_a_crawler_is_one_without_its_name() -> None:
    agent = "Mozilla/5.0 (compatible; SomethingBot/1.0; +https://example.com/bot)"
    assert read_user_agent(agent).form == "bot"


@pytest.mark.parametrize(
    ("user_agent", "form"),
    [
        # names of phones that are also those of systems for computers
        ("Zen-M28/Mint/1.0", "phone"),
        ("ZTE-Warp/1.0", "phone"),
        ("Haier-Zeta/2", "phone"),
        ("NetPositive/2.2 (ZETA)", "desktop"),
        ("Mozilla/5.0 (X11; NewsBSD; rv:60.0) Gecko/20100101 Firefox/60.0", "desktop"),
        # a window and a person before it, whatever ua-parser takes for a crawler
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) WhatsApp/2.2413.51 {CHROME} Electron/25.8.1", "desktop"),
        (f"Mozilla/5.0 (X11; Linux x86_64; SMART-TV) {CHROME} Electron/25.8.1", "tv"),
        # a crawler that no rule knows, but ua-parser does
        (f"Mozilla/5.0 (X11; Datanyze; Linux x86_64) {CHROME}", "bot"),
        # browsers that there are none of for Linux
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Ddg/17", "phone"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} OPX/2.4", "tablet"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME}", "desktop"),
    ],
)
def test_words_that_computers_and_handhelds_share(user_agent: str, form: str) -> None:
    assert read_user_agent(user_agent).form == form


@pytest.mark.parametrize(
    ("words", "system"),
    [
        ("Macintosh; Intel Mac OS X 10_15_7", "macos"),
        ("X11; FreeBSD amd64", "freebsd"),
        ("compatible; SunOS", "solaris"),
    ],
)
def test_the_system_of_a_computer_is_what_its_rule_says_else_the_parser_else_the_words(
    words: str, system: str
) -> None:
    assert read_user_agent(f"Mozilla/5.0 ({words})").os == system


@given(st.data())
def test_a_gist_is_what_is_read_but_browsers_versions_and_words(
    labelled: dict[str, list[str]], data: st.DataObject
) -> None:
    agents = st.sampled_from(list(labelled.values())).flatmap(st.sampled_from)
    text = data.draw(agents | st.text() | st.tuples(agents, agents).map(" ".join))
    read, told = read_user_agent(text), read_traits(text)
    assert (told is None) == bool(read.findings)
    if told is not None:
        assert told == (read.form, read.os, read.model, read.disputes)
        assert read.weak == (read.form == "mail_app")
