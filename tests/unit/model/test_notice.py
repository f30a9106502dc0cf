"""What a mail about a rule says, as data."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest

from mailgate.model import Kind, Reason
from mailgate.model.notice import EncounterKind, MailKind, Notice, NoticeDevice, RuleEncounter, Standing

LATER = ((datetime(2026, 12, 1, tzinfo=UTC), Standing.CLOSED),)
OPEN = NoticeDevice(Reason.POSTURE_MISSING, Kind.PHONE, standing=Standing.OPEN)
SHUT = replace(OPEN, standing=Standing.CLOSED)


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("later", [(), LATER])
def test_a_device_is_open_for_good_if_nothing_follows(
    standing: Standing, later: tuple[tuple[datetime, Standing], ...]
) -> None:
    device = replace(OPEN, standing=standing, later=later)
    assert device.is_open_for_good is ((standing, later) == ("open", ()))


@pytest.mark.parametrize(
    ("devices", "is_clear"),
    [((), False), ((OPEN,), True), ((OPEN, OPEN), True), ((OPEN, SHUT), False), ((SHUT, OPEN), False)],
)
def test_a_person_is_clear_if_all_devices_are_open_for_good(
    devices: tuple[NoticeDevice, ...], is_clear: bool
) -> None:
    assert Notice(MailKind.CORRECTION, devices=devices).is_clear is is_clear


def test_devices_that_a_mail_does_not_tell_apart_are_one() -> None:
    phone, tablet = (NoticeDevice(Reason.POSTURE_MISSING, kind, "ios") for kind in (Kind.PHONE, Kind.TABLET))
    assert sorted({tablet, phone, NoticeDevice(Reason.POSTURE_MISSING, Kind.PHONE, "ios")}) == [phone, tablet]


def test_encounters_with_a_rule_have_one_order() -> None:
    by_page = RuleEncounter(EncounterKind.WARNING, "Apps", Reason.RULE_MATCHED)
    by_mail = RuleEncounter(EncounterKind.MAIL, "Apps", Reason.RULE_MATCHED)
    assert sorted([by_page, by_mail]) == [by_mail, by_page]


def test_a_notice_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Notice(MailKind.ENFORCED).language = "de"  # type: ignore[misc]
