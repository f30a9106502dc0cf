import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ua_parser import Device

from mailgate.classify import browser
from mailgate.classify.agent import Agent
from mailgate.classify.appliances import APPLIANCES
from mailgate.classify.browser import MAX_LENGTH, read_traits, read_user_agent, shortened
from mailgate.classify.reading import Reading
from mailgate.model import Kind, Signal

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}"


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (WINDOWS + " OWASMIME/4.0500" * 200, "desktop"),
        (WINDOWS + " OWASMIME/4.0500" * 300, ""),
        (" ".join([WINDOWS, *(f"Word/{n}" for n in range(100))]), ""),
        (WINDOWS + " OWASMIME/4.0500" * 200 + " iPhone", "phone"),
    ],
)
def test_every_word_of_a_long_user_agent_counts_once(header: str, form: str) -> None:
    assert read_user_agent(shortened(header)).form == form
    assert len(shortened(header)) <= MAX_LENGTH + 1


MAC, LINUX = "(Macintosh; Intel Mac OS X 10_15_7)", "(X11; Linux x86_64)"


@pytest.mark.parametrize(
    ("user_agent", "reading", "signal"),
    [
        # a model that ua-parser knows, with its form by the rules of `Agent.form`, or else a phone
        ("Asus foo", Reading("phone", model="foo"), ("device-database", "Asus foo")),
        ("GoodAccess", Reading("phone"), ("device-database", "Generic Feature Phone")),
        # nothing is known
        ("x", Reading(disputes=True), ("unrecognised", "Other")),
        ("bsalsa.com", Reading(disputes=True), ("unrecognised", "Other")),
        # mail apps: only those of computers do not dispute one, and only if no system of phones is named
        ("Thunderbird", Reading("mail_app", weak=True), ("desktop-mail-app", "Thunderbird")),
        ("Airmail/1", Reading("mail_app", weak=True, disputes=True), ("mail-app", "Airmail")),
        (
            "Outlook/16.0 (Android 13)",
            Reading("mail_app", True, True, "android", "13", "Android", "13"),
            ("desktop-mail-app", "Outlook"),
        ),
        ("FairEmail (Android 9)", Reading("mail_app", True, True, "android", "9", "Android", "9"), ("handheld-mail-app", "FairEmail")),
        ("Email/7 (iOS 18)", Reading("mail_app", weak=True, disputes=True), ("mail-app", "Email/7")),
        # programs come before devices
        ("curl/8 iPhone", Reading("tool", os="ios", browser="Mobile Safari UI/WKWebView", model="iPhone"), ("command-line", "curl/")),
        (
            "Mozilla/5.0 (X11; Datanyze; Linux x86_64)",
            Reading("bot", os="linux", browser="Datanyze", model="Spider"),
            ("device-database", "Spider"),
        ),
        ("(compatible; Googlebot/2.1)", Reading("bot", browser="Googlebot", browser_version="2.1", model="Desktop"), ("crawler", "bot/")),
        ("Xbox K-9", Reading("console"), ("console", "Xbox")),
        # those are no bots, whatever ua-parser takes them for
        (f"{LINUX} SMART-TV Electron/25.8.1", Reading("tv", os="linux", browser="Electron", browser_version="25.8.1"), ("tv-standard", "SMART-TV")),
        ("Electron/25.8.1", Reading("desktop", browser="Electron", browser_version="25.8.1"), ("x11", "Electron/2")),
        ("CUBOT (Android 12) Mobile", Reading("phone", False, False, "android", "12", "Android", "12"), ("android-mobile", "Android 12) Mobile")),
        # a computer has no model, and a version of its own system alone
        (f"{MAC} Lenovo", Reading("desktop", os="macos"), ("macintosh", "Macintosh")),
        ("Mozilla/5.0 (X11; Ubuntu 22.04; Linux x86_64)", Reading("desktop", os="linux"), ("linux-distribution", "Ubuntu")),
        (
            "Mozilla/5.0 (Linux; Android 11; HP Chromebook 14a)",
            Reading("desktop", False, False, "android", "11", "Android", "11"),
            ("computer-model", "Chromebook"),
        ),
        ("(PC; OpenHarmony 5.1; Huawei MateBook)", Reading("desktop", os="harmonyos"), ("harmony-pc", "(PC; OpenHarmony")),
        ("Links (2.1; SomeOS)", Reading("desktop", browser="Links", browser_version="2.1"), ("x11", "Links (")),
        ("(X11; CrOS x86_64 14541.0.0)", Reading("desktop", os="chromeos"), ("chromebook", "CrOS")),
        ("Lynx/2.8.3dev.18 libwww-FM/2.14 (OpenVMS)", Reading("desktop", os="openvms", browser="Lynx", browser_version="2.8.3"), ("rare-system", "OpenVMS")),
        ("(X11; Linux x86_64) Fedora/3.5.9-2.fc12", Reading("desktop", os="linux"), ("linux-distribution", "Fedora")),
        ("Chromebook", Reading("desktop", os="chromebook"), ("computer-model", "Chromebook")),
        # an iPad's system has a name of its own
        ("Watch (CPU iPhone OS 12_5 like Mac OS X)", Reading("watch", False, False, "ios", "12.5", "Mobile Safari UI/WKWebView", model="iPhone"), ("watch", "Watch")),
        ("Android 3.2", Reading("tablet", False, False, "android", "3.2", "Android", "3.2"), ("tablet-system", "Android 3.")),
        ("Windows NT 10.0; Touch)", Reading("tablet", os="windows"), ("windows-touch", "Windows NT 10.0; Touch)")),
        ("(iPad; CPU OS 12_5 like Mac OS X)", Reading("tablet", False, False, "ipados", "12.5", "Mobile Safari UI/WKWebView", "", "iPad"), ("tablet-system", "iPad")),
        ("(iPhone; CPU iPhone OS 12_5 like Mac OS X)", Reading("phone", False, False, "ios", "12.5", "Mobile Safari UI/WKWebView", "", "iPhone"), ("apple-phone", "iPhone")),
    ],
)  # fmt: skip
def test_each_user_agent_has_its_reading(user_agent: str, reading: Reading, signal: tuple[str, str]) -> None:
    kind = None if not reading.form else reading.kind
    expected = reading._replace(signals=(Signal("user-agent", *signal, kind),))
    assert read_user_agent(user_agent) == expected
    assert read_traits(user_agent) == (reading.form, reading.os, reading.model, reading.disputes)


