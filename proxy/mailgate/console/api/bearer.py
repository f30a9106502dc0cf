"""Finds out which admin calls, by the token in ``Authorization: Bearer`` (RFC 6750) and by nothing else.

A browser sends cookies by itself but never this header, so no page of another site can call the API in an admin's name.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

import structlog
from aiohttp import web
from cachetools import LRUCache

from mailgate.config.admins import AdminSettings
from mailgate.console.api.operation import Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.context import ConsoleContext
from mailgate.console.login.rights import token_proof
from mailgate.console.login.tries import LoginTries
from mailgate.console.looks import may_open
from mailgate.console.peer import origin_of_request
from mailgate.rollout.person import Person, proven
from mailgate.tasks import ON_BEHALF_OF

log = structlog.get_logger()

CACHE_TIME = timedelta(minutes=5)
"""How long a checked token is remembered, since a check takes a twentieth of a second and 64 MiB."""
CACHE_SIZE = 1000
MAX_CHECKS = 2
"""How many tokens are checked at once. Others wait, so that checks cannot fill the memory."""
_TOKEN = re.compile(r"[a-z0-9._@-]{1,100}:[\x20-\x7e]{1,200}")
"""The form of a token. Anything else is refused without a check."""
_REALM = 'Bearer realm="mailgate"'
_WRONG = f'{_REALM}, error="invalid_token"'

Admins = Mapping[str, AdminSettings]


@dataclass(frozen=True, slots=True)
class CheckedToken:
    name: str
    proved_by: str
    """The hash in the settings against which it was checked. If the settings have another one, the token is not accepted."""
    until: datetime

    def holds(self, admins: Admins) -> bool:
        """Whether these settings still have that hash."""
        admin = admins.get(self.name)
        return admin is not None and token_proof(admin) == self.proved_by


class Bearers:
    """Recently checked tokens by their digest, so that nobody who reads this memory can log in with it."""

    def __init__(self) -> None:
        self._known: LRUCache[bytes, CheckedToken] = LRUCache(CACHE_SIZE)
        self._running: dict[bytes, asyncio.Task[CheckedToken | None]] = {}
        self._room = asyncio.Semaphore(MAX_CHECKS)
        self._tries = LoginTries()

    async def known(self, admins: Admins, token: str, address: str, now: datetime) -> CheckedToken | None:
        """The admin of a token; None if it belongs to nobody. Raises ProblemError if too many were tried."""
        digest = sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known and now < known.until and known.holds(admins):
            return known
        running = self._running.get(digest)
        if running is None:
            if wait := self._tries.wait(token.partition(":")[0], address, now):
                seconds = str(ceil(wait.total_seconds()))
                raise ProblemError(429, f"try again in {seconds} seconds", headers={"Retry-After": seconds})
            running = asyncio.get_running_loop().create_task(self._check(admins, token, address, digest, now))
            self._running[digest] = running
            running.add_done_callback(lambda _: self._running.pop(digest, None))
        return await asyncio.shield(running)  # a caller that hangs up does not end the check for others

    async def _check(
        self, admins: Admins, token: str, address: str, digest: bytes, now: datetime
    ) -> CheckedToken | None:
        async with self._room:
            name = await asyncio.to_thread(proven, admins, token)
        if name is None:
            log.warning("api-token-refused")
            return None
        self._tries.note_success(name, address)
        self._known[digest] = known = CheckedToken(name, token_proof(admins[name]), now + CACHE_TIME)
        return known


async def call_of_admin(
    request: web.Request, context: ConsoleContext, bearers: Bearers, operation: Operation
) -> Call:
    """The admin who calls, if they may. Raises ProblemError."""
    token, now = _token_in(request), context.clock()
    settings = context.bundle().settings
    found = await bearers.known(settings.admins, token, origin_of_request(request, settings).remote, now)
    admins = context.bundle().settings.admins  # the settings may have changed during the check
    if found is None or not found.holds(admins):
        raise ProblemError(401, "no admin has this token", headers={"WWW-Authenticate": _WRONG})
    name, roles = found.name, admins[found.name].roles
    if operation.roles and not set(operation.roles) & set(roles):
        raise ProblemError(403, f"{name} may not do this: it takes the role {' or '.join(operation.roles)}")
    if not may_open(operation.name, roles):
        raise ProblemError(403, f"{name} may not do this: the role analyst sees numbers without names")
    ON_BEHALF_OF.set(name)
    return Call(context, Person(name, f"api at {context.host}"), roles, now)


def _token_in(request: web.Request) -> str:
    """The token, if it has the form of one. Raises ProblemError."""
    given = request.headers.getall("Authorization", [])
    scheme, _, token = given[0].strip().partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.casefold() != "bearer":
        words = "send Authorization: Bearer and an admin token, once"
        raise ProblemError(401, words, headers={"WWW-Authenticate": _REALM})
    if not _TOKEN.fullmatch(token := token.strip()):
        raise ProblemError(401, "this is no admin token", headers={"WWW-Authenticate": _WRONG})
    return token
