"""Logs in at the console with one click: the demo logs in and gives the session's cookie to the browser."""

from aiohttp import ClientSession, DummyCookieJar, hdrs, web

from mailgate.console.login_tries import MAX_BY_NAME_AND_CALLER, SPAN
from mailgate.errors import MailgateError


class NotLetInError(MailgateError):
    """The console did not accept the token. ``wait`` is the seconds until it accepts one again; None if it never
    does."""

    def __init__(self, words: str, wait: int | None = None) -> None:
        super().__init__(words)
        self.wait = wait


class ClickedSessions:
    """The sessions that were begun by a click. A second click gives the same session, so that many clicks do not count
    as too many attempts to log in."""

    def __init__(self) -> None:
        self._cookies: dict[str, str] = {}

    async def cookie(self, admin: str, name: str, token: str) -> str:
        """The ``Set-Cookie`` of a session of this admin. Raises NotLetInError, ClientError."""
        cookie = self._cookies.get(name, "")
        if not cookie or not await _is_valid(admin, cookie):
            self._cookies[name] = cookie = await session_cookie(admin, name, token)
        return cookie


async def _is_valid(admin: str, cookie: str) -> bool:
    """Whether this session goes on: it has not expired, and nobody has logged out of it."""
    sent = {hdrs.COOKIE: cookie.partition(";")[0]}
    async with (
        ClientSession(cookie_jar=DummyCookieJar()) as session,
        session.get(f"{admin}/console/find", headers=sent, allow_redirects=False) as answer,
    ):
        return answer.status == web.HTTPOk.status_code


async def session_cookie(admin: str, name: str, token: str) -> str:
    """The ``Set-Cookie`` of a new session. The token itself never reaches the browser. Raises NotLetInError, ClientError."""
    form = {"name": name, "secret": token}
    async with (
        ClientSession(cookie_jar=DummyCookieJar()) as session,
        session.post(f"{admin}/console/login", data=form, allow_redirects=False) as answer,
    ):
        cookie = answer.headers.get(hdrs.SET_COOKIE, "")
        if answer.status == web.HTTPTooManyRequests.status_code:
            minutes = int(SPAN.total_seconds() // 60)
            words = f"{name} has logged in {MAX_BY_NAME_AND_CALLER} times within {minutes} minutes, which is as often as the console allows."
            raise NotLetInError(f"{words} Try again in {minutes} minutes.", int(SPAN.total_seconds()))
        if answer.status != web.HTTPSeeOther.status_code or not cookie:
            raise NotLetInError(f"the console did not let {name} in (status {answer.status})")
        return cookie
