"""Shows a refused form again with its typed values, so that it can be corrected and sent again."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aiohttp import web
from yarl import URL

from mailgate.console.forms import form_of
from mailgate.gateway.pages.view import own_path
from mailgate.model.phrase import phrase

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
