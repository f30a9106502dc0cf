"""Fields and framing: RFC 9110 section 5, RFC 9112 sections 2.2, 5 and 6."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.http.grammar import (
    HOST,
    Malformed,
    chunked,
    content_length,
    is_token,
    lines_of,
    members,
    parse_fields,
    refuse_hopeless_head,
    values,
)


@pytest.mark.parametrize("text", [b"GET", b"M-SEARCH", b"x!#$%&'*+-.^_`|~9"])
def test_a_token_is_made_of_tchars(text):
    """RFC 9110, 5.6.2."""
    assert is_token(text)


@pytest.mark.parametrize("text", [b"", b"a b", b"a:b", b"a\tb", b"a(b", b"a,b", b"a\x7f", "é".encode()])
def test_anything_else_is_no_token(text):
    assert not is_token(text)


def test_lines_end_in_crlf_and_keep_what_may_stand_in_them():
    assert lines_of(b"a\r\nb\tc\xff\r\n\r\n") == [b"a", b"b\tc\xff", b""]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"a\n\r\n", id="2.2 bare LF"),
        pytest.param(b"a\rb\r\n", id="2.2 bare CR"),
        pytest.param(b"a\r\r\n", id="2.2 CR before CRLF"),
        pytest.param(b"a\n\r\r\n", id="2.2 LF CR"),
        pytest.param(b"\n\ra\r\n", id="2.2 the bytes of a CRLF turned round"),
        pytest.param(b"a\x00b\r\n", id="5.5 NUL"),
        pytest.param(b"a\x0bb\r\n", id="VT"),
        pytest.param(b"a\x7f\r\n", id="DEL"),
    ],
)
def test_control_bytes_and_lone_line_ends_are_refused(head):
    with pytest.raises(Malformed):
        lines_of(head)


@pytest.mark.parametrize("part", [b"", b"\r", b"GET / HT", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\nHost"])
def test_a_head_may_be_unfinished_anywhere(part):
    refuse_hopeless_head(part)


@pytest.mark.parametrize("part", [b"\n", b"G\x00", b"GET / HTTP/1.1\nH", b"a\r\rb", b"\x16\x03\x01\x02"])
def test_a_hopeless_head_is_refused_at_once(part):
    with pytest.raises(Malformed):
        refuse_hopeless_head(part)


def test_fields_lose_only_the_space_around_the_value():
    """RFC 9110, 5.3 and 5.5."""
    lines = [b"Set-Cookie:a=1", b"x: \t b  c \t", b"SET-COOKIE: b", b"Empty:", b"c::d"]
    assert parse_fields(lines) == [
        (b"Set-Cookie", b"a=1"),
        (b"x", b"b  c"),
        (b"SET-COOKIE", b"b"),
        (b"Empty", b""),
        (b"c", b":d"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"Host : a", id="5.1 space before the colon"),
        pytest.param(b"Host\t: a", id="5.1 tab before the colon"),
        pytest.param(b" folded", id="5.2 obs-fold"),
        pytest.param(b"\tfolded: on", id="5.2 obs-fold that looks like a field"),
        pytest.param(b"no colon", id="no colon"),
        pytest.param(b": nameless", id="no name"),
        pytest.param(b"a(b): c", id="name is no token"),
        pytest.param("é: c".encode(), id="name beyond ASCII"),
        pytest.param(b"", id="empty"),
    ],
)
def test_a_field_line_is_name_colon_value(line):
    with pytest.raises(Malformed):
        parse_fields([b"A: b", line])


def test_members_of_a_list_field_come_from_all_its_lines():
    """RFC 9110, 5.6.1: empty members do not count."""
    fields = [(b"Connection", b"Close, ,X"), (b"other", b"y"), (b"CONNECTION", b"\tTE ,")]
    assert members(fields, b"connection") == [b"close", b"x", b"te"]
    assert values(fields, b"connection") == [b"Close, ,X", b"\tTE ,"]


@pytest.mark.parametrize(
    ("sent", "length"), [([], None), ([b"0"], 0), ([b"0042"], 42), ([b"9223372036854775807"], 2**63 - 1)]
)
def test_content_length_is_one_decimal_number(sent, length):
    assert content_length([(b"Content-Length", value) for value in sent]) == length


@pytest.mark.parametrize(
    "sent",
    [
        *([value] for value in (b"", b"+1", b"-1", b"1 1", b"1,1", b"0x10", b"1.0", b"1_0", b"1e3", b"\xb2")),
        *([value] for value in (b"9223372036854775808", b"99999999999999999999", b"1" * 400)),
        [b"5", b"5"],
        [b"5", b"6"],
    ],
)
def test_any_other_content_length_is_refused(sent):
    """RFC 9112, 6.3 (5): lists and repetitions too, though a recipient may take equal ones."""
    with pytest.raises(Malformed):
        content_length([(b"content-LENGTH", value) for value in sent])


@pytest.mark.parametrize(("sent", "said"), [([], False), ([b"chunked"], True), ([b"ChunkeD"], True)])
def test_transfer_encoding_tells_a_chunked_body(sent, said):
    assert chunked([(b"Transfer-Encoding", value) for value in sent]) is said


@pytest.mark.parametrize(
    "sent",
    [
        *([value] for value in (b"", b"identity", b"gzip", b"gzip, chunked", b"chunked, chunked")),
        *([value] for value in (b"chunked,", b"xchunked", b"\x0bchunked", b'"chunked"', b"chunked;q=1")),
        [b"chunked", b"chunked"],
        [b"gzip", b"chunked"],
    ],
)
def test_any_other_transfer_encoding_is_refused(sent):
    with pytest.raises(Malformed):
        chunked([(b"transfer-encoding", value) for value in sent])


@pytest.mark.parametrize(
    "host", [b"example.com", b"a:8080", b"127.0.0.1:1", b"[::1]", b"[2001:db8::1]:443", b"a_b", b"a:"]
)
def test_a_host_is_a_name_or_an_address_with_an_optional_port(host):
    """RFC 9110, 7.2; RFC 3986, 3.2.2."""
    assert HOST.fullmatch(host)


@pytest.mark.parametrize(
    "host",
    [b"", b"a b", b"a/b", b"user@a", b"a:80:80", b"a:x", b"[::1", b"::1", b"a?b", b"a\\b", b"a#b", b"\xe9"],
)
def test_anything_else_is_no_host(host):
    assert not HOST.fullmatch(host)


@given(st.binary(max_size=64))
def test_random_bytes_are_read_or_malformed(data):
    for read in (lambda: parse_fields(lines_of(data + b"\r\n")), lambda: refuse_hopeless_head(data)):
        with suppress(Malformed):
            read()


@given(st.binary(max_size=40))
def test_an_unfinished_head_is_refused_only_if_nothing_can_end_it(data):
    """Whatever becomes a head later was never refused on the way."""
    try:
        lines_of(data + b"\r\n\r\n")
    except Malformed:
        return
    for end in range(len(data) + 1):
        refuse_hopeless_head(data[:end])
