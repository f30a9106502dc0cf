"""One mail to somebody who asked for help, in their language, with what somebody wrote by hand."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.mail.examples import APP, OPEN, address, policy
from tests.unit.rollout.examples import rules
from tests.unit.rollout.versions import ADA, put_in_force
from tests.unit.store.examples import NOW

from mailgate.mail.reply import GOOD_FOR, reply
from mailgate.model import Kind, Reason
from mailgate.model.notice import MailKind, Notice, NoticeDevice
from mailgate.rollout.person import RefusedError
from mailgate.store import HelpRequest, Mail, Store

PHONE = NoticeDevice(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",), "remove-app")
ASKED = HelpRequest("app", "lin", "lin", "d1", "prohibited-app", "REF1", "p1", True, 1, NOW, NOW)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def store(store: Store) -> Store:
    """The first rules are in force."""
    await put_in_force(store, rules(policy(APP, OPEN)))
    return store


async def answered(store: Store, login: str = "Lin", now: Any = NOW, **said: Any) -> Mail:
    how = {name: said.pop(name) for name in ("rule", "form", "overtaken") if name in said}
    told = Notice(MailKind.REPLY, **{"answer": "Remove it, please."} | said)
    return await reply(store, login, address, ADA, now, told, **how)


async def test_the_mail_is_queued_as_written_until_it_is_too_old(store: Store) -> None:
    store.languages.listening = True
    store.languages.note("LIN", "de", NOW)
    await store.languages.flush()
    said = {"contact": "help@example.com", "devices": (PHONE,)}
    mail = await answered(store, answer=" Remove it, please.\n", rule="app", **said)
    (queued,) = await store.mails.page()
    assert queued.notice == mail.notice
    assert (queued.address, queued.login, queued.rule) == ("lin@example.com", "lin", "app")
    assert (queued.kind, queued.version) == (MailKind.REPLY, 1)
    assert (queued.queued_at, queued.until) == (NOW, NOW + GOOD_FOR)
    assert queued.notice is not None
    assert (queued.notice.language, queued.notice.answer) == ("de", "Remove it, please.")
    assert (queued.notice.contact, queued.notice.devices) == ("help@example.com", (PHONE,))


async def test_the_audit_log_names_neither_the_answer_nor_the_person(store: Store) -> None:
    await answered(store, rule="app")
    await answered(store, now=NOW + SECOND)
    acts = [each for each in await store.audit.page() if each.what == "help-answered"]
    assert sorted((each.who, each.origin, each.about) for each in acts) == [
        ("ada", "desk", ""),
        ("ada", "desk", "rule app"),
    ]
    assert "Remove" not in repr(acts)
    assert "lin" not in repr(acts).lower()


async def test_only_the_request_that_was_answered_is_noted_so(store: Store) -> None:
    await store.help_requests.note(ASKED)
    await store.help_requests.note(replace(ASKED, subject="grace", person="grace"))
    await answered(store, now=NOW + SECOND)
    found = {each.subject: each.replied_at for each in await store.help_requests.page()}
    assert found == {"lin": NOW + SECOND, "grace": None}


@pytest.mark.parametrize("login", ["CORP\\lin", "lin@elsewhere.example", "", "lin+else"])
async def test_a_person_without_an_address_gets_no_mail(store: Store, login: str) -> None:
    with pytest.raises(RefusedError, match="cannot write to"):
        await answered(store, login)
    assert await store.mails.page() == []


@pytest.mark.parametrize(
    "said", [{"devices": (PHONE,)}, {"let_in_until": NOW + timedelta(days=1)}, {"answer": "Yes."}]
)
async def test_an_empty_reply_is_refused_and_a_partial_one_taken(store: Store, said: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="enter an answer"):
        await answered(store, answer=" \n ")
    mail = await answered(store, **{"answer": ""} | said)
    assert [each.notice for each in await store.mails.page()] == [mail.notice]


async def test_the_same_answer_twice_in_one_second_is_one_and_others_are_others(store: Store) -> None:
    await store.help_requests.note(ASKED)
    await answered(store)
    with pytest.raises(RefusedError, match="a moment ago"):
        await answered(store, now=NOW + SECOND / 2)
    await answered(store, now=NOW + SECOND / 2, answer="And another thing.")
    await answered(store, now=NOW + SECOND)
    assert len(await store.mails.page()) == 3
    assert len([each for each in await store.audit.page() if each.what == "help-answered"]) == 3


async def test_a_form_that_is_sent_twice_is_one_mail_and_no_mistake(store: Store) -> None:
    first = await answered(store, form="f1")
    again = await answered(store, form="f1", now=NOW + 2 * SECOND)
    assert (again.address, again.round) == (first.address, first.round)
    assert len(await store.mails.page()) == 1
    await answered(store, form="f1", now=NOW + 2 * SECOND, answer="It was changed and sent again.")
    await answered(store, form="f2")
    assert len(await store.mails.page()) == 3


async def test_a_text_that_is_too_long_is_refused_and_not_cut(store: Store) -> None:
    with pytest.raises(RefusedError, match="has 2,001 characters; use at most 2,000"):
        await answered(store, answer="x" * 2001)
    assert (await answered(store, answer="x" * 2000, was_requested=False)).notice.was_requested is False  # type: ignore[union-attr]
