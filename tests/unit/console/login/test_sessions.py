"""Sessions end where the gate ends them, and a cookie alone leads to none that has ended."""

from datetime import timedelta
from itertools import count

import pytest
from tests.unit.console.browsing import NOW

from mailgate.console.login.sessions import MAX_IDLE, MAX_SESSION, MAX_SESSIONS, Sessions


def sessions() -> Sessions:
    numbers = count()
    return Sessions(lambda: f"value {next(numbers)}")


def test_every_login_has_a_cookie_and_a_form_token_of_its_own() -> None:
    known = sessions()
    values = [known.start("ada", "hash", NOW) for _ in range(2)]
    tokens = [found.csrf for value in values if (found := known.find(value, NOW))]
    assert len({*values, *tokens}) == 4


def test_no_session_is_found_by_its_stored_key() -> None:
    known = sessions()
    value = known.start("ada", "hash", NOW)
    assert value.encode() not in b"".join(known._open)
    assert all(known.find(key.hex(), NOW) is None for key in known._open)


@pytest.mark.parametrize(
    ("steps", "lasts"),
    [
        ([MAX_IDLE - timedelta(seconds=1)], True),
        ([MAX_IDLE], False),
        ([MAX_IDLE - timedelta(seconds=1)] * 2, True),
        ([timedelta(minutes=29)] * int(MAX_SESSION / timedelta(minutes=29)), True),
        ([timedelta(minutes=29)] * (int(MAX_SESSION / timedelta(minutes=29)) + 1), False),
        ([timedelta(seconds=-1)], True),
    ],
)
def test_a_session_lasts_while_used_and_no_longer_than_its_limit(steps: list[timedelta], lasts: bool) -> None:
    known, now = sessions(), NOW
    value = known.start("ada", "hash", now)
    for step in steps:
        now += step
        found = known.find(value, now)
    assert (found is not None) is lasts
    assert (known.find(value, now) is not None) is lasts


def test_a_clock_that_is_set_back_ends_sessions() -> None:
    """They would last for as long as it was ahead. A minute ends none."""
    known = sessions()
    value = known.start("ada", "hash", NOW)
    assert known.find(value, NOW - timedelta(minutes=1))
    assert known.find(value, NOW - timedelta(hours=8)) is None


def test_a_look_that_nobody_took_keeps_no_session_alive() -> None:
    known = sessions()
    value = known.start("ada", "hash", NOW)
    assert known.find(value, NOW + MAX_IDLE / 2, used=False)
    assert known.find(value, NOW + MAX_IDLE) is None


def test_only_the_ended_session_is_gone() -> None:
    known = sessions()
    one, other = known.start("ada", "hash", NOW), known.start("ada", "hash", NOW)
    known.end(one)
    known.end("never was")
    assert (known.find(one, NOW), known.find(other, NOW) is not None) == (None, True)


def test_no_more_are_kept_than_fit() -> None:
    known = sessions()
    values = [known.start("ada", "hash", NOW) for _ in range(MAX_SESSIONS + 1)]
    assert known.find(values[0], NOW) is None
    assert known.find(values[-1], NOW)
