"""The console's routes, and the checks of every request to them. Errors on the way to a page are pages too."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog
from aiohttp import web

from mailgate.console.access import require_login, requires_role
from mailgate.console.api.operation import Call, Operation
from mailgate.console.context import (
    CLOSING,
    CONTEXT,
    SESSION,
    ConsoleContext,
    context_of,
    person_of,
    roles_of,
)
from mailgate.console.forms import form_of, returned_form
from mailgate.console.layout import show, show_without_login
from mailgate.console.login.session_start import console_path, set_new_session_cookie
from mailgate.console.nouns import of_every_noun
from mailgate.console.peer import NotBelievedError, set_cookie
from mailgate.console.policy.versions import NoVersionError
from mailgate.console.query_parameters import check_parameters
from mailgate.console.render import asset
from mailgate.console.responses import secure
from mailgate.http.cookies import CONSOLE_LANGUAGE_COOKIE
from mailgate.http.request import RequestRefused
from mailgate.model.phrase import phrase, sentence
from mailgate.rollout.person import RefusedError, UnknownError
from mailgate.store import StoreError
from mailgate.texts import console_languages

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WORDS = {
    404: phrase("There is no page at this address. It was deleted, or the address is mistyped."),
    405: phrase("This page cannot do that. Open it again."),
    413: phrase("That text is too long. Shorten it and send it again."),
    415: phrase("We could not read this form. Open the page again."),
}
HEADINGS = {
    404: phrase("Nothing is here"),
    500: phrase("This did not work"),
    503: phrase("Not at the moment"),
}


@web.middleware
async def show_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer any exception with a page, which shows only texts that are meant for the reader."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return await _refused(request, error.status, WORDS.get(error.status, error.reason))
    except RequestRefused:
        # the request itself broke off; the answer is the same at every port (http/hosted_app.py)
        raise
    except NotBelievedError as error:
        log.warning("console-login-refused", way="proxy", why=error.why)
        return await show_without_login(request, "refused.html", 403, why=error.words)
    except (UnknownError, NoVersionError) as error:
        return await _refused(request, 404, sentence(error.words), **await _form(request))
    except RefusedError as error:
        return await _refused(request, 409, sentence(error.words), **await _form(request))
    except StoreError as error:
        log.warning("console-store", error=type(error).__name__)
        why = phrase("The database does not answer. Mail goes on. Try again in a moment.")
        return await _refused(request, 503, why, **await _form(request))
    except Exception as error:  # noqa: BLE001 - the text of an error may quote secrets
        log.error("console-failed", page=request.match_info.route.name, error=type(error).__name__)
        why = phrase("This page failed. Load it again. The log names the error.")
        return await _refused(request, 500, why)


async def _form(request: web.Request) -> dict[str, Any]:
    return await returned_form(request) if request.get(SESSION) else {}


async def _refused(request: web.Request, status: int, why: str, **more: Any) -> web.Response:
    """The page that says why, with the menu if the person is logged in, so that they can go on."""
    words = {"heading": HEADINGS.get(status, phrase("Not done")), "why": why, **more}
    if request.get(SESSION) is None:
        return await show_without_login(request, "refused.html", status, **words)
    return await show(request, "refused.html", status, layout="base.html", **words)


COOKIE_LASTS = timedelta(days=365)
MAX_LANGUAGE_BYTES = 16 * 1024
"""The largest form that chooses a language in bytes, since anybody may send it."""


async def choose_language(request: web.Request) -> web.Response:
    """Keep the language in a cookie and go back. It gives no access, so anybody may choose."""
    sent = await form_of(request, MAX_LANGUAGE_BYTES)
    tag = sent.get("lang", "")
    if tag not in console_languages():
        raise web.HTTPNotFound
    back = web.HTTPSeeOther(console_path(sent.get("to", "")) or str(request.app.router["now"].url_for()))
    settings = context_of(request).bundle().settings
    set_cookie(request, back, CONSOLE_LANGUAGE_COOKIE, tag, settings, lasts=COOKIE_LASTS, to_links=True)
    raise back


async def show_asset(request: web.Request) -> web.Response:
    return asset(request.match_info["name"])


def page_of(operation: Operation) -> web.RouteDef:
    """The page that shows the answer of an operation, at the same path and for the same roles."""
    assert not operation.input_names, operation.name

    async def show_answer(request: web.Request) -> web.StreamResponse:
        context = context_of(request)
        call = Call(context, person_of(request), roles_of(request), context.clock())
        return await show(request, operation.page, **dict(await operation.answer(call)))

    handler = requires_role(*operation.roles)(show_answer) if operation.roles else show_answer
    return web.get(operation.path, handler, name=operation.page_name)


ROUTES: tuple[web.AbstractRouteDef, ...] = (
    web.get("/assets/{name}", show_asset, name="asset"),
    web.post("/language", choose_language, name="language"),
    *of_every_noun("page", "ROUTES"),
    *(page_of(each) for each in of_every_noun("api", "OPERATIONS") if each.page),
)

PATH = "/console"
MAX_BODY_BYTES = 4 * 1024 * 1024
"""The largest form in bytes. It may hold the files of a candidate."""


def console_app(context: ConsoleContext) -> web.Application:
    """The application below ``/console``."""
    app = web.Application(
        middlewares=[show_errors, require_login, check_parameters], client_max_size=MAX_BODY_BYTES
    )
    app[CONTEXT], app[CLOSING] = context, asyncio.Event()
    app.add_routes(ROUTES)
    app.on_response_prepare.extend((secure, set_new_session_cookie))
    app.on_shutdown.append(_end_streams)
    return app


def with_console(admin: web.Application, context: ConsoleContext) -> web.Application:
    """The admin port's application with the console in it. Its root redirects there."""
    admin.add_routes([web.get("/", _lead), web.get(PATH, _lead)])
    admin.add_subapp(PATH, console_app(context))
    return admin


async def _lead(_: web.Request) -> web.Response:
    raise web.HTTPSeeOther(f"{PATH}/")


async def _end_streams(app: web.Application) -> None:
    """End the event streams of pages, since the gate would wait for them when it stops."""
    app[CLOSING].set()
