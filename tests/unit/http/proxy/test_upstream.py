"""Connections to the webmail: no broken answer is ever taken for a whole one."""

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.servers import PATIENCE
from tests.unit.gateway.wire import CUTS, FakeTransport, settle, split

from mailgate.http.body import chunk, last_chunk
from mailgate.http.proxy.upstream import (
    READ_AHEAD,
    SHORT,
    Endpoint,
    UpstreamClosed,
    UpstreamConnection,
    UpstreamError,
    UpstreamMalformed,
    UpstreamTimeout,
)


def endpoint(**changed):
    times = {"connect_time": 5, "response_time": 5, "idle_time": 5}
    return Endpoint(**{"host": "inner", "port": 80, "tls": None, **times, **changed})


def connected(method=b"GET", **changed):
    connection = UpstreamConnection(endpoint(**changed), asyncio.get_running_loop())
    connection.connection_made(FakeTransport(connection))
    if method:
        connection.ask(method, b"")
    return connection


def received(wire, *, method=b"GET", ended=False, error=None, **changed):
    connection = connected(method, **changed)
    connection.data_received(wire)
    if ended:
        connection.connection_lost(error)
    return connection


async def whole(connection):
    """The body to its end."""
    content = b""
    while piece := await connection.read():
        content += piece
    return content


OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 5\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("wire", "ended", "reusable"),
    [
        pytest.param(LENGTH + b"hello", False, True, id="6.3 (6) length"),
        pytest.param(
            CHUNKED + chunk(b"he") + chunk(b"llo") + last_chunk([]), False, True, id="6.3 (4) chunked"
        ),
        pytest.param(OK + b"\r\nhello", True, False, id="6.3 (8) until close"),
        pytest.param(
            OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", False, False, id="9.6 close"
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", False, False, id="9.3 HTTP/1.0"),
        pytest.param(LENGTH + b"helloX", False, False, id="9.2 bytes behind the answer"),
        pytest.param(LENGTH + b"hello", True, False, id="closed behind the answer"),
    ],
)
async def test_an_answer_is_read_to_its_end(wire, ended, reusable):
    connection = received(wire, ended=ended)
    head = await connection.read_head()
    assert (head.status, await whole(connection)) == (200, b"hello")
    assert connection.finish(head) is reusable
    assert connection.served == 1


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
async def test_answers_without_a_body_end_at_their_head(method):
    """RFC 9112, 6.3 (1)."""
    connection = received(LENGTH if method == b"HEAD" else LENGTH.replace(b"200 OK", b"304 x"), method=method)
    head = await connection.read_head()
    assert await whole(connection) == b""
    assert connection.finish(head)


async def test_interim_answers_come_first():
    """RFC 9110, 15.2."""
    connection = received(
        b"HTTP/1.1 103 x\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + LENGTH + b"hello"
    )
    assert [(await connection.read_head()).status for _ in range(3)] == [103, 100, 200]
    assert await whole(connection) == b"hello"


async def test_a_watcher_is_called_at_the_head_or_the_end():
    called = []
    for wire in ([LENGTH[:9], LENGTH[9:]], [b"nonsense\r\n\r\n"]):
        connection = connected()
        connection.watch(lambda *answer: called.append(answer))
        for piece in wire:
            assert not called
            connection.data_received(piece)
            await settle()
        assert called == [(None, b"")]
        connection.data_received(b"h")
        assert called == [(None, b"")]
        called.clear()
    connection = connected(response_time=0)
    connection.watch(lambda *answer: called.append(answer))
    while not called:
        await asyncio.sleep(0)
    assert called == [(None, b"")]
    with pytest.raises(UpstreamTimeout):
        await connection.read_head()


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(LENGTH + b"hello", id="length"),
        pytest.param(CHUNKED + chunk(b"hel") + b"02\r\nlo\r\n" + last_chunk([]), id="chunks"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", id="no body"),
    ],
)
async def test_an_answer_in_one_piece_is_handed_over_whole(wire):
    connection, called = connected(), []
    connection.watch(lambda *answer: called.append(answer))
    connection.data_received(wire)
    ((head, data),) = called
    assert (head.raw, data) == (wire[: wire.index(b"\r\n\r\n") + 4], wire)
    assert (connection.served, connection.usable) == (1, True)
    connection.data_received(b"x")
    assert (len(called), connection.closed) == (1, True)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(LENGTH + b"hell", id="a part"),
        pytest.param(LENGTH + b"hello!", id="more than the answer"),
        pytest.param(CHUNKED + chunk(b"hello"), id="no last chunk"),
        pytest.param(CHUNKED + chunk(b"hello") + last_chunk([]) + b"0\r\n\r\n", id="two last chunks"),
        pytest.param(CHUNKED + b"z\r\n0\r\n\r\n", id="no chunk"),
        pytest.param(CHUNKED + b"0\r\nX: 0\r\n\r\n", id="a trailer"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nhello", id="until the end of the connection"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 05\r\n\r\nhello", id="an unusual head"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="an interim answer"),
    ],
)
async def test_any_other_answer_is_left_to_be_read(wire):
    connection, called = connected(), []
    connection.watch(lambda *answer: called.append(answer))
    connection.data_received(wire)
    await settle()
    assert called == [(None, b"")]
    assert connection.served == 0
    assert await connection.read_head()


