"""The routes of the API, and the checks of every request to them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import cache
from typing import cast

import structlog
from aiohttp import web

from mailgate.console.api.bearer import Bearers, call_of_admin
from mailgate.console.api.description import description
from mailgate.console.api.operation import JSON, VERSION, Operation
from mailgate.console.api.problems import KINDS, ProblemError, answer
from mailgate.console.api.request_input import read, refuse_unacceptable
from mailgate.console.context import CONTEXT, ConsoleContext
from mailgate.console.looks import names_anybody, note_look, sought_in
from mailgate.console.nouns import of_every_noun
from mailgate.console.policy.versions import NoVersionError
from mailgate.console.responses import secure
from mailgate.http.request import RequestRefused
from mailgate.rollout.person import RefusedError, UnknownError
from mailgate.store import StoreError
from mailgate.tasks import compute

OPERATIONS: tuple[Operation, ...] = tuple(of_every_noun("api", "OPERATIONS"))

log = structlog.get_logger()

PATH = "/api"
DESCRIPTION = "/openapi.json"
"""The path of the description. Everybody who reaches the port may read it: it is the same for every gate of this release."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def with_api(admin: web.Application, context: ConsoleContext) -> web.Application:
    """The admin port's application with the API in it."""
    admin.add_subapp(PATH, api_app(context))
    return admin


def api_app(context: ConsoleContext) -> web.Application:
    """The application below ``/api``."""
    app, bearers = web.Application(middlewares=[answer_errors]), Bearers()
    app[CONTEXT] = context
    below = VERSION.removeprefix(PATH)
    for each in OPERATIONS:
        _add(app.router, each, below + each.path, _serving(each, context, bearers))
    app.router.add_get(DESCRIPTION, describe)
    app.on_response_prepare.append(secure)
    return app


async def describe(_: web.Request) -> web.Response:
    """The description. It is made on the first request, in a thread, since that takes a tenth of a second."""
    return web.Response(body=await asyncio.to_thread(_described), content_type=JSON)


@cache
def _described() -> bytes:
    return description(OPERATIONS)


def _add(router: web.UrlDispatcher, operation: Operation, path: str, handler: Handler) -> None:
    if operation.method == "GET":
        router.add_get(path, handler, name=operation.name)  # and HEAD
    else:
        router.add_route(operation.method, path, handler, name=operation.name)


def _serving(operation: Operation, context: ConsoleContext, bearers: Bearers) -> Handler:
    async def served(request: web.Request) -> web.StreamResponse:
        call = await call_of_admin(request, context, bearers, operation)
        refuse_unacceptable(request, operation.media)
        given = await read(request, operation)
        await context.catch_up()
        asked = given.get("body"), request.match_info, request.query
        try:
            found = await operation.answer(call, **given)
        except (ProblemError, RefusedError, UnknownError):
            if any(map(names_anybody, asked)):  # that nothing is known of them, or why not, tells of them too
                note_look(context.store, call.now, call.person, call.roles, operation.name, "", None, *asked)
            raise
        if (
            operation.method == "GET" or not operation.roles
        ):  # acts are in the audit log, with whom they were about
            sought = sought_in(request.match_info.items(), request.query.items())
            shows = getattr(found, "shows", None) or getattr(found, "items", found)
            note_look(context.store, call.now, call.person, call.roles, operation.name, sought, shows, *asked)
        return await _sent(request, operation, call.headers, found)

    return served


async def _sent(
    request: web.Request, operation: Operation, headers: Mapping[str, str], found: object
) -> web.StreamResponse:
    if operation.empty:
        return web.Response(status=operation.status, headers=headers)
    charset = "; charset=utf-8" if operation.media.startswith("text/") else ""
    named = {**headers, "Content-Type": operation.media + charset}
    if operation.media == JSON:
        return web.Response(
            body=await compute(operation.written, found), status=operation.status, headers=named
        )
    if isinstance(found, str):
        return web.Response(body=found.encode(), headers=named)
    return await _streamed(request, web.StreamResponse(headers=named), cast(AsyncIterator[str], found))


async def _streamed(
    request: web.Request, response: web.StreamResponse, pieces: AsyncIterator[str]
) -> web.StreamResponse:
    """Send a text while it is read. An error on the way can only be shown by a missing end."""
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    try:
        async for piece in pieces:
            await response.write(piece.encode())
        await response.write_eof()
    except (ConnectionError, StoreError):  # the client has left, or the store no longer answers
        if request.transport:
            request.transport.abort()
    return response


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer any exception with a problem, which shows only texts that are meant for the reader."""
    try:
        return await handler(request)
    except ProblemError as error:
        return answer(error)
    except RequestRefused:
        # the request itself broke off; the answer is the same at every port (http/hosted_app.py)
        raise
    except web.HTTPException as error:
        if error.status not in KINDS:
            raise
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return answer(ProblemError(error.status, headers=allow))
    except (UnknownError, NoVersionError) as error:
        status = 409 if isinstance(error, NoVersionError) and error.several else 404
        return answer(ProblemError(status, error.words))
    except RefusedError as error:
        return answer(ProblemError(409, error.words))
    except StoreError as error:
        log.warning("api-store", error=type(error).__name__)
        return answer(ProblemError(503, headers={"Retry-After": "1"}))
    except Exception as error:  # noqa: BLE001 - the text of an error may quote secrets
        log.error("api-failed", operation=request.match_info.route.name, error=type(error).__name__)
        return answer(ProblemError(500))
