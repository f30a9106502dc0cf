"""Blocks that came before, and outlines of blocks: what they give is what reading would, and they are bounded."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.gateway.http1.fields import LONGEST_LINE, Fields
from mailgate.gateway.http1.grammar import lines_of, parse_fields
from mailgate.gateway.http1.memory import LONGEST_BLOCK, FieldMemory, cut_out

LINE = "GET / HTTP/1.1"


def head(*lines):
    return "\r\n".join([LINE, *lines, "", ""]).encode("latin-1")


def cut(*lines):
    return cut_out(head(*lines), len(LINE))


def read(*lines):
    return parse_fields(lines_of(head(*lines))[1:-1])


def remembering(*lines):
    """A memory that was given this block."""
    memory = FieldMemory()
    memory.put(head(*lines)[len(LINE) + 2 :], read(*lines), cut(*lines))
    return memory


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        (["Host: a", "User-Agent: x", "Accept: *"], [b"x"]),
        (["User-Agent: x y", "Host: a"], [b"x y"]),
        (["Host: a", "User-Agent: x"], [b"x"]),
        (["Host: a", "X-Original-URI: /a?b", "B: c", "User-Agent: x"], [b"/a?b", b"x"]),
        (["User-Agent: x", "X-Original-URI: /"], [b"x", b"/"]),
        (["host: a", "x-original-uri: /a", "user-agent: x"], [b"/a", b"x"]),
        (["X-Forwarded-Uri: /a", "Host: a"], [b"/a"]),
    ],
)
def test_what_stands_around_those_values_is_kept_in_order(lines, values):
    found = cut(*lines)
    assert [*found.values] == values
    joined = b"".join(piece + value for piece, value in zip(found.pieces, (*found.values, b""), strict=True))
    assert LINE.encode() + joined == head(*lines)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["Host: a"], id="neither is there"),
        pytest.param(["Host: a", "USER-AGENT: x"], id="another spelling"),
        pytest.param(["Host: a", "User-Agent:x"], id="no space"),
        pytest.param(["Host: a", "User-Agent:  x"], id="two spaces"),
        pytest.param(["Host: a", "User-Agent: x "], id="a space behind"),
        pytest.param(["Host: a", "User-Agent: "], id="nothing"),
        pytest.param(["Host: a", "User-Agent: x\ty"], id="a tab"),
        pytest.param(["Host: a", "User-Agent: \x00"], id="a control byte"),
        pytest.param(["Host: a", "User-Agent: x\ny"], id="a line feed of its own"),
        pytest.param(["Host: a", "User-Agent: \xe9"], id="beyond ASCII"),
        pytest.param(["Host: a", "User-Agent: " + "x" * (LONGEST_LINE + 1)], id="too long"),
        pytest.param(["X: User-Agent: x"], id="inside another value"),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(lines):
    assert cut(*lines) is None


AGENTS = st.sampled_from(["x", "Mozilla/5.0 (X11)", "a b", " a", "a\t", "", "\xe9", "z" * 600])
BLOCK = st.lists(
    st.sampled_from(["Host: a", "Accept: b", "User-Agent: {0}", "X-Original-URI: {1}", "user-agent: {0}", "A: User-Agent: {0}", "x-forwarded-uri: {1}", "USER-AGENT: {0}"]),
    max_size=5,
)  # fmt: skip


@given(BLOCK, st.lists(st.tuples(AGENTS, AGENTS), min_size=2, max_size=4))
def test_an_outline_gives_what_reading_gives(block, values):
    memory = FieldMemory()
    for pair in [*values, *values]:
        lines = [line.format(*pair) for line in block]
        whole, found = read(*lines), cut(*lines)
        known = memory.alike(found) if found else None
        if known is not None:
            assert known == whole
            assert known.named == whole.named
            assert known.memo == {}
        memory.put(head(*lines), whole, found)


def test_a_block_that_differs_in_those_values_alone_is_known_by_its_outline():
    memory = remembering("Host: a", "User-Agent: x", "B: c")
    known = memory.alike(cut("Host: a", "User-Agent: y", "B: c"))
    assert known == [(b"Host", b"a"), (b"User-Agent", b"y"), (b"B", b"c")]
    assert memory.alike(cut("Host: a", "User-Agent: y", "B: d")) is None
    assert memory.alike(cut("User-Agent: y", "Host: a", "B: c")) is None


def test_what_follows_from_the_rest_is_shared_and_nothing_else():
    memory = remembering("Host: a", "User-Agent: x")
    one, other = (memory.alike(cut("Host: a", f"User-Agent: {agent}")) for agent in "yz")
    first = memory.get(b"Host: a\r\nUser-Agent: x\r\n\r\n")
    assert one.shared is other.shared is first.shared
    assert one.shared is not one.memo
    assert one.memo is not other.memo


def test_two_user_agents_have_no_outline():
    lines = ["Host: a", "User-Agent: x", "USER-AGENT: y"]
    assert remembering(*lines).alike(cut(*lines)) is None


def test_without_a_cut_what_is_shared_is_its_own():
    memory, fields = FieldMemory(), read("Host: a")
    memory.put(b"Host: a", fields)
    assert fields.shared is fields.memo


def test_memory_is_bounded_and_keeps_what_is_used():
    memory, used = FieldMemory(blocks=4), Fields()
    memory.put(b"used", used)
    for number in range(50):
        memory.put(b"%d" % number, Fields())
        assert memory.get(b"used") is used
        assert len(memory._blocks) <= 2 * 4
    assert memory.get(b"0") is None


def test_a_long_block_is_not_kept():
    memory = FieldMemory()
    memory.put(b"a" * (LONGEST_BLOCK + 1), Fields())
    assert memory.get(b"a" * (LONGEST_BLOCK + 1)) is None


def test_outlines_are_bounded_too():
    memory = FieldMemory(blocks=4)
    for number in range(50):
        lines = f"Host: h{number}", "User-Agent: x"
        memory.put(head(*lines), read(*lines), cut(*lines))
        assert memory.alike(cut(*lines)) is not None
        assert len(memory._outlines) <= 2 * 4
    assert memory.alike(cut("Host: h0", "User-Agent: x")) is None


def test_what_is_forgotten_is_gone_at_once():
    """It leaves nothing to the garbage collector: much is forgotten each second."""
    memory = FieldMemory(blocks=1)
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            lines = f"Host: h{number}", "User-Agent: x"
            memory.put(head(*lines), read(*lines), cut(*lines))
            assert memory.alike(cut(*lines)) is not None
        assert gc.collect() == 0
    finally:
        gc.enable()
