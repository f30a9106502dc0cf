"""A request for mail and the question about the same request take the same way."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from tests.unit.gateway.gates import NOW, Known, ask, gate
from tests.unit.gateway.phones import EAS, LOGIN
from tests.unit.gateway.wire import exchange, handled

from mailgate.gateway.authz.authorizer import Authorizer, Dialect
from mailgate.gateway.evaluate import judge
from mailgate.model import Posture, PostureState

AGENT = b"User-Agent: Apple-iPhone14C2/2105.219"
ALLOWED = "/allow"


class Asking(Known):
    """Postures that count what they are asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def at_once(self, client, now):
        self.asked.append("at_once")
        return None if client.eas_id else Posture()

    async def current(self, client, proof, now):
        self.asked.append("current")
        return Posture(PostureState.CLEAN, device_id="d1")


def a_gate():
    authorizer = Authorizer(Dialect.NGINX, lambda: NOW, timedelta(seconds=2))
    return gate(postures=Asking(), trusted=(ip_network("192.0.2.7/32"),), authorizer=authorizer)


async def question(on, path, *fields, method):
    told = [b"X-Original-URI: " + path.encode(), b"X-Original-Method: " + method.encode()]
    proxied = (
        b"X-Forwarded-For: 192.0.2.7",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: mail.example.com",
    )
    return await handled(on, exchange(b"GET /.mailgate/authz HTTP/1.1", *told, *proxied, *fields))


WAYS = {"mail": ask, "question": question}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("path", "asked"), [(EAS.format("FolderSync"), ["at_once", "current"]), (ALLOWED, ["at_once"])]
)
async def test_each_step_is_taken_once(way, path, asked, monkeypatch):
    on, classified = a_gate(), []
    real = judge.classify
    monkeypatch.setattr(judge, "classify", lambda facts: classified.append(facts.path) or real(facts))
    await WAYS[way](on, path, AGENT, LOGIN, method="POST")
    assert (on.judge.postures.asked, len(classified)) == (asked, 1)


@pytest.mark.parametrize(
    "path", [EAS.format("FolderSync"), ALLOWED, "/block", "/warn", "/challenge", "/other"]
)
async def test_a_question_is_recorded_like_the_request_that_it_is_about(path):
    records = []
    for way in WAYS.values():
        on = a_gate()
        await way(on, path, AGENT, LOGIN, method="POST")
        records.append(on.recorder.listeners[0])
    assert records[0] == records[1] != []
