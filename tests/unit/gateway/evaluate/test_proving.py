"""What a verification needs of the world: missing keys, proofs that other gates took, nonces, two places."""

import json
from datetime import timedelta

import pytest
from tests.unit.gateway.enrolling import DEVICE, GATE
from tests.unit.gateway.gates import NOW, gate, renew
from tests.unit.gateway.wire import exchange, facts_of, handled

from mailgate.attest import mint
from mailgate.attest.id_token import IdTokenError, TokenFault
from mailgate.attest.keys import KeySet, parse_jwks
from mailgate.attest.sealing import NonceOrigin
from mailgate.attest.verifier import ReplayGuard, Verifier
from mailgate.gateway.evaluate.proving import CopiedKeys, NonceMode
from mailgate.model import Reason, RequestFacts, VerifiedLogin
from mailgate.store import StoreUnavailableError

ISSUER_KEY = mint.make_key(b"issuer" * 8, "issuer-1")
MDM = "https://mdm.example.com"


class Source:
    """Keys that a test gives, the first time they are looked for."""

    def __init__(self, given=None):
        self.given = given
        self.found = KeySet({}, unavailable=given is None)
        self.pressed = 0

    def keys(self):
        return self.found

    async def look_for_missing_key(self):
        self.pressed += 1
        if self.given is None:
            return False
        self.found = self.given
        return True


KEYS = parse_jwks(mint.jwks(ISSUER_KEY))


def believing(source=None, **changed):
    """A gate that believes one issuer."""
    on = gate(**changed)
    if source is None:
        source = Source(KEYS)
        source.found = KEYS
    on.judge.prover.keyring.replace({MDM: source})
    require(on, on.judge.prover.mode)
    return on


def require(on, mode):
    """Put a mode in force, as a reload does."""
    on.judge.prover.mode = mode
    verifier = Verifier(
        issuers=on.judge.prover.keyring,
        audience=GATE,
        match_app=lambda *_: None,
        replay=ReplayGuard(),
        nonces=on.judge.prover.nonces,
        nonce_required=mode is NonceMode.REQUIRE,
    )
    renew(on, verifier=verifier)


_ids = iter(range(10**6))


def sent(path="/allow", jti=None, **claims):
    """A request of a device with a token and a proof."""
    issue = mint.Issue(MDM, GATE, "t", NOW)
    token = mint.sign_token(mint.claims(mint.AttestedDevice("d"), issue, DEVICE), ISSUER_KEY)
    proof = mint.sign_proof(
        token, DEVICE, method="GET", url=GATE + path, jti=jti or f"j-{next(_ids)}", now=NOW, **claims
    )
    return b"Device-Attestation: " + token.encode(), b"DPoP: " + proof.encode()


async def ask(on, *fields, path="/allow"):
    """The status, the headers and the body that a request gets."""
    asked = exchange(f"GET {path} HTTP/1.1".encode(), *fields)
    await handled(on, asked)
    head, _, body = asked.connection.transport.written.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    return int(status.split(" ")[1]), dict(line.split(": ", 1) for line in headers), body


async def proved(on, *fields, path="/allow"):
    """Why an attestation is refused; None where it is not."""
    asked = exchange(f"GET {path} HTTP/1.1".encode(), *fields)
    incoming = facts_of(asked.head, peer="192.0.2.7", secure=True, trusted=())
    access, _ = await on.judge.verdict(incoming, NOW)
    return access.attestation.refused, dict(incoming.answer_fields).get("DPoP-Nonce", "")


async def test_a_token_with_a_new_key_waits_for_the_key_and_is_taken():
    source = Source(KEYS)
    on = believing(source)
    assert (await proved(on, *sent()))[0] is None
    assert (await proved(on, *sent()))[0] is None
    assert source.pressed == 1


async def test_a_key_that_is_nowhere_is_looked_for_and_refused():
    on = believing(Source(KeySet({})))
    assert (await proved(on, *sent()))[0] is Reason.TOKEN_KID_UNKNOWN
    on = believing(Source())
    assert (await proved(on, *sent()))[0] is Reason.TOKEN_KEYS_UNAVAILABLE


async def test_a_proof_that_another_gate_took_is_refused():
    one, other = believing(), believing()
    other.judge.prover.spent = one.judge.prover.spent
    fields = sent()
    assert (await proved(one, *fields))[0] is None
    assert (await proved(other, *fields))[0] is Reason.PROOF_REPLAYED


async def test_a_proof_that_this_gate_took_is_refused_without_asking():
    on, fields = believing(), sent()
    await proved(on, *fields)
    on.judge.prover.spent.breaks = AssertionError("asked")
    assert (await proved(on, *fields))[0] is Reason.PROOF_REPLAYED


