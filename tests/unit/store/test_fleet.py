"""The browsers of a company, and whether their people ask for mail without the extension."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.store.examples import NOW, prune
from tests.unit.store.people import PROXIED, read_mail

from mailgate.attest.passport import OWN_LIFETIME
from mailgate.store import EnrolledKey, EnrolmentToken, Proofs, Store
from mailgate.store import fleet as fleet_store
from mailgate.store.fleet import (
    TOKEN_LIFETIME,
    BrowserState,
    FleetBrowser,
    FleetFilter,
    Heard,
    PersonWithout,
    Place,
    Readers,
)

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SILENT_AFTER = 3 * DAY
EVENING = NOW - 5 * HOUR
"""When the browsers of most tests reported last."""


def said(name: str = "Google Chrome", version: str = "142.0.1", os: str = "windows", **more: str) -> str:
    told = {"os": os, "browser": {"name": name, "version": version}, "install_type": "admin"}
    return json.dumps(told | {"extension_version": "0.1.0"} | more)


def a_browser(name: str, reported_at: datetime | None = EVENING, **changed: Any) -> EnrolledKey:
    known = {"owner": f"{name.title()}@example.com", "token": "token-1", "made_at": NOW - 40 * DAY}
    return EnrolledKey(
        **({"thumbprint": f"key-{name}", "device": f"d-{name}", "reported_at": reported_at, "said": said()}
        | known | changed)
    )  # fmt: skip


async def found(store: Store, now: datetime = NOW, **wanted: str) -> Sequence[FleetBrowser]:
    return (await store.fleet.page(FleetFilter(**wanted), now, SILENT_AFTER, 100)).rows


async def state_of_ada(store: Store, now: datetime = NOW) -> str:
    (browser,) = await found(store, now)
    return browser.state


def test_a_report_counts_as_long_as_the_token_of_the_gate() -> None:
    assert TOKEN_LIFETIME == OWN_LIFETIME


@pytest.mark.parametrize(
    ("minutes", "state"), [(-9, "reporting"), (-11, "unknown"), (-4319, "unknown"), (-4320, "silent")]
)
async def test_a_browser_goes_by_its_last_report(store: Store, minutes: int, state: str) -> None:
    await store.enrolments.take([a_browser("ada", NOW + minutes * MINUTE)])
    assert await state_of_ada(store) == state


async def test_a_key_that_never_reported_and_a_revoked_one_say_so(store: Store) -> None:
    await store.enrolments.take(
        [a_browser("ada", None), a_browser("bob", NOW, revoked_at=NOW), a_browser("cy", NOW, app='{"a": 1}')]
    )
    assert [each.state for each in await found(store)] == ["never", "revoked"]  # an app is no browser


@pytest.mark.parametrize(
    ("minutes", "proofs", "client", "state"),
    [
        (-60, PROXIED, {}, "asleep"),
        (-9 * 24 * 60, PROXIED, {}, "asleep"),
        (-10 * 24 * 60, PROXIED, {}, "unknown"),
        (9, PROXIED, {}, "asleep"),
        (11, PROXIED, {}, "missing"),
        (11, PROXIED, {"browser": "Firefox"}, "unknown"),
        (11, PROXIED, {"os": "macos"}, "unknown"),
        (11, PROXIED, {"kind": "phone"}, "unknown"),
        (11, Proofs(named_by="proxy", attestation="accepted"), {}, "asleep"),
        (11, Proofs(attestation="accepted"), {}, "unknown"),
        (11, Proofs(), {}, "unknown"),
    ],
    ids=[
        *("before its report", "days before", "before the proxy named nobody any more"),
        *("while its token was good", "without it since", "by another browser"),
        *("on another system", "on a phone", "with a proof", "with a proof, unnamed", "by its own word"),
    ],
)
async def test_asleep_is_told_from_missing_where_somebody_names_the_person(
    store: Store, minutes: int, proofs: Proofs, client: dict[str, str], state: str
) -> None:
    """What is not recorded is not known: it makes no browser missing, and none asleep."""
    await store.enrolments.take([a_browser("ada")])
    await read_mail(store, "ADA@example.com", EVENING + minutes * MINUTE, proofs, **client)
    assert await state_of_ada(store) == state


@pytest.mark.parametrize(
    ("name", "family"),
    [("Microsoft Edge", "Edge"), ("Firefox", "Firefox"), ("Opera", "Opera"), ("Chromium", "Chrome"), ("Brave", "Chrome")],
)  # fmt: skip
async def test_a_browser_is_recognised_by_the_family_of_its_user_agent(
    store: Store, name: str, family: str
) -> None:
    await store.enrolments.take([a_browser("ada", said=said(name))])
    await read_mail(store, "ada@example.com", NOW, browser=family)
    assert await state_of_ada(store) == "missing"


async def test_one_that_reports_again_is_missing_no_more(store: Store) -> None:
    await store.enrolments.take([a_browser("ada")])
    await read_mail(store, "ada@example.com", NOW)
    assert await state_of_ada(store) == "missing"
    await store.enrolments.reported("key-ada", NOW + MINUTE, said=said())
    assert [await state_of_ada(store, NOW + hours * HOUR) for hours in (0, 2)] == ["reporting", "asleep"]


MANY = (
    a_browser("ada", NOW, machine="LT-0001"),
    a_browser("ben", NOW - 2 * DAY, said=said("Firefox", "153.0", "linux", install_type="normal")),
    a_browser("bo", NOW - 9 * DAY, machine="lt-0002", said=said(version="142", extension_version="0.2.0")),
    a_browser("cy", NOW - 9 * DAY, said=""),
)


async def test_browsers_that_are_alike_are_counted(store: Store) -> None:
    await store.enrolments.take([*MANY, a_browser("dan", NOW)])
    groups = Counter(await store.fleet.groups(NOW, SILENT_AFTER))
    chrome, of_today = ("Google Chrome", "142.0.1", "0.1.0", "admin"), (BrowserState.REPORTING, Heard.DAY)
    assert groups == Counter(
        [
            (*of_today, *chrome, 2),
            (BrowserState.UNKNOWN, Heard.WEEK, "Firefox", "153.0", "0.1.0", "normal", 1),
            (BrowserState.SILENT, Heard.BEFORE, "Google Chrome", "142", "0.2.0", "admin", 1),
            (BrowserState.SILENT, Heard.BEFORE, "", "", "", "", 1),
        ]
    )


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "ada ben bo cy"),
        ({"state": "silent"}, "bo cy"),
        ({"heard": "week"}, "ada ben"),
        ({"heard": "before"}, "bo cy"),
        ({"browser": "Google Chrome"}, "ada bo"),
        ({"browser": "Google Chrome 142"}, "ada bo"),
        ({"browser": "Google Chrome 14"}, ""),
        ({"browser": "Google_Chrome 142"}, ""),
        ({"extension": "0.2.0"}, "bo"),
        ({"installed": "normal"}, "ben"),
        ({"name": "B"}, "ben bo"),
        ({"name": "LT-000"}, "ada bo"),
        ({"name": "lt-0002", "state": "silent"}, "bo"),
        ({"name": "%"}, ""),
        (
            {"name": "\0", "browser": "\0"},
            "",
        ),  # no database keeps such characters, and neither may it stumble
        ({"name": "\ud800", "extension": "\ud800"}, ""),
    ],
)
async def test_browsers_are_found_by_all_that_is_asked(
    store: Store, wanted: dict[str, str], names: str
) -> None:
    await store.enrolments.take(MANY)
    if "heard" in wanted:
        await store.enrolments.take([a_browser("dan", None)])  # it has not reported, at whatever time
    assert [each.thumbprint.removeprefix("key-") for each in await found(store, **wanted)] == names.split()


async def test_pages_follow_each_other_without_a_gap(store: Store) -> None:
    same = [a_browser(f"ada{number}", owner="Ada") for number in range(5)]
    await store.enrolments.take([*MANY, *same])
    assert await pages(store, 2) == [each.thumbprint for each in [*same, *MANY]]


async def test_a_search_reads_a_window_of_browsers_and_goes_on_behind_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_store, "WINDOW", 2)
    same = [a_browser(f"ada{number}", owner="Ada") for number in range(5)]
    await store.enrolments.take([*same, a_browser("bob", owner="Bob", said="")])
    first = await store.fleet.page(FleetFilter(browser="Firefox"), NOW, SILENT_AFTER, 50)
    assert (first.rows, first.after) == ([], Place("ada", same[1].thumbprint))
    assert await pages(store, 50, browser="Firefox") == []
    assert await pages(store, 1) == [*(each.thumbprint for each in same), a_browser("bob").thumbprint]


async def pages(store: Store, size: int, **wanted: str) -> list[str]:
    """The keys of all browsers that match, page by page."""
    seen, place, more = list[str](), None, True
    while more:
        page = await store.fleet.page(FleetFilter(**wanted), NOW, SILENT_AFTER, size, place)
        seen += [each.thumbprint for each in page.rows]
        place, more = page.after, page.after is not None
    return seen


async def test_people_without_the_extension_are_named_with_their_browsers(store: Store) -> None:
    await store.enrolments.take([a_browser("ada"), a_browser("bob", NOW - 8 * DAY)])
    await read_mail(store, "ada@example.com", NOW)  # reported within the week
    await read_mail(store, "bob@example.com", NOW)
    await read_mail(store, "cy", NOW - DAY, browser="Safari", os="macos")
    await read_mail(store, "cy", NOW - 2 * DAY)
    await read_mail(store, "dan", NOW - 8 * DAY)
    await read_mail(store, "eve", NOW, Proofs(attestation="accepted"))
    assert await store.fleet.readers(NOW) == Readers(4, 3, 2)
    bob = PersonWithout("bob@example.com", "windows", "Chrome", NOW)
    cy = [
        PersonWithout("cy", "macos", "Safari", NOW - DAY),
        PersonWithout("cy", "windows", "Chrome", NOW - 2 * DAY),
    ]
    assert await store.fleet.people_without(NOW, 5) == [bob, *cy]
    assert await store.fleet.people_without(NOW, 1) == [bob]
    assert await store.fleet.people_without(NOW, 1, "bob@example.com") == cy


async def test_readers_end_like_sightings_and_old_times_before_them(store: Store) -> None:
    await read_mail(store, "ada", NOW)
    await read_mail(store, "ada", NOW + DAY, Proofs(attestation="accepted"))
    for days, left in ((1, ["ada"]), (2, [])):
        await prune(store, NOW + days * DAY)
        assert [*await store.fleet.last_seen(["ada"])] == left
    await read_mail(store, "bob", NOW)
    await read_mail(store, "bob", NOW + DAY, Proofs(attestation="accepted"))
    await prune(store, NOW + DAY)
    assert await store.fleet.people_without(NOW + DAY, 5) == []


async def enrol_with(store: Store, token: EnrolmentToken, made: Sequence[datetime]) -> None:
    await store.enrolments.add(token.name.encode(), token)
    await store.enrolments.take(
        [a_browser(f"{token.name}{at}", token=token.name, made_at=each) for at, each in enumerate(made)]
    )


@pytest.mark.parametrize(
    ("left", "used", "days_left", "last", "ends"),
    [
        (20, 80, 15, NOW, 0),
        (5, 95, 15, NOW, 1),
        (0, 95, 15, NOW, 1),
        (50, 50, 2, NOW, 1),
        (50, 50, -1, NOW, 0),
        (5, 95, 15, NOW - 15 * DAY, 0),
        (0, 1, 15, NOW, 0),
        (50, 0, 2, NOW, 0),
    ],
    ids=["enough", "few uses", "used up", "little time", "over", "not in use", "for one", "never used"],
)
async def test_a_shared_token_in_use_is_noticed_before_it_ends(
    store: Store, left: int, used: int, days_left: float, last: datetime, ends: int
) -> None:
    token = EnrolmentToken("token-x", "", "", left, NOW - 30 * DAY, NOW + days_left * DAY)
    await enrol_with(store, token, [last] * used)
    assert await store.fleet.ending_tokens(NOW) == ends
