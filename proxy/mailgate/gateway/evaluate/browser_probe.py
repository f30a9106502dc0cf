"""The browser probe: which page loads get it, and how its result is used for later requests. A cookie remembers it, sealed with a key of the store and valid in one browser only."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from mailgate.attest.sealing import Secret, mac, sealing_key
from mailgate.classify.hints import PLATFORM
from mailgate.classify.probe_readings import HEADER, ProbeFinding, probe_header
from mailgate.gateway.evaluate.facts import is_first_page_load
from mailgate.http.cookies import PROBE_COOKIE, cookies_named, set_cookie
from mailgate.model import Access, Assurance, Kind, Protocol, RequestFacts

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
    """The content of the cookie. ``found`` has no form if the person went on without being probed."""

    found: ProbeFinding
    issued: datetime


def seal(given: ProbeCookie, facts: RequestFacts, keys: Sequence[Secret]) -> str:
    """The cookie's value for the browser behind ``facts``. ``keys`` come newest first; there is at least one."""
    form, by, system = given.found
    text = f"1.{int(given.issued.timestamp())}.{form}.{by}.{system}.{_hint(facts)}"
    return f"{text}.{_mac(sealing_key(keys, given.issued, SETTLING), text, facts)}"


def unseal(value: str, facts: RequestFacts, keys: Sequence[Secret]) -> ProbeCookie | None:
    """The content of a cookie, whatever its time; None if the gate did not make it or another browser got it: the user agent must be the same,
    and the platform hint if it is sent. Browsers leave that out of WebSocket handshakes."""
    told = _TEXT.fullmatch(value)
    if told is None or _hint(facts) not in ("", told["hint"]):
        return None
    text = value.rpartition(".")[0]
    if not any(hmac.compare_digest(told["seal"], _mac(key, text, facts)) for key in keys):
        return None
    found = ProbeFinding(told["form"], told["by"], told["os"])
    return ProbeCookie(found, datetime.fromtimestamp(int(told["issued"]), UTC))


def is_current(given: ProbeCookie, now: datetime, lifetime: timedelta) -> bool:
    begin, end = validity(given, lifetime)
    return begin <= now < end


def validity(given: ProbeCookie, lifetime: timedelta) -> tuple[datetime, datetime]:
    """The start and the end of the validity of a cookie. That of a device that is no computer is valid for as long as it can be unsealed: if a
    service worker keeps the page, the device is not probed again, and would count as the computer that it claims to be."""
    begin = given.issued - _CLOCKS_DIFFER
    return (begin, given.issued + lifetime) if given.found.form in ("", COMPUTER) else (begin, NEVER)


def _hint(facts: RequestFacts) -> str:
    platform = facts.headers.get(PLATFORM, "")
    return sha256(platform.encode()).hexdigest()[:8] if platform else ""


def _mac(key: Secret, text: str, facts: RequestFacts) -> str:
    return mac(key, "mailgate-probe", f"{text}\n{facts.user_agent}")


SKIPPED = ProbeFinding("", "skipped")

REPEAT_AFTER = timedelta(minutes=5)
"""After this time a browser that was not on a computer is probed again, since a keyboard may have been attached."""

MAX_LIFETIME = timedelta(days=400)
"""The longest life of a cookie. Browsers shorten longer lives to this (RFC 6265bis, section 5.5)."""

_MAX_KEPT = 8192
_MAX_COOKIE = 1024
"""The longest user agent for which an opened cookie is cached, in characters. Real ones are shorter."""


class Mode(StrEnum):
    """The setting ``probe``."""

    OFF = "off"
    OBSERVE = "observe"
    REQUIRE = "require"


