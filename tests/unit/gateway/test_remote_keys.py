"""The keys of an issuer that publishes them: when it is asked, and what counts while it does not answer."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import NOW

from mailgate.attest import mint
from mailgate.gateway.remote_keys import MAX_WAITING, JwksAnswer, JwksError, RemoteKeys, freshness

OLD, NEW = mint.make_key(b"o" * 32, "old"), mint.make_key(b"n" * 32, "new")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ISSUER = "https://mdm.example.com"


class Issuer:
    """Answers with what it has at the time; waits where a test holds it."""

    def __init__(self):
        self.keys = (OLD,)
        self.breaks = None
        self.text = None
        self.etags = []
        self.held = None

    async def __call__(self, etag):
        self.etags.append(etag)
        if self.held:
            await self.held.wait()
        if self.breaks:
            raise self.breaks
        text = self.text if self.text is not None else mint.jwks(*self.keys)
        return JwksAnswer(None if etag and etag == text else text, text, 10 * MINUTE)

    @property
    def asked(self):
        return len(self.etags)


@pytest.fixture
def issuer():
    return Issuer()


@pytest.fixture
def counted():
    return []


@pytest.fixture
def remote(issuer, clock, counted):
    return RemoteKeys(ISSUER, f"{ISSUER}/jwks", issuer, clock, lambda *said: counted.append(said))


def kids(remote):
    return set(remote.keys().keys)


async def test_before_the_first_answer_the_keys_are_unavailable(remote):
    assert remote.keys().unavailable
    assert remote.pause() == timedelta()


async def test_an_answer_counts_until_it_is_due(remote, clock, counted):
    await remote.renew()
    assert (kids(remote), remote.keys().unavailable) == ({"old"}, False)
    assert remote.pause() == 10 * MINUTE
    clock.now += 10 * MINUTE
    assert remote.pause() == timedelta()
    assert (remote.last_success, counted) == (NOW, [(ISSUER, "renewed")])


async def test_a_clock_that_is_set_back_puts_no_question_off(remote, issuer, clock):
    """A key that the issuer withdrew would stay for as long as the clock was ahead."""
    clock.now = NOW + 8 * HOUR
    await remote.renew()
    clock.now = NOW
    assert remote.pause() == timedelta()
    issuer.breaks = JwksError("timeout")
    await remote.renew()
    clock.now = NOW + 24 * HOUR + SECOND
    assert kids(remote) == set()
    clock.now = NOW - HOUR
    assert remote.pause() == timedelta()


async def test_unchanged_keys_are_not_sent_again(remote, issuer, counted):
    await remote.renew()
    before = remote.keys().get("old")
    await remote.renew()
    assert remote.keys().get("old") is before
    assert issuer.etags[0] == ""
    assert issuer.etags[1]
    assert counted[1] == (ISSUER, "unchanged")


async def test_a_missing_key_is_asked_for_once_in_half_a_minute(remote, issuer, clock):
    await remote.renew()
    issuer.keys = (OLD, NEW)
    assert await remote.look_for_missing_key()
    assert kids(remote) == {"old", "new"}
    for seconds in (0, 10, 29):
        clock.now = NOW + seconds * SECOND
        assert not await remote.look_for_missing_key()
    assert issuer.asked == 2
    clock.now = NOW + 30 * SECOND
    assert await remote.look_for_missing_key()
    assert issuer.asked == 3


async def test_the_first_question_is_no_reason_to_wait_with_the_next(remote, issuer):
    """A gate that starts under load and an issuer that rotates a moment later."""
    assert await remote.look_for_missing_key()
    issuer.keys = (OLD, NEW)
    assert await remote.look_for_missing_key()
    assert kids(remote) == {"old", "new"}
    assert not await remote.look_for_missing_key()


async def test_a_missing_key_is_asked_for_only_once(remote, issuer):
    running = asyncio.ensure_future(remote.run())
    await remote.look_for_missing_key()
    for _ in range(20):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert issuer.asked == 1


async def test_callers_that_need_the_same_answer_wait_for_it(remote, issuer):
    issuer.held = asyncio.Event()
    waiting = [asyncio.ensure_future(remote.look_for_missing_key()) for _ in range(50)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    issuer.held.set()
    assert all(await asyncio.gather(*waiting))
    assert issuer.asked == 1


async def test_only_a_few_callers_wait_for_keys(remote, issuer):
    issuer.held = asyncio.Event()
    waiting = [asyncio.ensure_future(remote.look_for_missing_key()) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    assert not await remote.look_for_missing_key()
    issuer.held.set()
    await asyncio.gather(*waiting)
    assert remote._waiting == 0


async def test_a_caller_that_leaves_ends_no_answer_of_others(remote, issuer):
    issuer.held = asyncio.Event()
    one, other = (asyncio.ensure_future(remote.look_for_missing_key()) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    issuer.held.set()
    assert await other
    assert kids(remote) == {"old"}


async def test_the_last_keys_count_for_a_day_without_an_answer(remote, issuer, clock):
    await remote.renew()
    issuer.breaks = JwksError("timeout")
    clock.now = NOW + 24 * HOUR
    await remote.renew()
    assert (kids(remote), remote.keys().unavailable) == ({"old"}, True)
    clock.now += SECOND
    assert (kids(remote), remote.keys().unavailable) == (set(), True)
    issuer.breaks = None
    await remote.renew()
    assert (kids(remote), remote.keys().unavailable) == ({"old"}, False)


@pytest.mark.parametrize("text", ["", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "x"}]}'])
async def test_a_bad_answer_changes_nothing(remote, issuer, counted, text):
    await remote.renew()
    issuer.text = text
    await remote.renew()
    assert (kids(remote), remote.failure) == ({"old"}, "malformed")
    assert counted[-1] == (ISSUER, "malformed")


async def test_a_failed_fetch_is_tried_again_more_and_more_rarely(remote, issuer):
    issuer.breaks = JwksError("unreachable")
    pauses = []
    for _ in range(8):
        await remote.renew()
        pauses.append(remote.pause() / SECOND)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    issuer.breaks = None
    await remote.renew()
    issuer.breaks = JwksError("unreachable")
    await remote.renew()
    assert remote.pause() == SECOND


async def test_each_failure_is_counted_and_logged_once(remote, issuer, counted):
    await remote.renew()
    issuer.breaks = JwksError("redirect")
    with capture_logs() as logs:
        await remote.renew()
        issuer.breaks = None
        await remote.renew()
    assert counted[1:] == [(ISSUER, "redirect"), (ISSUER, "unchanged")]
    assert logs == [
        {
            "event": "issuer-keys-failed",
            "issuer": ISSUER,
            "why": "redirect",
            "keys_left": 1,
            "log_level": "warning",
        },
        {"event": "issuer-keys-back", "issuer": ISSUER, "log_level": "info"},
    ]


async def test_a_gate_that_never_had_the_keys_says_so_as_an_error(remote, issuer):
    issuer.breaks = JwksError("unreachable")
    with capture_logs() as logs:
        await remote.renew()
    assert (logs[0]["log_level"], logs[0]["keys_left"]) == ("error", 0)


async def test_the_fetching_runs_until_it_is_cancelled(remote, issuer):
    running = asyncio.ensure_future(remote.run())
    while remote.last_success is None:
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert issuer.asked == 1


@pytest.mark.parametrize(
    ("said", "fresh_for"),
    [
        ("", timedelta(minutes=10)),
        ("public", timedelta(minutes=10)),
        ("max-age=300", timedelta(minutes=5)),
        ("public, max-age=300, must-revalidate", timedelta(minutes=5)),
        ('Max-Age = "300"', timedelta(minutes=5)),
        ("max-age=0", timedelta(minutes=1)),
        ("max-age=9999999999", timedelta(hours=24)),
        ("s-maxage=300", timedelta(minutes=10)),
        ("max-age=-1", timedelta(minutes=10)),
        ("no-cache", timedelta(minutes=1)),
        ("no-store, max-age=300", timedelta(minutes=1)),
    ],
)
def test_an_answer_is_fresh_as_it_says_within_bounds(said: str, fresh_for: timedelta) -> None:
    assert freshness(said) == fresh_for
