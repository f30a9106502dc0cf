"""Reads the forms of the console: fields as texts, in the form in which browsers send them (HTML, section 4.10.22). A refused
form is shown again with its typed values.

aiohttp's own reader would inflate a compressed part without a limit.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.multipart import BodyPartReader
from multidict import MultiDict
from yarl import URL

from mailgate.gateway.admin_port import body_of
from mailgate.gateway.pages.view import own_path
from mailgate.model.phrase import phrase
from mailgate.rollout.person import RefusedError
from mailgate.tasks import compute

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
PLAIN = frozenset({"", "7bit", "8bit", "binary"})
MAX_FIELDS = 1000

Form = MultiDict[str]
_FORM: web.RequestKey[Form] = web.RequestKey("form")


async def form_of(request: web.Request, most: int | None = None) -> Form:
    """The fields of a form. They are read once; a body that is no form has none.

    :param most: the largest body in bytes; the application's limit if not given.
    :raises web.HTTPException: if no form of the console sends such a body, or if it is too large.
    """
    if _FORM not in request:
        most = request.client_max_size if most is None else most
        read = {URLENCODED: _fields, MULTIPART: _parts}.get(request.content_type)
        try:
            request[_FORM] = await read(request, most) if read else Form()
        except (ValueError, HttpProcessingError):  # its content is not of the type that it names
            raise web.HTTPBadRequest from None
    return request[_FORM]


async def _fields(request: web.Request, most: int) -> Form:
    sent = await body_of(request, most)
    if sent is None:
        raise web.HTTPRequestEntityTooLarge(most)
    text = sent.decode("utf-8", "replace")
    return Form(await compute(parse_qsl, text, keep_blank_values=True, max_num_fields=MAX_FIELDS))


async def _parts(request: web.Request, most: int) -> Form:
    form = Form()
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or not _is_plain(part):
            raise web.HTTPUnsupportedMediaType
        form.add(part.name or "", await _text(part, request, most))
        if len(form) > MAX_FIELDS:
            raise web.HTTPBadRequest
    return form


async def _text(part: BodyPartReader, request: web.Request, most: int) -> str:
    text = bytearray()
    while piece := await part.read_chunk():
        if request.content.total_bytes > most:
            raise web.HTTPRequestEntityTooLarge(most)
        text += piece
    return text.decode("utf-8", "replace")


def _is_plain(part: BodyPartReader) -> bool:
    coded = part.headers.get("Content-Transfer-Encoding", "").strip().lower()
    return "Content-Encoding" not in part.headers and coded in PLAIN


MAX_TEXT = 1000
"""The most characters of a note."""


def note_of(sent: Mapping[str, Any], field: str = "note") -> str:
    """The note in a form. Raises RefusedError if it is missing or too long."""
    note = within(str(sent.get(field, "")).strip(), MAX_TEXT)
    if not note:
        raise RefusedError(phrase("Say why. The audit log keeps it"))
    return note


def within(text: str, most: int) -> str:
    """A text of at most ``most`` characters. Raises RefusedError for a longer one, since nothing is cut silently."""
    text = text.replace("\r\n", "\n")  # as browsers count them
    if len(text) > most:
        raise RefusedError(
            phrase("the text has %(text)s characters; use at most %(most)s", text=len(text), most=most)
        )
    return text


CSRF = "csrf"
"""The field with the token of the session. It is never shown again."""
MAX_BODY_BYTES = 200_000
"""The largest form that is shown again, in bytes."""
UPLOADED = "file"
"""The field of an uploaded file. Such a form is not shown again."""

NEW_CSRF: web.RequestKey[dict[str, str]] = web.RequestKey("renewed")
"""Fields with a new value in the form that is shown again, so that it refers to the current state when it is sent again."""


class Typed(NamedTuple):
    """A field that people type into."""

    label: str
    kind: str = "text"
    """`lines` for a text area, otherwise the type of an input."""


TYPED: Mapping[str, Typed] = {
    "whom": Typed(phrase("Whom")),
    "user": Typed(phrase("Login name")),
    "name": Typed(phrase("Name")),
    "words": Typed(phrase("Title of the rule")),
    "why": Typed(phrase("Why"), "lines"),
    "note": Typed(phrase("Note"), "lines"),
    "answer": Typed(phrase("Your answer"), "lines"),
    "day": Typed(phrase("New day"), "date"),
    "percent": Typed(phrase("New share, in percent"), "number"),
    "uses": Typed(phrase("How many devices may enrol with it"), "number"),
    "text": Typed(phrase("Headers, one a line; or a user agent alone; or a whole request as JSON"), "lines"),
}


async def returned_form(request: web.Request) -> dict[str, Any]:
    """The fields of a form and the page that it was on, for `refused.html`. There are no fields if the body is no form,
    is too large, or has a file."""
    back = page_before(request)
    if request.method != "POST":
        return {"back": back}
    try:
        sent = await form_of(request, MAX_BODY_BYTES)
    except web.HTTPException:
        return {"back": back}
    if UPLOADED in sent:
        return {"back": back}
    fields = {**sent, **request.get(NEW_CSRF, {})}
    typed = [(name, TYPED[name], text) for name, text in fields.items() if name in TYPED]
    kept = [(name, text) for name, text in fields.items() if name not in TYPED and name != CSRF]
    return {"action": request.path, "typed": typed, "kept": kept, "back": back}


def page_before(request: web.Request) -> str:
    """The page of the console that a form was on; empty if the browser does not say."""
    url = URL(request.headers.get("Referer", ""))
    page = url.raw_path_qs if url.host else ""
    return page if page.startswith("/console/") and own_path(page) == page else ""
