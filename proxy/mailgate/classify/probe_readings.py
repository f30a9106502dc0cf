"""Decides from the readings of the browser probe's page whether the device is a computer or a handheld. The finding is a family
of signals, passed on as a header that no client can send.

An iPad's desktop mode and a phone's "request desktop site" send a computer's headers; their screens, pointers and
platform stay the same. The rules are tried in order, and the first that holds decides. Readings can be forged, so they
prove nothing: only a signature raises the assurance to attested.
"""

import re
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from mailgate.classify.hints import FORM_OF_FACTOR
from mailgate.classify.reading import KIND_OF_FORM, Reading
from mailgate.model import Finding, Kind, Reason, Signal
from mailgate.model.phrase import phrase

Word = Annotated[str, Field(max_length=128)]
Side = Annotated[int, Field(ge=0, le=1_000_000)]

HANDHELD_TOUCHES = 5
"""The most touch points that a browser on iOS or Android reports, whatever the screen can do."""

SMALLEST_TABLET = 600
"""Android calls a screen a tablet's if its short side has at least this many CSS pixels (resource qualifier sw600dp)."""


class ProbeReadings(BaseModel):
    """The readings that one page posts. Only values that a rule below needs are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    touch_points: Annotated[int, Field(ge=0, le=10_000)]
    """``navigator.maxTouchPoints``."""
    pointer: Literal["fine", "coarse", "none"]
    """The media feature ``pointer`` (Media Queries 4, section 8). It describes the first pointing device."""
    hover: bool
    any_fine: bool
    """The media query ``any-pointer: fine``: there is a mouse, a trackpad or a pen."""
    any_hover: bool
    platform: Word
    """``navigator.platform``."""
    width: Side
    """``screen.width`` in CSS pixels."""
    height: Side
    mobile: bool | None
    """``navigator.userAgentData.mobile``; None if the browser does not have it, like the next three."""
    system: Word
    """``navigator.userAgentData.platform``."""
    form_factors: Annotated[list[Word], Field(max_length=16)]
    model: Word

    @property
    def touches(self) -> bool:
        return bool(self.touch_points)

    @property
    def mouse_first(self) -> bool:
        """Whether the first pointing device is a mouse or a trackpad."""
        return self.pointer == "fine" and self.hover

    @property
    def handheld(self) -> str:
        """The form of a handheld with this screen size."""
        return "tablet" if min(self.width, self.height) >= SMALLEST_TABLET else "phone"


class ProbeFinding(NamedTuple):
    """The finding of the probe: a form of ``reading.KIND_OF_FORM``, the rule behind it, and the system if it is known."""

    form: str
    by: str
    os: str = ""


class ProbeRule(NamedTuple):
    """A rule. ``holds`` gets the readings and the system that the headers claim. Without a ``form`` the screen size decides."""

    name: str
    form: str
    why: str
    holds: Callable[[ProbeReadings, str], bool]


_ARM = ("Linux arm", "Linux aarch64")
_HANDHELD_PLATFORMS = ("iPhone", "iPod", "iPad", "Android", "Linux armv81")
"""Beginnings of ``navigator.platform``. ``armv81`` is a typing error that Chrome has kept as its fixed word on Android."""
_CONVERTIBLES = {"windows": ("Win",), "chromeos": ("Linux", "CrOS")}
"""Systems of computers that are also used without a keyboard, with the platforms that their browsers report."""


def _convertible(seen: ProbeReadings, claimed: str) -> bool:
    platform_agrees = seen.platform.startswith(_CONVERTIBLES.get(claimed, ()))
    with_mouse = seen.any_fine and seen.any_hover
    return platform_agrees and (with_mouse or seen.touch_points > HANDHELD_TOUCHES)


FORM_FACTOR = "form-factor"
RULES = (
    ProbeRule("mobile", "", phrase("userAgentData says that it is mobile"), lambda seen, _: bool(seen.mobile)),
    ProbeRule(
        "model", "", phrase("userAgentData names a model, which browsers on computers leave empty"),
        lambda seen, _: bool(seen.model),
    ),
    ProbeRule(
        "platform", "", phrase("the platform is one of phones and tablets"),
        lambda seen, _: seen.platform.startswith(_HANDHELD_PLATFORMS) or seen.system in ("Android", "iOS"),
    ),
    ProbeRule(
        "mac-with-touch", "", phrase("no Mac has a touch screen, but an iPad that claims to be one has"),
        lambda seen, claimed: seen.touches and (claimed == "macos" or seen.platform.startswith("Mac")),
    ),
    ProbeRule(
        "arm-with-touch", "", phrase("a touch screen with Linux on an ARM processor means Android"),
        lambda seen, claimed: seen.touches and claimed != "chromeos" and seen.platform.startswith(_ARM),
    ),
    ProbeRule(
        "coarse-without-touch", "device", phrase("neither mouse nor touch: a remote control or a game pad"),
        lambda seen, _: not seen.touches and seen.pointer == "coarse",
    ),
    ProbeRule("no-touch", "desktop", phrase("no touch screen"), lambda seen, _: not seen.touches),
    ProbeRule(
        "mouse-first", "desktop", phrase("a touch screen, but mouse or trackpad come first"),
        lambda seen, _: seen.mouse_first,
    ),
    ProbeRule(
        "convertible", "desktop", phrase("Windows or ChromeOS used by touch, with a mouse or more touch points than phones and tablets report"),
        _convertible,
    ),
    ProbeRule("touch-first", "", phrase("touch comes first, as on phones and tablets"), lambda *_: True),
)  # fmt: skip
WHY = {FORM_FACTOR: phrase("userAgentData tells the form factor"), **{rule.name: rule.why for rule in RULES}}


def examine(seen: ProbeReadings, claimed: str) -> ProbeFinding:
    """The finding for these readings. ``claimed`` is the system by the headers (``Client.os``)."""
    factor = next((form for value, form in FORM_OF_FACTOR.items() if value in seen.form_factors), "")
    if factor:
        return ProbeFinding(factor, FORM_FACTOR, _system(seen, factor))
    rule = next(rule for rule in RULES if rule.holds(seen, claimed))
    form = rule.form or seen.handheld
    return ProbeFinding(form, rule.name, "" if rule.form else _system(seen, form))


def _system(seen: ProbeReadings, form: str) -> str:
    """The system of a handheld by its platform, or empty."""
    if seen.platform.startswith(("Mac", "iP")):
        return "ipados" if form == "tablet" else "ios"
    return "android" if seen.platform.startswith(("Linux", "Android")) or seen.system == "Android" else ""


HEADER = "mailgate-probe"
"""The header's name. Names that begin with ``mailgate-`` are dropped from requests (``http/trusted_headers.py``)."""

