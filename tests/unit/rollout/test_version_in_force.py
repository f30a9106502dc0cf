"""By which rules a gate decides, whatever happens to the files, the store and the other gates."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs
from tests.servers import PATIENCE
from tests.unit.rollout.examples import OPEN, OTHER, SHUT, rules
from tests.unit.rollout.versions import ADA, altered, put_in_force
from tests.unit.store.examples import NOW
from tests.unit.store.outage import away

from mailgate.config import Rules
from mailgate.model.phrase import translate
from mailgate.policy.people import Groups
from mailgate.rollout import RulesKeeper, in_force
from mailgate.rollout.activation import retract
from mailgate.rollout.audit_check import verify
from mailgate.rollout.stored_rules import UnreadableVersionError
from mailgate.rollout.version_in_force import InspectionResult
from mailgate.store import Activation, RuleTexts, Store, StoreUnavailableError
from mailgate.tasks import running
from mailgate.texts import console_languages


class Inspector:
    """Looks at changes as long as the test wants, and then says what it wants."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = [*answers]
        self.looked_at: list[int] = []
        self.go = asyncio.Event()

    async def __call__(self, active: Activation, _files: Rules) -> InspectionResult:
        self.looked_at.append(active.serial)
        await self.go.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return InspectionResult(answer)


class Freeze:
    """On until the test ends it."""

    def __init__(self) -> None:
        self.why = "changes are frozen until Monday"

    async def __call__(self) -> str:
        return self.why


def keeper(store: Store, *looks: Inspector | Freeze) -> RulesKeeper:
    """A gate that has not started, and what looks at changes of its files: by default nothing."""
    passing = [AsyncMock(return_value=InspectionResult()), AsyncMock(return_value="")][len(looks) :]
    return RulesKeeper(store.policies, "gate-1", lambda: NOW, *looks, *passing)  # type: ignore[arg-type]


async def started(store: Store, policy: str = OPEN) -> RulesKeeper:
    new = keeper(store)
    await new.start(rules(policy))
    return new


async def look(gate: RulesKeeper) -> None:
    await gate.settle()
    await gate.refresh()


def decides(gate: RulesKeeper) -> str:
    return gate.current.rules.policy.rules[0].id


async def test_the_first_start_puts_the_files_in_force(store: Store) -> None:
    assert await in_force(store) is None
    gate = await started(store)
    assert (gate.current.activation.author, gate.current.activation.note) == ("file", "the first start")
    assert translate(gate.current.activation.note, console_languages()["de"]) == "der erste Start"
    assert gate.held == ""
    stored = await in_force(store)
    assert stored is not None
    assert stored.digest == rules().digest


FAILS = "the case `a laptop gets in` fails"


@pytest.mark.parametrize(
    ("files", "against", "decided", "serial", "held"),
    [
        (OPEN, "", "open", 1, ""),
        (SHUT, "", "shut", 2, ""),
        (OPEN, FAILS, "open", 1, ""),
        (SHUT, FAILS, "open", 1, f".* number 1, which runs: {FAILS}"),
    ],
    ids=["the same", "changed while no gate ran", "the same, though something is against them", "changed, and something is against them"],
)  # fmt: skip
async def test_files_at_a_second_start_take_effect_where_nothing_is_against_their_change(
    store: Store, files: str, against: str, decided: str, serial: int, held: str
) -> None:
    await started(store)
    gate = keeper(store)
    await gate.start(rules(files), against)
    assert (decides(gate), gate.current.activation.serial) == (decided, serial)
    assert re.fullmatch(held, gate.held)


async def test_files_that_something_was_against_are_taken_up_once_they_are_good(store: Store) -> None:
    await started(store)
    gate = keeper(store)
    await gate.start(rules(SHUT), FAILS)
    await gate.offer(rules(SHUT))
    assert (decides(gate), gate.held) == ("shut", "")


