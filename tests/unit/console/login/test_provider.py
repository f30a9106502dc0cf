"""What a provider says of itself, of its keys and of a person, and every way in which that goes wrong."""

import asyncio
from base64 import b64decode
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from tests.unit.clock import Clock
from tests.unit.console.browsing import NOW
from tests.unit.console.login.idp import BACK, CLIENT, ISSUER, Idp, key, public, signed
from tests.unit.console.login.idp import claims as claimed
from tests.unit.console.login.settings import GROUPS, settings

from mailgate.console.login import provider as module
from mailgate.console.login.errors import LoginError, LoginTrouble
from mailgate.console.login.provider import (
    KEYS_PAUSE,
    LOGIN_TIME,
    MAX_PENDING,
    METADATA_LASTS,
    Identity,
    OidcLogins,
    PendingLogin,
    PendingLogins,
    Provider,
)
from mailgate.errors import SourceError
from mailgate.errors import Trouble as WireTrouble


class World:
    """A provider, and a console that asks it."""

    def __init__(self, idp: Idp | None = None, **oidc: Any) -> None:
        self.idp, self.clock, self.pending = idp or Idp(), Clock(NOW), PendingLogins()
        known = settings(**oidc).console.login.oidc
        assert known
        self.provider = Provider(known, self.clock, lambda _: self.idp)

    async def begin(self) -> tuple[str, PendingLogin, dict[str, str]]:
        state, _, begun = self.pending.begin("", "", self.clock())
        address = await self.provider.address(begun, state, BACK)
        return address, begun, self.idp.went_there(address)

    async def identity(self, issuer: str | None = ISSUER) -> Identity:
        _, begun, _ = await self.begin()
        return await self.provider.identity("code", begun, BACK, issuer)

    async def refused(self, issuer: str | None = ISSUER) -> LoginTrouble:
        with pytest.raises(LoginError) as error:
            await self.identity(issuer)
        return error.value.trouble

    def asked(self, path: str) -> list[Any]:
        return [each for each in self.idp.questions if urlsplit(each.url).path == f"/tenant/{path}"]


async def test_the_browser_is_led_there_with_all_that_binds_the_answer() -> None:
    world = World()
    address, begun, asked = await world.begin()
    assert address.startswith(f"{ISSUER}/auth?tenant=1&")
    challenge = asked.pop("code_challenge")
    assert len(challenge) == 43
    assert begun.verifier not in address
    assert len(asked.pop("state")) == 43
    assert asked == {
        "tenant": "1",
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": BACK,
        "scope": "openid email profile",
        "nonce": begun.nonce,
        "code_challenge_method": "S256",
    }


async def test_a_code_becomes_what_the_provider_says_of_a_person() -> None:
    world = World()
    found = await world.identity()
    assert found.claims["email"] == "ada@example.com"
    assert found.id_token.count(".") == 2
    assert "ada" not in repr(found)
    assert world.idp.closed == 2


async def test_a_public_client_only_names_itself() -> None:
    world = World()
    await world.identity()
    (question,) = world.asked("token")
    assert parse_qs(question.body.decode())["client_id"] == [CLIENT]
    assert "Authorization" not in question.headers


@pytest.mark.parametrize(
    ("offered", "header"),
    [(None, True), (["client_secret_post", "client_secret_basic"], True), (["client_secret_post"], False)],
)
async def test_a_secret_proves_a_client_in_the_header_where_that_is_offered(
    offered: list[str] | None, header: bool
) -> None:
    """Both in the form of RFC 6749, section 2.3.1: a colon in the secret ends nothing."""
    world = World()
    world.provider.oidc = world.provider.oidc.model_copy(update={"client_secret": SecretStr("a:b +%")})
    if offered:
        world.idp.about["token_endpoint_auth_methods_supported"] = offered
    await world.identity()
    (question,) = world.asked("token")
    form = parse_qs(question.body.decode())
    if header:
        word, _, proof = question.headers["Authorization"].partition(" ")
        assert (word, b64decode(proof)) == ("Basic", b"mailgate:a%3Ab+%2B%25")
        assert "client_secret" not in form
    else:
        assert form["client_secret"] == ["a:b +%"]
        assert "Authorization" not in question.headers


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"issuer": ISSUER + "/"}, LoginTrouble.DISCOVERY),
        ({"issuer": None}, LoginTrouble.DISCOVERY),
        ({"token_endpoint": None}, LoginTrouble.DISCOVERY),
        ({"token_endpoint": "http://login.example.com/token"}, LoginTrouble.DISCOVERY),
        ({"jwks_uri": "http://127.0.0.1/keys"}, LoginTrouble.DISCOVERY),
        ({"authorization_endpoint": "javascript:alert(1)"}, LoginTrouble.DISCOVERY),
        ({"end_session_endpoint": "data:text/html,x"}, LoginTrouble.DISCOVERY),
        ({"authorization_endpoint": "https://["}, LoginTrouble.DISCOVERY),
        ({"id_token_signing_alg_values_supported": ["ES256"]}, LoginTrouble.ALGORITHM),
    ],
)
async def test_a_wrong_discovery_document_is_refused(changed: dict[str, Any], why: LoginTrouble) -> None:
    world = World()
    world.idp.about |= changed
    assert await world.refused() is why


