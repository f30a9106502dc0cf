"""The personas of the start page, and how one is simulated: a browser's request at the persona's address is sent to the gate like that device."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, hdrs, web
from multidict import CIMultiDict
from yarl import URL

from mailgate.app import open_store
from mailgate.attest import mint
from mailgate.attest.jose import Key
from mailgate.attest.mint import AttestedDevice
from mailgate.config import load_bundle
from mailgate.demo.company.history import OPERATOR, ORIGIN
from mailgate.demo.company.mails import CALLER
from mailgate.demo.settings import SOON
from mailgate.model import Reason
from mailgate.model.phrase import phrase
from mailgate.rollout.person import Person
from mailgate.rollout.reliefs import EVERY_RULE, exempt
from mailgate.store import Store

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
    key: str
    """The first label of the host name at which the demo simulates this device."""
    who: str
    why: str
    """The reason of what it gets, in a few words."""
    effect: str
    """``allow``, ``warn`` or ``block``."""
    agent: str
    device: AttestedDevice | None = None
    """The report of the management; None if nothing is known."""
    readings: Mapping[str, object] | None = None
    """The readings of the probe on this device; None if it is not probed."""
    size: tuple[int, int] | None = None
    """The size of its screen in CSS pixels; None for a whole window."""


def login_of(key: str) -> str:
    return f"demo.{key}@example.com"


def _phone(key: str, *apps: str, os: str = "ios", version: str = "18.6") -> AttestedDevice:
    return AttestedDevice(f"demo-{key}", "phone", os, version, login_of(key), apps=apps)


EXEMPTED, WARNED = "exempt", "warned"
PERSONAS = (
    Persona(
        "laptop", phrase("Laptop"), phrase("Apps on a laptop do not count"), "allow", _LAPTOP,
        AttestedDevice("demo-laptop", "laptop", "windows", "11", login_of("laptop")), _LAPTOP_READINGS,
    ),
    Persona(
        "tiktok", phrase("Phone with TikTok"), phrase("TikTok is prohibited"), "block", _IPHONE,
        _phone("tiktok", "tiktok"), size=(390, 844),
    ),
    Persona(
        "silent", phrase("Phone that reports nothing"), phrase("Unknown is not clean"), "block",
        _ANDROID, size=(412, 915),
    ),
    Persona(
        WARNED, phrase("Phone with CamScanner"), phrase("Warned first, then blocked"), "warn", _ANDROID,
        _phone(WARNED, "camscanner", os="android", version="16"), size=(412, 915),
    ),
    Persona(
        EXEMPTED, phrase("Phone with TikTok, let in"), phrase("ada let it in for three days"), "allow",
        _IPHONE, _phone(EXEMPTED, "tiktok"), size=(390, 844),
    ),
    Persona(
        "ipad", phrase("iPad that says it is a Mac"), phrase("A check in the browser finds the iPad"),
        "block", _IPAD_AS_MAC, None, _IPAD_READINGS, (820, 1180),
    ),
)  # fmt: skip

_FOR = timedelta(days=3)
_WHY = "A replacement phone is on its way"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the start page tells of the company and of the personas at this start."""

    caller: str = ""
    """The login of somebody who waits for help; empty if nobody does."""
    until: Mapping[str, datetime] = field(default_factory=dict)
    """The end of what a persona gets, by its key."""
    devices: int = 0
    """How many devices are known."""


async def exempt_persona(config: Path, now: datetime) -> Shown:
    """Exempt that persona, unless they already are. Raises ConfigError, StoreError."""
    bundle, login = load_bundle(config), login_of(EXEMPTED)
    store = await open_store(config, bundle.settings, make=True)
    try:
        given = {each.person: each.until for each in (await store.reliefs.current(now)).exemptions(now)}
        until = given.get(login) or now + _FOR
        if login not in given:
            by = Person(OPERATOR, ORIGIN)
            await exempt(store, bundle.policy, by, _WHY, now, rule=EVERY_RULE, until=until, person=login)
        soon = next((each.stages for each in bundle.policy.rules if each.id == SOON), None)
        ends = {EXEMPTED: until} | ({WARNED: soon.enforce} if soon and soon.enforce else {})
        return Shown(await _caller(store), ends, await store.devices.count())
    finally:
        await store.close()