async def test_without_the_store_only_a_nonce_of_this_process_tells_a_replay():
    on = believing()
    on.judge.prover.spent.breaks = StoreUnavailableError("away")
    refused, nonce = await proved(on, *sent())
    assert refused is Reason.PROOF_STORE_UNAVAILABLE
    assert on.judge.prover.nonces.read(nonce, NOW).origin is NonceOrigin.OWN
    fields = sent(nonce=nonce)
    assert (await proved(on, *fields))[0] is None
    assert (await proved(on, *fields))[0] is Reason.PROOF_REPLAYED


async def test_a_nonce_of_one_process_lets_nobody_in_at_another():
    one, other = believing(), believing()
    other.judge.prover.nonces._node = b"that one"
    one.judge.prover.spent.breaks = StoreUnavailableError("away")
    _, nonce = await proved(one, *sent())
    fields = sent(nonce=nonce)
    assert (await proved(one, *fields))[0] is None
    refused, shared = await proved(other, *fields)
    assert refused is Reason.PROOF_NONCE_WRONG
    assert (await proved(other, *sent(nonce=shared)))[0] is None


@pytest.mark.parametrize(
    ("mode", "sort"),
    [(NonceMode.OFF, None), (NonceMode.OFFER, NonceOrigin.SHARED), (NonceMode.REQUIRE, NonceOrigin.OWN)],
)
async def test_the_mode_decides_which_nonce_is_handed_out(mode, sort):
    on = believing()
    require(on, mode)
    refused, nonce = await proved(on, *sent())
    assert refused is (Reason.PROOF_NONCE_MISSING if mode is NonceMode.REQUIRE else None)
    assert (on.judge.prover.nonces.read(nonce, NOW).origin if nonce else None) is sort


async def test_a_lone_process_hands_out_its_own_nonces():
    on = believing()
    on.judge.prover.is_alone = lambda: True
    shared = on.judge.prover.nonces.make(NOW, bound=False)
    for fields in (sent(), sent(nonce=shared)):
        refused, nonce = await proved(on, *fields)
        assert (refused, on.judge.prover.nonces.read(nonce, NOW).origin) == (None, NonceOrigin.OWN)
    on.judge.prover.spent.breaks = AssertionError("asked")
    fields = sent(nonce=nonce)
    assert await proved(on, *fields) == (None, "")
    assert (await proved(on, *fields))[0] is Reason.PROOF_REPLAYED


async def test_a_gate_that_hears_of_others_hands_out_shared_nonces():
    on = believing()
    bound = on.judge.prover.nonces.make(NOW, bound=True)
    refused, nonce = await proved(on, *sent(nonce=bound))
    assert (refused, on.judge.prover.nonces.read(nonce, NOW).origin) == (None, NonceOrigin.SHARED)


@pytest.mark.parametrize("mode", [NonceMode.OFFER, NonceMode.REQUIRE])
async def test_one_that_is_fresh_is_not_replaced(mode):
    on = believing()
    require(on, mode)
    _, nonce = await proved(on, *sent())
    assert await proved(on, *sent(nonce=nonce)) == (None, "")


async def test_a_device_that_changes_gates_gets_a_shared_nonce():
    one, other = believing(), believing()
    other.judge.prover.nonces._node = b"that one"
    other.judge.prover.spent = one.judge.prover.spent
    for each in (one, other):
        require(each, NonceMode.REQUIRE)
    _, bound = await proved(one, *sent())
    refused, shared = await proved(other, *sent(nonce=bound))
    assert refused is Reason.PROOF_NONCE_WRONG
    for each in (one, other, one):
        assert await proved(each, *sent(nonce=shared)) == (None, "")


async def test_a_request_without_an_attestation_is_offered_nothing():
    on = believing()
    asked = exchange(b"GET /allow HTTP/1.1")
    incoming = facts_of(asked.head, peer="192.0.2.7", secure=True, trusted=())
    access, _ = await on.judge.verdict(incoming, NOW)
    assert (access.attestation, incoming.answer_fields) == (None, [])


@pytest.mark.parametrize(("path", "status"), [("/allow", 200), ("/block", 403), ("/.mailgate/status", 200)])
async def test_every_answer_has_the_nonce(path, status):
    on = believing()
    got, headers, _ = await ask(on, *sent(path), path=path)
    assert (got, len(headers["DPoP-Nonce"])) == (status, 38)


