"""Putting rules in force on purpose, and taking them back."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import create_engine
from sqlalchemy import text as sql
from sqlalchemy.pool import NullPool
from tests.unit.rollout import people
from tests.unit.rollout.examples import OPEN, OTHER, SHUT, STRICT, rules
from tests.unit.rollout.versions import (
    ADA,
    GUARD,
    HOLIDAYS,
    LIN,
    altered,
    deciding,
    in_force_in_turn,
    last_entry,
    plan_for,
    planned,
    put_in_force,
)
from tests.unit.rollout.versions import store as store
from tests.unit.store.examples import NOW, set_shared_clock

from mailgate.config import compile_rules
from mailgate.mail.words import NoticeWriter
from mailgate.model.notice import MailKind
from mailgate.rollout import activation, in_force, rule_texts_of
from mailgate.rollout.activation import apply, override_notice, retract
from mailgate.rollout.approvals import approve, plan_statuses
from mailgate.rollout.audit_check import compare
from mailgate.rollout.guard import Guard, Limit, read_window
from mailgate.rollout.kept_plans import keep_plan
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.stored_rules import UnreadableVersionError
from mailgate.store import Act, Activation, AlteredError, Store
from mailgate.store.kept_out import KeptOut, WindowTotals
from mailgate.store.migrate import store_url


async def test_a_plan_is_started_with_who_and_why(store: Store, url: str) -> None:
    digest = await planned(store, url)
    new = await apply(store, digest[:12], ADA, "the works council agreed", NOW, None)
    assert (new.serial, new.author, new.note) == (2, "ada", "the works council agreed")
    assert await deciding(store) == "shut"
    acts = [(entry.what, entry.who) for entry in await store.audit.page()]
    assert acts[1:] == [("policy-planned", "ada"), ("policy-activated", "ada")]
    assert await store.audit.verify() == []


async def test_neither_a_kept_plan_nor_the_audit_log_names_who_is_hit(store: Store, url: str) -> None:
    plan = await plan_for(store, url, rules(SHUT))
    assert plan.kept_out.people  # grace is one of them
    await keep_plan(store, plan, rules(SHUT), ADA, NOW)
    (kept,) = await store.plans.find(plan.digest)
    assert "grace" not in kept.body
    assert all("grace" not in entry.details for entry in await store.audit.page())


async def test_a_plan_ends_by_the_clock_of_the_store_and_not_of_who_applies_it(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a computer whose clock lags could put an old plan in force, about people who were not there yet."""
    digest = await planned(store, url)
    set_shared_clock(monkeypatch, NOW + timedelta(hours=25))
    for act in (apply(store, digest, ADA, "", NOW, None), approve(store, digest, LIN, "", NOW, GUARD)):
        with pytest.raises(RefusedError, match="more than a day old"):
            await act
    (status,) = await plan_statuses(store, GUARD, NOW, 1)
    assert status.state == "expired"


