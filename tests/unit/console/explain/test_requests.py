"""A request that the gate recorded, decided again by today's rules on what is known today."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.rollout import people
from tests.unit.store.examples import (
    BLOCK,
    BROWSER,
    CATALOG,
    ISSUER,
    MAX_AGE,
    NOW,
    TERMS,
    access,
    minutes,
    proof,
)

from mailgate.classify import classify
from mailgate.console.explain.requests import RedecidedRequest, read_headers, read_request, redecide
from mailgate.errors import ConfigError
from mailgate.model import (
    Access,
    Assurance,
    AttestationResult,
    CertificateResult,
    Client,
    Effect,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
    User,
)
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.people import NO_GROUPS
from mailgate.policy.rules import PolicyFile, policy_context
from mailgate.store import Store

LATER = NOW + minutes(5)
ATTESTED = replace(BROWSER, assurance=Assurance.ATTESTED)
RULES = (
    {"id": "banned", "when": '"prohibited" in device.lists', "effect": "block"},
    {"id": "ada", "when": 'user.name == "ada@example.com"', "effect": "allow"},
)


def bundle(*rules: object) -> Any:
    """As much of the files as is read here."""
    file = PolicyFile.model_validate({"rules": rules or RULES}, context=policy_context(CATALOG))
    settings = SimpleNamespace(posture=SimpleNamespace(precedence=()))
    return SimpleNamespace(
        posture_terms=TERMS,
        policy=Policy(file.rules, file.default, CATALOG),
        settings=settings,
        groups=NO_GROUPS,
    )


async def record(
    store: Store,
    *apps: str,
    client: Client = ATTESTED,
    device: str = "phone-1",
    attestation: AttestationResult | None = None,
    certificate: CertificateResult | None = None,
) -> None:
    """What the gate leaves behind: a phone with these apps, and a request that was blocked on a device."""
    await store.postures(CATALOG, TERMS).current(client, proof(*apps), NOW)
    asked = access(client=client, device=device)
    asked = replace(asked, attestation=attestation, certificate=certificate)
    store.ledger.record(asked, BLOCK, "REF2345")
    await store.ledger.flush()
    await store.reports.flush()


async def recalled(store: Store, name: str = "REF2345", now=LATER, files=None) -> RedecidedRequest:
    found = await redecide(store, files or bundle(), name, now)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["", "REF2346", "phone-1"])
async def test_an_unknown_help_number_finds_nothing(store: Store, name: str) -> None:
    await record(store)
    assert await redecide(store, bundle(), name, LATER) is None


async def test_a_reference_and_the_id_of_its_sighting_lead_to_the_same_request(store: Store) -> None:
    await record(store, "tiktok")
    found = await recalled(store)
    assert await recalled(store, found.then.id) == found
    assert (found.then.sighting.reason, found.then.tally.last) == ("prohibited-app", NOW)
    assert (found.access.now, found.access.user.name) == (LATER, "ada@example.com")


async def test_today_s_rules_decide_on_the_client_and_device_of_then(store: Store) -> None:
    await record(store, "tiktok")
    found = await recalled(store)
    assert (found.access.posture.apps, found.access.client.os) == (("tiktok",), "ios")
    assert (found.decision.effect, found.decision.rule) == (Effect.BLOCK, "banned")
    changed = await recalled(store, files=bundle(RULES[1]))
    assert (changed.decision.effect, changed.decision.rule) == (Effect.ALLOW, "ada")


@pytest.mark.parametrize(("by_person", "apps"), [(False, ()), (True, ("tiktok",))])
async def test_a_browser_that_goes_by_its_person_does_so_again(store: Store, by_person, apps) -> None:
    await store.postures(CATALOG, TERMS).current(ATTESTED, proof("tiktok"), NOW)
    facts = RequestFacts(headers={"user-agent": people.IPHONE}, user="ada@example.com")
    asked = Access(facts, classify(facts), Posture(by_person=by_person), NOW, User("ada@example.com"))
    store.ledger.record(asked, BLOCK, "REF2345")
    await store.ledger.flush()
    await store.reports.flush()
    files = bundle()
    files.posture_terms = replace(TERMS, by_person=by_person)
    found = (await recalled(store, files=files)).access.posture
    assert (found.apps, found.by_person, found.device_id) == (apps, by_person, "")


async def test_a_device_that_was_cleaned_since_counts_as_it_is_now(store: Store) -> None:
    await record(store, "tiktok")
    await store.postures(CATALOG, TERMS).current(ATTESTED, proof(at=LATER), LATER)
    await store.reports.flush()
    assert (await recalled(store)).decision.effect is Effect.ALLOW


async def test_a_report_grows_old(store: Store) -> None:
    await record(store)
    assert (await recalled(store)).access.posture.state is PostureState.CLEAN
    old = await recalled(store, now=NOW + MAX_AGE + timedelta(seconds=1))
    assert old.access.posture.state is PostureState.STALE


@pytest.mark.parametrize(
    ("attestation", "source"), [(proof(), ISSUER), (replace(proof(), issuer="other"), "other"), (None, None)]
)
async def test_only_what_was_attested_is_attested_again(
    store: Store, attestation: AttestationResult | None, source: str | None
) -> None:
    await record(store, attestation=attestation)
    found = (await recalled(store)).access
    assert (found.client.assurance is Assurance.ATTESTED) is (source is not None)
    assert (found.attestation and found.attestation.issuer) == source


@pytest.mark.parametrize("device", ["", "phone-2"])
async def test_without_its_device_the_posture_is_missing(store: Store, device: str) -> None:
    await record(store, "tiktok", device=device)
    found = await recalled(store)
    assert found.access.posture.state is PostureState.MISSING
    assert found.access.attestation is None
    assert found.decision.reason is Reason.RULE_MATCHED


@pytest.mark.parametrize(
    ("imap_id", "state"),
    [('"name" "iPhone Mail"', PostureState.LISTED), ('"name" "Thunderbird"', PostureState.MISSING)],
)
async def test_a_login_is_decided_again_on_its_persons_devices(
    store: Store, imap_id: str, state: PostureState
) -> None:
    facts = RequestFacts("LOGIN", scheme="imap", headers={"imap-id": imap_id})
    await store.postures(CATALOG, TERMS).current(BROWSER, proof("tiktok"), NOW)
    store.ledger.record(access(facts, client=classify(facts), device=""), BLOCK, "REF2345")
    await store.ledger.flush()
    await store.reports.flush()
    found = await recalled(store)
    assert found.access.client == classify(facts)
    assert found.access.posture.state is state


async def test_a_good_certificate_is_known_again(store: Store) -> None:
    """Its thumbprint and the names in it are not: they are kept nowhere but with the device."""
    await record(store, certificate=CertificateResult("of-this-phone"))
    rules = {"id": "certified", "when": "certificate.valid", "effect": "allow"}
    again = await recalled(store, files=bundle(rules))
    assert (again.decision.rule, again.decision.effect) == ("certified", Effect.ALLOW)
    assert "of-this-phone" not in repr(again)


def test_headers_are_read_as_browsers_copy_them() -> None:
    asked = read_headers(
        "POST /mail?x=1 HTTP/2\r\nUser-Agent: A\r\n\r\nAccept:  b \nACCEPT: c\n", "pasted"
    ).facts()
    assert (asked.method, asked.target) == ("POST", "/mail?x=1")
    assert asked.headers == {"user-agent": "A", "accept": "b, c"}


def test_one_line_without_a_name_is_the_user_agent() -> None:
    assert (
        read_headers(" Mozilla/5.0 (X11; Linux x86_64) ", "pasted").facts().user_agent
        == "Mozilla/5.0 (X11; Linux x86_64)"
    )


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [1]),
        ("  \n\n", [1]),
        ("A: b\nno\n\nnor this", [2, 4]),
        ("GET / HTTP/1.1\nno", [2]),
        ("a b: c\nd: e", [1]),
    ],
)
def test_every_line_that_is_no_header_is_named(text: str, places: list[int]) -> None:
    with pytest.raises(ConfigError) as error:
        read_headers(text, "pasted")
    assert [each.line for each in error.value.mistakes] == places


@pytest.mark.parametrize(
    "data",
    [
        b'{"user_agent": "A", "device": {"state": "stale"}}',
        b"request: {user_agent: A}\ndevice: {state: stale}\n",
    ],
    ids=["JSON", "YAML"],
)
def test_json_and_yaml_say_what_is_known_of_the_device_too(data: bytes) -> None:
    found = read_request(data, "pasted", AppCatalog())
    assert (found.request.user_agent, found.device and found.device.state) == ("A", "stale")