async def test_files_that_hold_an_earlier_version_at_a_start_are_held(store: Store) -> None:
    """What was taken back does not come again with the next restart of any gate."""
    await started(store)
    await put_in_force(store, rules(SHUT))
    with capture_logs() as logs:
        gate = await started(store)
    assert decides(gate) == "shut"
    assert "number 2, which runs: `mailgate policy plan` and `mailgate policy apply` start" in gate.held
    assert [line["event"] for line in logs] == ["policy-held"]


async def test_files_that_change_back_take_effect_too(store: Store) -> None:
    gate = await started(store)
    for policy, first in ((SHUT, "shut"), (OPEN, "open")):
        changed = rules(policy)
        assert await gate.offer(changed) is changed
        assert decides(gate) == first
    assert gate.current.activation.serial == 3


async def test_files_that_were_read_again_unchanged_do_not_undo_what_is_in_force(store: Store) -> None:
    gate = await started(store)
    await put_in_force(store, rules(SHUT))
    await look(gate)
    await gate.offer(rules(OPEN))
    assert decides(gate) == "shut"
    assert gate.held


async def test_a_version_started_by_another_gate_is_taken_over(store: Store) -> None:
    one, other = await started(store), await started(store)
    await other.offer(rules(SHUT))
    assert decides(one) == "open"
    await look(one)
    assert (decides(one), one.current.activation) == ("shut", other.current.activation)
    before = one.current
    await look(one)
    assert one.current is before


async def test_the_same_file_brought_to_each_gate_in_turn_is_one_activation(store: Store) -> None:
    one, other = await started(store), await started(store)
    await one.offer(rules(SHUT))
    await other.offer(rules(SHUT))
    assert other.current.activation.serial == 2
    assert (one.held, other.held) == ("", "")


class Outage:
    """A store that does not answer until it is back."""

    def __init__(self, store: Store) -> None:
        self.store, self.over = store, False

    def __getattr__(self, name: str) -> object:
        return getattr(self.store.policies, name) if self.over else away


async def test_a_change_waits_for_a_store_that_is_away(store: Store) -> None:
    """Rules that nobody can take back, and no other gate has, are not decided by."""
    gate = await started(store)
    gate._policies = outage = Outage(store)  # type: ignore[assignment]
    await gate.offer(rules(SHUT))
    await look(gate)
    assert (decides(gate), gate.held) == ("open", "the files have changed and wait for the store")
    outage.over = True
    await look(gate)
    assert (decides(gate), gate.held) == ("shut", "")


async def test_a_start_without_the_store_is_none(store: Store) -> None:
    gate = keeper(store)
    gate._policies = Outage(store)  # type: ignore[assignment]
    with pytest.raises(StoreUnavailableError):
        await gate.start(rules())


async def test_a_version_that_this_mailgate_cannot_read_changes_nothing_and_is_said_once(
    store: Store,
) -> None:
    gate = await started(store)
    texts = dict(rules().texts) | {"policy.yaml": OPEN.replace("allow", "sing")}
    await store.policies.activate(RuleTexts("p", texts), ADA.act(NOW, "policy-activated"))
    with capture_logs() as logs:
        await look(gate)
        await look(gate)
    assert decides(gate) == "open"
    assert [line["event"] for line in logs] == ["policy-unreadable"]
    with pytest.raises(UnreadableVersionError, match=r"version 2 of the rules.*policy.yaml:1"):
        await started(store)
    await put_in_force(store, rules(OTHER))
    await look(gate)
    assert decides(gate) == "other"


async def guarded(store: Store, *answers: str | Exception) -> tuple[RulesKeeper, Inspector]:
    """A gate that has started and whose files have changed."""
    inspector = Inspector(*answers)
    gate = keeper(store, inspector)
    await gate.start(rules())
    await gate.offer(rules(SHUT))
    return gate, inspector


async def looked(gate: RulesKeeper) -> None:
    """What is looked at comes to its end."""
    for _ in range(3):
        await asyncio.sleep(0)
        await look(gate)


