"""Mails about rules: ``notices/test_page.py`` and ``notices/test_api.py`` show what each says."""

import pytest
from tests.unit.console.browsing import NOW, Company

from mailgate.console.notices.mails import mark_mails, subject_of_notice
from mailgate.rollout.person import Person, RefusedError
from mailgate.store import MailKind, NoticeKey

RULE = "prohibited-app"


async def test_a_mail_is_about_a_rule_of_a_version(firm: Company) -> None:
    subject = await subject_of_notice(firm.context, NoticeKey(1, MailKind.ENFORCED, RULE))
    assert (subject.active, subject.rules.digest) == (True, firm.bundle.rules.digest)


@pytest.mark.parametrize("what", ["sent", "again", "retry"])
async def test_a_decision_about_mails_that_wait_for_none_is_refused(firm: Company, what: str) -> None:
    with pytest.raises(RefusedError, match="somebody else has already handled these mails"):
        await mark_mails(firm.store, ["0" * 32], what, Person("ada", "here"), NOW)