@dataclass(slots=True)
class BrowserProbe:
    """The probe of one gate. Everything about a client is kept in the client's own cookie."""

    mode: Mode = Mode.OFF
    lifetime: timedelta = timedelta(days=7)
    keys: Sequence[Secret] = ()
    """The sealing keys, newest first."""
    _good: dict[tuple[str, str, str | None], ProbeCookie] = field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        return self.mode is not Mode.OFF and bool(self.keys)

    def with_earlier_finding(self, facts: RequestFacts, now: datetime) -> RequestFacts:
        """The facts, with the probe's earlier finding about this browser if there is one."""
        held = self._held(facts, now) if self.is_on else None
        if held is None or not held.found.form:
            return facts
        told = probe_header(held.found, observed=self.mode is Mode.OBSERVE)
        return replace(facts, headers={**facts.headers, HEADER: told})

    def until(self, access: Access) -> datetime:
        """When the probe may treat the same request differently."""
        if not self.is_on:
            return NEVER
        values = cookies_named(access.facts, PROBE_COOKIE)
        cookies = [each for value in values if (each := self._opened(value, access.facts))]
        turns = (
            turn
            for each in cookies
            for turn in (
                *validity(each, self.lifetime),
                each.issued + REPEAT_AFTER,
                each.issued + self.lifetime,
            )
        )
        return min((turn for turn in turns if turn > access.now), default=NEVER)

    def is_due(self, access: Access) -> bool:
        """Whether to answer this page load with the probe: the client claims to be a computer, is not attested and has no
        valid cookie. A browser that was found not to be on a computer is probed again after a while."""
        facts, client = access.facts, access.client
        if not self.is_on or client.protocol is not Protocol.WEB or not is_first_page_load(facts):
            return False
        if client.assurance is Assurance.ATTESTED:
            return False
        held = self._held(facts, access.now)
        if held is None:
            return client.kind is Kind.LAPTOP
        again = REPEAT_AFTER if self.mode is Mode.REQUIRE else self.lifetime
        return held.found.form != COMPUTER and access.now - held.issued >= again

    def keeps_from_mail(self, access: Access) -> bool:
        """Whether what claims to be a computer gets no mail before it was probed."""
        return self.mode is Mode.REQUIRE and access.client.kind is Kind.LAPTOP and self.is_due(access)

    def remember(self, found: ProbeFinding, facts: RequestFacts, now: datetime) -> str:
        value = seal(ProbeCookie(found, now), facts, self.keys)
        lasts = self.lifetime if found.form in ("", COMPUTER) else MAX_LIFETIME
        return set_cookie(PROBE_COOKIE, value, facts, lasts=lasts)

    def _held(self, facts: RequestFacts, now: datetime) -> ProbeCookie | None:
        """The valid cookie of this browser; None if it has none. One of a device that is no computer counts first, and then the newest. If the
        probe is required, that of a person who went on without being probed is not valid."""
        values = cookies_named(facts, PROBE_COOKIE)
        cookies = [each for value in values if (each := self._opened(value, facts))]
        current = [each for each in cookies if is_current(each, now, self.lifetime)]
        valid = [each for each in current if each.found.form or self.mode is Mode.OBSERVE]
        return max(valid, key=lambda each: (each.found.form != COMPUTER, each.issued), default=None)

    def computer(
        self, value: str, agent: str, platform: str
    ) -> tuple[ProbeFinding, datetime, datetime] | None:
        """What a cookie tells that a browser on a computer got, by its user agent and its hint of a platform, and from when until when it is
        valid: whoever holds one with the same finding is treated alike. None if the cookie is of anything else."""
        headers = {"user-agent": agent} | ({PLATFORM: platform} if platform else {})
        held = self._opened(value, RequestFacts(headers=headers)) if self.is_on else None
        if held is None or held.found.form != COMPUTER:
            return None
        return held.found, *validity(held, self.lifetime)

    def _opened(self, value: str, facts: RequestFacts) -> ProbeCookie | None:
        """The content of a cookie; None if the gate did not make it for this browser. A good one is cached together with
        its browser. Its time is checked at every use."""
        key = value, facts.user_agent, facts.headers.get(PLATFORM)
        kept = self._good.get(key)
        if kept is None:
            kept = unseal(value, facts, self.keys)
            if kept and len(facts.user_agent) < _MAX_COOKIE:
                if len(self._good) >= _MAX_KEPT:
                    self._good.clear()
                self._good[key] = kept
        return kept