async def test_the_old_rules_go_on_while_a_change_is_inspected(store: Store) -> None:
    gate, inspector = await guarded(store, "")
    await looked(gate)
    assert (decides(gate), gate.held) == ("open", "the files have changed and are looked at")
    assert gate.is_undecided
    inspector.go.set()
    await looked(gate)
    assert (decides(gate), gate.held, gate.is_undecided) == ("shut", "", False)


@pytest.mark.parametrize("frozen", [asyncio.Event().wait, KeyError], ids=["hang", "break"])
async def test_a_version_is_taken_over_whatever_becomes_of_waiting_files(
    store: Store, frozen: object
) -> None:
    freeze = AsyncMock(side_effect=frozen)
    gate = keeper(store, Inspector(), freeze)
    await gate.start(rules(OPEN))
    async with running(lambda: gate.offer(rules(SHUT))), asyncio.timeout(PATIENCE):
        while not freeze.called:
            await asyncio.sleep(0)
        newer = await put_in_force(store, rules(OTHER))
        assert gate.is_behind(newer.serial)
        await gate.refresh()
    assert not gate.is_behind(newer.serial)


async def test_a_change_that_does_not_pass_is_held_with_why_and_said_once(store: Store) -> None:
    gate, inspector = await guarded(store, "7 people too many")
    inspector.go.set()
    with capture_logs() as logs:
        await looked(gate)
    assert (decides(gate), gate.is_undecided) == ("open", False)
    assert gate.held.endswith("number 1, which runs: 7 people too many")
    assert [line["event"] for line in logs] == ["policy-held"]
    await put_in_force(store, rules(SHUT))
    await looked(gate)
    assert (decides(gate), gate.held) == ("shut", "")


async def test_a_change_that_cannot_be_inspected_is_held(store: Store) -> None:
    gate, inspector = await guarded(store, KeyError("x"))
    inspector.go.set()
    await looked(gate)
    assert decides(gate) == "open"
    assert "they could not be looked at (KeyError); `mailgate policy plan`" in gate.held


async def test_a_change_is_inspected_again_against_newer_rules(store: Store) -> None:
    gate, inspector = await guarded(store, "", "")
    await put_in_force(store, rules(apps=MORE), "file")
    await gate.offer(rules(SHUT, MORE))
    await put_in_force(store, rules(apps=WITH_WECHAT), "file")
    await gate.offer(rules(SHUT, WITH_WECHAT))
    inspector.go.set()
    await looked(gate)
    assert inspector.looked_at == [1, 2, 3]
    assert (decides(gate), gate.current.activation.serial) == ("shut", 4)


async def test_a_newer_change_is_looked_at_instead(store: Store) -> None:
    gate, inspector = await guarded(store, "")
    await gate.offer(rules(OTHER))
    inspector.go.set()
    await looked(gate)
    assert decides(gate) == "other"
    assert not await store.policies.number_of(rules(SHUT).digest)
    gate.close()


async def test_files_changed_while_no_gate_ran_are_looked_at_too(store: Store) -> None:
    await started(store)
    inspector = Inspector("too many")
    inspector.go.set()
    gate = keeper(store, inspector)
    await gate.start(rules(SHUT))
    await looked(gate)
    assert decides(gate) == "open"
    assert gate.held.endswith("too many")


async def test_one_of_two_simultaneous_first_starts_counts(store: Store) -> None:
    one, other = keeper(store), keeper(store)
    await asyncio.gather(one.start(rules(OPEN)), other.start(rules(OTHER)))
    history = await store.policies.history()
    assert history[-1].note == "the first start"
    assert [each.note for each in history].count("the first start") == 1


async def test_simultaneous_looks_inspect_a_change_once(store: Store) -> None:
    inspector = Inspector("")
    gate = keeper(store, inspector)
    await gate.start(rules())
    await asyncio.gather(gate.offer(rules(SHUT)), look(gate), look(gate))
    assert inspector.looked_at == [1]
    gate.close()


