"""Answering somebody who asked for help: one mail, in their language, with what they can do and what somebody wrote by hand."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

from mailgate.mail.announce import AddressOf
from mailgate.mail.facts import Concerned
from mailgate.policy.logins import user_text
from mailgate.rollout.acts import Person, RefusedError
from mailgate.store import Mailing, MailKind, Store

LONGEST = 2000
"""Characters of what is written by hand."""
GOOD_FOR = timedelta(days=2)
"""After that a mail server that did not answer makes it an answer to a question of long ago."""
_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


async def reply(
    store: Store,
    login: str,
    address_of: AddressOf,
    by: Person,
    now: datetime,
    *,
    answer: str,
    rule: str = "",
    contact: str = "",
    devices: Sequence[Concerned] = (),
    let_in_until: datetime | None = None,
) -> Mailing:
    """Queue the mail, note on what they asked for that they were answered, and write down who did.

    :param rule: the rule that they asked about.
    :param devices: those of theirs that get no mail now.
    :raises RefusedError: where they have no address, where nothing would be said, or where one was sent this very second.
    """
    address, active = address_of(login), await store.policies.active()
    person = user_text(login)
    if not address or active is None:
        raise RefusedError(f"{login} has no address in the domain of the company's mail")
    if not (answer.strip() or devices or let_in_until):
        raise RefusedError("what is the answer? there is nothing else that the mail could say")
    facts = {
        "language": (await store.languages.of([person])).get(person, ""),
        "answer": answer.strip()[:LONGEST],
        "contact": contact,
        "devices": [asdict(each) for each in devices],
        "let_in_until": let_in_until.isoformat() if let_in_until else None,
    }
    second = int((now - _BEGINNING).total_seconds())
    mailing = Mailing(
        address, person, rule, active.number, MailKind.REPLY, second, facts, now, now + GOOD_FOR
    )
    act = replace(by.act(now, "help-answered"), about=f"rule {rule}" if rule else "")
    if not await store.mailings.queue([mailing], lambda _: act):
        raise RefusedError("they were written to a moment ago: wait a second")
    await store.help_requests.answered(person, now)
    return mailing
