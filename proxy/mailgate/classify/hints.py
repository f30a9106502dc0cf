"""Reads User-Agent Client Hints (``Sec-CH-UA-*``) and older headers in which gateways name the device behind them.

Hints are Structured Fields (RFC 9651). A hint that does not parse becomes a finding, and counts only if it plainly
names a handheld. Hints alone never make a laptop, since a browser with hints sends a user agent as well.
"""

import re
from collections.abc import Mapping

from mailgate.classify.desktops import DESKTOPS
from mailgate.classify.reading import KIND_OF_FORM, Reading, system_name
from mailgate.model import Finding, Reason, Signal
from mailgate.model.phrase import phrase

MOBILE = "sec-ch-ua-mobile"
PLATFORM = "sec-ch-ua-platform"
PLATFORM_VERSION = "sec-ch-ua-platform-version"
FORM_FACTORS = "sec-ch-ua-form-factors"
MODEL = "sec-ch-ua-model"
BRANDS = "sec-ch-ua"
VERSIONS = "sec-ch-ua-full-version-list"

DEVICE_HEADERS = tuple(
    "x-wap-profile wap-profile x-operamini-phone-ua x-operamini-phone x-operamini-features x-ucbrowser-device-ua"
    " x-ucbrowser-phone-ua x-skyfire-phone x-ucbrowser-ua x-puffin-ua x-bolt-phone-ua x-device-user-agent"
    " device-stock-ua".split()
)
"""Headers that only phones and compressing proxies in front of phones send."""

EMBEDDER = "x-requested-with"
"""The header in which Android's WebView puts the package name of its app. Scripts of a page put XMLHttpRequest there."""

_OF_HINTS = (MOBILE, PLATFORM, PLATFORM_VERSION, FORM_FACTORS, MODEL, BRANDS, VERSIONS)
HEADERS = (*_OF_HINTS, EMBEDDER, *DEVICE_HEADERS)

MAX_LENGTH = 256
"""The most characters of a hint. A longer one counts as malformed."""

_MAX_BRANDS = 512
"""The most characters of a list of brands that are read."""

_SOURCE = "client-hints"
_SHOWN = 80
"""The most characters of a value that a signal keeps."""

_PLAINLY = {
    MOBILE: re.compile("1|true", re.IGNORECASE),
    PLATFORM: re.compile("Android|iOS|iPadOS", re.IGNORECASE),
    MODEL: re.compile(r"(?=.*\d)'?\w[\w .()+/'-]*", re.ASCII),
    FORM_FACTORS: re.compile(r"\w+(?: *, *\w+)*", re.ASCII),
}
"""Values that name a handheld although they lack the quotes or the question mark of RFC 9651."""

_PACKAGE = re.compile(r"[a-z]\w*(?:\.\w+)+", re.ASCII)

_OF_HANDHELDS = re.compile(
    r'"(?:[^"]*\b(?:Android|Mobile|Mini)\b[^"]*+|OperaM(?:obile|ini)|Huawei ?Browser|(?:XiaoMi|Mi(?:ui)?) ?Browser|YaSearchBrowser'
    r"|(?:HeyTap|Oppo|Vivo|Honor) ?Browser|Phoenix|(?:Amazon )?Silk|(?:Oculus|Meta Quest|PICO) ?Browser)\"",
    re.IGNORECASE,
)
"""Brands of browsers for handhelds alone. A maker that has one for computers too adds a word, as in Opera GX Android and Android WebView."""

_NOT_FOR_LINUX = re.compile(
    r'"(?:Samsung (?:Internet|Browser)|DuckDuckGo|AlohaBrowser|Aloha)"', re.IGNORECASE
)
"""Brands of browsers for handhelds, Windows and macOS. Beside Linux they mean an Android that asks for the desktop site."""

FORM_OF_FACTOR = {
    "Mobile": "phone",
    "Tablet": "tablet",
    "EInk": "ereader",
    "Watch": "watch",
    "XR": "xr",
    "Automotive": "car",
}
"""Values of Sec-CH-UA-Form-Factors, the most restrictive first, since a browser may send several."""

_FORM_OF_PLATFORM = {
    **dict.fromkeys(("windows", "macos", "chromeos"), "desktop"),
    **dict.fromkeys(("android", "ios", "kaios", "harmonyos", "sailfish-os", "windows-phone"), "phone"),
    **dict.fromkeys(("ipados", "fire-os"), "tablet"),
    **dict.fromkeys(("tizen", "webos", "web0s", "vidaa", "tvos"), "tv"),
    **dict.fromkeys(("watchos", "wear-os"), "watch"),
    "fuchsia": "speaker",
    "visionos": "xr",
    **dict.fromkeys(("macintel", "linux", "unknown", ""), ""),
}
"""Forms by platform. Linux is left out: televisions and phones that ask for the desktop site say it. MacIntel is what scripts see."""

_WINDOWS_BY_PLATFORM = {"0.1": "7", "0.2": "8", "0.3": "8.1"}
"""Sec-CH-UA-Platform-Version before Windows 10. From 13 on it means Windows 11, and otherwise 10 (Microsoft's table)."""

