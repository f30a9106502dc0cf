"""Kept plans: they are found by the beginning of their digest, and refused if they were changed or are too old. A plan that was
overtaken may start again from the rules in force."""

import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from tempfile import TemporaryFile

from mailgate.config import Rules
from mailgate.config.admins import BY_FILE
from mailgate.model.phrase import phrase
from mailgate.policy.simulate.impact import Mover
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import NOUNS, Plan, RulesNamed, digest_of_kept, dump, is_whole, load, term_of
from mailgate.rollout.stored_rules import only, rule_texts_of
from mailgate.store import Activation, AuditEntry, Store, StoredPlan

PAGE = 5_000
"""How many movers are written in one transaction."""


class Movers(AbstractContextManager["Movers"]):
    """Movers in a temporary file. Use it as a context manager: the file is deleted at the end."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed by the context
        self.count = 0

    def add(self, movers: Sequence[Mover]) -> None:
        for start in range(0, len(movers), PAGE):
            pickle.dump([tuple(each) for each in movers[start : start + PAGE]], self._file)
        self.count += len(movers)

    def pages(self) -> Iterator[list[Mover]]:
        """All movers, a page at a time."""
        self._file.seek(0)
        left = self.count
        while left:
            page = [Mover._make(each) for each in pickle.load(self._file)]  # noqa: S301 - written above, by this process
            left -= len(page)
            yield page

    def __exit__(self, *_: object) -> None:
        self._file.close()


def base_serial(plan: StoredPlan, body: Plan, history: Sequence[Activation]) -> int | None:
    """The serial of the activation that the plan would replace; None if the plan was overtaken, also by its own rules, which
    somebody has rolled back since. ``history`` has the newest activation first."""
    active = history[0] if history else None
    if active is None or active.serial == plan.serial:
        return plan.serial
    if active.digest != body.active.digest:
        return None
    since = [each for each in history if each.serial > plan.serial]
    return None if any(each.digest == plan.candidate.digest for each in since) else active.serial


PLAN_AGE = timedelta(hours=24)
"""How long a plan may be put in force. After that, other people and devices may have come."""
PLANNED, APPROVED, SENT_BACK = "policy-planned", "policy-approved", "policy-sent-back"


async def keep_plan(
    store: Store, plan: Plan, candidate: Rules, person: Person, now: datetime, movers: Movers | None = None
) -> None:
    """Keep a plan, so that exactly this one can be put in force, and its movers apart, so that people can be forgotten. Of
    plans that gates make of changed files none is kept while an earlier one may still be put in force."""
    draft, text = rule_texts_of(candidate), dump(plan)
    count = movers.count if movers else 0
    planned = StoredPlan(plan.digest, plan.active.serial, draft, text, person.name, now, count)
    act = replace(
        person.act(now, PLANNED), about=f"plan {plan.digest}", details={"newly": newly_counted(plan)}
    )
    unless_since = now - PLAN_AGE if person.name == BY_FILE else None
    if await store.plans.keep(planned, act, unless_since) and movers:
        written = 1
        for page in movers.pages():
            await store.movers.add(plan.digest, written, page)
            written += len(page)
        if await store.audit.forgot_since(now):  # they may be among those just written
            await store.movers.drop(plan.digest)


def newly_counted(plan: Plan) -> dict[str, dict[str, int]]:
    """How many people and devices move now, by their new effect."""
    return {label: {noun: each.of(noun) for noun in NOUNS} for label, each in plan.newly.items()}


async def find_plan(store: Store, name: str) -> StoredPlan:
    """The plan whose digest begins with ``name``. Raises RefusedError if none or several do."""
    none = phrase("no plan is called `%(name)s`", name=name)
    how = "; `mailgate policy plan` makes one and prints its digest"
    return only(name, await store.plans.find(name), none, how)


async def refuse_altered(store: Store, plan: StoredPlan) -> None:
    """Raises RefusedError if the plan was changed in the store, or has parts that this Mailgate does not know: they may say more of whom
    it harms, or ask for more before it starts."""
    made = await store.audit.last(f"plan {plan.digest}", PLANNED)
    if is_altered(plan) or made is None or made.who != plan.author:
        raise _altered(plan)
    for why in known_in_part(plan):
        raise RefusedError(why, plan=plan.digest)


def known_in_part(plan: StoredPlan) -> list[str]:
    """That another version of Mailgate made a plan and this one does not know all of it, in words; empty if it does."""
    return [] if is_whole(plan.body) else [_of_another_version(plan)]


def _altered(plan: StoredPlan) -> RefusedError:
    why = phrase(
        "plan %(digest)s is not what was planned: it was changed in the store. Plan again",
        digest=plan.digest[:12],
    )
    return RefusedError(why, "; `mailgate audit verify` says where the store was changed", plan=plan.digest)


def _of_another_version(plan: StoredPlan) -> str:
    return phrase(
        "plan %(digest)s was made by another version of Mailgate, and this one does not know all of it. Use a gate of that version, or plan again",
        digest=plan.digest[:12],
    )


def read_plan(plan: StoredPlan) -> Plan:
    """Read the content of a kept plan, as far as this Mailgate knows it. Raises RefusedError if it cannot be read."""
    try:
        return load(plan.body)
    except ValueError:
        if _is_another(plan):
            raise _altered(plan) from None
        raise RefusedError(_of_another_version(plan), plan=plan.digest) from None


def readable_plans(plans: Iterable[StoredPlan]) -> Iterator[tuple[StoredPlan, Plan]]:
    """Plans with their content, without those that cannot be read."""
    for plan in plans:
        with suppress(RefusedError):
            yield plan, read_plan(plan)


def _is_another(plan: StoredPlan) -> bool:
    """Whether the text of a plan does not match its digest, which binds also what only a newer Mailgate knows."""
    try:
        return digest_of_kept(plan.body) != plan.digest
    except (ValueError, RecursionError):
        return True


def is_altered(plan: StoredPlan) -> bool:
    """Whether a plan does not match its digest, or names other rules than those kept with it. What cannot be read is only compared
    with its digest, and no act goes by it."""
    if _is_another(plan):
        return True
    try:
        body = load(plan.body)
    except ValueError:
        return False
    return (
        body.candidate != RulesNamed(policy=plan.candidate.policy, digest=plan.candidate.digest)
        or body.active.serial != plan.serial
        or body.made_at != plan.made_at
    )


async def approved_by(store: Store, plans: Iterable[str]) -> dict[str, list[str]]:
    """The people who have approved each of the plans with these digests, by the audit log."""
    found: dict[str, dict[str, None]] = {f"plan {each}": {} for each in plans}
    for entry in await store.audit.about(found, APPROVED):
        found[entry.about][entry.who] = None
    return {about.removeprefix("plan "): [*who] for about, who in found.items()}


async def sent_back(store: Store, now: datetime) -> dict[str, AuditEntry]:
    """Who sent plans back that may still be open, and why, by the digest of the plan."""
    entries = await store.audit.since(now - PLAN_AGE, SENT_BACK)
    return {each.about.removeprefix("plan "): each for each in entries}


async def refuse_outdated(store: Store, plan: StoredPlan, now: datetime) -> int:
    """The serial of the activation that the plan would replace. Raises RefusedError if the plan is too old or was overtaken."""
    if now - plan.made_at > PLAN_AGE:
        why = phrase("plan %(digest)s is more than a day old: plan again", digest=plan.digest[:12])
        raise RefusedError(why, plan=plan.digest)
    history = await store.policies.history()
    if history and history[0].digest == plan.candidate.digest:
        return plan.serial
    serial = base_serial(plan, read_plan(plan), history)
    if serial is None:
        raise await overtaken(store, plan)
    return serial


async def overtaken(store: Store, plan: StoredPlan) -> RefusedError:
    """The refusal of a plan whose base is no longer in force, or that is in force itself."""
    history = await store.policies.history()
    term = term_of(plan, history, ())
    if term is not None and term.ended:
        why = phrase(
            "plan %(digest)s ran as version %(version)s and does no longer: plan again",
            digest=plan.digest[:12],
            version=str(term.version),
        )
        return RefusedError(why, plan=plan.digest)
    if term is not None:
        why = phrase("this plan already runs, as version %(version)s", version=str(term.version))
        return RefusedError(why, plan=plan.digest)
    number = history[0].number if history else 0
    why = phrase(
        "version %(number)s started after plan %(digest)s was made: plan again",
        number=str(number),
        digest=plan.digest[:12],
    )
    return RefusedError(why, plan=plan.digest)