async def test_without_a_word_about_it_it_signs_as_all_providers_can() -> None:
    world = World()
    del world.idp.about["id_token_signing_alg_values_supported"]
    assert await world.identity()


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (WireTrouble.TIMEOUT, LoginTrouble.TIMEOUT),
        (WireTrouble.UNREACHABLE, LoginTrouble.UNREACHABLE),
        (WireTrouble.CERTIFICATE, LoginTrouble.CERTIFICATE),
        (WireTrouble.TOO_BIG, LoginTrouble.TOO_BIG),
    ],
)
async def test_an_absent_provider_is_said(trouble: WireTrouble, why: LoginTrouble) -> None:
    world = World()
    world.idp.trouble = SourceError(trouble)
    assert await world.refused() is why
    assert world.idp.closed == 1


async def test_one_that_answers_slowly_piece_by_piece_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Never(Idp):
        async def ask(self, question: Any) -> Any:
            await asyncio.Event().wait()

    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.0)
    assert await World(Never()).refused() is LoginTrouble.TIMEOUT


@pytest.mark.parametrize(
    ("error", "status", "why"),
    [
        ("invalid_grant", 400, LoginTrouble.CODE),
        ("invalid_client", 401, LoginTrouble.CLIENT),
        ("unauthorized_client", 400, LoginTrouble.CLIENT),
        ("server_error", 500, LoginTrouble.PROVIDER),
        ("x", 302, LoginTrouble.PROVIDER),
    ],
)
async def test_a_code_that_is_not_taken_is_said(error: str, status: int, why: LoginTrouble) -> None:
    world = World()
    world.idp.error, world.idp.status = error, status
    assert await world.refused() is why


async def test_the_answer_has_to_be_of_the_provider_that_was_asked() -> None:
    """RFC 9207: of two providers, one must not get the code of the other."""
    world = World()
    assert await world.refused("https://other.example.com") is LoginTrouble.MIXED_UP
    assert await world.refused(None) is LoginTrouble.MIXED_UP
    assert not world.asked("token")
    world = World()
    del world.idp.about["authorization_response_iss_parameter_supported"]
    assert await world.identity(None)


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ({"nonce": "another"}, LoginTrouble.NONCE),
        ({"aud": "another"}, LoginTrouble.AUDIENCE),
        ({"exp": 1}, LoginTrouble.EXPIRED),
    ],
)
async def test_a_token_that_is_wrong_is_refused(says: dict[str, Any], why: LoginTrouble) -> None:
    assert await World(Idp(says=says)).refused() is why


async def test_new_keys_are_found_and_old_ones_forgotten() -> None:
    world = World()
    await world.identity()
    world.idp.keys = [public(key("k2"))]
    world.clock.now += KEYS_PAUSE
    assert len(world.asked("keys")) == 1
    _, begun, _ = await world.begin()
    world.idp.token = signed(claimed(world.idp.nonce), key("k2"), kid="k2")
    assert await world.provider.identity("code", begun, BACK, ISSUER)
    assert len(world.asked("keys")) == 2
    world.idp.token = None
    world.clock.now += KEYS_PAUSE
    assert await world.refused() is LoginTrouble.KEY


async def test_keys_that_do_not_exist_make_nobody_ask_again_and_again() -> None:
    world = World()
    await world.identity()
    world.idp.token = signed(claimed("x"), key("k9"), kid="k9")
    for _ in range(3):
        assert await world.refused() is LoginTrouble.KEY
    assert len(world.asked("keys")) == 1


async def test_metadata_and_keys_are_kept_for_a_while() -> None:
    world = World()
    await world.identity()
    await world.identity()
    assert [len(world.asked(path)) for path in (".well-known/openid-configuration", "keys")] == [1, 1]
    world.clock.now += METADATA_LASTS + timedelta(seconds=1)
    world.idp.says = {"exp": int(world.clock.now.timestamp()) + 60}
    await world.identity()
    assert [len(world.asked(path)) for path in (".well-known/openid-configuration", "keys")] == [2, 2]


