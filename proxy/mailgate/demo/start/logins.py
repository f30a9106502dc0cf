"""Logs in at the console with one click: the demo logs in and gives the session's cookie to the browser."""

from aiohttp import ClientSession, DummyCookieJar, hdrs, web

from mailgate.errors import MailgateError


class NotLetInError(MailgateError):
    """The console did not accept the token."""


async def session_cookie(admin: str, name: str, token: str) -> str:
    """The ``Set-Cookie`` of a new session. The token itself never reaches the browser. Raises NotLetInError, ClientError."""
    form = {"name": name, "secret": token}
    async with (
        ClientSession(cookie_jar=DummyCookieJar()) as session,
        session.post(f"{admin}/console/login", data=form, allow_redirects=False) as answer,
    ):
        cookie = answer.headers.get(hdrs.SET_COOKIE, "")
        if answer.status != web.HTTPSeeOther.status_code or not cookie:
            raise NotLetInError(f"the console did not let {name} in (status {answer.status})")
        return cookie
