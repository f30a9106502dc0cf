"""What the other approvers read about an override."""

from mailgate.mail.words import NoticeWriter
from mailgate.model.notice import MailKind
from mailgate.rollout.override_notice import override_notice
from mailgate.rollout.person import Person

ADA = Person("ada", "desk")


def test_it_says_who_why_against_what_and_with_whose_approval() -> None:
    notice = override_notice(
        ADA, " it burns ", "abcdef0123456789", ["a case fails", "frozen"], ["lin", "kim"]
    )
    assert notice.kind is MailKind.REPLY
    assert notice.answer.splitlines() == [
        "ada has put plan abcdef012345 in force against objections.",
        "Why: it burns",
        "Overridden: a case fails",
        "Overridden: frozen",
        "Approved by: lin, kim",
        "`mailgate policy retract` takes it back.",
    ]
    assert "Approved by: nobody else" in override_notice(ADA, "x", "abcdef", ["frozen"], []).answer


def test_the_mail_does_not_say_that_they_asked_for_help() -> None:
    written = NoticeWriter("en").write(override_notice(ADA, "x", "abcdef", ["frozen"], []), "")
    assert written.subject == "Company mail: a message for you"
    assert "You asked for help" not in written.text
    assert "Overridden: frozen" in written.text
