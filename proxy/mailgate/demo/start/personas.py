"""The people of the start page: the device with which each asks for mail, and the result."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mailgate.app.open_store import open_store
from mailgate.attest.mint import Device
from mailgate.config import load_bundle
from mailgate.demo.company.history import OPERATOR, ORIGIN
from mailgate.rollout.person import Person
from mailgate.rollout.reliefs import EVERY_RULE, exempt

_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
_ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
_LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
_IPAD_AS_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"
_LAPTOP_READINGS: dict[str, object] = {
    "touch_points": 0, "pointer": "fine", "hover": True, "any_fine": True, "any_hover": True, "platform": "Win32",
    "width": 1920, "height": 1080, "mobile": None, "system": "", "form_factors": [], "model": "",
}  # fmt: skip
_IPAD_READINGS = _LAPTOP_READINGS | {
    "touch_points": 5, "pointer": "coarse", "hover": False, "any_fine": False, "any_hover": False,
    "platform": "MacIntel", "width": 820, "height": 1180,
}  # fmt: skip
"""The readings of the probe on an iPad, which show a touch screen even if the headers claim a Mac."""


@dataclass(frozen=True, slots=True)
class Persona:
    """A person with one device."""

    key: str
    """The first label of the host name at which the demo simulates this device."""
    who: str
    gets: str
    """The result and its reason, in a sentence."""
    effect: str
    """``allow``, ``warn`` or ``block``."""
    agent: str
    device: Device | None = None
    """The report of the management; None if nothing is known."""
    readings: Mapping[str, object] | None = None
    """The readings of the probe on this device; None if it is not probed."""
    size: tuple[int, int] | None = None
    """The size of its screen in CSS pixels; None for a whole window."""


def login_of(key: str) -> str:
    """The login name of a persona."""
    return f"demo.{key}@example.com"


def _phone(key: str, *apps: str, os: str = "ios", version: str = "18.6") -> Device:
    return Device(f"demo-{key}", "phone", os, version, login_of(key), apps=apps)


EXEMPTED = "exempt"
PERSONAS = (
    Persona(
        "laptop", "A laptop", "What is on a laptop does not count.", "allow", _LAPTOP,
        Device("demo-laptop", "laptop", "windows", "11", login_of("laptop")), _LAPTOP_READINGS,
    ),
    Persona(
        "tiktok", "A phone with TikTok", "TikTok is on the list of apps that are not allowed together with company mail.", "block", _IPHONE,
        _phone("tiktok", "tiktok"), size=(390, 844),
    ),
    Persona(
        "silent", "A phone that reports nothing", "No source has reported its apps, and unknown does not count as clean.", "block",
        _ANDROID, size=(412, 915),
    ),
    Persona(
        "warned", "A phone with CamScanner", "A rule will keep it out in a few days, and tells its owner first.", "warn", _ANDROID,
        _phone("warned", "camscanner", os="android", version="16"), size=(412, 915),
    ),
    Persona(
        EXEMPTED, "A phone with TikTok that is exempt", "An admin has exempted its owner for three days.", "allow",
        _IPHONE, _phone(EXEMPTED, "tiktok"), size=(390, 844),
    ),
    Persona(
        "ipad", "An iPad that asks for the desktop site", "It claims to be a Mac, and the browser probe finds the iPad.",
        "block", _IPAD_AS_MAC, None, _IPAD_READINGS, (820, 1180),
    ),
)  # fmt: skip


_FOR = timedelta(days=3)
_WHY = "A replacement phone is on its way"


async def exempt_persona(config: Path, now: datetime) -> None:
    """Exempt that persona in the store that ``config`` names, unless they already are. Raises ConfigError,
    StoreError."""
    bundle, login = load_bundle(config), login_of(EXEMPTED)
    store = await open_store(config, bundle.settings, make=True)
    try:
        exempted = {each.person for each in (await store.reliefs.current(now)).exemptions(now)}
        if login not in exempted:
            by = Person(OPERATOR, ORIGIN)
            until = now + _FOR
            await exempt(store, bundle.policy, by, _WHY, now, rule=EVERY_RULE, until=until, person=login)
    finally:
        await store.close()