@pytest.mark.parametrize("wire", [LENGTH + b"hello", CHUNKED + chunk(b"hello") + last_chunk([])])
@pytest.mark.parametrize("cut", [5, 40, -1])
async def test_an_answer_whose_rest_comes_at_the_next_look_is_handed_over_whole(wire, cut):
    connection, called = connected(), []
    for _ in range(2):  # the second is not given out by what the first has left
        connection.watch(lambda *answer: called.append(answer))
        connection.ask(b"GET", b"x")
        connection.data_received(wire[:cut])
        assert called == []
        connection.data_received(wire[cut:])
        assert [data for _, data in called] == [wire]
        called.clear()
    await settle()
    assert (called, connection.usable) == ([], True)


async def test_a_part_of_a_long_answer_is_not_held_back():
    connection, called = connected(), []
    connection.watch(lambda *answer: called.append(answer))
    connection.data_received(OK + b"Content-Length: 99999\r\n\r\n" + b"x" * SHORT)
    assert called == [(None, b"")]


async def test_a_part_is_read_when_its_connection_ends():
    connection, called = connected(), []
    connection.watch(lambda *answer: called.append(answer))
    connection.data_received(OK + b"\r\nhello")
    connection.connection_lost(None)
    assert called == [(None, b"")]
    assert (await connection.read_head()).status == 200
    assert await whole(connection) == b"hello"


async def test_trailers_are_read_behind_the_body():
    connection = received(CHUNKED + last_chunk([(b"Digest", b"x")]))
    await connection.read_head()
    assert await whole(connection) == b""
    assert connection.trailers == [(b"Digest", b"x")]


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(LENGTH + b"hell", id="length"),
        pytest.param(CHUNKED + chunk(b"hell"), id="no last chunk"),
        pytest.param(CHUNKED + b"5\r\nhell", id="inside a chunk"),
        pytest.param(CHUNKED + chunk(b"hell") + b"0\r\n", id="no end of the trailers"),
        pytest.param(CHUNKED + chunk(b"hell") + b"zz\r\n", id="malformed chunk"),
        pytest.param(CHUNKED + chunk(b"hell") + b"0\r\nA : b\r\n\r\n", id="malformed trailer"),
    ],
)
async def test_a_body_that_was_cut_short_is_an_error_never_an_end(wire):
    """RFC 9112, 8."""
    connection = received(wire, ended=True)
    head = await connection.read_head()
    with pytest.raises(UpstreamMalformed):
        await whole(connection)
    assert not connection.finish(head)