async def test_a_freeze_is_one_by_the_clock_of_the_store(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = await planned(store, url, OTHER)
    set_shared_clock(monkeypatch, NOW + timedelta(hours=1))
    with pytest.raises(RefusedError, match="changes are frozen"):
        await apply(store, digest, ADA, "", NOW - timedelta(days=1), replace(GUARD, freezes=(HOLIDAYS,)))


async def test_rows_and_entries_have_one_time(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever acts by a wrong clock leaves no difference for ``audit verify`` to find."""
    set_shared_clock(monkeypatch, NOW + timedelta(hours=1))
    digest = await planned(store, url)
    await approve(store, digest, LIN, "looked", NOW - timedelta(days=3), GUARD)
    done = await apply(store, digest, ADA, "", NOW + timedelta(days=9), GUARD)
    assert (done.at, done.already) == (NOW + timedelta(hours=1), False)
    assert (await apply(store, digest, ADA, "", NOW, GUARD)).already
    assert await compare(store, NOW) == []


async def test_the_guard_refuses_and_an_override_is_loud(store: Store, url: str) -> None:
    digest = await planned(store, url)
    with pytest.raises(
        RefusedError,
        match=r"1 of 1 person would or might lose mail; more than 0 needs approval.*nobody who may give one.*--override",
    ):
        await apply(store, digest, ADA, "urgent", NOW, Guard(Limit(0)))
    assert await deciding(store) == "open"
    with pytest.raises(RefusedError, match="say why you override"):
        await apply(store, digest, ADA, " ", NOW, Guard(Limit(0)), override=True)
    await apply(store, digest, ADA, "urgent", NOW, Guard(Limit(0)), override=True)
    last = await last_entry(store)
    assert (last.what, last.why) == ("policy-activated-against-the-guard", "urgent")
    assert json.loads(last.details)["overridden"]
    assert await deciding(store) == "shut"


THREE = Guard(
    Limit(9), 1, (HOLIDAYS,), frozenset({"ada", "lin", "kim"}), frozenset({"ada", "lin", "kim"}),
    addresses={"ada": "ada@example.com", "kim": "kim@example.com"},
)  # fmt: skip


async def test_nobody_overrides_alone_and_the_other_approvers_are_told_once(store: Store, url: str) -> None:
    digest = await planned(store, url)
    with pytest.raises(
        RefusedError, match="nobody overrides alone where another person may approve"
    ) as alone:
        await apply(store, digest, ADA, "urgent", NOW, THREE, override=True)
    assert (alone.value.missing, alone.value.plan) == (1, digest)
    await approve(store, digest, LIN, "it cannot wait", NOW, THREE)
    for _ in range(2):  # the second changes nothing
        await apply(store, digest, ADA, "urgent", NOW, THREE, override=True)
    (mail,) = await store.mails.due(NOW)
    assert (mail.address, mail.version) == ("kim@example.com", 2)
    assert mail.notice
    assert mail.notice.answer.splitlines() == [
        f"ada has started plan {digest[:12]} against objections.",
        "Why: urgent",
        "Overridden: changes are frozen until 2026-12-08 12:00 UTC (holidays)",
        "Approved by: lin",
        "`mailgate policy rollback` rolls it back.",
    ]
    await retract(store, ADA, "sent in error", NOW, guard=THREE)
    assert await deciding(store) == "open", "to take it back takes nobody else"


async def test_a_needless_override_is_told_nobody(store: Store, url: str) -> None:
    digest = await planned(store, url)
    await apply(store, digest, ADA, "now", NOW, replace(THREE, freezes=()), override=True)
    assert (await last_entry(store)).what == "policy-activated"
    assert await store.mails.due(NOW) == []


async def test_a_case_that_fails_is_not_overridden_alone_without_a_guard_either(
    store: Store, url: str
) -> None:
    admins = replace(THREE, limit=None, freezes=())
    case = "tests: [{name: it opens, request: {user_agent: Chrome}, expect: {effect: allow}}]\n"
    candidate = compile_rules(dict(rules(SHUT).texts) | {"policy.tests.yaml": case})
    digest = (plan := await plan_for(store, url, candidate)).digest
    await keep_plan(store, plan, candidate, ADA, NOW)
    with pytest.raises(RefusedError, match="nobody overrides alone where another person may approve"):
        await apply(store, digest, ADA, "urgent", NOW, admins, override=True)
    await approve(store, digest, LIN, "it cannot wait", NOW, admins)
    await apply(store, digest, ADA, "urgent", NOW, admins, override=True)
    assert (await last_entry(store)).what == "policy-activated-against-the-guard"


async def test_a_version_sent_in_error_is_rolled_back(store: Store, url: str) -> None:
    digest = await planned(store, url)
    await apply(store, digest, ADA, "", NOW, None)
    back = await retract(store, ADA, "sent in error", NOW)
    assert (back.serial, back.number, await deciding(store)) == (3, 1, "open")
    last = await last_entry(store)
    assert (last.what, last.why) == ("policy-rolled-back", "sent in error")
    assert json.loads(last.details)["from"] == 2
    with pytest.raises(
        RefusedError, match=r"version 2 was rolled back: .* `mailgate policy plan --version 2`"
    ):
        await retract(store, ADA, "it was right after all", NOW, 2)
    assert await deciding(store) == "open"


async def test_a_retraction_that_is_said_twice_is_done_once(store: Store, url: str) -> None:
    digest = await planned(store, url)
    await apply(store, digest, ADA, "", NOW, None)
    back = await retract(store, ADA, "sent in error", NOW)
    for number in (None, 1):  # and never is what was taken back in force again
        assert await retract(store, ADA, "again", NOW + timedelta(minutes=1), number) == back
    assert [each.number for each in await store.policies.history()] == [1, 2, 1]
    assert [entry.what for entry in await store.audit.page()].count("policy-rolled-back") == 1


async def test_a_version_started_by_its_files_can_be_rolled_back(store: Store, url: str) -> None:
    await in_force_in_turn(store, SHUT, OPEN)
    assert (await retract(store, ADA, "", NOW)).number == 2


async def test_a_retraction_that_was_overtaken_takes_nothing_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_force_in_turn(store, SHUT, OTHER)
    older = (await store.policies.history())[1:]

    async def as_it_was() -> list[Activation]:
        return older

    monkeypatch.setattr(store.policies, "history", as_it_was)
    with pytest.raises(RefusedError, match="started another version"):
        await retract(store, ADA, "", NOW)
    assert await deciding(store) == "other"


@pytest.mark.parametrize("number", [None, 7])
async def test_a_roll_back_needs_an_earlier_version(store: Store, number: int | None) -> None:
    with pytest.raises(RefusedError, match="no other version"):
        await retract(store, ADA, "", NOW, number)


async def test_only_what_was_in_force_can_be_gone_back_to(store: Store, url: str) -> None:
    digest = await planned(store, url)
    await apply(store, digest, ADA, "", NOW, None)
    with pytest.raises(RefusedError, match="version 7 has never run"):
        await retract(store, ADA, "", NOW, 7)


async def test_to_go_back_further_takes_a_plan_and_all_that_it_needs(store: Store, url: str) -> None:
    await in_force_in_turn(store, STRICT, OPEN, OTHER)  # the strict one is version 2, the one before is 1
    with pytest.raises(RefusedError, match=r"version 2 is not the one before.*Plan it first"):
        await retract(store, ADA, "", NOW, 2, GUARD)
    digest = await planned(store, url, STRICT)
    with pytest.raises(RefusedError, match="it needs 1 more approval"):
        await retract(store, ADA, "", NOW, 2, GUARD)
    with pytest.raises(RefusedError, match="needs the role operator"):
        await retract(store, ADA, "", NOW, 2, GUARD, operates=False)
    with pytest.raises(RefusedError, match="changes are frozen"):
        await retract(store, ADA, "", NOW, 2, replace(GUARD, freezes=(HOLIDAYS,)))
    assert await deciding(store) == "other"
    await approve(store, digest, LIN, "looked", NOW, GUARD)
    back = await retract(store, ADA, "further", NOW, 2, GUARD)
    assert (back.number, await deciding(store)) == (2, "strict")
    last = await last_entry(store)
    assert (last.what, json.loads(last.details)["approved_by"]) == ("policy-rolled-back", ["lin"])
    assert (await store.kept_out.since(NOW)).kept_out == KeptOut(1, 1)


async def test_one_retraction_does_not_open_the_way_to_the_next(store: Store) -> None:
    """Step by step back through the history nobody would ever look at what comes in force."""
    await in_force_in_turn(store, STRICT, OTHER)
    assert (await retract(store, ADA, "", NOW)).number == 2
    with pytest.raises(RefusedError, match="version 1 is not the one before"):
        await retract(store, ADA, "", NOW, 1)
    assert await deciding(store) == "strict"


@pytest.mark.parametrize(
    ("column", "altered_from"),
    [
        ("texts", lambda body: json.dumps(dict(rules(OTHER).texts))),
        ("body", lambda body: json.dumps(json.loads(body) | {"newly": {}})),
        ("body", lambda body: json.dumps(json.loads(body) | {"more": 1})),
        ("body", lambda body: body[:-1]),
        ("body", lambda body: "{}"),
        ("author", lambda body: "lin"),
        ("made_at", lambda body: (NOW + timedelta(hours=12)).isoformat(" ")),
        ("serial", lambda body: 7),
    ],
    ids=["other rules", "moves nobody", "says more", "cut off", "says nothing", "of another", "at another time", "beside another version"],
)  # fmt: skip
async def test_an_altered_plan_is_not_started(
    store: Store, url: str, column: str, altered_from: Callable[[str], object]
) -> None:
    digest = await planned(store, url, STRICT)
    body = (await store.plans.find(digest))[0].body
    with altered(url, "plans", column, altered_from(body)):
        with pytest.raises(RefusedError, match="is not what was planned"):
            await apply(store, digest, ADA, "", NOW, None, override=True)
        with pytest.raises(RefusedError, match="is not what was planned"):
            await approve(store, digest, LIN, "", NOW, GUARD)
    assert await deciding(store) == "open"
    await apply(store, digest, ADA, "", NOW, None)
    assert await deciding(store) == "strict"


async def test_an_altered_version_is_never_started_again(store: Store, url: str) -> None:
    await in_force_in_turn(store, OTHER)
    other = json.dumps(dict(rules(STRICT).texts))
    plan = await planned(store, url, OPEN)
    with altered(url, "policies", "texts", other, "number = 1"):
        with pytest.raises(RefusedError, match="version 1 was changed in the database"):
            await retract(store, ADA, "", NOW)
        with pytest.raises(AlteredError):
            await apply(store, plan, ADA, "", NOW, None)
    assert await deciding(store) == "other"
    with (
        altered(url, "policies", "texts", other, "number = 2"),
        pytest.raises(UnreadableVersionError, match="was changed in the database"),
    ):
        await in_force(store)
    with (
        altered(url, "policies", "texts", other, "number = 2"),
        altered(url, "policies", "digest", rule_texts_of(rules(STRICT)).digest, "number = 2"),
        pytest.raises(UnreadableVersionError, match="was changed in the database"),
    ):
        await in_force(store)


async def test_many_small_steps_are_one_big_one(store: Store, url: str) -> None:
    """Each keeps out one person, and each by itself is inside the limit."""
    names = [f"person-{number}" for number in range(5)]
    await people.know(
        store, rules(OPEN).policy, [people.phone(10 + n, owner=name) for n, name in enumerate(names)]
    )
    guard = replace(GUARD, limit=Limit(3), window=timedelta(days=2))

    def but(count: int) -> str:
        out = " || ".join(f'user.name == "{name}"' for name in names[:count])
        return (
            f"rules: [{{id: out, when: '{out}', effect: block}}, {{id: open, when: 'true', effect: allow}}]\n"
        )

    for count in (1, 2, 3):
        await apply(store, await planned(store, url, but(count)), ADA, "", NOW, guard)
    digest = await planned(store, url, but(4))
    with pytest.raises(
        RefusedError, match="1 person would or might lose mail, after 3 within 2 days: 4 together"
    ):
        await apply(store, digest, ADA, "", NOW, guard)
    (standing, *_) = await plan_statuses(store, guard, NOW, 5)
    assert (standing.needed, standing.missing) == (1, 1)
    await apply(store, await planned(store, url, OPEN), ADA, "gives people mail", NOW, guard)
    later = NOW + timedelta(days=2, seconds=1)
    await apply(store, await planned(store, url, but(1), now=later), ADA, "", later, guard)


async def test_a_change_in_the_same_moment_counts_too(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise two changes at once would each be within the limit."""
    digest = await planned(store, url)

    async def read_before_another(store: Store, guard: Guard | None, now: datetime) -> WindowTotals:
        read = await read_window(store, guard, now)
        await store.audit.append(
            Act(NOW, "lin", "exemption-ended", details={"kept_out": asdict(KeptOut(1, 1))})
        )
        return read

    monkeypatch.setattr(activation, "read_window", read_before_another)
    guard = replace(GUARD, limit=Limit(5))
    with pytest.raises(RefusedError, match="at the same time, and both count together: try again"):
        await apply(store, digest, ADA, "", NOW, guard)
    assert await deciding(store) != "shut"
    monkeypatch.undo()
    await apply(store, digest, ADA, "", NOW, guard)
    assert await deciding(store) == "shut"


async def test_a_rolled_back_version_stays_so_whatever_rows_are_deleted(store: Store, url: str) -> None:
    await in_force_in_turn(store, STRICT, OTHER)
    await retract(store, ADA, "", NOW)
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        assert connection.execute(sql("DELETE FROM retractions")).rowcount == 1
    assert await store.policies.taken_back(rules(OTHER).digest) == 3
    assert await store.policies.taken_back(rules(STRICT).digest) == 0
    await put_in_force(store, rules(OTHER))
    assert await store.policies.taken_back(rules(OTHER).digest) == 0


ADA_AT_HER_DESK = Person("ada", "desk")


def test_the_mail_to_approvers_says_who_why_and_what() -> None:
    notice = override_notice(
        ADA_AT_HER_DESK, " it burns ", "abcdef0123456789", ["a case fails", "frozen"], ["lin", "kim"]
    )
    assert notice.kind is MailKind.REPLY
    assert notice.answer.splitlines() == [
        "ada has started plan abcdef012345 against objections.",
        "Why: it burns",
        "Overridden: a case fails",
        "Overridden: frozen",
        "Approved by: lin, kim",
        "`mailgate policy rollback` rolls it back.",
    ]
    assert (
        "Approved by: nobody else" in override_notice(ADA_AT_HER_DESK, "x", "abcdef", ["frozen"], []).answer
    )


def test_the_mail_does_not_say_that_they_asked_for_help() -> None:
    written = NoticeWriter("en").write(override_notice(ADA_AT_HER_DESK, "x", "abcdef", ["frozen"], []), "")
    assert written.subject == "Company mail: a message for you"
    assert "You asked for help" not in written.text
    assert "Overridden: frozen" in written.text
