"""Logins at the mail server: what is asked, and what comes of it."""

import json
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from tests.unit.gateway.gates import NOW, REFERENCE, gate, renew

from mailgate.gateway.mail_server_logins import (
    PATH,
    ApiHeader,
    LoginVerdict,
    SideDoor,
    UnreadableLoginError,
    judge_login,
    policy_server,
    read_login,
    refusal,
)
from mailgate.model import Decision, Effect, Posture, PostureState, Reason, RequestFacts
from mailgate.model.apps import ListedApp
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.people import Logins
from mailgate.policy.rules import PolicyFile, policy_context

CATALOG = AppCatalog({"tiktok": ListedApp("tiktok", "TikTok")}, {"prohibited": ("tiktok",)})
RULES = (
    {"id": "webmail", "when": 'request.remote == "192.0.2.7"', "effect": "allow"},
    {"id": "laptop", "when": 'client.kind == "laptop"', "effect": "allow"},
    {"id": "banned", "when": 'client.handheld && "prohibited" in device.lists', "effect": "block",
     "notice": {"contact": "it-help@example.com"}},
    {"id": "unproven", "when": 'client.handheld && device.state != "clean"', "effect": "block"},
    {"id": "soon", "when": 'user.name == "warned"', "effect": "warn"},
    {"id": "prove", "when": 'user.name == "asked"', "effect": "challenge"},
    {"id": "handheld", "when": 'client.handheld', "effect": "allow"},
)  # fmt: skip
ASKED = {
    "login": "ada", "remote": "192.0.2.1", "protocol": "imap", "device_id": '"name" "iPhone Mail" "os" "iOS"',
    "pwhash": "0123", "fail_type": "", "session_id": "x", "tls": True,
}  # fmt: skip
LISTED = Posture(PostureState.LISTED, "phone-1", apps=("tiktok",), lists=("prohibited",))
CLEAN = Posture(PostureState.CLEAN, "phone-2")


def body(**changed):
    return json.dumps(
        {name: value for name, value in {**ASKED, **changed}.items() if value is not ...}
    ).encode()


@pytest.fixture
def door():
    """A gate that knows a few people's phones."""
    file = PolicyFile.model_validate({"rules": RULES}, context=policy_context(CATALOG))
    opened = gate()
    renew(opened, policy=Policy(file.rules, file.default, CATALOG))
    opened.judge.postures.people = {"ada": LISTED, "bob": CLEAN, "warned": CLEAN, "asked": CLEAN}
    return SideDoor(opened.judge, opened.recorder)


def test_a_login_becomes_the_facts_of_a_request():
    assert read_login(body()) == RequestFacts(
        "LOGIN", "/", "imap", "", "192.0.2.1", {"imap-id": '"name" "iPhone Mail" "os" "iOS"'}, "ada"
    )


@pytest.mark.parametrize(
    ("protocol", "scheme"),
    [("imap", "imap"), ("IMAP", "imap"), ("pop3", "pop3"), ("submission", "submission"), ("smtp", "submission"),
     ("sieve", "sieve"), ("managesieve", "sieve")],
)  # fmt: skip
def test_every_name_of_a_protocol_is_read(protocol, scheme):
    assert read_login(body(protocol=protocol)).scheme == scheme


@pytest.mark.parametrize(("device_id", "client_id"), [("", ...), (None, ...), (..., ...), ("", "NIL")])
def test_a_client_that_says_nothing_has_no_id(device_id, client_id):
    assert read_login(body(device_id=device_id, client_id=client_id)).headers == {}


def test_other_fields_of_a_client_are_not_kept():
    asked = body(
        device_id='"name" "Mail" "x-originating-ip" "192.0.2.9" "support-url" "https://ada.example.com"'
    )
    assert read_login(asked).headers == {"imap-id": '"name" "Mail"'}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (b"", "JSON"),
        (b"\xff", "JSON"),
        (b"[" * 99_999, "JSON"),
        (b"[]", "object"),
        (b'"imap"', "object"),
        (body(protocol=...), "`protocol` is none of imap, "),
        (body(protocol="web"), "`protocol` is none of"),
        (body(protocol=["imap"]), "`protocol` is not a string"),
        (body(login=...), "`login` is missing"),
        (body(login=""), "`login` is missing"),
        (body(login=7), "`login` is not a string"),
        (body(remote={}), "`remote` is not a string"),
        (body(device_id=[]), "`device_id` is not a string"),
    ],
)  # fmt: skip
def test_a_malformed_question_is_refused_in_words(asked, expected):
    with pytest.raises(UnreadableLoginError, match=expected):
        read_login(asked)


