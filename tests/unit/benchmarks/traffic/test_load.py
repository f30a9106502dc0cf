"""The load goes on after the answers that must come, and after no others."""

from types import SimpleNamespace

import pytest
from benchmarks.traffic.load import Client, Load, UnexpectedAnswer
from benchmarks.traffic.mixes import MIXES, SYNC_STATUS

ALLOWED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
SYNC_ENDED = b"HTTP/1.1 200 OK" + SYNC_STATUS + b"Content-Length: 0\r\n\r\n"


def answered(mix: str, answer: bytes) -> int:
    """How many answers count after this one."""
    load, client = Load(0, MIXES[mix], 0), Client.__new__(Client)
    client.data, client.missing, client.answers = b"", 0, 0
    client.socket = SimpleNamespace(recv=lambda _: answer, sendall=lambda _: None)  # type: ignore[assignment]
    try:
        load._answered(client)
    finally:
        load.close()
    return load.count


@pytest.mark.parametrize(
    ("mix", "answer"),
    [("mixed", ALLOWED), ("refused_page", REFUSED), ("refused_activesync", SYNC_ENDED)],
)
def test_the_answer_that_must_come_counts(mix: str, answer: bytes) -> None:
    assert answered(mix, answer) == 1


@pytest.mark.parametrize(
    ("mix", "answer"), [("mixed", REFUSED), ("refused_page", ALLOWED), ("refused_activesync", ALLOWED)]
)
def test_a_phone_that_is_let_in_ends_the_load_like_a_laptop_that_is_refused(mix: str, answer: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        answered(mix, answer)
