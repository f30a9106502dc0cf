"""The answer to a person who asked for help: one mail with an admin's words and what they can do."""

import zlib
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.mail.recipient_list import AddressOf
from mailgate.model.notice import MailKind, Notice
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
    said: Notice,
    *,
    rule: str = "",
    form: str = "",
    overtaken: bool = False,
) -> Mail:
    """Queue the mail, note on the requests that they were answered, and write an audit entry.

    :param said: what it says. Its language is that of the person.
    :param rule: the rule that they asked about.
    :param form: the id of the form. A form that is sent twice, as by a double press, is one mail and no mistake.
    :param overtaken: whether another answer was sent, or the request was closed, since the form was made.
    :raises RefusedError: if the answer is too long or empty, if they have no address, or if the same one was sent within this
        second.
    """
    address, active = address_of(login), await store.policies.active()
    person, answer = user_text(login), said.answer.strip()
    if not address or active is None:
        raise RefusedError(unwritable(login))
    if len(answer) > LONGEST:
        raise RefusedError(
            phrase(
                "the text has %(length)s characters; use at most %(most)s", length=len(answer), most=LONGEST
            )
        )
    if not (answer or said.devices or said.let_in_until):
        raise RefusedError(phrase("enter an answer"))
    language = (await store.languages.of([person])).get(person, "")
    notice = replace(said, language=language, answer=answer)
    once = _number(form or f"{now:%Y-%m-%dT%H:%M:%S}", answer)
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
    await store.help_requests.answered(person, now, answer)
    return mail


def _number(*what: str) -> int:
    """The number that makes one mail of two equal answers from one form, or within one second."""
    return zlib.crc32("\n".join(what).encode()) & 0x7FFFFFFF
