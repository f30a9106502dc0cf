"""The answer to a person who asked for help: one mail with an admin's words and what they can do."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.mail.recipient_list import AddressOf
from mailgate.model.notice import MailKind, Notice, NoticeDevice
from mailgate.model.phrase import Phrase, phrase
from mailgate.policy.people import user_text
from mailgate.rollout.person import Person, RefusedError
from mailgate.store import Mail, Store

LONGEST = 2000
"""The most characters of the admin's words."""
GOOD_FOR = timedelta(days=2)
"""How long delivery is tried. Later the answer would be about a question of long ago."""


def unwritable(login: str) -> Phrase:
    """The reason why Mailgate cannot write to a login that ``policy/people.py`` gives no address."""
    return phrase(
        "Mailgate cannot write to %(login)s: it writes only to addresses in the company's mail domain, and only to names of "
        "the letters A to Z, digits, dots, hyphens, underscores and apostrophes.",
        login=login,
    )


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
    asked: bool = True,
    devices: Sequence[NoticeDevice] = (),
    let_in_until: datetime | None = None,
    enforce_at: datetime | None = None,
    form: str = "",
    overtaken: bool = False,
) -> Mail:
    """Queue the mail, note on the requests that they were answered, and write an audit entry.

    :param rule: the rule that they asked about.
    :param asked: whether they asked at all.
    :param form: the id of the form. A form that is sent twice, as by a double press, is one mail and no mistake.
    :param overtaken: whether another answer was sent, or the request was closed, since the form was made.
    :param enforce_at: when their warned devices will get no mail any more.
    :param devices: those of their devices that get no mail now.
    :raises RefusedError: if the answer is too long or empty, if they have no address, or if the same one was sent within this
        second.
    """
    address, active = address_of(login), await store.policies.active()
    person = user_text(login)
    if not address or active is None:
        raise RefusedError(unwritable(login))
    if len(answer.strip()) > LONGEST:
        raise RefusedError(
            phrase(
                "the text has %(length)s characters; use at most %(most)s",
                length=len(answer.strip()),
                most=LONGEST,
            )
        )
    if not (answer.strip() or devices or let_in_until):
        raise RefusedError(phrase("enter an answer"))
    notice = Notice(
        MailKind.REPLY,
        (await store.languages.of([person])).get(person, ""),
        contact=contact,
        devices=tuple(devices),
        answer=answer.strip(),
        was_requested=asked,
        let_in_until=let_in_until,
        enforce_at=enforce_at,
    )
    once = _number(form or f"{now:%Y-%m-%dT%H:%M:%S}", notice.answer)
    mail = Mail(address, person, rule, active.number, MailKind.REPLY, once, notice, now, now + GOOD_FOR)
    act = replace(by.act(now, "help-answered"), about=f"rule {rule}" if rule else "")
    if form and address in await store.mails.known(mail):
        return mail
    if overtaken:
        raise RefusedError(
            phrase(
                "somebody else has answered %(login)s or closed the request. Send this only if it still helps",
                login=login,
            )
        )
    if not await store.mails.queue([mail], lambda _: act):
        raise RefusedError(phrase("you wrote to them a moment ago: wait a second"))
    await store.help_requests.answered(person, now, notice.answer)
    return mail


def _number(*what: str) -> int:
    """The number that makes one mail of two equal answers from one form, or within one second."""
    return zlib.crc32("\n".join(what).encode()) & 0x7FFFFFFF
