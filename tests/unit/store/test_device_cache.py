"""Devices in memory under every name."""

from dataclasses import replace

import pytest
from tests.unit.store.examples import NOW

from mailgate.devices.device import Device, Report
from mailgate.devices.names import EAS, MDM, SERIAL, USER
from mailgate.store.device_cache import DeviceCache

REPORT = Report("jamf", "7", owner="Ada", names=frozenset({(EAS, "applx1")}))
DEVICE = Device("a", (REPORT,), changed=5)
OTHER = Device("b", (replace(REPORT, id="8"),))
SLOT, NAME = ("jamf", "7"), (EAS, "applx1")


def asked(device: Device | None = DEVICE) -> DeviceCache:
    """A memory in which somebody asked for the device's place, its ActiveSync id and its owner."""
    memory = DeviceCache(10)
    memory.remember(SLOT, device, NOW)
    memory.remember(NAME, device, NOW)
    memory.remember_owned("ada", [device] if device else [], NOW)
    return memory


def told(memory: DeviceCache) -> list[Device | None]:
    """What stands under the three."""
    known = [memory.get(SLOT), memory.get(NAME)]
    owned = memory.owned("ada")
    assert all(known)
    assert owned is not None
    return [*(each.device if each else None for each in known), next(iter(owned.devices), None)]


@pytest.mark.parametrize("before", [DEVICE, None], ids=["known", "unknown"])
def test_a_change_counts_under_every_name_of_a_device_at_once(before: Device | None) -> None:
    memory, new = asked(before), replace(DEVICE, lost_at=NOW)
    memory.learn(new)
    assert told(memory) == [new, new, new]


def confirmed() -> DeviceCache:
    """A memory to which the store has told the device once."""
    memory = asked()
    memory.change(DEVICE)
    memory.remember(SLOT, DEVICE, NOW)
    memory.remember(NAME, DEVICE, NOW)
    memory.remember_owned("ada", [DEVICE], NOW)
    return memory


def asks_again(memory: DeviceCache) -> list[bool]:
    known, owned = (memory.get(SLOT), memory.get(NAME)), memory.owned("ada")
    return [*(each is not None and each.changed for each in known), owned is not None and owned.changed]


NEWER = replace(DEVICE, reports=(replace(REPORT, os_version="27"),), changed=6)


def test_a_report_that_came_here_and_is_stored_now_is_no_news() -> None:
    memory = confirmed()
    memory.learn(NEWER)
    memory.change(replace(NEWER, changed=7))
    assert asks_again(memory) == [False, False, False]
    assert memory.device("a") == NEWER


@pytest.mark.parametrize(
    ("learned", "stored"),
    [
        ([], NEWER),
        ([NEWER], replace(NEWER, lost_at=NOW)),
        ([NEWER], replace(NEWER, ceded_names=REPORT.names)),
        ([NEWER], replace(NEWER, reports=(replace(REPORT, owner="Ada", os="ios"),))),
        ([replace(DEVICE, ceded_names=REPORT.names), NEWER], NEWER),
    ],
    ids=["elsewhere", "lost", "another has its name", "more was reported", "it had other names in between"],
)
def test_whatever_else_the_store_tells_is_asked_for_again(learned: list[Device], stored: Device) -> None:
    memory = confirmed()
    for each in learned:
        memory.learn(each)
    memory.change(stored)
    assert asks_again(memory) == [True, True, True]


def test_a_device_is_confirmed_by_the_store_before_its_names_are_believed() -> None:
    memory = asked(NEWER)
    memory.change(NEWER)
    assert asks_again(memory) == [True, True, True]


def test_a_forgotten_device_is_gone_under_every_name() -> None:
    memory = asked()
    memory.forget("a")
    memory.forget("never heard of")
    assert told(memory) == [None, None, None]