async def test_claims_missing_in_the_token_are_asked_for() -> None:
    says = {"email": None, "email_verified": None}
    world = World(Idp(says=says, more={"sub": "1001", "email": "ada@example.com", "email_verified": True}))
    assert (await world.identity()).claims["email"] == "ada@example.com"
    (question,) = world.asked("me")
    assert question.headers["Authorization"] == "Bearer access"


async def test_userinfo_of_another_person_is_refused_and_overrides_nothing() -> None:
    world = World(Idp(says={"email": None}, more={"sub": "1002", "email": "lin@example.com"}))
    assert await world.refused() is LoginTrouble.SUBJECT
    world = World(
        Idp(more={"sub": "1001", "groups": ["ops"], "email": "lin@example.com"}), groups=GROUPS, people={}
    )
    found = await world.identity()
    assert (found.claims["email"], found.claims["groups"]) == ("ada@example.com", ["ops"])


async def test_a_person_fully_told_in_the_token_is_not_asked_for_again() -> None:
    world = World()
    await world.identity()
    assert not world.asked("me")


async def test_a_farewell_leads_back_to_the_console() -> None:
    world = World()
    there = await world.provider.logout_url("a.b.c", "https://console.example.com/console/login")
    assert there == (
        f"{ISSUER}/end?id_token_hint=a.b.c&client_id=mailgate"
        "&post_logout_redirect_uri=https%3A%2F%2Fconsole.example.com%2Fconsole%2Flogin"
    )
    world = World()
    del world.idp.about["end_session_endpoint"]
    assert await world.provider.logout_url("a.b.c", "x") is None


def test_changed_settings_make_a_new_provider() -> None:
    logins, clock = OidcLogins(lambda _: Idp()), Clock(NOW)
    one, same, other = (
        settings(client_id=name).console.login.oidc for name in ("mailgate", "mailgate", "another")
    )
    assert one
    assert same
    assert other
    first = logins.provider(one, clock)
    assert logins.provider(same, clock) is first
    assert logins.provider(other, clock) is not first


def pending() -> PendingLogins:
    numbers = count()
    return PendingLogins(lambda: f"value {next(numbers)}")


def test_everything_of_a_login_is_new_and_its_own() -> None:
    known = pending()
    (state, browser, begun), (other, _, second) = known.begin("", "", NOW), known.begin("", "", NOW)
    assert len({state, browser, other, begun.nonce, begun.verifier, second.nonce, second.verifier}) == 7


def test_a_pending_login_is_taken_once() -> None:
    known = pending()
    state, _, begun = known.begin("", "/console/audit", NOW)
    assert known.take("another", NOW) is None
    assert known.take(state, NOW) == begun
    assert known.take(state, NOW) is None


@pytest.mark.parametrize(
    ("later", "there"),
    [(LOGIN_TIME - timedelta(seconds=1), True), (LOGIN_TIME, False), (timedelta(seconds=-1), False)],
)
def test_a_pending_login_ends_in_time(later: timedelta, there: bool) -> None:
    known = pending()
    state, _, _ = known.begin("", "", NOW)
    assert (known.take(state, NOW + later) is not None) is there


def test_a_pending_login_belongs_to_its_browser() -> None:
    known = pending()
    _, browser, begun = known.begin("", "", NOW)
    assert begun.is_of(browser)
    assert not any(begun.is_of(each) for each in ("", "another", begun.browser.hex()))


def test_tabs_of_one_browser_share_its_cookie_and_nobody_else_sets_it() -> None:
    known = pending()
    _, browser, _ = known.begin("set by somebody", "", NOW)
    assert browser != "set by somebody"
    _, again, second = known.begin(browser, "", NOW)
    assert again == browser
    assert second.is_of(browser)
    _, later, _ = known.begin(browser, "", NOW + LOGIN_TIME)
    assert later != browser


def test_secrets_of_a_login_are_not_shown() -> None:
    _, _, begun = pending().begin("", "", NOW)
    assert begun.nonce not in repr(begun)
    assert begun.verifier not in repr(begun)


def test_no_more_are_kept_than_fit() -> None:
    known = pending()
    states = [known.begin("", "", NOW)[0] for _ in range(MAX_PENDING + 1)]
    assert known.take(states[0], NOW) is None
    assert known.take(states[-1], NOW)


def test_the_verifier_is_one_that_providers_take() -> None:
    """RFC 7636, section 4.1: 43 to 128 characters of a few kinds."""
    _, _, begun = PendingLogins().begin("", "", NOW)
    assert len(begun.verifier) == 43
    assert begun.verifier.replace("-", "").replace("_", "").isalnum()