async def frozen(store: Store, *answers: str) -> tuple[RulesKeeper, Inspector, Freeze]:
    """A gate whose files have changed in a freeze."""
    inspector, freeze = Inspector(*answers), Freeze()
    inspector.go.set()
    gate = keeper(store, inspector, freeze)
    await gate.start(rules())
    await gate.offer(rules(SHUT))
    return gate, inspector, freeze


async def test_files_changed_in_a_freeze_are_held_until_its_end(store: Store) -> None:
    with capture_logs() as logs:
        gate, inspector, freeze = await frozen(store, "")
        await looked(gate)
    assert (decides(gate), gate.is_undecided, inspector.looked_at) == ("open", False, [])
    assert gate.held == "the files have changed and are held: changes are frozen until Monday"
    assert translate(gate.held, console_languages()["de"]).startswith(
        "die Dateien haben sich geändert und warten: "
    )
    assert [line["event"] for line in logs] == ["policy-held"]
    freeze.why = ""
    await looked(gate)
    assert (decides(gate), gate.held, inspector.looked_at) == ("shut", "", [1])


async def test_files_after_a_freeze_have_to_pass_the_guard(store: Store) -> None:
    gate, _, freeze = await frozen(store, "too many")
    freeze.why = ""
    with capture_logs() as logs:
        await looked(gate)
    assert decides(gate) == "open"
    assert gate.held.endswith("too many")
    assert [line["event"] for line in logs] == ["policy-held"]


async def test_a_freeze_that_begins_while_files_are_looked_at_holds_them(store: Store) -> None:
    """What was found before it began is old when it ends: they are looked at anew."""
    gate, inspector, freeze = await frozen(store, "", "")
    freeze.why = ""
    inspector.go.clear()
    await look(gate)
    freeze.why = "changes are frozen until Monday"
    inspector.go.set()
    await looked(gate)
    assert (decides(gate), inspector.looked_at) == ("open", [1])
    freeze.why = ""
    await looked(gate)
    assert (decides(gate), inspector.looked_at) == ("shut", [1, 1])


DURING_THE_FREEZE = r".* number 2, which runs: it was started during the freeze that they waited .*"
TAKE_IT_BACK = "`mailgate policy rollback` starts the version before again"


async def files_go_back(gate: RulesKeeper, _store: Store) -> None:
    await gate.offer(rules(OPEN))


async def somebody_puts_the_same_in_force(gate: RulesKeeper, store: Store) -> None:
    await put_in_force(store, rules(SHUT))
    await looked(gate)


async def somebody_puts_others_in_force(gate: RulesKeeper, store: Store) -> None:
    await put_in_force(store, rules(OTHER))
    await looked(gate)


@pytest.mark.parametrize(
    ("meanwhile", "decided", "serial", "looked_at", "held"),
    [
        (files_go_back, "open", 1, [], ""),
        (somebody_puts_the_same_in_force, "shut", 2, [2], ""),
        (somebody_puts_others_in_force, "other", 2, [], DURING_THE_FREEZE + TAKE_IT_BACK),
    ],
)
async def test_the_end_of_a_freeze_undoes_nothing(
    store: Store,
    meanwhile: Callable[[RulesKeeper, Store], Awaitable[None]],
    decided: str,
    serial: int,
    looked_at: list[int],
    held: str,
) -> None:
    gate, inspector, freeze = await frozen(store, "")
    await meanwhile(gate, store)
    freeze.why = ""
    await looked(gate)
    assert (decides(gate), gate.current.activation.serial) == (decided, serial)
    assert inspector.looked_at == looked_at
    assert re.fullmatch(held, gate.held)


async def test_files_that_go_back_to_what_is_in_force_are_not_held(store: Store) -> None:
    gate, _, _ = await frozen(store)
    assert gate.held
    await gate.offer(rules(OPEN))
    assert gate.held == ""
    await look(gate)
    assert (gate.held, gate.current.activation.serial) == ("", 1)


