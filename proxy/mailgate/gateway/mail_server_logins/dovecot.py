"""Answers Dovecot's auth-policy protocol: Dovecot asks here whether to accept a login.

https://doc.dovecot.org/2.4.1/core/config/auth/policy.html
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hmac import compare_digest

import structlog
from aiohttp import web

from mailgate.gateway.mail_server_logins.logins import SideDoor, UnreadableLoginError, judge_login, read_login
from mailgate.model import Reason

log = structlog.get_logger()

PATH = "/dovecot/policy"


@dataclass(frozen=True, slots=True)
class ApiHeader:
    """The header with which a mail server proves itself, and its value."""

    header: str
    value: str

    def is_proved_by(self, request: web.Request) -> bool:
        """Whether the request has the header exactly once with this value. Every wrong value takes the same time."""
        sent = request.headers.getall(self.header, [])
        return len(sent) == 1 and compare_digest(
            sent[0].encode("utf-8", "surrogateescape"), self.value.encode()
        )


def policy_server(
    door: SideDoor, key: Callable[[], ApiHeader | None]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make the handler of ``POST /dovecot/policy?command=allow|report``. Without a key the address does not exist."""

    async def answer(request: web.Request) -> web.Response:
        known = key()
        if known is None:
            raise web.HTTPNotFound
        if not known.is_proved_by(request):
            log.warning("dovecot-key-refused")
            return web.json_response({"error": f"expected the API key in {known.header}"}, status=401)
        try:
            return await _answer(door, request)
        except UnreadableLoginError as error:
            door.judge.metrics.errors.labels(Reason.REQUEST_MALFORMED).inc()
            log.warning("dovecot-question-refused", reason=Reason.REQUEST_MALFORMED, detail=str(error))
            return web.json_response({"error": str(error)}, status=400)

    return answer


async def _answer(door: SideDoor, request: web.Request) -> web.Response:
    """Answer ``status`` -1 to fail the login and 0 to let it go on. A report changes nothing, since the question was
    recorded."""
    match request.query.getall("command", []):
        case ["allow"]:
            verdict = await judge_login(door, read_login(await request.read()))
            return web.json_response({"status": 0 if verdict.let_in else -1, "msg": verdict.message})
        case ["report"]:
            return web.json_response({"status": 0, "msg": ""})
        case _:
            raise UnreadableLoginError("`command` is neither `allow` nor `report`")
