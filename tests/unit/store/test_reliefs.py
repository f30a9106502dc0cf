"""Which rules are out, kept in the store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update
from tests.unit.store.examples import NOW, prune

from mailgate.model.phrase import translate
from mailgate.policy.halting import HaltWhen
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, Store
from mailgate.store.schema import reliefs
from mailgate.texts import console_languages

DAY = timedelta(days=1)
ADA = Relief(0, Cause.EXEMPTION, "shut", "a new phone", "grace", NOW, NOW + DAY, person="ada")
D1 = Relief(0, Cause.EXEMPTION, "", "a test phone", "grace", NOW, NOW + DAY, device="d1")
HALT = Relief(0, Cause.HALT, "shut", "20 people asked for help", "gate-1", NOW)
ACT = Act(NOW, "grace", "exemption-given", why="a new phone", origin="desk")


async def test_a_new_store_has_none(store: Store) -> None:
    assert (await store.reliefs.current(NOW)).every == ()
    assert await store.reliefs.serial() == 0


async def test_a_relief_holds_until_its_end_and_raises_the_serial(store: Store) -> None:
    one = await store.reliefs.grant(ADA, ACT)
    two = await store.reliefs.grant(D1, ACT)
    found = await store.reliefs.current(NOW)
    assert found.every == (one, two)
    assert found.serial == await store.reliefs.serial() == 2
    assert (await store.reliefs.current(NOW + DAY)).every == ()
    assert [each.relief for each in await store.reliefs.history()] == [two, one]


async def test_an_ended_relief_holds_no_more_and_ends_once(store: Store) -> None:
    given = await store.reliefs.grant(ADA, ACT)
    act = replace(ACT, what="exemption-ended", why="the phone came")
    assert await store.reliefs.end([given.number, 99], act) == [given]
    assert await store.reliefs.end([given.number], act) == []
    assert (await store.reliefs.current(NOW)).every == ()
    (kept,) = await store.reliefs.history()
    assert (kept.ended_at, kept.ended_by, kept.ended_why) == (NOW, "grace", "the phone came")
    assert not kept.holds(NOW)
    assert await store.reliefs.serial() == 2


async def test_a_relief_of_a_cause_that_only_a_newer_gate_knows_hides_no_other(store: Store) -> None:
    ada, newer = [await store.reliefs.grant(each, ACT) for each in (ADA, replace(HALT, rule="other"))]
    async with store._database.writing() as connection:
        own = reliefs.c.number == newer.number
        await connection.execute(update(reliefs).where(own).values(cause="of tomorrow"))
    assert (await store.reliefs.current(NOW)).every == (ada,)
    assert [each.relief for each in await store.reliefs.history(causes=(Cause.EXEMPTION,))] == [ada]
    assert [each.relief for each in await store.reliefs.exemptions(NOW, 9, 99)] == [ada]
    assert (await store.reliefs.off(NOW), await store.reliefs.one(newer.number)) == ([], None)
    assert await store.reliefs.end([ada.number, newer.number], ACT) == [ada]


async def test_a_halt_is_found_behind_as_many_exemptions_as_are_read(store: Store) -> None:
    halt = await store.reliefs.halt(HALT, ACT)
    await store.reliefs.grant(ADA, ACT)
    found = await store.reliefs.history(1, causes=(Cause.HALT, Cause.BREAK_GLASS))
    assert [each.relief for each in found] == [halt]


async def test_why_a_rule_halted_is_said_in_the_language_of_the_reader(store: Store) -> None:
    limits = HaltWhen.model_validate({"help_requests": 3, "within": "1h"})
    for why in (limits.too_many_help_requests(4), '{"text": "what a person wrote"}'):
        halt = await store.reliefs.halt(replace(HALT, rule=why, why=why), ACT)
        assert halt
    one, two = (await store.reliefs.current(NOW)).every
    assert one.why == "4 people asked for help within 1h; the limit is 3"
    german = console_languages()["de"]
    assert (
        translate(one.why, german) == "4 Personen haben innerhalb von 1h um Hilfe gebeten; die Grenze ist 3"
    )
    assert translate(two.why, german) == '{"text": "what a person wrote"}'


async def test_gates_that_halt_a_rule_at_the_same_moment_halt_it_once(store: Store) -> None:
    halted = await asyncio.gather(
        *(store.reliefs.halt(HALT, replace(ACT, what="rule-halted")) for _ in range(3))
    )
    assert len([each for each in halted if each]) == 1
    assert len(await store.audit.page()) == 1
    await store.reliefs.end([each.number for each in halted if each], ACT)
    assert await store.reliefs.halt(HALT, ACT), "after it was resumed it may halt again"


async def test_the_audit_log_says_what_happened_and_keeps_nobodys_name(store: Store) -> None:
    given = await store.reliefs.grant(ADA, ACT)
    await store.reliefs.end([given.number], replace(ACT, what="exemption-ended"))
    one, two = await store.audit.page()
    assert [(each.what, each.about) for each in (one, two)] == [
        ("exemption-given", "exemption 1"),
        ("exemption-ended", "exemption 1"),
    ]
    assert '"rule": "shut"' in one.details
    assert "ada" not in one.details
    assert await store.audit.verify() == []


async def test_reliefs_of_a_person_are_found_by_name_and_device(store: Store) -> None:
    for each in (ADA, D1, replace(ADA, person="lin"), HALT):
        await store.reliefs.grant(each, ACT)
    assert [each.relief.number for each in await store.reliefs.of_person("ada", ["d1"])] == [2, 1]
    assert [each.relief.number for each in await store.reliefs.of_person("", ["d1"])] == [2]
    assert await store.reliefs.of_person("", []) == []


async def test_old_reliefs_are_deleted_and_a_halt_stays(store: Store) -> None:
    for each in (ADA, HALT):
        await store.reliefs.grant(each, ACT)
    assert await prune(store, NOW + DAY) == 0
    assert await prune(store, NOW + 2 * DAY) == 1
    assert [each.relief.cause for each in await store.reliefs.history()] == [Cause.HALT]
    again = await store.reliefs.grant(D1, ACT)
    assert again.number == 3, "a number is never used twice"


async def test_current_and_ended_reliefs_are_listed_page_by_page(store: Store) -> None:
    numbers = [(await store.reliefs.grant(ADA, ACT)).number for _ in range(3)]
    halt = await store.reliefs.halt(HALT, ACT)
    ended = (await store.reliefs.grant(D1, ACT)).number
    await store.reliefs.end([ended], ACT)
    assert halt
    assert [each.relief for each in await store.reliefs.off(NOW)] == [halt]
    first = await store.reliefs.exemptions(NOW, 2, 99)
    second = await store.reliefs.exemptions(NOW, 2, first[-1].relief.number)
    assert [each.relief.number for each in first + second] == numbers[::-1]
    assert [each.relief.number for each in await store.reliefs.over(NOW, 2, 99)] == [ended]
    assert [each.relief.number for each in await store.reliefs.over(NOW + DAY, 2, ended)] == numbers[:0:-1]


LIN = Relief(0, Cause.SELF_SERVICE, "shut", "a train to catch", "self-service", NOW, NOW + DAY, "lin", "d1")
LET_IN = Act(NOW, "self-service", "let-in", origin="block page")
MONTH = timedelta(days=30)


async def test_browsers_and_gates_that_ask_at_the_same_moment_let_a_person_in_once(store: Store) -> None:
    asked = await asyncio.gather(*(store.reliefs.let_in(LIN, MONTH, LET_IN) for _ in range(4)))
    assert sorted(is_new for _, is_new in asked) == [False, False, False, True]
    assert {kept.relief.number for kept, _ in asked} == {1}
    (entry,) = await store.audit.page()
    assert (entry.who, entry.about, entry.why) == ("self-service", "self-service 1", "")
    assert not {"lin", "train"} & set(str(entry).replace("'", " ").split())
    assert (await store.reliefs.current(NOW)).exemptions(NOW) == (asked[0][0].relief,)


async def test_a_person_lets_themselves_in_again_only_after_the_time_of_the_rule(store: Store) -> None:
    first, _ = await store.reliefs.let_in(LIN, MONTH, LET_IN)

    async def again(days: float, **other: str) -> bool:
        act = replace(LET_IN, at=NOW + timedelta(days=days))
        return (await store.reliefs.let_in(replace(LIN, **other), MONTH, act))[1]  # type: ignore[arg-type]

    assert not await again(-400), "by a clock that lags"
    assert not await again(1.5, device="d2")
    assert not await again(2, person="LIN@elsewhere.example")
    await store.reliefs.end([first.relief.number], replace(ACT, what="exemption-ended"))
    assert not await again(29)
    assert await again(29, rule="other")
    assert await again(29, person="ada")
    assert await again(30)
    assert await store.reliefs.let_ins(NOW - DAY) == {"shut": 2, "other": 1}
    assert await store.reliefs.let_ins(NOW + timedelta(days=29)) == {"shut": 1}
    assert await store.reliefs.off(NOW) == []


async def test_a_let_in_lasts_no_longer_by_a_log_that_is_ahead(store: Store) -> None:
    """A clock was ahead, and the log never goes back: neither is it longer, nor is there another one sooner."""
    await store.reliefs.grant(ADA, replace(ACT, at=NOW + timedelta(hours=5)))
    kept, _ = await store.reliefs.let_in(LIN, MONTH, LET_IN)
    assert kept.relief.at == NOW + timedelta(hours=5)
    assert kept.relief.until == NOW + timedelta(hours=24)
    await store.reliefs.grant(ADA, replace(ACT, at=NOW + MONTH + timedelta(hours=9)))
    soon = NOW + MONTH + timedelta(hours=4)
    assert not (await store.reliefs.let_in(replace(LIN, at=soon), MONTH, replace(LET_IN, at=soon)))[1]
