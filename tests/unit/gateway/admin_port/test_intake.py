"""Sources that post: who may, how much, and what they are told."""

import json
from base64 import b64encode

import pytest
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs
from tests.exchanges import MARKER

from mailgate.connectors import SourceError, Trouble
from mailgate.connectors.lines import LineMistake, LinesRefusedError
from mailgate.gateway.admin_port.intake import Intake, intake_server

KEY = "hunter2"
RIGHT = {"X-API-Key": KEY}


class Body:
    """A body that comes in pieces."""

    def __init__(self, *pieces):
        self._pieces = pieces

    async def iter_chunked(self, _size):
        for piece in self._pieces:
            yield piece


@pytest.fixture
def post():
    async def posted(headers, *pieces, fails=None, name="hr"):
        got = []

        async def take(given, body):
            if fails:
                raise fails
            got.append((given, body))
            return 7

        answer = intake_server({"hr": Intake(KEY, 10, take)}.get)
        request = make_mocked_request(
            "POST", f"/api/devices/{name}", headers, match_info={"name": name}, payload=Body(*pieces)
        )
        with capture_logs() as logs:
            response = await answer(request)
        return response.status, json.loads(response.body), got, logs

    return posted


@pytest.mark.parametrize(
    "headers",
    [
        RIGHT,
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": "Basic " + b64encode(f"whoever:{KEY}".encode()).decode()},
    ],
)
async def test_a_caller_with_the_key_is_told_how_many_were_taken(post, headers):
    status, told, got, _ = await post(headers, b"12", b"34")
    assert (status, told) == (200, {"taken": 7})
    assert got[0][1] == b"1234"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "hunter3"},
        {"X-API-Key": ""},
        {"X-API-Key": "h\u00fcnter2"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic !"},
        {"Authorization": KEY},
        {"X-API-Key": KEY, "Authorization": "Bearer x"},
    ],
)
async def test_a_caller_without_the_key_is_told_nothing_else(post, headers):
    status, told, got, logs = await post(headers, b"1234")
    assert (status, told["taken"], got) == (401, 0, [])
    assert KEY not in repr(logs)


@pytest.mark.parametrize("holds", [True, False])
async def test_a_source_with_a_proof_of_its_own_needs_no_key(holds):
    asked, got = [], []

    async def proof(headers, body):
        asked.append((headers, body))
        return holds

    async def take(_headers, body):
        got.append(body)
        return 1

    answer = intake_server({"hr": Intake("", 10, take, proof)}.get)
    request = make_mocked_request(
        "POST", "/api/devices/hr", RIGHT, match_info={"name": "hr"}, payload=Body(b"12", b"34")
    )
    with capture_logs() as logs:
        response = await answer(request)
    assert response.status == (200 if holds else 401)
    assert [body for _, body in asked] == [b"1234"]
    assert got == ([b"1234"] if holds else [])
    assert KEY not in repr(logs)


async def test_a_source_without_posts_is_not_found(post):
    assert (await post(RIGHT, name="mdm"))[0] == 404


async def test_a_body_that_is_too_long_is_not_read_to_its_end(post):
    status, told, got, _ = await post(RIGHT, b"123456", b"123456", b"never")
    assert (status, got) == (413, [])
    assert told["error"] == "longer than 10 bytes; expected less at a time"


async def test_wrong_lines_are_told_to_the_sender_and_not_to_the_log(post):
    fails = LinesRefusedError([LineMistake(3, "kind", f"`{MARKER}` is not known here")], 5)
    status, told, _, logs = await post(RIGHT, b"x", fails=fails)
    assert (status, told["taken"], told["count"]) == (422, 0, 5)
    assert told["mistakes"] == [{"line": 3, "field": "kind", "message": f"`{MARKER}` is not known here"}]
    assert MARKER not in repr(logs)


@pytest.mark.parametrize(("trouble", "expected"), [(Trouble.STORE, 503), (Trouble.SHAPE, 422)])
async def test_a_trouble_of_the_source_has_its_status(post, trouble, expected):
    assert (await post(RIGHT, b"x", fails=SourceError(trouble)))[0] == expected


def test_the_key_is_not_shown():
    assert KEY not in repr(Intake(KEY, 1, None))