PILOT = "rules: [{id: pilot, when: 'true', effect: block, groups: [pilot]}, {id: open, when: 'true', effect: allow}]\n"


def grouped(policy: str = PILOT, *people: str) -> Rules:
    return rules(policy).with_groups(Groups.of_members({"pilot": people}))


def meant(gate: RulesKeeper, person: str) -> tuple[str, ...]:
    return gate.current.rules.groups.user(person).groups


async def test_a_change_of_the_groups_alone_is_a_version_that_is_looked_at(store: Store) -> None:
    inspector = Inspector("7 people too many")
    gate = keeper(store, inspector)
    await gate.start(grouped(PILOT, "ada"))
    await gate.offer(grouped(PILOT, "ada", "lin"))
    inspector.go.set()
    await looked(gate)
    assert (meant(gate, "ada"), meant(gate, "lin")) == (("pilot",), ())
    assert gate.held.endswith("7 people too many")
    assert len(await store.policies.history()) == 1


async def test_every_gate_decides_by_the_groups_in_force_whatever_its_own_file_says(store: Store) -> None:
    one, other = keeper(store), keeper(store)
    await one.start(grouped(PILOT, "ada"))
    await other.start(grouped(PILOT, "ada"))
    await one.offer(grouped(PILOT, "lin"))
    await look(other)
    assert (meant(other, "ada"), meant(other, "lin")) == ((), ("pilot",))


async def test_a_rolled_back_version_does_not_return_by_its_files(store: Store) -> None:
    gate = await started(store)
    await gate.offer(rules(SHUT))
    await retract(store, ADA, "sent in error", NOW)
    await look(gate)
    for files in (OTHER, SHUT):
        await gate.offer(rules(files))
    assert decides(gate) == "other"
    assert "version 2, which was rolled back; only a plan can start it again" in gate.held


async def test_texts_that_were_changed_in_the_store_are_not_decided_by(store: Store, url: str) -> None:
    gate = await started(store)
    await put_in_force(store, rules(OTHER))
    with altered(url, "policies", "texts", json.dumps(dict(rules(SHUT).texts)), "number = 2"):
        with capture_logs() as logs:
            await look(gate)
        assert (decides(gate), [line["event"] for line in logs]) == ("open", ["policy-unreadable"])
        with pytest.raises(UnreadableVersionError, match="was changed in the database"):
            await started(store)


BOTH = """
rules:
  - {id: listed, when: '"prohibited" in device.lists', effect: block, share: 10%}
  - {id: open, when: 'true', effect: allow}
"""
MORE = "apps: {tiktok: {name: TikTok}, wechat: {name: WeChat}}\nlists: {prohibited: [tiktok]}\n"
WITH_WECHAT = MORE.replace("[tiktok]", "[tiktok, wechat]")


async def drafted(store: Store) -> RulesKeeper:
    """A gate whose files do not hold what ada has put in force: WeChat joins the prohibited list."""
    gate = keeper(store)
    await gate.start(rules(BOTH, MORE))
    await put_in_force(store, rules(BOTH, WITH_WECHAT))
    await look(gate)
    return gate


async def test_files_without_what_somebody_started_do_not_undo_it(store: Store) -> None:
    gate = await drafted(store)
    await gate.offer(rules(BOTH.replace("10%", "20%"), MORE))
    assert gate.current.activation.number == 2
    assert (
        "they lack what ada started and would undo it: ~ list prohibited: has WeChat (`wechat`) now"
        in gate.held
    )
    assert "20%" not in gate.held


async def test_files_with_it_and_a_change_of_their_own_take_effect(store: Store) -> None:
    gate = await drafted(store)
    await gate.offer(rules(BOTH, MORE + "# a word\n"))
    assert gate.held
    await gate.offer(rules(BOTH.replace("10%", "20%"), WITH_WECHAT))
    assert (gate.current.activation.author, gate.held) == ("file", "")
    assert gate.current.rules.policy.rules[0].share == 0.2