@given(st.binary() | st.recursive(st.none() | st.text() | st.integers(),
                                  lambda inner: st.dictionaries(st.sampled_from([*ASKED]), inner)).map(
                                      lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_body_breaks_it(asked):
    try:
        facts = read_login(asked)
    except UnreadableLoginError:
        return
    assert facts.user


THUNDERBIRD = '"name" "Thunderbird" "version" "140"'


@pytest.mark.parametrize(
    ("asked", "effect", "rule"),
    [
        ({}, "block", "banned"),
        ({"protocol": "pop3", "device_id": ""}, "block", "banned"),
        ({"protocol": "submission", "device_id": ""}, "block", "banned"),
        ({"device_id": ""}, "block", "banned"),
        ({"device_id": THUNDERBIRD}, "allow", "laptop"),
        ({"device_id": THUNDERBIRD, "protocol": "pop3"}, "allow", "laptop"),
        ({"remote": "192.0.2.7"}, "allow", "webmail"),
        ({"remote": "::ffff:192.0.2.7"}, "allow", "webmail"),
        ({"login": "bob"}, "allow", "handheld"),
        ({"login": "nobody"}, "block", "unproven"),
        ({"login": "warned"}, "warn", "soon"),
        ({"login": "asked"}, "challenge", "prove"),
        ({"login": "ada", "device_id": '"name" "Roundcube"'}, "block", "default"),
    ],
)  # fmt: skip
async def test_the_same_rules_decide(door, asked, effect, rule):
    verdict = await judge_login(door, read_login(body(**asked)))
    assert verdict.let_in is (effect in ("allow", "warn"))
    assert bool(verdict.message) is not verdict.let_in
    assert door.recorder.listeners[0] == [("/", effect, rule, "" if verdict.let_in else REFERENCE)]


async def test_a_laptop_does_not_depend_on_its_owners_phone(door):
    door.judge.postures.breaks = RuntimeError("asked all the same")
    assert await judge_login(door, read_login(body(device_id=THUNDERBIRD))) == LoginVerdict(True)


async def test_the_person_reads_why_what_to_do_and_the_reference(door):
    verdict = await judge_login(door, read_login(body()))
    assert verdict.message == (
        "Found on your phones and tablets: TikTok. Such a device gets no company mail. "
        "Open https://mail.example.com on that device to see what to do. Contact: it-help@example.com. "
        "Reference REF2345 (prohibited-app)."
    )


@pytest.mark.parametrize("reason", [each for each in Reason if not each.startswith(("token-", "proof-"))])
@pytest.mark.parametrize("apps", [(), ("TikTok", "微信\r\n* BYE")])
def test_every_message_is_one_line_of_ascii(reason, apps):
    decision = Decision(
        Effect.BLOCK, reason, "r", "v1", title="Zweite\tZeile\nfür", apps=apps, contact="a\nb"
    )
    told = refusal(decision, REFERENCE, "https://mail.example.com")
    assert told.isascii()
    assert told.isprintable()
    assert REFERENCE in told
    assert reason in told


async def test_a_login_is_counted_and_logged_like_a_request(door):
    facts = replace(read_login(body()), remote="192.0.2.1")
    await judge_login(door, facts)
    counted = door.judge.metrics.registry.get_sample_value(
        "mailgate_decisions_total", {"effect": "block", "reason": "prohibited-app", "kind": "phone"}
    )
    assert counted == 1
    assert door.judge.clock() == NOW


@pytest.mark.parametrize(
    ("login", "let_in"), [("EXAMPLE\\ada", False), ("EXAMPLE\\bob", True), ("OTHER\\bob", False)]
)
async def test_a_login_in_a_domain_of_ours_is_the_person(door, login, let_in):
    renew(door.judge, logins=Logins.of(["EXAMPLE"]))
    assert (await judge_login(door, read_login(body(login=login)))).let_in is let_in


KEY = ApiHeader("X-API-Key", "s3cret key")
ASKED_DOVECOT = {
    "login": "ada",
    "remote": "192.0.2.1",
    "protocol": "imap",
    "device_id": '"name" "iPhone Mail"',
}


class Body:
    """What the mail server sends, already there."""

    def __init__(self, content):
        self._content = content

    def set_read_chunk_size(self, size):
        assert size

    async def readany(self):
        content, self._content = self._content, b""
        return content


async def ask(
    opened, *, key=KEY, headers=(("X-API-Key", "s3cret key"),), query="?command=allow", body=ASKED_DOVECOT
):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = make_mocked_request("POST", PATH + query, CIMultiDict(headers), payload=Body(content))
    return await policy_server(opened, lambda: key)(request)


@pytest.fixture
def opened():
    on = gate()
    return SideDoor(on.judge, on.recorder)


async def test_a_login_that_no_rule_is_about_is_refused(opened):
    opened.judge.postures.people["ada"] = Posture(PostureState.CLEAN)
    answer = await ask(opened)
    assert answer.status == 200
    assert json.loads(answer.text)["status"] == -1  # no rule of this gate is about logins
    assert REFERENCE in json.loads(answer.text)["msg"]
    assert [entry[1:] for entry in opened.recorder.listeners[0]] == [("block", "default", REFERENCE)]


async def test_a_report_changes_and_records_nothing(opened):
    answer = await ask(
        opened, query="?command=report", body=ASKED_DOVECOT | {"success": True, "policy_reject": False}
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
        ("?command=allow&command=report", ASKED_DOVECOT),
        ("?command=forget", ASKED_DOVECOT),
        ("?Command=allow", ASKED_DOVECOT),
        ("", ASKED_DOVECOT),
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
