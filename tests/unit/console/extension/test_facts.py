"""What is said of the browsers of a company."""

from datetime import timedelta

from tests.unit.console.browsing import NOW, Company
from tests.unit.store.people import read_mail
from tests.unit.store.test_fleet import a_browser, said

from mailgate.console.extension.facts import Share, as_rows, browser_facts, browsers, fleet, people_without
from mailgate.store import Proofs
from mailgate.store.fleet import FleetBrowser, FleetFilter

DAY = timedelta(days=1)


async def told(firm: Company) -> dict[str, object]:
    return (await fleet(firm.store, firm.bundle.settings, NOW)).model_dump()


async def test_browsers_are_counted_by_what_they_have_in_common(firm: Company) -> None:
    await firm.store.enrolments.take(
        [
            a_browser("ada", NOW),
            a_browser("bob", NOW - 2 * DAY, said=said(version="142.9")),
            a_browser("cy", NOW - 9 * DAY, said=""),
            a_browser("dan", NOW, revoked_at=NOW),
        ]
    )
    facts = await told(firm)
    assert (facts["browsers"], facts["day"], facts["week"]) == (3, 1, 2)
    states = {each["name"]: each["browsers"] for each in facts["states"]}
    assert states == {
        "reporting": 1,
        "unknown": 1,
        "silent": 1,
        "revoked": 1,
        "asleep": 0,
        "missing": 0,
        "never": 0,
    }
    assert facts["versions"] == [
        Share(name="Google Chrome 142", browsers=2).model_dump(),
        Share(name="", browsers=1).model_dump(),
    ]


async def test_where_no_proxy_names_anybody_nobody_is_said_to_be_without_it(firm: Company) -> None:
    assert (await told(firm))["readers"] == {"people": 0, "named": 0, "without": None}
    await read_mail(firm.store, "ada", NOW, Proofs(attestation="accepted"))
    assert (await told(firm))["readers"] == {"people": 1, "named": 0, "without": None}
    await read_mail(firm.store, "bob", NOW)
    assert (await told(firm))["readers"] == {"people": 2, "named": 1, "without": 1}


async def test_a_browser_says_its_own_word_and_nothing_is_made_up(firm: Company) -> None:
    await firm.store.enrolments.take(
        [a_browser("ada", NOW, machine="LT-1", proven=True), a_browser("bob", said="")]
    )
    (ada, bob), after = await browsers(firm.store, firm.bundle.settings, FleetFilter(), NOW, 5)
    assert (ada.computer, ada.computer_proven, ada.browser, ada.installed) == (
        "LT-1",
        True,
        "Google Chrome",
        "admin",
    )
    assert (bob.browser, bob.browser_version, bob.os, bob.managed) == ("", "", "", None)
    assert after == ""


async def test_pages_follow_each_other_to_the_end(firm: Company) -> None:
    names = [f"p{number}" for number in range(5)]
    await firm.store.enrolments.take([a_browser(name) for name in names])
    seen, after = list[str](), None
    while after != "":
        page, after = await browsers(firm.store, firm.bundle.settings, FleetFilter(), NOW, 2, after or "")
        seen += [each.key for each in page]
    assert seen == [f"key-{name}" for name in names]


async def test_people_without_the_extension_come_a_page_at_a_time(firm: Company) -> None:
    for person in ("ada", "bob", "cy"):
        await read_mail(firm.store, person, NOW)
        await read_mail(firm.store, person, NOW, browser="Firefox")
    first, after = await people_without(firm.store, NOW, 2)
    assert [each.person for each in first] == ["ada", "ada", "bob", "bob"]
    rest, end = await people_without(firm.store, NOW, 2, after)
    assert ([each.person for each in rest], end) == (["cy", "cy"], "")


async def test_a_spreadsheet_has_every_browser_that_matches(firm: Company) -> None:
    await firm.store.enrolments.take([a_browser("ada", NOW), a_browser("bob", None)])
    (rows,) = [each async for each in as_rows(firm.store, firm.bundle.settings, FleetFilter(), NOW)]
    assert [row[0] for row in rows] == ["Ada@example.com", "Bob@example.com"]
    assert rows[0][4] == NOW.isoformat()
    assert rows[1][4] == ""


def test_a_report_of_another_release_is_read_as_far_as_it_is_known() -> None:
    key = a_browser("ada", said='{"os": "linux", "browser": null, "more": 1}')
    found = {
        name: getattr(key, name) for name in ("thumbprint", "device", "owner", "machine", "proven", "token")
    }
    found |= {name: getattr(key, name) for name in ("made_at", "reported_at", "revoked_at", "said")}
    facts = browser_facts(FleetBrowser(**found, state="asleep", bare_at=None))
    assert (facts.os, facts.browser, facts.installed) == ("linux", "", "")
