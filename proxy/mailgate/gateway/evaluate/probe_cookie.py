"""The cookie that remembers what the browser probe found. It is sealed with a key of the store and valid in one browser only."""

import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from mailgate.attest.sealing import Secret, mac, sealing_key
from mailgate.classify.hints import PLATFORM
from mailgate.classify.probe_readings import ProbeFinding
from mailgate.model import RequestFacts

SETTLING = timedelta(days=1)
"""A new key is used for sealing only after this time. By then every gate that shares the store knows it."""

COMPUTER = "desktop"
NEVER = datetime.max.replace(tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(minutes=1)
_TEXT = re.compile(
    r"1\.(?P<issued>[0-9]{10})\.(?P<form>[a-z]*)\.(?P<by>[a-z-]+)\.(?P<os>[a-z]*)\.(?P<hint>[0-9a-f]{8}|)\.(?P<seal>[\w-]{43})",
    re.ASCII,
)


class ProbeCookie(NamedTuple):
    """The content of the cookie: the finding, and its time. ``found`` has no form if the person went on without being
    probed."""

    found: ProbeFinding
    issued: datetime


def seal(given: ProbeCookie, facts: RequestFacts, keys: Sequence[Secret]) -> str:
    """The cookie's value for the browser behind ``facts``. ``keys`` come newest first; there is at least one."""
    form, by, system = given.found
    text = f"1.{int(given.issued.timestamp())}.{form}.{by}.{system}.{_hint(facts)}"
    return f"{text}.{_mac(sealing_key(keys, given.issued, SETTLING), text, facts)}"


def unseal(value: str, facts: RequestFacts, keys: Sequence[Secret]) -> ProbeCookie | None:
    """The content of a cookie, whatever its time; None if the gate did not make it or another browser got it.

    The user agent must be exactly the same. The platform hint must be the same if it is sent: browsers leave it out of
    WebSocket handshakes.
    """
    told = _TEXT.fullmatch(value)
    if told is None or _hint(facts) not in ("", told["hint"]):
        return None
    text = value.rpartition(".")[0]
    if not any(hmac.compare_digest(told["seal"], _mac(key, text, facts)) for key in keys):
        return None
    found = ProbeFinding(told["form"], told["by"], told["os"])
    return ProbeCookie(found, datetime.fromtimestamp(int(told["issued"]), UTC))


def is_current(given: ProbeCookie, now: datetime, lifetime: timedelta) -> bool:
    """Whether a cookie is neither too old nor dated in the future."""
    begin, end = validity(given, lifetime)
    return begin <= now < end


def validity(given: ProbeCookie, lifetime: timedelta) -> tuple[datetime, datetime]:
    """The start and the end of the validity of a cookie.

    The cookie of a device that is no computer is valid for as long as it can be unsealed. If a service worker keeps the
    page, the device is not probed again, and without a cookie it would count as the computer that it claims to be.
    """
    begin = given.issued - _CLOCKS_DIFFER
    return (begin, given.issued + lifetime) if given.found.form in ("", COMPUTER) else (begin, NEVER)


def _hint(facts: RequestFacts) -> str:
    platform = facts.headers.get(PLATFORM, "")
    return sha256(platform.encode()).hexdigest()[:8] if platform else ""


def _mac(key: Secret, text: str, facts: RequestFacts) -> str:
    return mac(key, "mailgate-probe", f"{text}\n{facts.user_agent}")