async def test_a_body_until_close_that_was_reset_is_an_error():
    connection = received(OK + b"\r\nhello", ended=True, error=ConnectionResetError())
    await connection.read_head()
    with pytest.raises(UpstreamMalformed):
        await whole(connection)


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        pytest.param(b"", UpstreamClosed, id="nothing at all"),
        pytest.param(b"HTTP/1.1 200", UpstreamMalformed, id="a part of a head"),
        pytest.param(b"\x15\x03\x01\r\n\r\n", UpstreamMalformed, id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\nA: b\n\n\r\n\r\n", UpstreamMalformed, id="bare LF"),
        pytest.param(OK + b"A: b\r\n" * 9 + b"\r\n", UpstreamMalformed, id="too many fields"),
        pytest.param(OK + b"A: " + b"b" * 999, UpstreamMalformed, id="a head without end"),
        pytest.param(
            OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", UpstreamMalformed, id="both"
        ),
    ],
)
async def test_no_answer_is_an_error_with_its_kind(wire, error):
    connection = received(wire, ended=True, max_head=500, max_fields=8)
    with pytest.raises(error):
        await connection.read_head()


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"\x15\x03\x01", id="TLS"),
        pytest.param(b"220 mail.example.com ESMTP\r\n", id="another protocol"),
        pytest.param(b"Status: 200 OK\r\n", id="no status line"),
        pytest.param(b"HTTP/2", id="another version"),
        pytest.param(b"HTTP/1.1 OK\r\n", id="no status"),
        pytest.param(OK + b"A: b\n\n", id="bare LF"),
        pytest.param(OK + b"Warning in line 3\r\n", id="no field"),
    ],
)
async def test_a_head_that_cannot_become_valid_is_not_waited_for(wire):
    connection = connected(response_time=0)
    connection.data_received(wire)
    with pytest.raises(UpstreamMalformed):
        await connection.read_head()


@pytest.mark.parametrize("wire", [b"H", b"HTTP/1.", b"HTTP/1.1 20", OK[:-1], OK, OK + b"A"])
async def test_a_head_that_may_become_valid_is_waited_for(wire):
    connection = connected()
    connection.data_received(wire)
    connection.data_received((LENGTH + b"hello")[len(wire) :] if LENGTH.startswith(wire) else b": b\r\n\r\n")
    assert (await connection.read_head()).status == 200


async def test_silence_is_a_timeout():
    with pytest.raises(UpstreamTimeout):
        await connected(response_time=0).read_head()
    connection = received(LENGTH + b"he", idle_time=0)
    await connection.read_head()
    assert await connection.read() == b"he"
    with pytest.raises(UpstreamTimeout):
        await connection.read()


@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 OK\r\nX: ", CHUNKED + b"1;"])
async def test_bytes_that_drip_win_no_time(begun, monkeypatch):
    connection, now = connected(), 0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    connection.data_received(begun)
    if begun.startswith(CHUNKED):
        await connection.read_head()
    reading = asyncio.ensure_future(connection.read() if connection._body else connection.read_head())
    await settle()
    for now in (3, 6):  # noqa: B007 - the clock reads it
        assert not reading.done()
        connection.data_received(b"a")
        await settle()
    with pytest.raises(UpstreamTimeout):
        await reading


@pytest.mark.parametrize("watched", [True, False])
async def test_interim_answers_win_no_time(watched, monkeypatch):
    connection, now = connected(), 0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    if watched:
        connection.watch(lambda *_: None)
    else:
        reading = asyncio.ensure_future(connection.read_head())
        await settle()
    now = 4
    connection.data_received(b"HTTP/1.1 103 x\r\n\r\n")
    await settle()
    assert (await (connection.read_head() if watched else reading)).informational
    reading = asyncio.ensure_future(connection.read_head())
    await settle()
    now = 6
    with pytest.raises(UpstreamTimeout):
        await reading


async def test_the_next_request_has_its_own_time(monkeypatch):
    connection, now = connected(), 0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    for now in (0, 99):  # noqa: B007 - the clock reads it
        connection.ask(b"GET", b"")
        reading = asyncio.ensure_future(connection.read_head())
        await settle()
        connection.data_received(LENGTH + b"hello")
        head = await reading
        assert await whole(connection) == b"hello"
        assert connection.finish(head)


async def test_bytes_in_the_very_moment_win_no_time():
    connection = connected(response_time=0)
    reading = asyncio.ensure_future(connection.read_head())
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\nX: ")
    connection._too_late()
    with pytest.raises(UpstreamTimeout):
        await asyncio.wait_for(reading, PATIENCE)


async def test_the_time_to_answer_runs_from_the_end_of_the_upload():
    connection, sent = connected(response_time=0), asyncio.get_running_loop().create_future()
    reading = asyncio.ensure_future(connection.read_head(sent))
    await settle()
    assert not reading.done()
    sent.set_result(None)
    with pytest.raises(UpstreamTimeout):
        await reading


async def test_an_answer_may_come_before_the_upload_has_ended():
    """RFC 9110, 10.1.1."""
    connection = received(LENGTH)
    assert (await connection.read_head(asyncio.get_running_loop().create_future())).status == 200


