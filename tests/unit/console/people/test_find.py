"""One search for everything that somebody may hold in their hand."""

import pytest
from tests.unit.console.files import bundle
from tests.unit.store.examples import BLOCK, NOW, access, minutes

from mailgate.console.people import find as finding
from mailgate.console.people.find import LONGEST, Hit, Hits, find
from mailgate.devices.trust import report_by
from mailgate.model import Kind
from mailgate.store import HelpRequest, Store

ADA = Hit(what="person", id="ada", words="Person", person="ada")
ADAM = Hit(what="person", id="adam", words="Person", person="adam")
RAMADAN = Hit(what="person", id="ramadan", words="Person", person="ramadan")


@pytest.fixture
async def store(store: Store) -> Store:
    """Three people, each with a phone: their logins begin with one another's, or have it within."""
    names = {"ada": "C02AAA1", "adam": "C02BBB1", "ramadan": "D11CCC1"}
    await store.devices.ingest(
        [
            report_by("mdm", f"n-{owner}", owner, Kind.PHONE, "ios", "26.1", serial=serial)
            for owner, serial in names.items()
        ],
        NOW,
    )
    return store


async def found(store: Store, text: str, after: str = "", domain: str = "example.com") -> Hits:
    return await find(store, bundle(domain=domain), text, NOW, after)


async def phone(store: Store, owner: str) -> Hit:
    device = await store.devices.get("mdm", f"n-{owner}")
    assert device
    return Hit(what="device", id=device.id, words="phone, iOS 26.1", person=owner)


@pytest.mark.parametrize(
    "text", ["ada", " ADA\n", "corp\\ada", "Ada@corp", "ada@example.com", "ADA@Example.COM"]
)
async def test_an_exact_login_comes_first(store: Store, text: str) -> None:
    hits = await found(store, text)
    assert (hits.items, hits.next) == ([ADA, ADAM], None)


async def test_a_person_a_device_and_a_reference_are_found_as_they_are_pasted(store: Store) -> None:
    await store.devices.ingest(
        [
            report_by("mdm", "N 77", "plum.key", serial="UKPT3WHQ"),
            report_by("mdm", "n-78", "thomas.müller"),
            report_by("mdm", "n-79", "MÜLLER"),
        ],
        NOW,
    )
    plum, thomas = await store.devices.get("mdm", "N 77"), await store.devices.get("mdm", "n-78")
    assert plum
    assert thomas
    store.ledger.record(access(user="plum.key"), BLOCK, "JZXW7GBIJH")
    await store.ledger.flush()
    for text, wanted in {
        "Plum Key": "plum.key", "Key, Plum": "plum.key", "<plum.key@example.com>": "plum.key", "plum_key": "plum.key",
        "PLUM.KEY@EXAMPLE.COM": "plum.key", "mailto:plum.key@example.com": "plum.key",
        '"Key, Plum" <plum.key@example.com>': "plum.key", "THOMAS MÜLLER": "thomas.müller", "thomas.mu\u0308ller": "thomas.müller",
        "THOMAS.MÜLLER@EXAMPLE.COM": "thomas.müller", "Thomas Muller": "thomas.müller", "müller": "mÜller",
        "ukpt 3whq": plum.id, "UKPT-3WHQ": plum.id, "n 77": plum.id, plum.id.upper().replace("-", " "): plum.id,
        plum.id[:7].replace("-", " "): plum.id, "N 78": thomas.id,
        "jzxw7 gbijh": "JZXW7GBIJH", "jzxw-7gbi-jh": "JZXW7GBIJH", "#JZXW7GBIJH": "JZXW7GBIJH", "JZXW7GBIJH.": "JZXW7GBIJH",
    }.items():  # fmt: skip
        assert [each.id for each in (await found(store, text)).items][:1] == [wanted], text


@pytest.mark.parametrize(
    ("text", "domain"), [("ada@elsewhere.example", "example.com"), ("ada@example.com", "")]
)
async def test_an_address_of_another_domain_is_nobody(store: Store, text: str, domain: str) -> None:
    assert await found(store, text, domain=domain) == Hits(items=[], next=None)


async def test_a_name_that_begins_so_comes_before_one_that_contains_it(store: Store) -> None:
    assert (await found(store, "ad")).items == [ADA, ADAM, RAMADAN]
    assert (await found(store, "mada")).items == [RAMADAN]


@pytest.mark.parametrize("text", ["", "  ", "nobody", "%", "_"])
async def test_a_search_without_a_match_finds_nothing(store: Store, text: str) -> None:
    assert await found(store, text) == Hits(items=[], next=None)


async def test_people_behind_the_first_are_looked_for_further(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "SIZE", 1)
    first = await found(store, "da")
    assert (first.items, first.next) == ([ADA], "ada")
    second = await found(store, "da", "ada")
    assert (second.items, second.next) == ([ADAM], "adam")


async def test_a_device_is_found_by_its_serial_number_and_by_how_that_begins(store: Store) -> None:
    assert (await found(store, "c02aaa1")).items == [await phone(store, "ada")]
    assert (await found(store, "C02")).items == [await phone(store, "ada"), await phone(store, "adam")]
    one = await phone(store, "ramadan")
    assert (await found(store, one.id)).items == [one]


async def test_the_reference_of_a_refusal_is_found_however_it_was_typed(store: Store) -> None:
    store.ledger.record(access(user="Ada"), BLOCK, "REF2345")
    await store.ledger.flush()
    refusal = Hit(what="refusal", id="REF2345", words="Decided by “prohibited-app”", person="ada")
    for text in ("REF2345", "ref2345 "):
        assert (await found(store, text)).items == [refusal]
    assert (await found(store, "REF234")).items == []


@pytest.mark.parametrize(("person", "count"), [("ada", 1), ("", 0)])
async def test_a_help_number_of_a_help_request_leads_to_the_person(
    store: Store, person: str, count: int
) -> None:
    asked = HelpRequest(
        "shut", "x", person, "", "prohibited-app", "REF9", "p", True, 1, NOW, NOW + minutes(1)
    )
    await store.help_requests.note(asked)
    hits = await found(store, "ref9")
    assert [(each.id, each.words) for each in hits.items] == [
        ("ada", "Asked for help, help number REF9")
    ] * count


async def test_only_the_beginning_of_a_very_long_text_is_searched(store: Store) -> None:
    name = "x" * LONGEST
    await store.devices.ingest([report_by("mdm", "long", name)], NOW)
    assert [each.id for each in (await found(store, name + "y")).items] == [name]
