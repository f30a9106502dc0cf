"""Checks Basic credentials by asking the webmail, since the gate keeps no passwords.

A name in Basic credentials is only a claim. On ActiveSync the webmail checks it with the same request. The gate's own
pages never reach the webmail, so there the gate asks it. The webmail is believed only if it distinguishes right from
wrong: without credentials and with made-up ones it has to answer 401. Only a success (2xx) shows that the
person's own are right.

The question carries no cookies, since the webmail would answer for a session instead of the credentials.
"""

import asyncio
import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from cachetools import TTLCache

from mailgate.gateway.directions import head_of_answer
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.http.fields import Fields
from mailgate.http.grammar import values
from mailgate.http.proxy.pool import UpstreamPool
from mailgate.http.proxy.upstream import UpstreamError
from mailgate.http.request import RequestHead, ResponseHead
from mailgate.model.addresses import rate_limit_key
from mailgate.model.times import only_forward

RESULT_SECONDS = 60
"""How many seconds an answer about the same credentials is kept."""
MAX_WRONG_LOGINS = 5
"""How many different credentials may be wrong, for one name or from one address, before checks pause."""
BLOCK_SECONDS = 600
"""The length of the pause, in seconds."""
WEBMAIL_CHECK_SECONDS = 600
"""How many seconds it is remembered that the webmail distinguishes right from wrong. If it does not, that is remembered for a tenth
of this time."""
TIMEOUT_SECONDS = 5.0
MAX_CONCURRENT = 4
_MAX_REMEMBERED = 10_000
_BASIC = re.compile(r"basic +[A-Za-z0-9+/]+={0,2}", re.IGNORECASE)
"""The only accepted value. If there were two fields, the gate might read one and the webmail the other."""


class LoginResult(StrEnum):
    NONE = "none"
    RIGHT = "right"
    WRONG = "wrong"
    TOO_MANY = "too-many"
    """Too many were wrong recently, so the webmail was not asked."""
    UNTOLD = "untold"
    """The webmail does not answer, answers neither 401 nor a success, or does not distinguish right from wrong."""


class LoginCheck:
    """Asks the webmail about Basic credentials. Few requests run at once, and guesses for one person are limited."""

    def __init__(
        self,
        pool: UpstreamPool,
        question: tuple[bytes, bytes],
        default_host: bytes,
        clock: Callable[[], datetime],
        new_secret: Callable[[], str],
    ) -> None:
        """``question``: method and target of a request that makes the webmail ask for a login and changes nothing."""
        self._pool = pool
        self._question = question
        self._default_host = default_host
        self._new_secret = new_secret
        self._salt = new_secret().encode()
        timer = only_forward(clock)
        self._answers: TTLCache[bytes, LoginResult] = TTLCache(_MAX_REMEMBERED, RESULT_SECONDS, timer)
        self._wrong: TTLCache[str, int] = TTLCache(_MAX_REMEMBERED, BLOCK_SECONDS, timer)
        self._checks: TTLCache[bool, None] = TTLCache(1, WEBMAIL_CHECK_SECONDS, timer)
        self._does_not_check: TTLCache[bool, None] = TTLCache(1, WEBMAIL_CHECK_SECONDS / 10, timer)
        self._turns = asyncio.Semaphore(MAX_CONCURRENT)

    async def look(self, incoming: Incoming) -> LoginResult:
        """Check the credentials of this request. Never raises, whatever the webmail answers."""
        credentials = incoming.facts.headers.get("authorization", "")
        if incoming.login is None or not _BASIC.fullmatch(credentials):
            return LoginResult.NONE
        mark = sha256(self._salt + credentials.encode()).digest()
        if mark in self._answers:
            return self._answers[mark]
        tried = _tried(incoming)
        if any(self._wrong.get(name, 0) >= MAX_WRONG_LOGINS for name in tried):
            return LoginResult.TOO_MANY
        self._count(tried, 1)  # counted before the answer, so that tries at the same time all count
        answer = await self._ask_in_turn(incoming, credentials.encode())
        if answer is not LoginResult.WRONG:
            self._count(tried, -1)
        if answer in (LoginResult.RIGHT, LoginResult.WRONG):
            self._answers[mark] = answer
        return answer

    async def offered(self, incoming: Incoming) -> bool:
        """Whether a login can be checked here, so that it makes sense to ask for one."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._turns:
                return await self._checks_passwords(incoming)
        except (UpstreamError, TimeoutError):
            return False

    def _count(self, tried: tuple[str, ...], more: int) -> None:
        for name in tried:
            self._wrong[name] = max(0, self._wrong.get(name, 0) + more)

    async def _ask_in_turn(self, incoming: Incoming, credentials: bytes) -> LoginResult:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._turns:
                if not await self._checks_passwords(incoming):
                    return LoginResult.UNTOLD
                answer = await self._ask(incoming, credentials)
        except (UpstreamError, TimeoutError):
            return LoginResult.UNTOLD
        if answer.status == 401:
            return LoginResult.WRONG
        return LoginResult.RIGHT if 200 <= answer.status < 300 else LoginResult.UNTOLD

    async def _checks_passwords(self, incoming: Incoming) -> bool:
        """Whether the webmail refuses both a request without credentials and made-up ones. It is asked again after ten minutes, or one if not."""
        if True in self._checks or True in self._does_not_check:
            return True in self._checks
        made_up = f"mailgate-{self._new_secret()[:12]}:{self._new_secret()}"
        self._does_not_check[True] = None  # this stays if the webmail does not answer
        nobody = await self._ask(incoming, b"")
        stranger = await self._ask(incoming, b"Basic " + base64.b64encode(made_up.encode()))
        if not _asks_for_basic(nobody) or stranger.status != 401:
            return False
        self._checks[True] = None
        self._does_not_check.clear()
        return True

    async def _ask(self, incoming: Incoming, credentials: bytes) -> ResponseHead:
        """The head of the webmail's answer. Raises UpstreamError."""
        host, agent = incoming.origin.host, incoming.facts.user_agent.encode("latin-1", "replace")
        told = [(b"Host", host), (b"User-Agent", agent), (b"Authorization", credentials)]
        fields = Fields((name, value) for name, value in told if value)
        head = RequestHead(*self._question, 1, fields, host, keep_alive=False)
        # the webmail would accept a name that a proxy tells as a login
        nobody = replace(incoming.origin, user=b"")
        return await head_of_answer(self._pool, head, nobody, self._default_host)


def _asks_for_basic(answer: ResponseHead) -> bool:
    challenges = values(answer.fields, b"www-authenticate")
    return answer.status == 401 and any(value[:5].lower() == b"basic" for value in challenges)


def _tried(incoming: Incoming) -> tuple[str, str]:
    """The two keys by which wrong logins are counted: the name and the caller's address."""
    return f"name {(incoming.login or '').lower()}", f"address {rate_limit_key(incoming.facts.remote)}"
