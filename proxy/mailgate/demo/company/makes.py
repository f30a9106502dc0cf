"""Makes of devices: their systems, and the user agents of their browsers and mail apps."""

from dataclasses import dataclass

from mailgate.model import Kind

_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0"
_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}"
_NT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_K = "Mozilla/5.0 (Linux; Android 10; K)"


@dataclass(frozen=True, slots=True)
class Make:
    """One make of device, as far as a gate can distinguish makes."""

    kind: Kind
    os: str
    versions: tuple[str, ...]
    """The versions of the system, the most frequent first."""
    browsers: tuple[str, ...]
    """User agents; ``{version}`` and ``{underscored}`` are those of the system."""
    mail_app: str = ""
    """The user agent of its ActiveSync mail app; empty if it has none."""
    eas_type: str = ""
    imap: str = ""
    """The id of its IMAP client (RFC 2971); empty if it has none."""


WINDOWS = Make(
    Kind.LAPTOP,
    "windows",
    ("11 24H2", "11 25H2", "11 23H2", "10 22H2"),
    (
        f"{_NT}) {_CHROME.format(142)} Safari/537.36 Edg/142.0.0.0",
        f"{_NT}) {_CHROME.format(142)} Safari/537.36",
        f"{_NT}; rv:145.0) Gecko/20100101 Firefox/145.0",
        f"{_NT}) {_CHROME.format(141)} Safari/537.36 Edg/141.0.0.0",
    ),
    imap='"name" "Thunderbird" "version" "140.5.0"',
)
MACOS = Make(
    Kind.LAPTOP,
    "macos",
    ("26.1", "15.7.2", "14.8.2"),
    (
        f"{_MAC} {_WEBKIT.format('26.1')} Safari/605.1.15",
        f"{_MAC} {_CHROME.format(142)} Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    ),
)
LINUX = Make(
    Kind.LAPTOP,
    "linux",
    ("24.04", "13", "22.04"),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        f"Mozilla/5.0 (X11; Linux x86_64) {_CHROME.format(142)} Safari/537.36",
    ),
    imap='"name" "Thunderbird" "version" "140.5.0"',
)
CHROMEBOOK = Make(
    Kind.LAPTOP,
    "chromeos",
    ("142", "141"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_CHROME.format(142)} Safari/537.36",),
)
IPHONE = Make(
    Kind.PHONE,
    "ios",
    ("18.6.2", "26.1", "18.7.2", "17.7.2"),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS {{underscored}} like Mac OS X) {_WEBKIT.format('{version}')} Mobile/15E148 Safari/604.1",),
    "Apple-iPhone16C1/2206.102",
    "iPhone",
)  # fmt: skip
PIXEL = Make(
    Kind.PHONE,
    "android",
    ("16", "15", "14"),
    (f"{_K} {_CHROME.format(142)} Mobile Safari/537.36",),
    "Outlook-iOS-Android/1.0",
    "Outlook",
)
GALAXY = Make(
    Kind.PHONE,
    "android",
    ("15", "16", "14", "13"),
    ("Mozilla/5.0 (Linux; Android {version}; SM-S928B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",),
    "SAMSUNG-SM-S928B/101.150000",
    "SAMSUNGSMS928B",
)  # fmt: skip
IPAD = Make(
    Kind.TABLET,
    "ipados",
    ("18.6.2", "26.1", "17.7.2"),
    (
        f"Mozilla/5.0 (iPad; CPU OS {{underscored}} like Mac OS X) {_WEBKIT.format('{version}')} Mobile/15E148 Safari/604.1",
        f"{_MAC} {_WEBKIT.format('18.6')} Safari/605.1.15",  # the desktop site, which it requests by default
    ),
    "Apple-iPad14C3/2206.102",
    "iPad",
)  # fmt: skip
GALAXY_TAB = Make(
    Kind.TABLET,
    "android",
    ("14", "15"),
    (f"Mozilla/5.0 (Linux; Android {{version}}; SM-X700) {_CHROME.format(142)} Safari/537.36",),
    "SAMSUNG-SM-X700/101.140000",
    "SAMSUNGSMX700",
)
TELEVISION = Make(
    Kind.OTHER,
    "tizen",
    ("8.0",),
    ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/8.0 TV Safari/537.36",),
)  # fmt: skip
SCRIPT = Make(Kind.TOOL, "", ("",), ("curl/8.14.1", "python-requests/2.32.5"))

LAPTOPS = {WINDOWS: 62, MACOS: 26, LINUX: 7, CHROMEBOOK: 5}
"""The percentage of laptops of each make. The shares below are percentages too."""
PHONES = {IPHONE: 55, GALAXY: 30, PIXEL: 15}
TABLETS = {IPAD: 80, GALAXY_TAB: 20}
ODD = {TELEVISION: 40, SCRIPT: 60}
