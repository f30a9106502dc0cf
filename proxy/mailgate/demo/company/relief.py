"""Exemptions, a rule that is turned off, and requests for help."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random

from mailgate.config import Rules
from mailgate.demo.company.devices import CompanyDevice, DeviceProblem
from mailgate.demo.company.history import OPERATOR, ORIGIN, SECOND, Era
from mailgate.demo.company.mails import AffectedPerson
from mailgate.model import Effect
from mailgate.rollout.person import Person
from mailgate.rollout.reliefs import EVERY_RULE, break_glass, end_exemption, exempt
from mailgate.store import HelpRequest, Store

_GIVEN = (
    (50, OPERATOR, "At a customer without a device management until next week", 9),
    (44, SECOND, "Replacement phone is on its way", 3),
    (30, OPERATOR, "Tests a mail app for the support team", 60),
)
"""For each exemption: how many hours ago it was given, by whom, why, and for how many days."""
_ENDED = 8
"""How many hours ago the last of them was ended."""
_TURNED_OFF, _OFF = "kind-contradicted", 2
"""The rule that is off for everybody, and for how many hours it has been."""
_ASKS = 6
"""One in this many people who are refused asks for help."""


async def exempt_some(store: Store, rules: Rules, found: Iterable[CompanyDevice], now: datetime) -> list[Era]:
    """Exempt some people whose phones are not known to be clean. Returns the rules with their exemptions, from each
    time on."""
    unproven = (DeviceProblem.PARTIAL, DeviceProblem.MISSING, DeviceProblem.STALE)
    persons = sorted({each.person.login for each in found if each.problem in unproven and each.make.mail_app})
    eras: list[Era] = []
    numbers: list[int] = []
    for login, (hours, who, why, days) in zip(persons, _GIVEN, strict=False):
        at, by = now - timedelta(hours=hours), Person(who, ORIGIN)
        until = now + timedelta(days=days)
        given = await exempt(store, rules.policy, by, why, at, rule=EVERY_RULE, until=until, person=login)
        numbers.append(given.number)
        eras.append(await _era(store, rules, at))
    if numbers:
        at = now - timedelta(hours=_ENDED)
        await end_exemption(store, Person(SECOND, ORIGIN), "Done sooner", at, numbers[-1])
        eras.append(await _era(store, rules, at))
    return eras


async def turn_one_off(store: Store, rules: Rules, now: datetime) -> list[Era]:
    """Turn a rule off by break-glass; it is still off now. Returns the rules from then on."""
    at = now - timedelta(hours=_OFF)
    if _TURNED_OFF not in {each.id for each in rules.policy.rules if each.restricts}:
        return []  # the rules are not the demo's
    why = "A browser update contradicts itself: asked its maker"
    until, by = now + timedelta(hours=10), Person(SECOND, ORIGIN)
    await break_glass(store, rules.policy, by, why, at, rule=_TURNED_OFF, until=until)
    return [await _era(store, rules, at)]


async def ask_for_help(store: Store, random: Random, reached: Sequence[AffectedPerson], era: Era) -> None:
    """Store requests for help of some people whom the rules in force refuse."""
    asking = {
        (each.login, each.rule): each
        for each in reached
        if each.policy == era.policy.version and each.effect is Effect.BLOCK and each.rule != "default"
    }
    for each in [*asking.values()][::_ASKS]:
        at = each.first + (each.last - each.first) * random.random()
        await store.help_requests.note(
            HelpRequest(
                each.rule, each.login, each.login, each.device, each.reason, each.reference,
                each.policy, known=True, times=1, first_at=at, last_at=at,
            )
        )  # fmt: skip


async def _era(store: Store, rules: Rules, at: datetime) -> Era:
    reliefs = await store.reliefs.current(at)
    return Era(at, rules.with_reliefs(reliefs).policy, frozenset(each.person for each in reliefs.every))
