"""What a mail about a rule says, as data."""

from dataclasses import FrozenInstanceError

import pytest

from mailgate.model import Kind, Reason
from mailgate.model.notice import EncounterKind, MailKind, Notice, NoticeDevice, RuleEncounter


def test_devices_that_a_mail_does_not_tell_apart_are_one() -> None:
    phone, tablet = (NoticeDevice(Reason.POSTURE_MISSING, kind, "ios") for kind in (Kind.PHONE, Kind.TABLET))
    assert sorted({tablet, phone, NoticeDevice(Reason.POSTURE_MISSING, Kind.PHONE, "ios")}) == [phone, tablet]


def test_what_reached_somebody_is_told_in_one_order() -> None:
    by_page = RuleEncounter(EncounterKind.WARNING, "Apps", Reason.RULE_MATCHED)
    by_mail = RuleEncounter(EncounterKind.MAIL, "Apps", Reason.RULE_MATCHED)
    assert sorted([by_page, by_mail]) == [by_mail, by_page]


def test_what_was_written_stays_as_it_was() -> None:
    with pytest.raises(FrozenInstanceError):
        Notice(MailKind.ENFORCED).language = "de"  # type: ignore[misc]
