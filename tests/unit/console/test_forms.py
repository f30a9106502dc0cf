"""What a form of ours sends, and what none does."""

import asyncio
import gzip
import re
from html import unescape
from importlib.resources import files

import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request
from tests.unit.console.browsing import ORIGIN, Browser, Company, Page

from mailgate.console.forms import (
    MAX_FIELDS,
    MAX_TEXT,
    MULTIPART,
    TYPED,
    URLENCODED,
    form_of,
    note_of,
    within,
)
from mailgate.console.login.sessions import MAX_IDLE
from mailgate.rollout.person import RefusedError

PARTS = f"{MULTIPART}; boundary=b"


def sent(body, kind=URLENCODED):
    loop = asyncio.get_running_loop()
    payload = StreamReader(BaseProtocol(loop), 2**20, loop=loop)
    payload.feed_data(body)
    payload.feed_eof()
    return make_mocked_request("POST", "/", headers={"Content-Type": kind}, payload=payload)


def part(content, *fields, name="file"):
    head = [b"--b", f'Content-Disposition: form-data; name="{name}"; filename="x"'.encode(), *fields]
    return b"\r\n".join([*head, b"", content, b"--b--", b""])


async def test_fields_are_texts_and_read_once():
    request = sent(b"name=ada&note=so+it+is%21&empty=")
    form = await form_of(request)
    assert dict(form) == {"name": "ada", "note": "so it is!", "empty": ""}
    assert await form_of(request) is form


async def test_a_file_is_a_text_too():
    assert (await form_of(sent(part("rüles".encode()), PARTS)))["file"] == "rüles"


@pytest.mark.parametrize(
    "field", [b"Content-Encoding: gzip", b"Content-Encoding: deflate", b"Content-Transfer-Encoding: base64"]
)
async def test_nothing_of_it_is_decoded(field):
    with pytest.raises(web.HTTPUnsupportedMediaType):
        await form_of(sent(part(gzip.compress(b"x" * 9999), field), PARTS))


@pytest.mark.parametrize(("body", "kind"), [(b"a=" + b"x" * 99, URLENCODED), (part(b"x" * 99), PARTS)])
async def test_more_than_is_taken_is_refused(body, kind):
    with pytest.raises(web.HTTPRequestEntityTooLarge):
        await form_of(sent(body, kind), 50)


@pytest.mark.parametrize(
    ("body", "kind"), [(b"a&" * (MAX_FIELDS + 1), URLENCODED), (b"", MULTIPART), (b"--c\r\n\r\n", PARTS)]
)
async def test_a_malformed_form_is_refused(body, kind):
    with pytest.raises(web.HTTPBadRequest):
        await form_of(sent(body, kind))


async def test_a_body_of_another_type_has_no_fields():
    assert not await form_of(sent(b'{"name": "ada"}', "application/json"))


def test_a_note_is_trimmed_and_limited() -> None:
    assert note_of({"note": "  sent in error "}) == "sent in error"
    assert len(note_of({"why": "x" * MAX_TEXT}, "why")) == MAX_TEXT
    with pytest.raises(RefusedError, match="has 1,001 characters; use at most 1,000"):
        note_of({"why": "x" * (MAX_TEXT + 1)}, "why")
    assert within("a\r\nb", 3) == "a\nb", "as a browser counts a line break"


@pytest.mark.parametrize("sent", [{}, {"note": ""}, {"note": "  \n"}])
def test_without_one_nothing_is_done(sent: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="Say why"):
        note_of(sent)


FROM_HERE = {"Origin": ORIGIN, "Referer": f"{ORIGIN}/console/exemptions?rule=x"}
EXEMPT = "/console/exemptions"
FORM = {"whom": "Alice", "what": "person", "rule": "prohibited-app", "days": "1", "why": 'on a "journey"'}
CHOSEN = {"block", "days", "device", "mails", "share", "warn"}
"""Short ones that come back as they were sent, out of sight."""


def fields(page: Page) -> dict[str, str]:
    """What the form on a page would send."""
    form = page.text.partition('<form class="card stack"')[2].partition("</form>")[0]
    hidden_or_short = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', form)
    lines = re.findall(r'<textarea name="(\w+)"[^>]*>([^<]*)', form)
    return {name: unescape(text) for name, text in [*hidden_or_short, *lines]}


async def test_a_session_that_ends_while_somebody_types_takes_no_word_away(
    ada: Browser, firm: Company
) -> None:
    firm.clock.now += MAX_IDLE
    page = await ada.send(EXEMPT, FROM_HERE, csrf=ada.csrf, **FORM)
    assert (page.status, fields(page)) == (401, FORM)
    assert 'href="/console/login?next=%2Fconsole%2Fexemptions%3Frule%3Dx" target="_blank"' in page.text
    assert (await firm.acts())[-1][0] == "console-login"
    await ada.log_in("ada")
    page = await ada.send(EXEMPT, FROM_HERE, **fields(page))
    assert (page.status, fields(page)) == (403, {"csrf": ada.csrf} | FORM)
    assert "you logged in again" in page.words
    page = await ada.send(EXEMPT, FROM_HERE, **fields(page))
    assert page.status == 200
    assert (await firm.acts())[-1][0] == "exemption-given"


async def test_after_a_session_nothing_that_comes_from_nowhere_is_shown_again(
    ada: Browser, firm: Company
) -> None:
    firm.clock.now += MAX_IDLE
    page = await ada.send(EXEMPT, {}, **FORM)
    assert (page.status, "journey" in page.text) == (401, False)


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_a_form_of_another_site_is_refused(ada: Browser, headers: dict[str, str]) -> None:
    page = await ada.send(EXEMPT, headers, **FORM)
    assert (page.status, "journey" in page.text) == (403, False)


async def test_a_form_keeps_its_words_though_the_role_is_lost(ada: Browser, firm: Company) -> None:
    firm.roles(ada="viewer")
    page = await ada.post(EXEMPT, **FORM)
    assert (page.status, fields(page)["why"]) == (403, FORM["why"])


async def test_a_file_does_not_come_back(ada: Browser, firm: Company) -> None:
    firm.clock.now += MAX_IDLE
    page = await ada.send("/console/policy/plans", FROM_HERE, **{"from": "upload", "file": "rules: []"})
    assert (page.status, "rules: []" in page.text, "Log in" in page.words) == (401, False, True)


def test_every_text_that_a_form_of_the_console_takes_comes_back() -> None:
    templates = files("mailgate.console").joinpath("templates")
    texts = [
        each.read_text("utf-8")
        for folder in (templates, templates / "parts")
        for each in folder.iterdir()
        if each.name.endswith(".html") and each.name not in ("login.html", "refused.html")
    ]
    forms = [
        form for text in texts for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL)
    ]
    forms.append(templates.joinpath("parts/note.html").read_text("utf-8"))
    typed = set()
    for mark in re.findall(r"<(?:input|textarea)[^>]*>", "".join(forms)):
        if not re.search(r'type="(hidden|checkbox|file)"', mark) and (
            name := re.search(r'name="(\w+)"', mark)
        ):
            typed.add(name[1])
    assert typed - CHOSEN <= TYPED.keys()
    assert len(typed) > 5
