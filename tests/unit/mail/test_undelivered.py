"""Somebody decides about mails, and that is written down with how many they were and nobody's name."""

import json

import pytest
from tests.unit.rollout.versions import ADA, last_entry
from tests.unit.store.examples import NOW
from tests.unit.store.mail import a_mail, in_force

from mailgate.mail.undelivered import retry, settle
from mailgate.store import MailKind, MailState, NoticeKey, Store
from mailgate.store.mail import Which

APP = NoticeKey(1, MailKind.ENFORCED, "app")


async def ended(store: Store, state: MailState) -> None:
    """Two mails about one rule and one about another have come to this."""
    await in_force(store, "one")
    await store.mails.queue([a_mail(), a_mail("lin"), a_mail("kay", rule="b")])
    for each in await store.mails.due(NOW):
        await store.mails.end(each.id, state, NOW, "550")


@pytest.mark.parametrize(("which", "mails", "about"), [(APP, 2, "rule app"), (None, 3, "")])
async def test_what_is_unsure_is_settled(store: Store, which: Which, mails: int, about: str) -> None:
    await ended(store, MailState.UNSURE)
    assert await settle(store, which, ADA, NOW, sent=True) == mails
    told = await last_entry(store)
    assert (told.what, told.who, told.about) == ("notices-settled", "ada", about)
    assert json.loads(told.details) == {"as": "sent", "mails": mails}
    assert await retry(store, which, ADA, NOW) == 0


async def test_what_failed_goes_out_again(store: Store) -> None:
    await ended(store, MailState.FAILED)
    assert await settle(store, APP, ADA, NOW, sent=False) == 0
    assert await retry(store, APP, ADA, NOW) == 2
    told = await last_entry(store)
    assert (told.what, told.about, told.details) == ("notices-retried", "rule app", '{"mails": 2}')
    assert {each.login for each in await store.mails.due(NOW)} == {"ada", "lin"}
