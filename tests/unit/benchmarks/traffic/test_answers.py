"""An answer's end is told from its head, whatever proxy has written it."""

import pytest
from benchmarks.traffic.answers import CHUNKED, length_of

HEAD = b"HTTP/1.1 200 OK\r\nServer: nginx\r\n"


@pytest.mark.parametrize("name", [b"Content-Length", b"content-length", b"CONTENT-LENGTH"])
def test_a_length_counts_from_the_end_of_the_head(name: bytes) -> None:
    data = HEAD + name + b": 5\r\n\r\n"
    assert length_of(data) == len(data) + 5
    assert length_of(data + b"hello") == len(data) + 5


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        (b"Content-Length: 5\r\n", 0),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", CHUNKED),
        (b"Transfer-Encoding: chunked\r\n\r\nx\r\nContent-Length: 5\r\n\r\n", CHUNKED),
    ],
    ids=["nothing from half a head", "to the last chunk", "none that is in the body"],
)
def test_what_tells_how_long_an_answer_is(fields: bytes, length: int) -> None:
    assert length_of(HEAD + fields) == length


@pytest.mark.parametrize("status", [b"304 Not Modified", b"204 No Content"])
def test_some_answers_have_no_body_whatever_length_they_tell(status: bytes) -> None:
    data = b"HTTP/1.1 " + status + b"\r\nContent-Length: 900\r\n\r\n"
    assert length_of(data) == len(data)