_TEXT = re.compile(r"(?P<form>[a-z]+)(?:;by=(?P<by>[a-z-]+))?(?:;os=(?P<os>[a-z]+))?(?P<observed>;observe)?")


def probe_header(found: ProbeFinding, *, observed: bool) -> str:
    """The header's value, like ``tablet;by=mac-with-touch;os=ipados``. ``observed``: whether the finding does not count."""
    system = f";os={found.os}" if found.os else ""
    return f"{found.form};by={found.by}{system}{';observe' if observed else ''}"


def read_probe(header: str) -> Reading:
    """Read the probe's finding. A computer is what the client claims, so it always counts. Any other finding counts unless
    the probe only observes; then it leaves a contradiction."""
    told = _TEXT.fullmatch(header)
    if told is None or told["form"] not in KIND_OF_FORM:
        return Reading()
    form, by = told["form"], told["by"] or "told"
    kind = KIND_OF_FORM[form]
    signals = (Signal("probe", by, WHY.get(by, form), kind),)
    if kind is Kind.LAPTOP or not told["observed"]:
        return Reading(form, os=told["os"] or "", signals=signals)
    detail = phrase(
        "the browser probe finds a %(form)s: %(why)s; it only observes, so the claim counts",
        form=form,
        why=WHY.get(by, by),
    )
    return Reading(signals=signals, findings=(Finding(Reason.KIND_CONTRADICTED, detail),))