async def test_files_that_have_held_it_may_take_it_back(store: Store) -> None:
    gate = await drafted(store)
    await gate.offer(rules(BOTH, WITH_WECHAT))
    assert gate.held == ""
    await gate.offer(rules(BOTH, MORE + "# again\n"))
    assert (gate.current.activation.author, gate.held) == ("file", "")
    assert gate.current.rules.policy.catalog.lists["prohibited"] == ("tiktok",)


async def test_a_start_with_changed_files_does_not_take_it_back_either(store: Store) -> None:
    """As a restart does it, and a second gate whose files are its own."""
    await drafted(store)
    again = keeper(store)
    await again.start(rules(BOTH.replace("10%", "20%"), MORE))
    assert again.current.activation.number == 2
    assert "~ list prohibited: has WeChat (`wechat`) now" in again.held
    await again.offer(rules(BOTH.replace("10%", "20%"), WITH_WECHAT))
    assert again.held == ""


async def test_files_must_contain_each_of_several_changes(store: Store) -> None:
    gate = await drafted(store)
    await put_in_force(store, rules(BOTH.replace("10%", "50%"), WITH_WECHAT), "lin")
    await look(gate)
    await gate.offer(rules(BOTH.replace("10%", "50%"), MORE))
    assert "has WeChat (`wechat`) now" in gate.held
    await gate.offer(rules(BOTH.replace("10%", "40%"), WITH_WECHAT))
    assert "the share of people is `50%` now, was `40%`" in gate.held
    await gate.offer(rules(BOTH.replace("10%", "50%"), WITH_WECHAT + "# both\n"))
    assert gate.held == ""


async def test_after_a_retraction_changed_files_count_again(store: Store) -> None:
    gate = await drafted(store)
    await retract(store, ADA, "sent in error", NOW)
    await look(gate)
    await gate.offer(rules(BOTH.replace("10%", "20%"), MORE))
    assert (gate.current.activation.author, gate.held) == ("file", "")


async def test_files_must_contain_what_was_started_after_a_roll_back(store: Store) -> None:
    gate = await drafted(store)
    await retract(store, ADA, "sent in error", NOW)
    await put_in_force(store, rules(BOTH.replace("10%", "50%"), MORE))
    await look(gate)
    await gate.offer(rules(BOTH, MORE + "# a word\n"))
    assert "the share of people is `50%` now" in gate.held
    await gate.offer(rules(BOTH.replace("10%", "50%"), MORE + "# a word\n"))
    assert gate.held == ""


async def test_a_version_started_while_files_were_inspected_stays(store: Store) -> None:
    gate, inspector = await guarded(store, "", "")
    await put_in_force(store, rules(OTHER))
    inspector.go.set()
    await looked(gate)
    await looked(gate)
    assert decides(gate) == "other"
    assert "they lack what ada started" in gate.held


async def test_files_are_held_if_their_base_cannot_be_read(store: Store, url: str) -> None:
    gate = await drafted(store)
    with altered(url, "policies", "texts", "{}", "number = 1"):
        await gate.offer(rules(BOTH, MORE + "# a word\n"))
    assert gate.current.activation.number == 2
    assert "we cannot tell whether they lack what ada started" in gate.held


TWO = "rules: [{id: first, when: 'true', effect: allow}, {id: open, when: 'true', effect: allow}]\n"
THREE = TWO.replace("rules: [", "rules: [{id: second, when: 'true', effect: allow}, ")
BETWEEN = TWO.replace("first", "between")
BEHIND = "they hold version {}, and newer files have started this one: bring those here"


async def ahead(store: Store, *policies: str) -> tuple[RulesKeeper, RulesKeeper]:
    """Two gates with the same files, of which one has got newer ones, in turn."""
    one, other = await started(store), await started(store)
    for policy in policies:
        await one.offer(rules(policy))
    await look(other)
    return one, other


