"""What is sent with a proof: ten thousand laptops with the browser extension ask for verdicts and report, phones ask for mail."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from benchmarks.gate import PUBLIC_URL
from benchmarks.mixes import PAGE, Records, written
from benchmarks.people import HOST, PHONE, Person, people
from benchmarks.transfers import answer_to
from mailgate import __version__
from mailgate.app import utc_now
from mailgate.app.trust import Trust
from mailgate.attest import mint
from mailgate.attest.jose import Key
from mailgate.attest.report import SelfReport, TokenParameters, token_claims
from mailgate.store import EnrolledKey, Store

COUNT = 10_000
STATUS, ATTEST = "/.mailgate/status", "/.mailgate/attest"
RENEWED_AFTER = timedelta(minutes=8)
"""Tokens of a gate count for ten minutes."""
REPORTS, PROOFS, TOKENS = 6_000, 9_000, 50
"""How many reports, and requests with a proof, are made for a sample: more than a gate answers in that time; and the tokens
of these requests."""
FETCH = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
FETCH |= {"Accept-Encoding": "gzip, deflate, br, zstd", "Pragma": "no-cache", "Cache-Control": "no-cache"}
"""What a browser adds to a request of an extension's worker."""


@dataclass(frozen=True, slots=True)
class Browser:
    """One person's browser, and the key that it has enrolled."""

    person: Person
    key: Key

    @property
    def enrolled(self) -> tuple[str, str, str]:
        """The thumbprint of its key, its device and its owner."""
        thumbprint = self.key.thumbprint()
        return thumbprint, f"enrolled-{thumbprint[:16]}", self.person.name

    @property
    def report(self) -> dict[str, object]:
        """The report of the extension, as ``extension/core/report.js`` makes it."""
        return {
            "os": self.person.system.lower(),
            "os_version": "10.0",
            "platform": "Win32",
            "form_factors": ["Desktop"],
            "browser": {"name": "Google Chrome", "version": str(self.person.version)},
            "install_type": "admin",
            "touch_points": 0,
            "managed": True,
            "listed_extensions": [],
            "bearer": True,
        }

    def token(self, issuer: Key, now: datetime) -> str:
        """What the gate answers to the report."""
        issuing = TokenParameters(PUBLIC_URL, __version__, secrets.token_urlsafe(16), now, *self.enrolled)
        report = SelfReport.model_validate_json(json.dumps(self.report))
        claims = token_claims(report, issuing, lambda _os, _each: None)
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
        told = {"Host": HOST, "Connection": "keep-alive", **self.person.hints}
        told |= {"User-Agent": self.person.agent, **FETCH, **asked, "Accept-Language": self.person.language}
        return told | ({"Cookie": self.person.cookie} if cookie else {})


@cache
def browsers() -> tuple[Browser, ...]:
    return tuple(
        Browser(person, mint.make_key(secrets.token_bytes(32), f"browser-{person.number}"))
        for person in people(COUNT)
    )


async def enrol(url: str) -> Key:
    """Store the keys of all browsers. Returns the key with which the gates of this store sign."""
    store, now = await Store.open(url), utc_now()
    told = (EnrolledKey(*each.enrolled, "token-of-a-bench", now) for each in browsers())
    await store.enrolments.take([*told])
    issuer = (await Trust.open(store, utc_now)).own_keys.signing_key()
    await store.close()
    return issuer


class Pollers:
    """What all browsers send to a gate that signs with ``issuer``. ``looks`` are their questions, which the gate has answered
    before; ``again`` the same with the mark of the answer."""

    def __init__(self, port: int, issuer: Key) -> None:
        self.port, self.made_at = port, datetime.now(UTC)
        self.looks = [each.look(each.token(issuer, self.made_at)) for each in browsers()]
        for _ in range(2):  # what a gate learns by the first it has stored by the second
            self.again = list(map(self._again, self.looks))

    def ends_soon(self) -> bool:
        """Whether the tokens would end within the next samples."""
        return datetime.now(UTC) - self.made_at > RENEWED_AFTER

    def _again(self, record: str) -> str:
        mark = answer_to(self.port, record.encode()).headers["ETag"]
        return record.replace("\r\nAccept: ", f"\r\nIf-None-Match: {mark}\r\nAccept: ", 1)

    def reports(self) -> Records:
        """A report of as many browsers as fit into a sample, with the nonce that the gate gives them."""
        now = datetime.now(UTC)
        asked = answer_to(self.port, browsers()[0].say(now, "").encode())
        nonce = asked.headers["DPoP-Nonce"] or ""
        first = secrets.randbelow(COUNT)
        for number in range(REPORTS):
            yield browsers()[(first + number) % COUNT].say(now, nonce)


def attested(port: int, issuer: Key) -> Records:
    """Phones with known tokens; each request has a proof of its own, with the nonce that the gate gave."""
    now, nonce = datetime.now(UTC), ""
    devices = [mint.make_key(secrets.token_bytes(32), f"device-{number}") for number in range(TOKENS)]
    tokens = []
    for number, device in enumerate(devices):
        phone = mint.AttestedDevice(subject=f"attested-{number}-{secrets.token_hex(4)}")
        issue = mint.Issue(mint.TEST_ISSUER, PUBLIC_URL, jti=secrets.token_hex(8), now=now)
        tokens.append(mint.sign_token(mint.claims(phone, issue, device), issuer))

    def request(number: int) -> str:
        device, token = devices[number % TOKENS], tokens[number % TOKENS]
        url, jti = f"{PUBLIC_URL}/mail/1.html", secrets.token_hex(8)
        proof = mint.sign_proof(token, device, method="GET", url=url, jti=jti, now=now, nonce=nonce)
        fields = {"Host": HOST, "User-Agent": PHONE, **PAGE, "Device-Attestation": token, "DPoP": proof}
        return written("GET", "/mail/1.html", fields)

    for number in range(TOKENS):
        nonce = answer_to(port, request(number).encode()).headers["DPoP-Nonce"] or nonce
    yield from map(request, range(PROOFS))