@pytest.mark.parametrize(
    ("user_agent", "form", "computer", "said"),
    [
        (f"{LINUX} HUAWEI P9", "phone", "Linux x86_64", "P9"),
        (f"{MAC} FxiOS/128.0", "tablet", "Macintosh", "FxiOS/1"),
        (f"{WINDOWS} Mobile", "phone", "Windows NT", "Mobile"),
        (f"FairEmail/1.2 {MAC}", "mail_app", "Macintosh", "FairEmail"),
        ("K-9 Mail/6 (Linux; Android 13; HP Chromebook 14a)", "mail_app", "Chromebook", "K-9"),
    ],
)
def test_a_contradiction_is_told_in_words(user_agent: str, form: str, computer: str, said: str) -> None:
    reading = read_user_agent(user_agent)
    assert reading.form == form
    assert [finding.detail for finding in reading.findings] == [
        f"the user agent names a computer ('{computer}') and a {form} ('{said}')"
    ]
    assert read_traits(user_agent) is None


def test_beside_a_contradiction_the_system_is_what_the_parser_tells() -> None:
    assert read_user_agent("Mozilla/5.0 (X11; Ubuntu; Linux x86_64) HUAWEI P9").os == "ubuntu"


MAKERS = "Acer Asus Dell Fujitsu HP Huawei LG Lenovo Medion Microsoft MSI Panasonic Razer Samsung Sony Toshiba".split()