@pytest.mark.parametrize("again", [False, True], ids=["running", "started again"])
async def test_a_gate_that_gets_older_files_late_changes_nothing(store: Store, again: bool) -> None:
    """It does not ask anybody to take back what the files of other gates have put in force, either."""
    one, other = await ahead(store, TWO, THREE)
    if again:
        other = await started(store)
    assert BEHIND.format(1) in other.held
    await other.offer(rules(TWO))
    assert BEHIND.format(2) in other.held
    assert "retract" not in other.held
    await other.offer(rules(BETWEEN))
    assert "they lack what other files started and would undo it: + rule " in other.held
    assert "retract" not in other.held
    await other.offer(rules(THREE))
    assert (one.held, other.held) == ("", "")
    assert [each.number for each in await store.policies.history()] == [3, 2, 1]


async def test_a_gate_that_gets_the_newest_files_first_starts_them(store: Store) -> None:
    one, other = await ahead(store, TWO)
    await other.offer(rules(THREE))
    assert (decides(other), other.held) == ("second", "")
    await look(one)
    assert BEHIND.format(2) in one.held


async def test_files_that_go_back_take_back_what_came_since_once(store: Store) -> None:
    one, other = await ahead(store, TWO, THREE)
    await one.offer(rules(OPEN))
    await look(other)
    told = [each.what for each in await store.audit.page() if each.what.startswith("policy")]
    assert told == ["policy-activated"] * 3 + ["policy-rolled-back"]
    assert (one.current.activation.author, one.current.activation.note) == (
        "file",
        "the files went back to version 1",
    )
    (found,) = await store.retractions.open()
    assert (found.serial, found.versions, found.serials) == (4, (3, 2), (2, 3))
    for late in (TWO, THREE):  # the other gate still gets what came before
        await other.offer(rules(late))
        assert "which was rolled back; only a plan can start it again" in other.held
    await other.offer(rules(OPEN))
    assert (one.held, other.held, decides(other)) == ("", "", "open")
    assert await store.policies.retracting() == {4}
    assert await verify(store, NOW) == []


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        (rules(apps=MORE), rules(apps=MORE + "# a word\n"), rules(apps=MORE)),
        (grouped(PILOT, "ada"), grouped(PILOT, "ada", "lin"), grouped(PILOT, "ada")),
    ],
    ids=["comments", "groups"],
)
async def test_files_whose_rules_stay_take_nothing_back(
    store: Store, first: Rules, second: Rules, third: Rules
) -> None:
    gate = keeper(store)
    await gate.start(first)
    for files in (second, third, second):
        await gate.offer(files)
        assert gate.held == ""
    assert (gate.current.activation.serial, await store.policies.retracting()) == (4, set())


async def test_a_start_with_the_rules_of_before_takes_nothing_back_whatever_its_groups(store: Store) -> None:
    """An old computer may have them, with a list of the staff of its own."""
    gate = keeper(store)
    await gate.start(grouped(PILOT, "ada"))
    await gate.offer(grouped(PILOT.replace("block", "warn"), "ada"))
    old = keeper(store)
    await old.start(grouped(PILOT, "lin"))
    assert "they have the rules of version 1, and at a start nobody can tell whether they go back" in old.held
    assert (old.current.activation.serial, await store.policies.retracting()) == (2, set())
    await old.offer(grouped(PILOT.replace("block", "warn"), "lin"))
    assert (old.held, meant(old, "lin")) == ("", ("pilot",))


async def test_rules_of_before_with_the_groups_of_today_are_a_retraction_too(store: Store) -> None:
    gate = keeper(store)
    await gate.start(grouped(PILOT, "ada"))
    await gate.offer(grouped(PILOT.replace("block", "warn"), "ada"))
    await gate.offer(grouped(PILOT, "ada", "lin"))
    (found,) = await store.retractions.open()
    assert (found.serial, found.versions, meant(gate, "lin")) == (3, (2,), ("pilot",))
