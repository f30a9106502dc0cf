"""Bodies on the wire: RFC 9112 sections 6 and 7."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.gateway.wire import CUTS, split

from mailgate.http.body import (
    MAX_SIZE_LINE,
    MAX_TRAILERS,
    BodyUntilClose,
    ChunkedBody,
    LengthBody,
    chunk,
    is_plainly_chunked,
    last_chunk,
)
from mailgate.http.grammar import Malformed


def read(body, *pieces):
    """The content, and what is left over behind the body."""
    content, rest = [], b""
    for piece in pieces:
        got, more = body.feed(piece) if not body.done else ([], piece)
        content += got
        rest += more
    return b"".join(content), rest


def test_a_length_takes_exactly_so_many_bytes():
    body = LengthBody(5)
    assert read(body, b"ab", b"cdeGET") == (b"abcde", b"GET")
    assert body.done
    body.feed_eof()


def test_a_length_of_zero_is_done_before_it_starts():
    body = LengthBody(0)
    assert body.done
    assert body.feed(b"GET") == ([], b"GET")


def test_the_end_of_the_connection_inside_a_length_is_an_error():
    """RFC 9112, 8: the message is incomplete."""
    body = LengthBody(3)
    read(body, b"ab")
    with pytest.raises(Malformed, match="1 bytes before"):
        body.feed_eof()


def test_a_body_until_close_ends_only_with_the_connection():
    body = BodyUntilClose()
    assert read(body, b"a", b"", b"HTTP/1.1 200 OK\r\n") == (b"aHTTP/1.1 200 OK\r\n", b"")
    assert not body.done
    body.feed_eof()
    assert body.done


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"5\r\nhello\r\n0\r\n\r\n", id="7.1"),
        pytest.param(b"0005\r\nhello\r\n000\r\n\r\n", id="7.1 leading zeros"),
        pytest.param(b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", id="7.1 several chunks"),
        pytest.param(b'5;a;b=c;d="\\",; "\r\nhello\r\n0;x\r\n\r\n', id="7.1.1 extensions"),
        pytest.param(b"5 \t; a = b\r\nhello\r\n0\r\n\r\n", id="7.1.1 bad white space"),
    ],
)
def test_chunks_give_their_content(wire):
    body = ChunkedBody()
    assert read(body, wire + b"GET") == (b"hello", b"GET")
    assert body.done
    assert body.trailers == []


@pytest.mark.parametrize(
    ("size", "length"), [(b"a", 10), (b"A", 10), (b"fF", 255), (b"0000000000001C2", 450)]
)
def test_sizes_are_hexadecimal(size, length):
    body = ChunkedBody()
    assert read(body, size + b"\r\n" + b"x" * length + b"\r\n0\r\n\r\n") == (b"x" * length, b"")
    assert body.done


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b" 5", b"5 ", b"+5", b"-5", b"0x5", b"5h", b"5_0", b"\t5", b"5\t", b"\xb2"),
        pytest.param(b"1" * 16, id="beyond 2^63"),
        pytest.param(b"5;", id="7.1.1 extension without a name"),
        pytest.param(b"5;a=", id="7.1.1 extension without its value"),
        pytest.param(b'5;a="b', id="7.1.1 open quote"),
        pytest.param(b"5;a b", id="7.1.1 space inside"),
        pytest.param(b"5\n;a", id="bare LF"),
        pytest.param(b"5\r;a", id="bare CR"),
        pytest.param(b"5\x00", id="NUL"),
    ],
)
def test_a_size_line_is_nothing_else(line):
    with pytest.raises(Malformed):
        ChunkedBody().feed(line + b"\r\nhello\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "wire", [b"5\nhello\r\n0\r\n\r\n", b"2\r\nhello\r\n", b"2\r\nhe\n0\r\n\r\n", b"2\r\nhe\rX"]
)
def test_lines_and_data_end_in_crlf(wire):
    """RFC 9112, 7.1: a chunk longer than its size would be read as the next size."""
    with pytest.raises(Malformed):
        ChunkedBody().feed(wire)


def test_a_wrong_end_of_a_chunk_is_refused_at_its_first_byte():
    with pytest.raises(Malformed):
        ChunkedBody().feed(b"2\r\nheX")


@pytest.mark.parametrize("cut", range(len(b"5\r\nhello\r\n0\r\n\r\n")))
def test_the_end_of_the_connection_inside_chunks_is_an_error(cut):
    """RFC 9112, 8: without the last chunk and the empty line the message is incomplete."""
    body = ChunkedBody()
    body.feed(b"5\r\nhello\r\n0\r\n\r\n"[:cut])
    with pytest.raises(Malformed):
        body.feed_eof()


def test_trailers_stand_behind_the_last_chunk():
    """RFC 9112, 7.1.2."""
    body = ChunkedBody()
    assert read(body, b"1\r\na\r\n0\r\nDigest: x\r\nDIGEST:y\r\n\r\nGET") == (b"a", b"GET")
    assert body.trailers == [(b"Digest", b"x"), (b"DIGEST", b"y")]


@pytest.mark.parametrize("begun", [b"\n", b"a: b\n", b"a: b\r\n\n", b"a\x00", b"a\rb"])
def test_trailers_that_cannot_become_valid_are_not_waited_for(begun):
    with pytest.raises(Malformed):
        ChunkedBody().feed(b"0\r\n" + begun)


@pytest.mark.parametrize("trailer", [b"a : b", b" a: b", b"a", b"a: b\nc: d", b"a: \x00"])
def test_trailers_are_as_strict_as_headers(trailer):
    with pytest.raises(Malformed):
        ChunkedBody().feed(b"0\r\n" + trailer + b"\r\n\r\n")


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"1;" + b"a" * MAX_SIZE_LINE, id="size line"),
        pytest.param(b"0\r\na: " + b"b" * MAX_TRAILERS, id="trailers"),
        pytest.param(b"0\r\na: " + b"b" * MAX_TRAILERS + b"\r\n\r\n", id="trailers, ended"),
    ],
)
@pytest.mark.parametrize("step", [1 << 20, 7])
def test_no_line_is_awaited_for_ever(wire, step):
    pieces = [wire[start : start + step] for start in range(0, len(wire), step)]
    with pytest.raises(Malformed):
        read(ChunkedBody(), *pieces)


def test_a_hundred_thousand_tiny_chunks_in_one_piece_are_one_pass():
    """Were the rest of the buffer copied for each chunk, this would move thirty gigabytes."""
    count, body = 100_000, ChunkedBody()
    content, rest = body.feed(chunk(b"x") * count + last_chunk([]))
    assert (len(content), rest, body.done) == (count, b"", True)


def test_chunks_are_written_as_the_standard_says():
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert last_chunk([]) == b"0\r\n\r\n"
    assert last_chunk([(b"A", b"b"), (b"c", b"")]) == b"0\r\nA: b\r\nc: \r\n\r\n"


PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
TRAILERS = st.lists(
    st.tuples(st.sampled_from([b"A", b"digest", b"X-y"]), st.sampled_from([b"", b"b", b"b c", b"\xff"])),
    max_size=3,
)


@given(PIECES, TRAILERS, st.binary(max_size=9), CUTS)
def test_a_chunked_body_reads_the_same_however_it_is_cut(pieces, trailers, behind, cuts):
    wire = b"".join(map(chunk, pieces)) + last_chunk(trailers) + behind
    body = ChunkedBody()
    assert read(body, *split(wire, cuts)) == (b"".join(pieces), behind)
    assert body.done
    assert body.trailers == trailers


@given(PIECES, st.binary(max_size=9))
def test_a_whole_body_of_plain_chunks_is_known(pieces, before):
    wire = before + b"".join(map(chunk, pieces)) + last_chunk([])
    assert is_plainly_chunked(wire, len(before))
    assert not any(is_plainly_chunked(wire[:end], len(before)) for end in range(len(before), len(wire)))
    assert not is_plainly_chunked(wire + b"G", len(before))


@pytest.mark.parametrize("wire", [b"0;x\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"000000005\r\nhello\r\n0\r\n\r\n"])  # fmt: skip
def test_other_chunks_are_not_plain(wire):
    assert not is_plainly_chunked(wire, 0)


WIRE = st.lists(
    st.sampled_from(
        [b"0", b"1", b"a", b"F", b";", b"=", b'"', b"\\", b"\r\n", b"\r", b"\n", b" ", b":", b"x", b"\x00"]
    )
).map(b"".join)


@given(WIRE.map(lambda wire: wire + b"0\r\n\r\n"))
@example(b"00A\r\n0123456789\r\n00\r\n\r\n")
def test_plain_chunks_are_one_body_without_trailers(wire):
    """Whoever takes them for plain passes the bytes on unread."""
    if is_plainly_chunked(wire, 0):
        body = ChunkedBody()
        assert body.feed(wire)[1] == b""
        assert (body.done, body.trailers) == (True, [])


@given(st.one_of(st.binary(max_size=60), WIRE), CUTS)
@example(b"0\r\n\r", [])
def test_random_bytes_are_read_or_malformed_however_they_are_cut(wire, cuts):
    """One way to read them: a cut never turns a refusal into content that was complete, nor the other way round."""

    def outcome(parts):
        body = ChunkedBody()
        try:
            content, rest = read(body, *parts)
        except Malformed:
            return None
        return content, rest, body.done, body.trailers

    assert outcome(split(wire, cuts)) == outcome([wire])
