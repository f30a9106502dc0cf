"""What a client gets instead of its mail."""

import re

import pytest
from tests.unit.gateway.gates import NOW, REFERENCE, ask, gate, value
from tests.unit.gateway.phones import EAS, LOGIN, mobile

from mailgate.gateway.answer import Answer
from mailgate.gateway.evaluate.browser_probe import BrowserProbe, Mode
from mailgate.mail.quarantine import NoQuarantineMails
from mailgate.model import Posture
from mailgate.store import SharedKey

NAVIGATION = (b"Accept: text/html", b"Sec-Fetch-Mode: navigate")


async def test_a_warning_interrupts_a_page_load_once():
    on = gate()
    status, _, page, _ = await ask(on, "/warn", *NAVIGATION)
    mark = re.search(rb"rule=([0-9a-f]{16})", page)[1]
    assert (status, on.forwarding.usual.got) == (200, [])
    assert b"No tablets from Monday" in page
    assert (await ask(on, "/warn", *NAVIGATION, b"Cookie: __Host-mailgate-warned=" + mark))[2] == b"mail"
    assert (await ask(on, "/warn", b"X-Requested-With: XMLHttpRequest"))[2] == b"mail"


async def test_a_refused_mail_app_without_a_login_is_asked_for_it(monkeypatch):
    async def asks(forwarder, head, incoming):
        return Answer(401, headers=(("WWW-Authenticate", "Basic"),))

    monkeypatch.setattr("mailgate.gateway.refuse.ask_for_login", asks)
    on = gate()
    assert (await ask(on, EAS.format("Ping"), method="POST"))[0] == 401
    assert (await ask(on, EAS.format("Ping"), LOGIN, method="POST"))[0] == 403
    assert (await ask(on, "/block", method="POST"))[0] == 403
    monkeypatch.setattr("mailgate.gateway.refuse.ask_for_login", silent)
    assert (await ask(on, EAS.format("Ping"), method="POST"))[0] == 403
    assert on.forwarding.usual.got == []


async def silent(*_):
    return None


async def test_a_person_is_told_of_a_refusal_and_of_nothing_else():
    told = []
    mails = NoQuarantineMails()
    mails.queue = lambda incoming, access, decision, reference: told.append((access.user.name, reference))
    on = mobile(mails=mails)
    await ask(on, EAS.format("FolderSync"), LOGIN, method="POST")
    on.judge.postures.posture = Posture()
    await ask(on, EAS.format("FolderSync"), LOGIN, method="POST")
    assert told == [("ada", REFERENCE)]


LAPTOP = (
    b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.REQUIRE])
async def test_an_unprobed_page_load_gets_the_probe_and_is_not_decided(mode):
    on = gate(browser_probe=BrowserProbe(mode, keys=[SharedKey(1, b"k" * 32, NOW)]))
    status, head, page, _ = await ask(on, "/allow", *NAVIGATION, LAPTOP)
    assert (status, on.forwarding.usual.got, on.recorder.listeners[0]) == (200, [], [])
    assert "X-Device-Reason: probe-required" in head
    assert "Cache-Control: no-store" in head
    assert (b"/.mailgate/probe/skip?to=/allow" in page) is (mode is Mode.OBSERVE)
    assert value(on, "mailgate_probes_total", result="shown") == 1
    assert (await ask(on, "/allow", LAPTOP))[2] == b"mail"


async def test_without_the_setting_nobody_is_probed():
    on = gate()
    assert (await ask(on, "/allow", *NAVIGATION, LAPTOP))[2] == b"mail"
