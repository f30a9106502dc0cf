"""The start page, on ``localhost``, and the personas, each under a host name below it.

It listens on the loopback interface only, and logs in at the console with one click. Another host name that resolves to
this computer (DNS rebinding) is answered with 421, and pages of other sites cannot press a button.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from math import ceil
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, DummyCookieJar, hdrs, web
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from mailgate.app import utc_now
from mailgate.demo.start.personas import MAX_BODY_BYTES, PERSONAS, Persona, PersonaProxy, Shown
from mailgate.errors import MailgateError
from mailgate.look import MARK, badge, icon, source_hash, style
from mailgate.model.phrase import phrase, translate
from mailgate.texts import IN_ENGLISH, Language, console_languages, language_for


class NotLetInError(MailgateError):
    """The console did not accept the token. ``wait``: the seconds until it may again; None for never."""

    def __init__(self, words: str, wait: int | None = None) -> None:
        super().__init__(words)
        self.wait = wait


class ClickedSessions:
    """The sessions begun by a click, one a name, so that many clicks are not too many attempts to log in."""

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
            wait = int(answer.headers[hdrs.RETRY_AFTER])
            words = f"{name} has logged in as often as the console allows."
            raise NotLetInError(f"{words} Try again in {ceil(wait / 60)} minutes.", wait)
        if answer.status != web.HTTPSeeOther.status_code or not cookie:
            raise NotLetInError(f"the console did not let {name} in (status {answer.status})")
        return cookie


_ITSELF, _BY_ADDRESS = "localhost", "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses that the start page links to."""

    mail: str
    console: str
    """The console, under a host name that shares its cookies with this page; empty if nobody may log in."""
    admin: str
    """The address of the admin port for the demo itself."""
    admins: Mapping[str, str] = field(default_factory=dict)
    """The token of each admin."""
    commands: Sequence[tuple[str, str]] = ()
    """Commands to try in a terminal: a description and a command line."""
    standing: Shown = field(default_factory=Shown)

    def place(self, name: str) -> str | None:
        """The place in the console that a button of this name opens, by its address below that of the console."""
        caller = f"people?login={quote(self.standing.caller)}" if self.standing.caller else "help"
        return {"": "", "caller": caller, "app": "apps/deepseek", "plans": "policy/plans"}.get(name)


class StartPage:
    """Serves the page, the logins, and every persona."""

    def __init__(self, links: Links, player: PersonaProxy) -> None:
        self._links, self._player, self._sessions = links, player, ClickedSessions()
        self._personas = {each.key: each for each in PERSONAS}
        self._templates = {tag: _template(each) for tag, each in console_languages().items()}
        self._style = style("templates/start.css", package=__package__)
        self._script = files(__package__).joinpath("templates", "start.js").read_text("utf-8").strip()

    def application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self.serve)
        application.on_startup.append(lambda _: self._player.start())
        application.on_cleanup.append(lambda _: self._player.stop())
        return application

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request by its host name."""
        name = request.host.rpartition(":")[0] or request.host
        persona = self._personas.get(name.removesuffix(".localhost"))
        if persona is not None and name.endswith(".localhost"):
            return await self._player.answer_as(request, persona)
        if name == _BY_ADDRESS:  # the console's cookies are for the other host name
            raise web.HTTPFound(f"http://{request.host.replace(_BY_ADDRESS, _ITSELF)}/")
        if name != _ITSELF:
            raise web.HTTPMisdirectedRequest(
                text="This is the start page of a demo on this computer alone.\n"
            )
        if request.method == "POST" and request.path.startswith("/console/"):
            name, _, place = request.path.removeprefix("/console/").partition("/")
            return await self._log_in(request, name, self._links.place(place))
        if request.method not in ("GET", "HEAD") or request.path != "/":
            raise web.HTTPNotFound
        return self._page(request)

    async def _log_in(self, request: web.Request, name: str, place: str | None) -> web.Response:
        if name not in self._links.admins or place is None:
            raise web.HTTPNotFound
        if request.headers.get("Sec-Fetch-Site") != "same-origin":
            raise web.HTTPForbidden(text="Expected the button of the start page.\n")
        try:
            cookie = await self._sessions.cookie(self._links.admin, name, self._links.admins[name])
        except NotLetInError as error:
            if error.wait is None:
                raise web.HTTPBadGateway(text=f"{error}\n") from None
            after = {hdrs.RETRY_AFTER: str(error.wait)}
            raise web.HTTPTooManyRequests(text=f"{error}\n", headers=after) from None
        except ClientError as error:
            raise web.HTTPBadGateway(text=f"{error}\n") from None
        return web.Response(
            status=303,
            headers={hdrs.LOCATION: f"{self._links.console}/console/{place}", hdrs.SET_COOKIE: cookie},
        )

    def _page(self, request: web.Request) -> web.Response:
        language = language_for("", request.headers.get(hdrs.ACCEPT_LANGUAGE, ""), "")
        text = self.text(request.host.rpartition(":")[2], utc_now(), language)
        return web.Response(text=text, content_type="text/html", headers=self._headers())

    def text(self, port: str, now: datetime, language: Language = IN_ENGLISH) -> str:
        """The page as it is now, with the personas at this port, in a language of the console."""
        until = self._links.standing.until
        return self._templates[language.tag].render(
            lang=language,
            personas={each.key: (each, f"http://{each.key}.localhost:{port}") for each in PERSONAS},
            badges={each.key: _badge(each, until.get(each.key), now, language) for each in PERSONAS},
            links=self._links,
            style=Markup(self._style),  # noqa: S704 - a file of the package
            script=Markup(self._script),  # noqa: S704
        )

    def _headers(self) -> dict[str, str]:
        policy = (
            f"default-src 'none'; style-src {source_hash(self._style)}; script-src {source_hash(self._script)}; img-src data:; "
            f"form-action 'self' {self._links.console}; frame-ancestors 'none'; base-uri 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }


def _template(language: Language) -> Template:
    pages = Environment(
        loader=PackageLoader("mailgate.demo.start"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    pages.install_gettext_translations(language.texts, newstyle=True)  # type: ignore[attr-defined]
    pages.globals.update(icon=icon, mark=MARK)
    return pages.get_template("start.html")


def _badge(persona: Persona, until: datetime | None, now: datetime, language: Language) -> Markup:
    day = language.at(now).day(until.astimezone()) if until else ""
    if persona.effect == "allow":
        let_in = phrase("Let in until %(day)s", day=day)
        return badge(translate(let_in, language), "let") if until else badge(language.text("Gets mail"), "ok")
    if persona.effect == "block" or (until and until <= now):
        return badge(language.text("No mail"), "no")
    words = phrase("Gets mail until %(day)s", day=day) if until else phrase("Gets mail for now")
    return badge(translate(words, language), "warn")
