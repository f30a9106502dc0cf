"""What a form of ours sends, and what none does."""

import asyncio
import gzip

import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request

from mailgate.console.forms import MAX_FIELDS, MAX_TEXT, MULTIPART, URLENCODED, form_of, note_of, within
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
async def test_what_is_none_is_refused(body, kind):
    with pytest.raises(web.HTTPBadRequest):
        await form_of(sent(body, kind))


async def test_what_is_no_form_has_no_fields():
    assert not await form_of(sent(b'{"name": "ada"}', "application/json"))


def test_a_note_is_kept_without_the_space_around_it_and_refused_if_it_is_too_long() -> None:
    assert note_of({"note": "  sent in error "}) == "sent in error"
    assert len(note_of({"why": "x" * MAX_TEXT}, "why")) == MAX_TEXT
    with pytest.raises(RefusedError, match="has 1,001 characters; expected at most 1,000"):
        note_of({"why": "x" * (MAX_TEXT + 1)}, "why")
    assert within("a\r\nb", 3) == "a\nb", "as a browser counts a line break"


@pytest.mark.parametrize("sent", [{}, {"note": ""}, {"note": "  \n"}])
def test_without_one_nothing_is_done(sent: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="a note is needed"):
        note_of(sent)
