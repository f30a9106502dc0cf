"""Reads the forms of the console: fields as texts, in the form in which browsers send them (HTML, section 4.10.22).

aiohttp's own reader would inflate a compressed part without a limit.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.multipart import BodyPartReader
from multidict import MultiDict

from mailgate.gateway.admin_port.intake import body_of
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
        raise RefusedError(phrase("a note is needed that says why, for the history and the audit log"))
    return note


def within(text: str, most: int) -> str:
    """A text of at most ``most`` characters. Raises RefusedError for a longer one, since nothing is cut silently."""
    text = text.replace("\r\n", "\n")  # as browsers count them
    if len(text) > most:
        raise RefusedError(
            phrase("the text has %(text)s characters; expected at most %(most)s", text=len(text), most=most)
        )
    return text
