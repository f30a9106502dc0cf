"""Which decisions a SIEM is sent, and as what."""

import json

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.wire import exchange

from mailgate.gateway.observe.security_events import SecurityEvents
from mailgate.model import Judged

BLOCKED = Judged("block", "prohibited-app", "no-tiktok", "phone", "web", "ada@example.com")
EFFECTS = ("allow", "warn", "challenge", "block")


async def lines(*effects, include=(), all_of_them=False):
    """What is written about requests with these effects; None for one that was never judged."""
    written, request = [], exchange(b"GET /folder/1 HTTP/1.1", b"User-Agent: Mozilla/5.0")
    events = SecurityEvents(written.append, include, lambda: NOW, "mail.example.com", all_of_them=all_of_them)
    for effect in effects:
        request.judged = effect and BLOCKED._replace(effect=effect)
        events.over(request)
    return written


@pytest.mark.parametrize(("all_of_them", "told"), [(False, EFFECTS[1:]), (True, EFFECTS)])
async def test_what_was_allowed_is_told_only_where_all_is(all_of_them, told):
    written = await lines(None, *EFFECTS, all_of_them=all_of_them)
    assert tuple(json.loads(line)["unmapped"]["effect"] for line in written) == told


async def test_an_event_is_one_line_of_its_own():
    written = await lines("block", "block")
    assert len(written) == 2
    assert all(line.endswith(b"}\n") and line.count(b"\n") == 1 for line in written)


async def test_it_says_when_it_was_and_for_which_webmail_and_of_whom_what_is_asked_for():
    (bare,), (named,) = await lines("block"), await lines("block", include=("name",))
    event = json.loads(bare)
    assert (event["time"], event["dst_endpoint"]["hostname"]) == (1795511107000, "mail.example.com")
    assert (b"ada@example.com" in bare, b"ada@example.com" in named) == (False, True)
