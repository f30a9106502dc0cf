from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.unit.clock import Clock
from tests.unit.connectors.around import NOW, Scripted, answer, ends_in

from mailgate.connectors.logins import Login, client_credentials, signed_assertion
from mailgate.errors import Trouble
from mailgate.wire import ApiResponse

URL = "https://login.example.com/token"


def token(name, **more):
    return answer({"access_token": name, "token_type": "Bearer", **more})


def credentials(clock):
    return client_credentials(URL, "gate", "s3cret&x", clock, scope="a b")


async def test_client_credentials_are_sent_as_rfc_6749_says():
    wire = Scripted(token("one", expires_in=3600))
    assert await credentials(Clock(NOW)).headers(wire.ask) == {"Authorization": "Bearer one"}
    [question] = wire.questions
    assert (question.method, question.url) == ("POST", URL)
    assert parse_qs((question.body or b"").decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["gate"],
        "client_secret": ["s3cret&x"],
        "scope": ["a b"],
    }


@pytest.mark.parametrize(
    ("life", "used", "ended"),
    [
        (3600, timedelta(minutes=58), timedelta(minutes=59)),
        ("60", timedelta(seconds=29), timedelta(seconds=30)),
        (10**400, timedelta(minutes=3), timedelta(minutes=5)),
    ],
    ids=["until a minute before its end", "a short one for half its life", "without an end for five minutes"],
)
async def test_a_token_is_used_until_shortly_before_its_end(life, used, ended):
    clock, wire = Clock(NOW), Scripted(token("one", expires_in=life), token("two", expires_in=3600))
    login = credentials(clock)
    await login.headers(wire.ask)
    clock.now = NOW + used
    assert await login.headers(wire.ask) == {"Authorization": "Bearer one"}
    clock.now = NOW + ended
    assert await login.headers(wire.ask) == {"Authorization": "Bearer two"}


async def test_a_refused_token_is_not_used_again():
    wire = Scripted(token("one", expires_in=3600), token("two", expires_in=3600))
    login = credentials(Clock(NOW))
    await login.headers(wire.ask)
    login.forget()
    assert await login.headers(wire.ask) == {"Authorization": "Bearer two"}


@pytest.mark.parametrize(
    "response",
    [
        ApiResponse(401, {}, b'{"error": "invalid_client"}'),
        ApiResponse(200, {}, b"{}"),
        ApiResponse(200, {}, b"[]"),
        ApiResponse(200, {}, b"<html>"),
        ApiResponse(200, {}, b'{"access_token": 1}'),
        ApiResponse(200, {}, b'{"access_token": "a\\r\\nX: y"}'),
    ],
)
async def test_no_token_is_a_refused_login_that_shows_nothing(response):
    with ends_in(Trouble.LOGIN) as caught:
        await credentials(Clock(NOW)).headers(Scripted(response).ask)
    assert "s3cret" not in str(caught.value)
    assert "invalid_client" not in str(caught.value)


async def test_an_assertion_is_signed_with_the_accounts_key():
    key = RSAKey.generate_key(2048)
    wire = Scripted(token("one", expires_in=3600))
    login = signed_assertion(
        URL,
        "gate@example.com",
        key.as_pem(private=True).decode(),
        "scope-1",
        Clock(NOW),
        subject="admin@example.com",
    )
    assert await login.headers(wire.ask) == {"Authorization": "Bearer one"}
    form = parse_qs((wire.questions[0].body or b"").decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    decoded = jwt.decode(form["assertion"][0], key, algorithms=["RS256"])
    issued = int(NOW.timestamp())
    assert decoded.claims == {
        "iss": "gate@example.com",
        "sub": "admin@example.com",
        "scope": "scope-1",
        "aud": URL,
        "iat": issued,
        "exp": issued + 3600,
    }


@pytest.mark.parametrize(
    ("login", "headers"),
    [
        (Login.basic("u", "p"), {"Authorization": "Basic dTpw"}),
        (
            Login.basic("u", "p", {"aw-tenant-code": "t"}),
            {"Authorization": "Basic dTpw", "aw-tenant-code": "t"},
        ),
        (Login.bearer("t"), {"Authorization": "Bearer t"}),
    ],
    ids=["basic", "basic and a code", "bearer"],
)
async def test_a_fixed_login_has_the_same_headers_each_time(login, headers):
    assert await login.headers(Scripted().ask) == headers