async def test_a_program_is_asked_for_a_nonce_and_a_page_is_shown():
    on = believing()
    require(on, NonceMode.REQUIRE)
    status, headers, body = await ask(on, *sent("/block"), path="/block")
    assert (status, headers["WWW-Authenticate"]) == (401, 'DPoP error="use_dpop_nonce"')
    assert json.loads(body)["reason"] == headers["X-Device-Reason"] == "proof-nonce-missing"
    fields = (*sent("/block"), b"Accept: text/html", b"Sec-Fetch-NonceMode: navigate")
    status, headers, _ = await ask(on, *fields, path="/block")
    assert (status, headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert headers["DPoP-Nonce"]


async def test_rules_that_need_no_proof_need_no_nonce():
    on = believing()
    require(on, NonceMode.REQUIRE)
    assert (await ask(on, *sent()))[0] == 200


async def test_one_key_in_two_browsers_at_once_is_a_finding_and_counted():
    on = believing()
    found = []
    for agent in (b"A", b"B", b"A"):
        asked = exchange(b"GET /allow HTTP/1.1", *sent(), b"User-Agent: " + agent)
        access, _ = await on.judge.verdict(
            facts_of(asked.head, peer="192.0.2.7", secure=True, trusted=()), NOW
        )
        found.append(Reason.KEY_IN_TWO_PLACES in [each.reason for each in access.client.findings])
    assert found == [False, False, True]
    assert on.metrics.registry.get_sample_value("mailgate_keys_in_two_places_total") == 1


HERE = RequestFacts(remote="192.0.2.7", headers={"user-agent": "A"})
MINUTE = timedelta(minutes=1)


def elsewhere(remote: str = "192.0.2.7", agent: str = "A") -> RequestFacts:
    return RequestFacts(remote=remote, headers={"user-agent": agent})


def uses(*facts: RequestFacts, every: timedelta = MINUTE) -> list[bool]:
    places = CopiedKeys()
    return [places.moved_back("key", each, NOW + number * every) for number, each in enumerate(facts)]


@pytest.mark.parametrize("other", [elsewhere("198.51.100.1"), elsewhere(agent="B")])
def test_back_and_forth_between_two_places_is_noticed(other: RequestFacts) -> None:
    assert uses(HERE, other) == [False, False]
    assert uses(HERE, other, HERE, other) == [False, False, True, True]
    assert uses(HERE, other, other, HERE) == [False, False, False, True]


def test_going_on_to_another_place_is_what_people_do() -> None:
    assert not any(
        uses(HERE, HERE, elsewhere("198.51.100.1"), elsewhere("198.51.100.1"), elsewhere("203.0.113.1"))
    )
    assert not any(uses(HERE, elsewhere("198.51.100.1"), HERE, every=11 * MINUTE))


@pytest.mark.parametrize("near", ["192.0.2.200", "2001:db8::1", ""])
def test_the_same_network_or_the_other_kind_of_address_is_no_other_place(near: str) -> None:
    assert not any(uses(HERE, elsewhere(near), HERE, elsewhere(near)))


def test_two_keys_are_two_devices() -> None:
    places = CopiedKeys()
    found = [
        places.moved_back(key, facts, NOW)
        for key, facts in [
            ("a", HERE),
            ("b", elsewhere("198.51.100.1")),
            ("a", HERE),
            ("b", elsewhere("198.51.100.1")),
        ]
    ]
    assert not any(found)


def test_no_address_and_no_user_agent_is_remembered() -> None:
    places = CopiedKeys()
    places.moved_back("key", HERE, NOW)
    assert "192.0.2" not in repr(places._used)


class Tokens:
    """A verifier that finds the key of a token once its source has been pressed."""

    source = "login https://login.example.com"

    def verify(self, token, keys, now):
        if not keys.keys:
            raise IdTokenError(TokenFault.KEY)
        if token == b"forged":
            raise IdTokenError(TokenFault.SIGNATURE)
        return VerifiedLogin("Ada", "d1", NOW)


@pytest.mark.parametrize(
    ("token", "person", "given", "result"),
    [
        (b"good", "ada", KEYS, "accepted"),
        (b"good", "bob", KEYS, "another-person"),
        (b"forged", "ada", KEYS, "wrong-signature"),
        (b"good", "ada", None, "wrong-key"),
    ],
)
async def test_the_token_of_a_login_is_of_the_person_whom_the_proxy_names(token, person, given, result):
    on = gate()
    source, prover = Source(given), on.judge.prover
    prover.keyring.replace({Tokens.source: source})
    login = await prover.login(Tokens(), token, person, NOW)
    assert (login.refused, login.device) == (False, "d1") if result == "accepted" else (True, "")
    assert source.pressed == 1
    counted = on.metrics.registry.get_sample_value("mailgate_login_tokens_total", {"result": result})
    assert counted == 1


async def test_without_a_source_of_keys_no_token_counts():
    assert (await gate().judge.prover.login(Tokens(), b"good", "ada", NOW)).refused