def test_a_merged_device_is_known_as_its_new_self() -> None:
    memory = asked()
    merged = replace(OTHER, former_ids=frozenset({"a"}), changed=6)
    memory.learn(merged)
    assert told(memory)[:2] == [merged, merged]


def test_a_name_that_another_device_has_now_leads_there() -> None:
    memory = asked()
    memory.learn(OTHER)
    assert told(memory)[0] == DEVICE
    assert told(memory)[1] == OTHER


def test_a_ceded_name_leads_nowhere_new() -> None:
    memory = asked()
    memory.learn(replace(OTHER, ceded_names=frozenset({NAME})))
    assert told(memory)[1] == DEVICE


def test_an_older_read_does_not_undo_a_change() -> None:
    memory = asked()
    lost = replace(DEVICE, lost_at=NOW, changed=6)
    memory.learn(lost)
    assert memory.newest(DEVICE) == lost
    assert memory.newest(replace(DEVICE, changed=7)) == replace(DEVICE, changed=7)
    assert memory.newest(Device("b")) == Device("b")


@pytest.mark.parametrize(("device_id", "device"), [("a", DEVICE), ("b", None)])
def test_a_device_is_found_by_its_id(device_id: str, device: Device | None) -> None:
    assert asked().device(device_id) == device


@pytest.mark.parametrize(
    ("name", "waits"),
    [(NAME, True), ((USER, "ada"), True), ((EAS, "other"), False), ((USER, "bob"), False)],
    ids=["its name", "its person", "another name", "another person"],
)
def test_the_names_asked_for_are_known(name: tuple[str, str], waits: bool) -> None:
    assert asked().waits_for(*name) is waits


def test_only_so_many_names_are_kept() -> None:
    memory = DeviceCache(2)
    for number in range(3):
        memory.remember((EAS, str(number)), None, NOW)
    assert [memory.get((EAS, str(number))) is not None for number in range(3)] == [False, True, True]


def followed(memory: DeviceCache) -> list[int | None]:
    """Since when each of the three is followed; None where the store is to be asked again."""
    known = [memory.get(SLOT), memory.get(NAME), memory.owned("ada")]
    return [each.beginning if each and not each.changed else None for each in known]


def asked_and_followed() -> DeviceCache:
    memory = DeviceCache(10)
    memory.remember(SLOT, DEVICE, NOW, None, 1)
    memory.remember(NAME, DEVICE, NOW, None, 1)
    memory.remember_owned("ada", [DEVICE], NOW, 1)
    return memory


def test_a_device_changed_in_the_store_is_known_and_asked_for_again() -> None:
    memory = asked_and_followed()
    assert followed(memory) == [1, 1, 1]
    new = replace(DEVICE, lost_at=NOW)
    memory.change(new)
    assert told(memory) == [new, new, new]
    assert followed(memory) == [None, None, None]


def test_a_report_with_a_request_leaves_its_own_names_alone() -> None:
    memory = asked_and_followed()
    memory.learn(replace(DEVICE, last_seen=NOW))
    assert followed(memory) == [1, 1, 1]


def test_a_name_that_moved_is_asked_for_again() -> None:
    memory = asked_and_followed()
    memory.learn(OTHER)
    assert followed(memory)[:2] == [1, None]
    memory.forget("a")
    assert followed(memory)[0] is None
    memory = asked_and_followed()
    memory.learn(replace(OTHER, former_ids=frozenset({"a"})))
    assert followed(memory)[0] is None


def test_names_of_every_kind_and_ids_of_sources_lead_to_what_is_learned() -> None:
    memory = DeviceCache(10)
    names = [(SERIAL, "S1"), (MDM, "7")]
    for name in names:
        memory.remember(name, None, NOW)
    assert all(memory.waits_for(*name) for name in names)
    device = Device("a", (replace(REPORT, names=frozenset({(SERIAL, "S1")})),))
    memory.learn(device)
    assert [memory.get(name).device for name in names] == [device, device]  # type: ignore[union-attr]
