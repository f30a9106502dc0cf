"""Hanging requests: judged again, ended when they get no mail any more."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.gateway.wire import settle

from mailgate.gateway.http1.exchange import Outcome
from mailgate.gateway.proxy.long_poll import LongPolls, NoLongerAllowed, is_long_poll
from mailgate.model import (
    Access,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    Protocol,
    Reason,
    RequestFacts,
)

PING = Client(Kind.PHONE, handheld=True, protocol=Protocol.ACTIVESYNC, eas_command="Ping")
ACCESS = Access(RequestFacts(), PING, Posture(), datetime(2026, 11, 24, tzinfo=UTC))
ALLOWED = Decision(Effect.ALLOW, Reason.RULE_MATCHED, "clean", "v1")
WARNED = Decision(Effect.WARN, Reason.PROHIBITED_APP, "prohibited-app", "v1")
BLOCKED = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "v2")


class Webmail:
    """Answers when it is told to."""

    def __init__(self):
        self.mail = asyncio.Event()
        self.left = False

    async def forward(self):
        try:
            await self.mail.wait()
        except asyncio.CancelledError:
            self.left = True
            raise
        return Outcome(keep_alive=True)


def judged(decision):
    async def judge_again(access, before):
        return decision and (access, decision)

    return judge_again


@pytest.fixture
async def running():
    hanging, webmail = LongPolls(), Webmail()
    task = asyncio.ensure_future(hanging.run(ACCESS, ALLOWED, webmail.forward()))
    await settle()
    yield hanging, webmail, task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("method", "command", "protocol", "waits"),
    [
        ("POST", "Ping", Protocol.ACTIVESYNC, True),
        ("POST", "Sync", Protocol.ACTIVESYNC, True),
        ("OPTIONS", "Ping", Protocol.ACTIVESYNC, False),
        ("POST", "FolderSync", Protocol.ACTIVESYNC, False),
        ("POST", "", Protocol.ACTIVESYNC, False),
        ("POST", "Ping", Protocol.WEB, False),
    ],
)
def test_ping_and_sync_hang(method, command, protocol, waits):
    client = Client(Kind.PHONE, handheld=True, protocol=protocol, eas_command=command)
    assert is_long_poll(replace(ACCESS, facts=RequestFacts(method), client=client)) is waits


async def test_a_request_is_counted_until_it_is_answered(running):
    hanging, webmail, task = running
    assert len(hanging) == 1
    webmail.mail.set()
    assert (await task).keep_alive
    assert len(hanging) == 0


@pytest.mark.parametrize("decision", [None, ALLOWED, WARNED])
async def test_what_is_still_allowed_goes_on(running, decision):
    hanging, _, task = running
    await hanging.recheck(judged(decision))
    await settle()
    assert not task.done()


async def test_what_is_no_longer_allowed_ends_with_its_verdict(running):
    hanging, webmail, task = running
    await hanging.recheck(judged(BLOCKED))
    with pytest.raises(NoLongerAllowed) as ended:
        await task
    assert (ended.value.access, ended.value.decision) == (ACCESS, BLOCKED)
    assert (webmail.left, len(hanging)) == (True, 0)


async def test_a_client_that_leaves_takes_its_request_along(running):
    hanging, webmail, task = running
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (webmail.left, len(hanging)) == (True, 0)


async def test_a_client_that_leaves_while_its_request_is_ended_has_left(running):
    hanging, _, task = running
    await hanging.recheck(judged(BLOCKED))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_webmail_is_its_own():
    async def broken():
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await LongPolls().run(ACCESS, ALLOWED, broken())


async def test_the_watch_survives_a_broken_look(running, monkeypatch):
    monkeypatch.setattr("mailgate.gateway.proxy.long_poll.RECHECK_SECONDS", 0)
    hanging, _, task = running
    looks = iter([ValueError, OSError])

    async def judge_again(access, before):
        if error := next(looks, None):
            raise error
        return access, BLOCKED

    watching = asyncio.ensure_future(hanging.watch(judge_again))
    with pytest.raises(NoLongerAllowed):
        await task
    watching.cancel()
