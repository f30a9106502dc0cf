"""One device."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.phones import asks, has, record
from tests.unit.console.written_mails import written

from mailgate.devices.device import Device
from mailgate.devices.trust import report_by
from mailgate.model import Compliance, Denial, Enrolment, Kind


@pytest.fixture
async def phone(firm: Company) -> Device:
    (found,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, found, "alice")
    return found


async def test_all_that_is_known_of_it_is_shown(ada: Browser, phone: Device) -> None:
    page = await ada.get(f"/console/devices/{phone.id}")
    for words in (
        "Listed app", "alice", "Phone, iOS 26.1", "TikTok", "jamf-file", "Serial number", "SERIAL-A1",
        "Phone, iOS 26.1 was reported for the first time", "jamf-file looked and found TikTok",
        "Phone, iOS: refused 1 time that day",
    ):  # fmt: skip
        assert words in page.words, words


@pytest.mark.parametrize(
    ("denial", "said"),
    [
        (
            Denial(frozenset({"tiktok"}), NOW - timedelta(hours=1), by="cope 12"),
            ("No listed app can run", "none that can run", "Apps that cannot run TikTok, by cope 12"),
        ),
        (
            Denial(frozenset(), NOW - timedelta(hours=1), failed="private-space-allowed"),
            ("Apps that cannot run none known Its policy allows a private space, whose apps nobody sees."),
        ),
    ],
    ids=["enforced", "a side door"],
)
async def test_apps_that_cannot_run_are_not_told_as_absent(
    ada: Browser, firm: Company, denial: Denial, said: tuple[str, ...]
) -> None:
    (found,) = await has(firm, report_by("jamf-file", "a1", "alice", Kind.PHONE, "android", denial=denial))
    page = await ada.get(f"/console/devices/{found.id}")
    assert [words for words in said if words not in page.words] == []


async def test_its_enrolment_and_the_verdict_of_its_management_are_shown(ada: Browser, firm: Company) -> None:
    personal = replace(
        record("c1", "carol"), enrolment=Enrolment.WORK_PROFILE_PERSONAL, apps_complete=False, compliance=Compliance.GRACE,
        compliance_at=NOW - timedelta(hours=2), compliance_apps=frozenset({"tiktok"}),
    )  # fmt: skip
    (phone,) = await has(firm, personal)
    page = await ada.get(f"/console/devices/{phone.id}")
    assert "Enrolment A personal phone with a work profile" in page.words
    assert "it breaks the management's rules, and has time to fix that" in page.words
    assert "it looked for 1 listed app" in page.words
    (unsaid,) = await has(firm, record("b1", "bob"))
    page = await ada.get(f"/console/devices/{unsaid.id}")
    assert "Enrolment Not told" in page.words
    assert "Verdict of its management" not in page.words


async def test_the_block_of_a_device_is_shown_with_rules_and_values(ada: Browser, phone: Device) -> None:
    page = await ada.get(f"/console/devices/{phone.id}")
    assert "No mail by the rule prohibited-app : An app keeps company mail off this device" in page.words
    assert "client.kind = phone" in page.words
    assert "device.lists = [prohibited]" in page.words
    assert "unproven-handheld not reached" in page.words
    assert (
        "What would give it mail If TikTok is removed and the device reports so: Gets mail by the rule “clean-handheld”"
        in page.words
    )


async def test_the_page_offers_an_exemption_to_operators_only(
    ada: Browser, vic: Browser, firm: Company, phone: Device
) -> None:
    page = await ada.get(f"/console/devices/{phone.id}")
    assert f'name="device" value="{phone.id}"' in page.text
    assert "Let it in" not in (await vic.get(f"/console/devices/{phone.id}")).words


async def test_mails_to_its_owner_stand_in_its_timeline(ada: Browser, firm: Company, phone: Device) -> None:
    await written(firm, "alice", "bob")
    page = await ada.get(f"/console/devices/{phone.id}")
    assert "Mail to alice: it blocks now, rule “prohibited-app” (queued)" in page.words
    assert "Mail to bob" not in page.words


async def test_a_device_that_never_asked_is_shown_with_what_it_would_get(ada: Browser, firm: Company) -> None:
    (found,) = await has(firm, record("b1", "bob"))
    page = await ada.get(f"/console/devices/{found.id}")
    assert "It has not asked for mail yet" in page.words
    assert "Gets mail by the rule clean-handheld" in page.words


async def test_a_device_is_forgotten_once_it_was_confirmed_and_that_is_written_down(
    ada: Browser, firm: Company, phone: Device
) -> None:
    page = await ada.post(f"/console/devices/{phone.id}/forget")
    assert "what 1 source said of it" in page.words
    assert "1 recorded request" in page.words
    assert await firm.store.devices.called(phone.id)
    page = await ada.post(f"/console/devices/{phone.id}/forget", confirmed="yes")
    assert page.path == "/console/devices"
    assert f"Device {phone.id} and all that was stored of it are deleted." in page.words
    assert not await firm.store.devices.called(phone.id)
    assert await firm.store.sightings.find("REF2345") is None
    assert (await firm.acts())[-1] == ("device-forgotten", "ada", f"device {phone.id}")


async def test_a_loss_that_somebody_else_has_undone_is_not_said_any_more(
    ada: Browser, firm: Company, phone: Device
) -> None:
    page = await ada.post(f"/console/devices/{phone.id}/lost", lost="yes", why="in a taxi")
    await firm.store.devices.mark_lost(phone.id, None)
    assert "is marked as lost" not in (await ada.get(page.path)).words


async def test_a_lost_device_is_kept_out_and_a_found_one_is_not(
    ada: Browser, vic: Browser, firm: Company, phone: Device
) -> None:
    page = await ada.post(f"/console/devices/{phone.id}/lost", lost="yes", why="")
    assert (page.status, "Say why" in page.words) == (409, True)
    assert "device-lost" not in str(await firm.acts())
    page = await ada.post(f"/console/devices/{phone.id}/lost", lost="yes", why="in a taxi")
    assert "Lost, no mail" in page.words
    assert "The iPhone is marked as lost. No mail. Undo" in page.words
    assert "Undo" not in (await ada.get("/console/")).words, "it is about this device"
    assert "Undo" in (await ada.get(page.path)).words, "for a minute"
    assert "Undo" not in (await vic.get(page.path)).words, "a viewer may not"
    page = await ada.post(f"/console/devices/{phone.id}/lost", lost="no", undoes=page.path)
    assert page.path == f"/console/devices/{phone.id}"
    assert "Undo" not in page.words
    assert "is marked as lost" not in (await ada.get(page.path)).words
    assert "Lost, no mail" not in page.words
    assert [what for what, _, _ in (await firm.acts())[-2:]] == ["device-lost", "device-found"]


async def test_a_viewer_sees_no_button_that_does_something(vic: Browser, phone: Device) -> None:
    page = await vic.get(f"/console/devices/{phone.id}")
    assert "Forget it" not in page.words
    assert "Lost …" not in page.words


async def test_an_approver_may_shut_it_out_and_do_nothing_else(
    vic: Browser, firm: Company, phone: Device
) -> None:
    """So that beyond the guard's limit there is another person to do it."""
    firm.roles(vic="approver")
    page = await vic.get(f"/console/devices/{phone.id}")
    assert "Lost …" in page.words
    assert "Forget it" not in page.words
    assert "Ask the source now" not in page.words
    page = await vic.post(f"/console/devices/{phone.id}/lost", lost="yes", why="in a taxi")
    assert "Lost, no mail" in page.words
    assert "Undo" not in page.words
    assert "Found again" not in page.words
    page = await vic.post(f"/console/devices/{phone.id}/lost", lost="no")
    assert page.status == 403
    assert "Lost, no mail" in (await vic.get(f"/console/devices/{phone.id}")).words


async def test_an_old_report_shows_as_stale(ada: Browser, firm: Company, phone: Device) -> None:
    (found,) = await has(firm, record("b1", "bob"))
    firm.clock.now = NOW + timedelta(days=3)
    await ada.log_in("ada")
    assert (
        "No mail : We have not heard from this device for too long."
        in (await ada.get(f"/console/devices/{found.id}")).words
    )


@pytest.mark.parametrize("name", ["nobody", "alice'--", "%00"])
async def test_an_unknown_device_has_no_page(ada: Browser, phone: Device, name: str) -> None:
    assert (await ada.get(f"/console/devices/{name}")).status == 404