_PARAMETERS = r'(?:; *[a-z*][a-z0-9_\-.*]*(?:=(?:"[^"]*"|[^\s",;]+))?)*'  # each step can match in one way only, so there is no backtracking
_STRING = r'"((?:[ !#-\[\]-~]|\\["\\])*)"'
_BOOLEAN_ITEM = re.compile(rf"\?([01]){_PARAMETERS}\Z")
_STRING_ITEM = re.compile(rf"{_STRING}{_PARAMETERS}\Z")
_LIST_MEMBER = re.compile(rf"{_STRING}{_PARAMETERS}\s*(?:,\s*(?=\")|\Z)")


class _Hints:
    """The hints of one request. It parses each hint and keeps a signal with its value, or a finding if it does not parse."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self.signals: list[Signal] = []
        self.findings: list[Finding] = []

    def mobile(self) -> bool:
        return self._item(MOBILE, _BOOLEAN_ITEM).lower() in ("1", "true")

    def text(self, name: str) -> str:
        return self._item(name, _STRING_ITEM)

    def factors(self) -> list[str]:
        """The values of Sec-CH-UA-Form-Factors, or a plain word; empty if the header is neither."""
        text = self._read(FORM_FACTORS)
        values: list[str] = []
        end = 0
        while end < len(text):
            member = _LIST_MEMBER.match(text, end)
            if member is None:
                self._malformed(FORM_FACTORS)
                return re.split(" *, *", text) if _PLAINLY[FORM_FACTORS].fullmatch(text) else []
            values.append(member[1])
            end = member.end()
        return values

    def signal(self, name: str, form: str = "") -> None:
        """Keep the header, if it was sent, as a signal for ``form``."""
        if name in self.headers:
            kind = KIND_OF_FORM[form] if form else None
            self.signals.append(Signal(_SOURCE, name, self.headers[name][:_SHOWN], kind))

    def _read(self, name: str) -> str:
        text = self.headers.get(name, "").strip()
        if len(text) <= MAX_LENGTH:
            return text
        self._malformed(name)
        return ""

    def _item(self, name: str, pattern: re.Pattern[str]) -> str:
        text = self._read(name)
        found = pattern.match(text)
        if found:
            return re.sub(r"\\(.)", r"\1", found[1])
        if text:
            self._malformed(name)
        plainly = _PLAINLY.get(name)
        return text if plainly and plainly.fullmatch(text) else ""

    def _malformed(self, name: str) -> None:
        detail = phrase("%(name)s is not a value that RFC 9651 allows there", name=name)
        self.findings.append(Finding(Reason.REQUEST_MALFORMED, detail))


def read_hints(headers: Mapping[str, str]) -> Reading:
    """Read the hints. The form is weak if only the platform shows it."""
    hints = _Hints(headers)
    system = system_name(hints.text(PLATFORM).strip('"\\'))  # some proxies quote twice
    model, version = hints.text(MODEL), hints.text(PLATFORM_VERSION)
    told = _explicit_form(hints, model, system)
    of_platform = _of_platform(system)
    embedded = "phone" if _PACKAGE.fullmatch(headers.get(EMBEDDER, "")[:MAX_LENGTH]) else ""
    hints.signal(PLATFORM, of_platform)
    if embedded:
        hints.signal(EMBEDDER, embedded)
    hints.signal(PLATFORM_VERSION)
    return Reading(
        form=told or embedded or of_platform,
        weak=not told,
        os=system,
        os_version=_windows(version) if system == "windows" else version,
        model=model,
        signals=tuple(hints.signals),
        findings=tuple(hints.findings),
    )


def _of_platform(system: str) -> str:
    """A system that is not known from computers belongs to another device, like a console or a television."""
    if system in _FORM_OF_PLATFORM:
        return _FORM_OF_PLATFORM[system]
    ascii_only = system.encode("ascii", "replace").decode("ascii")
    return "" if DESKTOPS.first(ascii_only) else "device"


def _brand(text: str, system: str) -> str:
    of_handhelds = _OF_HANDHELDS.search(text) or (system == "linux" and _NOT_FOR_LINUX.search(text))
    return "phone" if of_handhelds else ""


def _explicit_form(hints: _Hints, model: str, system: str) -> str:
    """The form that is named explicitly. Desktop does not count, since a phone that asks for the desktop site may say it."""
    factors, mobile = hints.factors(), hints.mobile()
    factor = next((form for value, form in FORM_OF_FACTOR.items() if value in factors), "")
    by_header = {
        FORM_FACTORS: factor,
        MOBILE: "phone" if mobile else "",
        MODEL: "phone" if model else "",  # browsers on computers send an empty model
        **{name: _brand(hints.headers.get(name, "")[:_MAX_BRANDS], system) for name in (BRANDS, VERSIONS)},
        **{name: "phone" for name in DEVICE_HEADERS if name in hints.headers},
    }
    for name, form in by_header.items():
        hints.signal(name, form)
    return next(filter(None, by_header.values()), "")


def _windows(version: str) -> str:
    major = version.partition(".")[0]
    if major.isdecimal() and int(major):
        return "11" if int(major) >= 13 else "10"
    return _WINDOWS_BY_PLATFORM.get(".".join(version.split(".")[:2]), "")