@pytest.mark.parametrize("maker", MAKERS)
def test_the_maker_of_a_computer_does_not_make_it_a_phone(
    maker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ua-parser may take the maker's name for that of a phone."""

    def told(system: str, brand: str) -> str:
        agent = Agent(f"Mozilla/5.0 ({system})")
        agent.device = Device("x", brand, "y")
        monkeypatch.setattr(browser, "_agent", lambda _: agent)
        return read_user_agent(agent.text).form

    assert [told(system, maker) for system in ("Windows NT 10.0", "PC; OpenHarmony 5.1")] == ["desktop"] * 2
    assert [told(system, maker) for system in ("Macintosh", "X11; Linux x86_64")] == ["phone"] * 2
    assert [told(system, "Oppo") for system in ("Windows NT 10.0", "Macintosh")] == ["phone"] * 2


@pytest.mark.parametrize("brand", [None, "Apple", "Generic", "Generic_Android", "Spider"])
def test_a_brand_of_no_maker_of_phones_leaves_a_computer_one(
    brand: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Agent(f"Mozilla/5.0 {LINUX}")
    agent.device = Device("x", brand, "y")
    monkeypatch.setattr(browser, "_agent", lambda _: agent)
    assert read_user_agent(agent.text).form == "desktop"


def test_a_signal_keeps_the_beginning_of_the_matched_words() -> None:
    (signal,) = read_user_agent(f"Android {'x' * 80} Mobile").signals
    assert signal.value == f"Android {'x' * 72}"
    (signal,) = read_user_agent(f"{WINDOWS} {'x ' * MAX_LENGTH}").signals
    assert (signal.source, signal.value, signal.says) == ("user-agent", WINDOWS[:80], None)


@pytest.mark.parametrize("letter", [*map(chr, range(0x20)), "\x7f"])
def test_a_control_character_is_a_space(letter: str) -> None:
    (signal,) = read_user_agent(f"Android{letter}~!{letter}\xe9 Mobile").signals
    assert signal.value == "Android ~! ? Mobile"
    assert read_user_agent(letter).signals == (Signal("user-agent", "absent", ""),)


@pytest.mark.parametrize("header", ["", " ", "\n"])
def test_no_user_agent_is_no_agent_and_disputes_nothing(header: str) -> None:
    assert read_user_agent(header) == Reading(signals=(Signal("user-agent", "absent", ""),))
    assert read_traits(header) == ("", "", "", False)


@pytest.mark.parametrize(
    ("length", "form", "disputes"), [(MAX_LENGTH, "desktop", False), (MAX_LENGTH + 1, "", True)]
)
def test_a_computer_that_was_not_read_to_its_end_is_none(length: int, form: str, disputes: bool) -> None:
    """Whatever else was read of it counts, and disputes a computer."""
    header = f"{WINDOWS} ".ljust(length, "x")
    reading = read_user_agent(header)
    assert (reading.form, reading.disputes) == (form, disputes)
    assert read_traits(header) == (form, reading.os, "", disputes)
    assert read_user_agent("Outlook/16.0 ".ljust(length, "x")).disputes is disputes
    assert read_user_agent("Windows NT Mobile ".ljust(length, "x")).form == "phone"


@pytest.mark.parametrize(("length", "kept"), [(512, 512), (513, 1), (4096, 2), (4097, 513)])
def test_words_that_come_again_are_left_out_of_a_long_user_agent_alone(length: int, kept: int) -> None:
    assert len(shortened(("x " * length)[:length])) == kept


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
def test_words_of_computers_and_handhelds_are_told_apart(user_agent: str, form: str) -> None:
    assert read_user_agent(user_agent).form == form


@pytest.mark.parametrize(
    ("words", "system"),
    [
        ("Macintosh; Intel Mac OS X 10_15_7", "macos"),
        ("X11; FreeBSD amd64", "freebsd"),
        ("compatible; SunOS", "solaris"),
    ],
)
def test_the_rule_the_parser_or_the_words_tell_the_system(words: str, system: str) -> None:
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
