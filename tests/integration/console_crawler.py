"""Crawls the console as a logged-in admin: pages by their links, and the forms on them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urldefrag, urljoin, urlsplit

import aiohttp

MOST = 400
"""Pages of one walk; a console that has no end would be a mistake of its own."""

TELLING = {"state", "rule"}
"""What a query asks for that decides which forms a page has."""


@dataclass
class Form:
    """A form that changes something, with the values of its fields. ``names``: those of all fields."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    page: str = ""


class Reader(HTMLParser):
    """Links and forms of one page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag in ("a", "link", "script", "img"):
            self.links.append(urljoin(self.page, told.get("href") or told.get("src") or self.page))
        elif tag == "form":
            self._form = Form(urljoin(self.page, told.get("action") or self.page), page=self.page)
            if told.get("method", "get").lower() == "post":
                self.forms.append(self._form)
        elif tag in ("input", "button", "select", "textarea") and self._form and "name" in told:
            self._form.fields.setdefault(told["name"], told.get("value", ""))
        elif (
            tag == "button" and self._form and "formaction" in told
        ):  # another act with the same fields, also the later ones
            self.forms.append(Form(urljoin(self.page, told["formaction"]), self._form.fields, self.page))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


async def walk(session: aiohttp.ClientSession, start: str) -> tuple[list[str], list[Form]]:
    """Every address of the console that links lead to, and every form with the method POST; each kind of address
    once."""
    seen: dict[str, str] = {}
    forms: dict[str, Form] = {}
    waiting = [start]
    while waiting and len(seen) < MOST:
        address = urldefrag(waiting.pop())[0]
        if shape(address) in seen or not urlsplit(address).path.startswith("/console"):
            continue
        seen[shape(address)] = address
        async with session.get(address) as answer:
            assert answer.status < 400, f"{address}: {answer.status}"
            if answer.content_type != "text/html":
                continue
            reader = Reader(str(answer.url))
            reader.feed(await answer.text())
        waiting += reader.links
        for form in reader.forms:
            forms.setdefault(_kind(form), form)
    assert len(seen) < MOST
    return list(seen.values()), list(forms.values())


def shape(address: str) -> str:
    """The kind of an address: pages that differ only in their query are one kind, except lists of one state or of
    one rule."""
    parts = urlsplit(address)
    asked = parse_qs(parts.query)
    return f"{parts.path}?{sorted((name, asked[name] if name in TELLING else '') for name in asked)}"


def _kind(form: Form) -> str:
    return f"{urlsplit(form.action).path} {sorted(form.fields)}"


def names(forms: Iterable[Form]) -> set[str]:
    """The paths that forms are sent to."""
    return {urlsplit(form.action).path for form in forms}
