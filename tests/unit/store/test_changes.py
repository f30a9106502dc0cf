"""How the store shows what has changed. Run on SQLite here and on PostgreSQL by ``tests/integration/store``."""

from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW

from mailgate.devices.trust import report_by
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, AuditHead, RuleTexts, Store
from mailgate.store.changes import DISTRUSTED_FOR, VALID_FOR, ChangeWatch

CHANGED = Act(NOW, "ada", "changed")


async def test_each_number_changes_with_its_own_thing_and_with_nothing_else(store: Store) -> None:
    new = await store.change_numbers()
    assert new.activation == 0
    active = await store.policies.activate(RuleTexts("p", {"policy.yaml": "1"}), CHANGED)
    activated = await store.change_numbers()
    assert activated == new._replace(activation=active.serial, audit=str(await store.audit.head()))
    assert new.audit == str(AuditHead())
    relief = Relief(0, Cause.EXEMPTION, "shut", "a new phone", "grace", NOW, NOW + timedelta(hours=1), "ada")
    await store.reliefs.grant(relief, CHANGED)
    relieved = await store.change_numbers()
    assert relieved.reliefs != activated.reliefs
    assert relieved == activated._replace(reliefs=relieved.reliefs, audit=str(await store.audit.head()))
    await store.devices.ingest([report_by("mdm", "phone-1", apps=None)], NOW)
    reported = await store.change_numbers()
    assert reported == relieved._replace(devices=reported.devices) != relieved


async def test_the_numbers_are_those_that_the_parts_tell_of_themselves(store: Store) -> None:
    await store.policies.activate(RuleTexts("p", {"policy.yaml": "1"}), CHANGED)
    assert await store.change_numbers() == (
        await store.policies.serial(),
        await store.reliefs.serial(),
        await store.devices.last_change(),
        0,
        str(await store.audit.head()),
    )


MOMENT = timedelta(milliseconds=1)


def watching() -> ChangeWatch:
    """Everything is known up to change 5."""
    made = ChangeWatch(change=5)
    made.caught_up(NOW)
    return made


@pytest.mark.parametrize("made", [ChangeWatch(), ChangeWatch(change=5)], ids=["new", "that knows a change"])
def test_nothing_is_followed_before_the_first_look(made: ChangeWatch) -> None:
    assert made.since(made.mark()) is None
    assert not made.follows(None, NOW)


def test_a_name_is_followed_until_a_look_is_late() -> None:
    made = watching()
    beginning = made.since(made.mark())
    assert beginning is not None
    assert made.follows(beginning, NOW + VALID_FOR - MOMENT)
    assert not made.follows(beginning, NOW + VALID_FOR)
    assert not made.follows(beginning, NOW - VALID_FOR)
    made.caught_up(NOW + 2 * VALID_FOR)
    assert made.follows(beginning, NOW + 2 * VALID_FOR)


def test_a_change_missed_by_a_look_ends_the_following() -> None:
    made = watching()
    mark = made.mark()
    made.change = 6
    assert made.since(mark) is None
    assert made.since(made.mark()) is not None


def test_after_a_failed_look_all_is_asked_anew() -> None:
    made = watching()
    mark, beginning = made.mark(), made.since(made.mark())
    made.lost_track()
    assert made.mark() is None
    assert not made.follows(beginning, NOW)
    made.caught_up(NOW)
    assert not made.follows(beginning, NOW)
    assert made.since(mark) is None


def test_after_a_long_time_without_a_look_all_is_asked_anew() -> None:
    made = watching()
    beginning = made.since(made.mark())
    made.caught_up(NOW + DISTRUSTED_FOR)
    assert not made.follows(beginning, NOW + DISTRUSTED_FOR)