async def test_a_reader_is_woken_by_bytes_and_by_the_end():
    connection = connected()
    reading = asyncio.ensure_future(connection.read_head())
    await settle()
    connection.data_received(LENGTH)
    assert (await reading).status == 200
    rest = asyncio.ensure_future(whole(connection))
    await settle()
    connection.connection_lost(None)
    with pytest.raises(UpstreamMalformed):
        await rest


async def test_bytes_that_no_request_asked_for_spoil_an_idle_connection():
    """RFC 9112, 9.2: they could be taken for the next answer."""
    connection = received(LENGTH + b"hello")
    head = await connection.read_head()
    await whole(connection)
    assert connection.finish(head)
    assert connection.usable
    connection.data_received(LENGTH)
    assert not connection.usable
    assert connection._transport.aborted


async def test_a_second_answer_to_one_request_spoils_the_connection():
    connection = received(LENGTH + b"hello" + LENGTH + b"other")
    head = await connection.read_head()
    assert await whole(connection) == b"hello"
    assert not connection.finish(head)


async def test_an_answer_is_read_no_faster_than_it_is_taken():
    connection = received(OK + b"Content-Length: 9999999\r\n\r\n" + b"a" * (READ_AHEAD + 1))
    transport = connection._transport
    assert not transport.reading
    await connection.read_head()
    await connection.read()
    assert transport.reading


async def test_writing_waits_for_the_webmail_only_so_long():
    connection = connected(idle_time=0)
    await connection.drain()
    connection.pause_writing()
    with pytest.raises(UpstreamTimeout):
        await connection.drain()
    connection.resume_writing()
    await connection.drain()


async def test_a_waiting_writer_is_woken_by_the_end():
    connection = connected()
    connection.pause_writing()
    waiting = asyncio.ensure_future(connection.drain())
    await settle()
    connection.connection_lost(None)
    await waiting
    with pytest.raises(UpstreamClosed):
        connection.write(b"x")


async def test_bytes_behind_a_switch_are_no_answer():
    """RFC 9110, 15.2.2: also when they look like one, and before the tunnel stands."""
    frames = b"\x81\x05hello" + LENGTH
    connection = received(b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n" + frames)
    connection.data_received(frames)
    assert (await connection.read_head()).status == 101
    got = []
    connection.start_tunnel(got.append, FakeTransport())
    connection.data_received(b"\x88\x00")
    assert b"".join(got) == frames * 2 + b"\x88\x00"


async def test_a_tunnel_is_read_as_fast_as_the_other_side_writes():
    connection, client = connected(), FakeTransport()
    connection.start_tunnel(lambda _: None, client)
    connection.pause_writing()
    assert not client.reading
    connection.resume_writing()
    assert client.reading
    connection.pause_reading()
    assert not connection._transport.reading
    connection.resume_reading()
    assert connection._transport.reading


async def test_an_aborted_connection_stays_away():
    connection = connected()
    connection.abort()
    assert connection._transport.aborted
    assert connection.closed
    with pytest.raises(UpstreamClosed):
        connection.write(b"x")


ANSWER = st.one_of(
    st.just(LENGTH + b"hello"),
    st.just(b"HTTP/1.1 103 x\r\n\r\n" + LENGTH + b"hello"),
    st.lists(st.binary(min_size=1, max_size=9), max_size=4).map(
        lambda pieces: CHUNKED + b"".join(map(chunk, pieces)) + last_chunk([(b"T", b"t")])
    ),
    st.binary(max_size=20).map(lambda body: OK + b"\r\n" + body),
    st.binary(max_size=80),
)


@given(ANSWER, st.sampled_from([b"", b"X", LENGTH]), st.sampled_from([b"GET", b"HEAD"]), CUTS)
@example(b"HTTP/1.1 200 OK\r\n\r", b"", b"GET", [])
def test_answers_read_the_same_however_the_stream_is_cut(wire, behind, method, cuts):
    """Only what is handed on before a body breaks may differ: all of it is thrown away with the connection."""

    async def outcome(pieces):
        connection, heads = connected(method), []
        for piece in pieces:
            connection.data_received(piece)
        connection.connection_lost(None)
        try:
            while not heads or heads[-1].informational:
                heads.append(await connection.read_head())
            content = await whole(connection)
        except UpstreamError as error:
            return [head.status for head in heads], type(error)
        return [head.status for head in heads], content, connection.trailers, connection.finish(heads[-1])

    wire += behind
    assert asyncio.run(outcome(split(wire, cuts))) == asyncio.run(outcome([wire]))
