"""An allowed request on its way to the webmail."""

import asyncio

import pytest
from tests.unit.gateway.gates import ask, gate, policy, renew, value
from tests.unit.gateway.phones import EAS, LOGIN, mobile
from tests.unit.gateway.wire import exchange, handled, settle

from mailgate.model import Effect, Posture, PostureState


async def test_a_request_that_may_go_no_further_is_answered_here():
    """RFC 9110, 7.6.2; but not before the policy allows it."""
    on = gate()
    assert (await ask(on, "/allow", b"Max-Forwards: 0", method="OPTIONS"))[0] == 200
    assert (await ask(on, "/block", b"Max-Forwards: 0", method="OPTIONS"))[0] == 403
    status, head, _, _ = await ask(on, "/allow", b"Max-Forwards: 0", method="TRACE")
    assert (status, "\r\nAllow: OPTIONS\r\n" in head + "\r\n") == (405, True)
    assert on.carrier.usual.got == []


@pytest.mark.parametrize(
    ("path", "method", "way"),
    [
        (EAS.format("Ping"), "POST", "long_poll"),
        (EAS.format("Sync"), "POST", "long_poll"),
        (EAS.format("FolderSync"), "POST", "usual"),
        (EAS.format("Ping"), "OPTIONS", "usual"),
        ("/Microsoft-Server-ActiveSync", "OPTIONS", "usual"),
        ("/autodiscover/autodiscover.xml", "POST", "autodiscover"),
    ],
)
async def test_each_request_goes_its_own_way(path, method, way):
    on = mobile()
    phone = b"User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148"
    assert (await ask(on, path, LOGIN, phone, method=method))[2] == b"mail"
    assert {name for name in ("usual", "long_poll", "autodiscover") if getattr(on.carrier, name).got} == {way}


async def hanging_ping(on):
    """A Ping that the webmail does not answer yet."""
    asked = exchange(f"POST {EAS.format('Ping')} HTTP/1.1".encode(), LOGIN, b"MS-ASProtocolVersion: 14.1")
    mail = asyncio.Event()

    async def forward(*_):
        await mail.wait()

    on.carrier.long_poll.forward = forward
    running = asyncio.ensure_future(handled(on, asked))
    await settle()
    return asked, running


async def test_a_hanging_request_is_refused_once_the_device_is_not_clean():
    on = mobile()
    asked, running = await hanging_ping(on)
    await on.carrier.long_polls.recheck(on.judge.judge_again)
    await settle()
    assert not running.done()
    on.judge.postures.posture = Posture(PostureState.LISTED)
    await on.carrier.long_polls.recheck(on.judge.judge_again)
    assert (await running).keep_alive
    head, _, body = asked.connection.transport.written.partition(b"\r\n\r\n")
    assert b"application/vnd.ms-sync.wbxml" in head
    assert b"129" in body
    assert [entry[1:3] for entry in on.recorder.ledger] == [
        (Effect.ALLOW, "clean"),
        (Effect.BLOCK, "default"),
    ]
    assert value(on, "mailgate_decisions_total", effect="block", reason="no-rule-matched", kind="phone") == 1


async def test_a_hanging_request_whose_answer_has_begun_is_broken_off():
    on = mobile()
    asked, running = await hanging_ping(on)
    asked.started = True
    renew(on, policy=policy())
    await on.carrier.long_polls.recheck(on.judge.judge_again)
    assert not (await running).keep_alive
    assert (asked.connection.transport.aborted, asked.connection.transport.written) == (True, b"")
