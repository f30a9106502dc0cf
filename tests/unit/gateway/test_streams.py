"""What lasts is judged again, and ended once it gets no mail any more."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.unit.gateway.gates import NOW, Known, gate, policy, renew, value
from tests.unit.gateway.phones import EAS, KNOWN, LOGIN, Believing, mobile
from tests.unit.gateway.wire import exchange, handled, settle

from mailgate.gateway.answer import Answer, send
from mailgate.gateway.streams import LASTS_AFTER, lasting
from mailgate.model import AttestationResult, Effect, Kind, Posture, PostureState, Reason
from mailgate.model.apps import AppCatalog, ListedApp

PHONE = b"User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148"
LAPTOP = b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
PING = (f"POST {EAS.format('Ping')} HTTP/1.1".encode(), LOGIN, b"MS-ASProtocolVersion: 14.1")
CLOSED = policy()
MOMENT = 1000.0


def running_for(seconds, *, asked=True, hangs=False, status=200):
    began = MOMENT - seconds
    return SimpleNamespace(began_at=began, asked_at=began if asked else 0.0, hangs=hangs, status=status)


@pytest.mark.parametrize(
    ("request_", "lasts"),
    [
        (running_for(0), False),
        (running_for(LASTS_AFTER), True),
        (running_for(LASTS_AFTER, status=0), True),  # an upload, or a webmail that answers late
        (running_for(LASTS_AFTER, asked=False), False),  # a page of the gate
        (running_for(0, hangs=True), True),
        (running_for(0, status=101), True),
    ],
)
def test_tunnels_last_from_their_start_and_others_after_a_while(request_, lasts):
    assert lasting([request_], MOMENT) == ([request_] if lasts else [])


class Slow:
    """A webmail that does not end its answer before it is told to."""

    def __init__(self):
        self.mail = asyncio.Event()
        self.left = False

    def start(self, asked, origin, now, wait_for):
        return self.forward(asked, origin, now)

    async def forward(self, asked, *_):
        try:
            await self.mail.wait()
        except asyncio.CancelledError:
            self.left = True
            raise
        return send(asked, Answer(200, b"mail"), NOW)


class Idle(Slow):
    """A webmail whose connection was idle: no task serves the request while it does not answer."""

    def start(self, asked, *_):
        asked.give_up = self.give_up
        return

    def give_up(self):
        self.left = True


async def begun(on, webmail, line=b"GET /inbox HTTP/1.1", *fields):
    """A request that the webmail has not answered yet."""
    asked = exchange(line, *(fields or (PHONE,)))
    on.forwarding.usual.start, on.forwarding.usual.forward = webmail.start, webmail.forward
    on.forwarding.long_poll.forward = webmail.forward
    running = asyncio.ensure_future(handled(on, asked))
    await settle()
    return asked, running


async def look(on, *exchanges):
    await on.streams.recheck(exchanges)
    await settle()


@pytest.mark.parametrize("webmail", [Slow, Idle])
async def test_an_exchange_that_is_still_allowed_goes_on(webmail):
    on = mobile()
    asked, running = await begun(on, webmail())
    await look(on, asked)
    await look(on, asked)
    assert not running.done()
    running.cancel()


@pytest.mark.parametrize("webmail", [Slow, Idle])
@pytest.mark.parametrize("line", [(b"GET /inbox HTTP/1.1", PHONE), (b"POST /upload HTTP/1.1", PHONE), PING])
async def test_an_unanswered_request_that_loses_mail_is_refused(webmail, line):
    on, webmail = mobile(), webmail()
    asked, running = await begun(on, webmail, *line)
    on.judge.postures.posture = Posture(PostureState.LISTED)
    await look(on, asked)
    assert (await running).keep_alive
    status = asked.connection.transport.written.split(b" ")[1]
    assert (status, webmail.left) == (b"200" if line is PING else b"403", True)
    assert (b"129" in asked.connection.transport.written) is (line is PING)
    assert [entry[1:3] for entry in on.recorder.listeners[0]] == [
        (Effect.ALLOW, "clean"),
        (Effect.BLOCK, "default"),
    ]
    assert value(on, "mailgate_decisions_total", effect="block", reason="no-rule-matched", kind="phone") == 1


async def test_an_answer_that_has_begun_is_broken_off():
    on, webmail = mobile(), Slow()
    asked, running = await begun(on, webmail)
    asked.started = True
    renew(on, policy=CLOSED)
    await look(on, asked)
    assert not (await running).keep_alive
    assert (asked.connection.transport.aborted, asked.connection.transport.written) == (True, b"")
    assert webmail.left


async def test_one_that_came_in_by_a_cached_verdict_is_judged_as_it_came():
    on, webmail = gate(), Slow()
    asked = exchange(b"GET /allow HTTP/1.1", LAPTOP)
    on.forwarding.usual.start = webmail.start
    origin = on.reader.origin(asked, asked.head)
    running = asyncio.ensure_future(on.forwarding.forward_usual(asked, origin, NOW))
    await settle()
    await look(on, asked)
    assert asked.verdict[1].effect is Effect.ALLOW
    renew(on, policy=policy(({"id": "closed", "when": "true", "effect": "block"},)))
    await look(on, asked)
    assert (await running).keep_alive
    assert b"403" in asked.connection.transport.written


async def test_a_device_whose_token_ran_out_is_still_followed():
    """Its apps count as long as mail comes through what it opened."""

    class Named(Known):
        async def current(self, client, proof, now):
            return self.posture if proof is not None and proof.refused is None else Posture()

    apps = AppCatalog({"tiktok": ListedApp("tiktok", "TikTok")}, {"prohibited": ("tiktok",)})
    rules = (
        {"id": "listed", "when": '"prohibited" in device.lists', "effect": "block"},
        {"id": "all", "when": "true", "effect": "allow"},
    )
    on, good = (
        gate(postures=Named(), policy=policy(rules, apps)),
        AttestationResult("d1", "mdm", kind=Kind.PHONE),
    )
    on.judge.postures.posture = KNOWN
    renew(on, verifier=Believing(good))
    asked, running = await begun(on, Slow(), b"GET /events HTTP/1.1", PHONE, b"Device-Attestation: x")
    renew(on, verifier=Believing(AttestationResult(refused=Reason.TOKEN_EXPIRED)))
    await look(on, asked)
    await look(on, asked)
    assert not running.done()
    on.judge.postures.posture = replace(KNOWN, state=PostureState.LISTED, lists=("prohibited",))
    await look(on, asked)
    await running
    assert on.recorder.listeners[0][-1][1:3] == (Effect.BLOCK, "listed")


async def test_a_stage_that_begins_ends_it_at_that_moment():
    times = [NOW]
    on = mobile(clock=lambda: times[0])
    asked, running = await begun(on, Slow())
    begins = NOW + timedelta(hours=1)
    staged = {"id": "closed", "when": "true", "effect": "block", "stages": {"report_only": str(NOW), "enforce": str(begins)}}  # fmt: skip
    renew(on, policy=policy((staged, {"id": "all", "when": "true", "effect": "allow"})))
    for now, over in ((NOW, False), (begins - timedelta(seconds=1), False), (begins, True)):
        times[0] = now
        await look(on, asked)
        assert running.done() is over
    assert on.recorder.listeners[0][-1][1:3] == (Effect.BLOCK, "closed")


async def test_a_tunnel_is_judged_again_once_a_clock_is_set_back():
    """What was decided by a clock that was ahead would count until that time has come."""
    times = [NOW + timedelta(hours=8)]
    on = mobile(clock=lambda: times[0])
    closed = {"id": "closed", "when": f'now < timestamp("{NOW + timedelta(hours=4):%Y-%m-%dT%H:%M:%SZ}")', "effect": "block"}  # fmt: skip
    renew(on, policy=policy((closed, {"id": "all", "when": "true", "effect": "allow"})))
    asked, running = await begun(on, Slow())
    for now, over in ((times[0], False), (NOW, True)):
        times[0] = now
        await look(on, asked)
        assert running.done() is over


async def test_a_warning_ends_nothing():
    on = mobile()
    asked, running = await begun(on, Slow())
    renew(on, policy=policy(({"id": "soon", "when": "true", "effect": "warn"},)))
    await look(on, asked)
    assert not running.done()
    running.cancel()


async def test_an_exchange_that_has_ended_is_left_alone():
    """While it was judged, it was answered."""
    on, webmail = mobile(), Slow()
    asked, running = await begun(on, webmail)
    webmail.mail.set()
    assert (await running).keep_alive
    renew(on, policy=CLOSED)
    written = asked.connection.transport.written
    await look(on, asked)
    assert (asked.connection.transport.written, asked.connection.transport.aborted) == (written, False)


async def test_a_client_that_leaves_takes_its_request_along():
    on, webmail = mobile(), Slow()
    asked, running = await begun(on, webmail)
    renew(on, policy=CLOSED)
    await on.streams.recheck([asked])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (webmail.left, asked.connection.transport.written) == (True, b"")


async def test_an_end_of_time_of_the_webmail_is_its_own():
    class Late(Slow):
        async def forward(self, *_):
            raise TimeoutError

    on = mobile()
    asked, running = await begun(on, Late())
    await running
    assert b" 500 " in asked.connection.transport.written
    assert len(on.recorder.listeners[0]) == 1


async def test_an_exchange_that_cannot_be_judged_ends_alone():
    on = mobile()
    broken, broken_runs = await begun(on, Slow())
    fine, fine_runs = await begun(on, Slow())
    broken.verdict = ("nonsense", "nonsense")
    await look(on, broken, fine)
    assert (broken_runs.done(), fine_runs.done()) == (True, False)
    assert b" 500 " in broken.connection.transport.written
    fine_runs.cancel()


async def test_one_that_takes_long_to_end_is_told_once():
    on, freed = mobile(), asyncio.Event()

    class Stubborn(Slow):
        async def forward(self, *_):
            try:
                await self.mail.wait()
            finally:
                await freed.wait()

    asked, running = await begun(on, Stubborn())
    renew(on, policy=CLOSED)
    await look(on, asked)
    await look(on, asked)
    freed.set()
    await running
    assert [entry[1] for entry in on.recorder.listeners[0]] == [Effect.ALLOW, Effect.BLOCK]


async def test_the_watch_looks_at_what_runs(monkeypatch):
    monkeypatch.setattr("mailgate.gateway.streams.RECHECK_SECONDS", 0)
    on = mobile()
    asked, running = await begun(on, Slow())
    asked.asked_at = 1.0
    asked.began_at -= LASTS_AFTER
    renew(on, policy=CLOSED)
    watching = asyncio.ensure_future(on.streams.watch(lambda: [asked]))
    await running
    watching.cancel()
    assert b" 403 " in asked.connection.transport.written
