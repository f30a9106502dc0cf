"""One question that tells what has changed. Run on SQLite here and on PostgreSQL by ``tests/integration/store``."""

from datetime import timedelta

from tests.unit.store.examples import NOW

from mailgate.devices.trust import report_by
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, RuleTexts, Store

ACT = Act(NOW, "ada", "changed")


async def test_each_number_changes_with_its_own_thing_and_with_nothing_else(store: Store) -> None:
    new = await store.change_numbers()
    assert new.activation == 0
    active = await store.policies.activate(RuleTexts("p", {"policy.yaml": "1"}), ACT)
    activated = await store.change_numbers()
    assert activated == new._replace(activation=active.serial)
    relief = Relief(0, Cause.EXEMPTION, "shut", "a new phone", "grace", NOW, NOW + timedelta(hours=1), "ada")
    await store.reliefs.grant(relief, ACT)
    relieved = await store.change_numbers()
    assert relieved == activated._replace(reliefs=relieved.reliefs) != activated
    await store.devices.ingest([report_by("mdm", "phone-1", apps=None)], NOW)
    reported = await store.change_numbers()
    assert reported == relieved._replace(devices=reported.devices) != relieved


async def test_the_numbers_are_those_that_the_parts_tell_of_themselves(store: Store) -> None:
    await store.policies.activate(RuleTexts("p", {"policy.yaml": "1"}), ACT)
    assert await store.change_numbers() == (
        await store.policies.serial(),
        await store.reliefs.serial(),
        await store.devices.last_change(),
    )
