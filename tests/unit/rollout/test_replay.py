"""What a stored sighting or device looks like to a decision now."""

from dataclasses import replace

import pytest
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.classify import classify
from mailgate.devices.device import Device, Report
from mailgate.model import Assurance, Client, Kind, PostureState
from mailgate.policy.variables import VARIABLES
from mailgate.rollout.replay import (
    UNRECORDED_IN_DEVICES,
    UNRECORDED_IN_SIGHTINGS,
    PostureInputs,
    posture_for,
    recognise,
    reported,
)
from mailgate.store.client_facts import client_facts

LISTS = PostureInputs(rules().policy.catalog, people.TERMS)


def device(name: str, *apps: str) -> Device:
    phone = Report(people.ISSUER, name, "ada", Kind.PHONE, "ios", "26.1")
    report = replace(phone, apps=frozenset(apps), apps_complete=True, reported_at=NOW)
    return Device(name, (report,))


PHONE, WORSE = device("phone-1"), device("phone-2", "tiktok")
BROWSER, MAIL = classify(people.page_load(people.IPHONE)), classify(people.imap())


def test_what_was_not_recorded_is_named_by_variables_that_there_are() -> None:
    assert UNRECORDED_IN_SIGHTINGS < UNRECORDED_IN_DEVICES <= VARIABLES.keys()


@pytest.mark.parametrize(
    "facts",
    [people.page_load(people.IPHONE), people.page_load(people.WINDOWS), people.mail_app("E1"), people.imap()],
)
def test_what_a_sighting_tells_is_what_the_request_told(facts: object) -> None:
    """Every variable that is not named as unrecorded has the value that it had."""
    client = classify(facts)  # type: ignore[arg-type]
    again, _ = recognise(client_facts(facts, client), [], [])  # type: ignore[arg-type]
    plain = {name: getattr(client, name) for name in ("kind", "handheld", "assurance", "form", "os", "os_version", "browser", "browser_version", "model", "eas_type", "protocol", "contradicted", "probed", "findings")}  # fmt: skip
    assert {name: getattr(again, name) for name in plain} == plain


def test_a_proof_is_believed_again_only_where_there_was_one() -> None:
    seen = client_facts(people.page_load(people.IPHONE), BROWSER)
    postures = [LISTS.posture(PHONE, NOW)]
    assert recognise(seen, [PHONE], postures)[1] is None
    attested, proof = recognise(seen._replace(assurance=Assurance.ATTESTED), [PHONE], postures)
    assert (attested.assurance, proof and proof.device_id) == (Assurance.ATTESTED, "phone-1")


def test_a_device_that_was_not_seen_is_what_it_reported() -> None:
    client = reported(Kind.TABLET, "ipados", "26.1")
    assert (client.kind, client.handheld) == (Kind.TABLET, True)
    assert (client.os, client.contradicted) == ("ipados", False)
    assert reported(None, "", "").kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("client", "known", "state"),
    [
        (BROWSER, (PHONE, WORSE), PostureState.CLEAN),
        (MAIL, (PHONE, WORSE), PostureState.LISTED),
        (replace(MAIL, kind=Kind.LAPTOP), (PHONE, WORSE), PostureState.MISSING),
        (BROWSER, (), PostureState.MISSING),
    ],
    ids=["a browser's own", "the worst of the person at the side door", "none of a laptop there", "none where nothing is known"],
)  # fmt: skip
def test_the_posture_is_that_of_the_device_or_of_the_person_at_the_side_door(
    client: Client, known: tuple[Device, ...], state: PostureState
) -> None:
    assert posture_for(client, [LISTS.posture(each, NOW) for each in known]).state is state
