"""Dovecot's auth-policy protocol: the key, the two commands, the answers."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from tests.unit.gateway.gates import REFERENCE, gate

from mailgate.gateway.mail_server_logins.dovecot import PATH, ApiHeader, policy_server
from mailgate.gateway.mail_server_logins.logins import SideDoor
from mailgate.model import Posture, PostureState

KEY = ApiHeader("X-API-Key", "s3cret key")
ASKED = {"login": "ada", "remote": "192.0.2.1", "protocol": "imap", "device_id": '"name" "iPhone Mail"'}


class Body:
    """What the mail server sends, already there."""

    def __init__(self, content):
        self._content = content

    def set_read_chunk_size(self, size):
        assert size

    async def readany(self):
        content, self._content = self._content, b""
        return content


async def ask(opened, *, key=KEY, headers=(("X-API-Key", "s3cret key"),), query="?command=allow", body=ASKED):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = make_mocked_request("POST", PATH + query, CIMultiDict(headers), payload=Body(content))
    return await policy_server(opened, lambda: key)(request)


@pytest.fixture
def opened():
    on = gate()
    return SideDoor(on.judge, on.recorder, on.references.draw)


async def test_a_login_that_no_rule_is_about_is_refused(opened):
    opened.judge.postures.people["ada"] = Posture(PostureState.CLEAN)
    answer = await ask(opened)
    assert answer.status == 200
    assert json.loads(answer.text)["status"] == -1  # no rule of this gate is about logins
    assert REFERENCE in json.loads(answer.text)["msg"]
    assert [entry[1:] for entry in opened.recorder.listeners[0]] == [("block", "default", REFERENCE)]


async def test_a_report_changes_and_records_nothing(opened):
    answer = await ask(
        opened, query="?command=report", body=ASKED | {"success": True, "policy_reject": False}
    )
    assert (answer.status, json.loads(answer.text)) == (200, {"status": 0, "msg": ""})
    assert opened.recorder.listeners[0] == []


async def test_without_a_key_in_the_settings_there_is_no_such_address(opened):
    with pytest.raises(web.HTTPNotFound):
        await ask(opened, key=None)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("X-API-Key", ""),),
        (("X-API-Key", "s3cret"),),
        (("X-API-Key", "s3cret key "),),
        (("X-API-Key", "S3CRET KEY"),),
        (("X-API-Key", "s3cr\xfft key"),),
        (("X-API-Key", "ключ"),),
        (("Authorization", "s3cret key"),),
        (("X-API-Key", "s3cret key"), ("X-API-Key", "s3cret key")),
    ],
)
async def test_a_wrong_key_is_401_and_nothing_is_decided(opened, headers):
    answer = await ask(opened, headers=headers)
    assert answer.status == 401
    assert "s3cr" not in answer.text
    assert opened.recorder.listeners[0] == []


async def test_the_key_may_come_in_another_header(opened):
    key = ApiHeader("Authorization", "Bearer x")
    assert (await ask(opened, key=key, headers=(("authorization", "Bearer x"),))).status == 200


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("?command=allow", b"not JSON"),
        ("?command=allow", {}),
        ("?command=allow&command=report", ASKED),
        ("?command=forget", ASKED),
        ("?Command=allow", ASKED),
        ("", ASKED),
    ],
)
async def test_a_question_that_is_none_is_400_and_counted(opened, query, body):
    answer = await ask(opened, query=query, body=body)
    assert answer.status == 400
    assert "ada" not in answer.text
    assert opened.recorder.listeners[0] == []
    errors = opened.judge.metrics.registry.get_sample_value(
        "mailgate_errors_total", {"reason": "request-malformed"}
    )
    assert errors == 1
