from mailgate.mail.facts import About
from mailgate.store import MailKind


def test_every_kind_of_mailing_can_be_told() -> None:
    assert {each.value for each in About} == {each.value for each in MailKind}
