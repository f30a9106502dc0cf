"""An answer's end is told from its head, whatever proxy has written it."""

import pytest
from benchmarks.traffic.answers import CHUNKED, length_of

HEAD = b"HTTP/1.1 200 OK\r\nServer: nginx\r\n"


@pytest.mark.parametrize("name", [b"Content-Length", b"content-length", b"CONTENT-LENGTH"])
def test_a_length_counts_from_the_end_of_the_head(name: bytes) -> None:
    data = HEAD + name + b": 5\r\n\r\n"
    assert length_of(data) == len(data) + 5
    assert length_of(data + b"hello") == len(data) + 5


def test_a_head_that_is_not_whole_tells_nothing() -> None:
    assert length_of(HEAD + b"Content-Length: 5\r\n") == 0


def test_an_answer_without_a_length_ends_with_its_last_chunk() -> None:
    assert length_of(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n") == CHUNKED


@pytest.mark.parametrize("status", [b"304 Not Modified", b"204 No Content"])
def test_some_answers_have_no_body_whatever_length_they_tell(status: bytes) -> None:
    data = b"HTTP/1.1 " + status + b"\r\nContent-Length: 900\r\n\r\n"
    assert length_of(data) == len(data)


def test_a_length_in_the_body_is_none() -> None:
    assert length_of(HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\nContent-Length: 5\r\n\r\n") == CHUNKED
