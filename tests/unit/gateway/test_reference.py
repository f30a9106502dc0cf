"""The id of a request."""

import json
from itertools import count

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import ask, gate

from mailgate.http.proxy.upstream import UpstreamTimeout

NAVIGATION = (b"Accept: text/html", b"Sec-Fetch-Mode: navigate")
DRAWN = "REF0"


def counting():
    """A gate whose references have numbers."""
    references = (f"REF{number}" for number in count())
    return gate(draw=references.__next__)


async def test_a_request_that_is_allowed_takes_none(monkeypatch):
    monkeypatch.setattr("mailgate.gateway.recorder.is_debugging", lambda: False)
    on = counting()
    for _ in range(3):
        assert (await ask(on, "/allow"))[0] == 200
    assert on.references.draw() == DRAWN


@pytest.mark.parametrize("path", ["/block", "/challenge", "/warn", "/other"])
@pytest.mark.parametrize("shown", [(), NAVIGATION])
async def test_one_request_has_one_in_its_record_its_line_and_its_answer(path, shown):
    on = counting()
    with capture_logs() as lines:
        status, _, body, _ = await ask(on, path, *shown)
    assert on.recorder.listeners[0][0][3] == DRAWN
    assert [line["reference"] for line in lines] == [DRAWN]
    assert DRAWN.encode() in body or (status, shown) == (200, ())
    assert on.references.draw() == "REF1"


async def test_a_failure_after_the_record_has_that_of_the_record():
    on = counting()
    on.forwarding.usual.breaks = UpstreamTimeout("x")
    _, _, body, _ = await ask(on, "/warn")
    assert (on.recorder.listeners[0][0][3], json.loads(body)["reference"]) == (DRAWN, DRAWN)
