import json
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.unit.clock import Clock
from tests.unit.connectors.around import NOW, Scripted

from mailgate.connectors import SourceError, Trouble
from mailgate.connectors.logins import ClientCredentials, HeaderLogin, SignedAssertion
from mailgate.connectors.wire import ApiResponse

URL = "https://login.example.com/token"


def token(name, **more):
    return ApiResponse(200, {}, json.dumps({"access_token": name, "token_type": "Bearer", **more}).encode())


def credentials(clock):
    return ClientCredentials(URL, "gate", "s3cret&x", clock, scope="a b")


async def test_client_credentials_as_rfc_6749_has_them():
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


async def test_a_token_is_kept_until_a_minute_before_its_end():
    clock, wire = Clock(NOW), Scripted(token("one", expires_in=3600), token("two", expires_in=3600))
    login = credentials(clock)
    await login.headers(wire.ask)
    clock.now += timedelta(minutes=58)
    assert await login.headers(wire.ask) == {"Authorization": "Bearer one"}
    clock.now += timedelta(minutes=1)
    assert await login.headers(wire.ask) == {"Authorization": "Bearer two"}


async def test_a_short_token_is_used_for_half_its_life():
    clock, wire = Clock(NOW), Scripted(token("one", expires_in="60"), token("two"))
    login = credentials(clock)
    await login.headers(wire.ask)
    clock.now += timedelta(seconds=29)
    assert await login.headers(wire.ask) == {"Authorization": "Bearer one"}
    clock.now += timedelta(seconds=1)
    assert await login.headers(wire.ask) == {"Authorization": "Bearer two"}


async def test_a_token_whose_end_is_no_time_is_kept_for_five_minutes():
    clock, wire = Clock(NOW), Scripted(token("one", expires_in=10**400), token("two"))
    login = credentials(clock)
    await login.headers(wire.ask)
    clock.now += timedelta(minutes=3)
    assert await login.headers(wire.ask) == {"Authorization": "Bearer one"}
    clock.now += timedelta(minutes=2)
    assert await login.headers(wire.ask) == {"Authorization": "Bearer two"}


async def test_a_refused_token_is_not_used_again():
    wire = Scripted(token("one", expires_in=3600), token("two", expires_in=3600))
    login = credentials(Clock(NOW))
    await login.headers(wire.ask)
    login.forget()
    assert await login.headers(wire.ask) == {"Authorization": "Bearer two"}


@pytest.mark.parametrize(
    "answer",
    [
        ApiResponse(401, {}, b'{"error": "invalid_client"}'),
        ApiResponse(200, {}, b"{}"),
        ApiResponse(200, {}, b"[]"),
        ApiResponse(200, {}, b"<html>"),
        ApiResponse(200, {}, b'{"access_token": 1}'),
        ApiResponse(200, {}, b'{"access_token": "a\\r\\nX: y"}'),
    ],
)
async def test_no_token_is_a_refused_login_that_shows_nothing(answer):
    with pytest.raises(SourceError) as caught:
        await credentials(Clock(NOW)).headers(Scripted(answer).ask)
    assert caught.value.trouble is Trouble.LOGIN
    assert "s3cret" not in str(caught.value)
    assert "invalid_client" not in str(caught.value)


async def test_an_assertion_is_signed_with_the_accounts_key():
    key = RSAKey.generate_key(2048)
    wire = Scripted(token("one", expires_in=3600))
    login = SignedAssertion(
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


async def test_headers_that_never_change():
    wire = Scripted()
    assert await HeaderLogin.basic("u", "p").headers(wire.ask) == {"Authorization": "Basic dTpw"}
    with_more = HeaderLogin.basic("u", "p", {"aw-tenant-code": "t"})
    assert await with_more.headers(wire.ask) == {"Authorization": "Basic dTpw", "aw-tenant-code": "t"}
    assert await HeaderLogin.bearer("t").headers(wire.ask) == {"Authorization": "Bearer t"}