async def _caller(store: Store) -> str:
    """Somebody who waits for help, because of an app if there is one."""
    waiting = [each for each in await store.help_requests.open() if each.waits and each.person]
    by_app = sorted(waiting, key=lambda each: (each.person != CALLER, each.reason != Reason.PROHIBITED_APP))
    return by_app[0].person if by_app else ""


_LIFE = timedelta(hours=1)
_RENEW_AFTER = timedelta(minutes=50)
"""After this time a new token is made."""


class Signer:
    """Signs as the demo's issuer, with a key for each persona that is the same at every start."""

    def __init__(self, issuer: str, public_url: str, clock: Callable[[], datetime]) -> None:
        """``issuer``: the content of the issuer's private key file."""
        self._issuer, self._seed = mint.read_private_key(issuer), issuer
        self._url, self._clock = public_url, clock
        self._tokens: dict[str, tuple[str, datetime]] = {}

    def headers(self, persona: Persona, method: str, path: str) -> dict[str, str]:
        """The headers for one request; empty for an unknown device."""
        if persona.device is None:
            return {}
        now = self._clock()
        key = mint.make_key(sha256(f"{persona.key}\n{self._seed}".encode()).digest(), persona.key)
        token = self._token(persona, key, now)
        proof = mint.sign_proof(
            token, key, method=method, url=self._url + path, jti=secrets.token_urlsafe(16), now=now
        )
        return {"Device-Attestation": token, "DPoP": proof}

    def _token(self, persona: Persona, key: Key, now: datetime) -> str:
        made = self._tokens.get(persona.key)
        if made is None or now - made[1] > _RENEW_AFTER:
            assert persona.device is not None  # only a persona with a report gets headers
            issue = mint.Issue(mint.TEST_ISSUER, self._url, secrets.token_urlsafe(16), now, _LIFE)
            said = mint.claims(persona.device, issue, key)
            made = self._tokens[persona.key] = mint.sign_token(said, self._issuer), now
        return made[0]


PROBE = "/.mailgate/probe"
MAX_BODY_BYTES = 25 * 1024 * 1024
"""The largest request that is forwarded."""
_CONNECTION = {
    "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
"""Headers of one connection, which are not forwarded."""
_OF_THE_DEVICE = {"user-agent", "device-attestation", "dpop", "x-requested-with"}


class PersonaProxy:
    """A proxy between a browser and the gate. ``start`` before the first request, ``stop`` at the end."""

    def __init__(self, gate: str, public_url: str, signer: Signer) -> None:
        """``gate`` is the address at which it listens, ``public_url`` its public name."""
        self._gate, self._public_url, self._signer = gate, public_url, signer
        self._session: ClientSession | None = None

    async def start(self) -> None:
        self._session = ClientSession(
            auto_decompress=False, cookie_jar=DummyCookieJar(), timeout=ClientTimeout(total=120)
        )

    async def stop(self) -> None:
        if self._session:
            await self._session.close()

    async def answer_as(self, request: web.Request, persona: Persona) -> web.Response:
        """The gate's answer to a request of this persona."""
        assert self._session is not None  # ``start`` was called
        asked = URL(self._gate + request.rel_url.raw_path_qs, encoded=True)  # in the spelling that is signed
        body, here = await request.read(), f"http://{request.host}"
        if request.path == PROBE and persona.readings and body:
            body = json.dumps(persona.readings).encode()
        async with self._session.request(
            request.method,
            asked,
            headers=self._asked_with(request, persona),
            data=body or None,
            allow_redirects=False,
        ) as answer:
            told = CIMultiDict(
                (name, value.replace(self._public_url, here, 1) if name.lower() == "location" else value)
                for name, value in answer.headers.items()
                if name.lower() not in _CONNECTION
            )
            return web.Response(status=answer.status, body=await answer.read(), headers=told)

    def _asked_with(self, request: web.Request, persona: Persona) -> CIMultiDict[str]:
        """The browser's headers, with this device's in place of those that identify the device."""
        dropped, here = _CONNECTION | _OF_THE_DEVICE, f"http://{request.host}"
        kept = CIMultiDict(
            (
                name,
                value.replace(here, self._public_url, 1) if name.lower() in ("origin", "referer") else value,
            )
            for name, value in request.headers.items()
            if name.lower() not in dropped and not name.lower().startswith("sec-ch-")
        )
        kept[hdrs.HOST] = urlsplit(self._public_url).netloc
        kept[hdrs.USER_AGENT] = persona.agent
        kept.update(self._signer.headers(persona, request.method, request.rel_url.raw_path))
        return kept
