"""Ten thousand laptops with the browser extension: their keys and tokens, the verdicts that they ask for, and their reports."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from benchmarks.gate import PUBLIC_URL
from benchmarks.mixes import Records, written
from benchmarks.people import HOST, Person, people
from mailgate import __version__
from mailgate.app import utc_now
from mailgate.app.trust import Trust
from mailgate.attest import mint
from mailgate.attest.jose import Key
from mailgate.attest.report import EnrolledDevice, SelfReport, TokenParameters, token_claims
from mailgate.store import EnrolledKey, Store

COUNT, OTHERS = 10_000, 4_000
"""How many browsers ask again and again, and how many others come with a new token each time."""
STATUS, ATTEST = "/.mailgate/status", "/.mailgate/attest"
RENEWED_AFTER = timedelta(minutes=8)
"""Tokens of a gate count for ten minutes."""
REPORTS = 6_000
"""How many reports are made for a sample: more than a gate answers in that time."""
FETCH = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
FETCH |= {"Accept-Encoding": "gzip, deflate, br, zstd", "Pragma": "no-cache", "Cache-Control": "no-cache"}
"""What a browser adds to a request of an extension's worker."""


@dataclass(frozen=True, slots=True)
class Browser:
    """One person's browser, and the key that it has enrolled."""

    person: Person
    key: Key

    @property
    def enrolled(self) -> EnrolledDevice:
        thumbprint = self.key.thumbprint()
        return EnrolledDevice(f"enrolled-{thumbprint[:16]}", self.person.name, thumbprint)

    @property
    def report(self) -> dict[str, object]:
        """The report of the extension, as ``extension/core/report.js`` makes it."""
        told: dict[str, object] = {"os": self.person.system.lower(), "os_version": "10.0"}
        told |= {
            "platform": "Win32",
            "browser": {"name": "Google Chrome", "version": str(self.person.version)},
        }
        told |= {"form_factors": ["Desktop"], "touch_points": 0, "install_type": "admin", "managed": True}
        return told | {"listed_extensions": [], "bearer": True}

    def token(self, issuer: Key, now: datetime) -> str:
        """What the gate answers to the report."""
        issuing = TokenParameters(PUBLIC_URL, __version__, secrets.token_urlsafe(16), now)
        report = SelfReport.model_validate_json(json.dumps(self.report))
        claims = token_claims(report, self.enrolled, issuing, lambda _os, _each: None)
        return mint.sign_token(claims, issuer)

    def look(self, token: str, etag: str = "") -> str:
        """The question for the verdict."""
        asked = {"Accept": "application/json", "Device-Attestation": token}
        return written("GET", STATUS, self._fields(asked | ({"If-None-Match": etag} if etag else {})))

    def say(self, now: datetime, nonce: str) -> str:
        """A report with a proof of its own."""
        url, jti = PUBLIC_URL + ATTEST, secrets.token_hex(8)
        proof = mint.sign_proof("", self.key, method="POST", url=url, jti=jti, now=now, nonce=nonce)
        fields = self._fields({"Accept": "application/json", "DPoP": proof}, cookie=False)
        return written("POST", ATTEST, fields, "application/json", json.dumps(self.report))

    def _fields(self, asked: Mapping[str, str], *, cookie: bool = True) -> dict[str, str]:
        told = {
            "Host": HOST,
            "Connection": "keep-alive",
            **self.person.hints,
            "User-Agent": self.person.agent,
        }
        told |= {**FETCH, **asked, "Accept-Language": self.person.language}
        return told | ({"Cookie": self.person.cookie} if cookie else {})


@cache
def browsers() -> tuple[Browser, ...]:
    return tuple(
        Browser(person, mint.make_key(secrets.token_bytes(32), f"browser-{person.number}"))
        for person in people(COUNT + OTHERS)
    )


async def enrol(url: str) -> Key:
    """Store the keys of all browsers. Returns the key with which the gates of this store sign."""
    store, now = await Store.open(url), utc_now()
    told = (each.enrolled for each in browsers())
    await store.enrolments.take(
        [EnrolledKey(each.thumbprint, each.device, each.owner, "token-of-a-bench", now) for each in told]
    )
    issuer = (await Trust.open(store, utc_now)).own_keys.signing_key()
    await store.close()
    return issuer


@dataclass(slots=True)
class Pollers:
    """What all browsers send to a gate that signs with ``issuer``."""

    port: int
    issuer: Key
    answer_to: Callable[[int, bytes], str]
    made_at: datetime | None = None
    looks: list[str] = field(default_factory=list)
    """The question of each browser, which the gate has answered before."""
    again: list[str] = field(default_factory=list)
    """The same with the mark of the answer."""

    def anew(self) -> list[str]:
        """The question of each of the others, with a token that the gate has not seen yet."""
        return self._made(browsers()[COUNT:])

    def _made(self, asking: Sequence[Browser]) -> list[str]:
        now = datetime.now(UTC)
        return [each.look(each.token(self.issuer, now)) for each in asking]

    def renew(self) -> bool:
        """Make tokens if there are none, or if they would end within the next samples. Returns whether it did."""
        now = datetime.now(UTC)
        if self.made_at and now - self.made_at < RENEWED_AFTER:
            return False
        self.made_at, self.looks = now, self._made(browsers()[:COUNT])
        for _ in range(2):  # what a gate learns by the first it has stored by the second
            self.again = list(map(self._again, self.looks))
        return True

    def _again(self, record: str) -> str:
        """The question with the mark of its answer."""
        head = self.answer_to(self.port, record.encode())
        mark = next(line for line in head.split("\r\n") if line.startswith("ETag: "))[6:]
        return record.replace("\r\nAccept: ", f"\r\nIf-None-Match: {mark}\r\nAccept: ", 1)

    def reports(self) -> Records:
        """A report of as many browsers as fit into a sample, with the nonce that the gate gives them."""
        now = datetime.now(UTC)
        head = self.answer_to(self.port, browsers()[0].say(now, "").encode())
        nonce = next(line for line in head.split("\r\n") if line.lower().startswith("dpop-nonce:"))[12:]
        first = secrets.randbelow(COUNT)
        for number in range(REPORTS):
            yield browsers()[(first + number) % COUNT].say(now, nonce)
