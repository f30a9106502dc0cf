"""Puts rules in force and takes them back, in the name of a person. Against the guard, the other approvers are written to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from mailgate.model.notice import MailKind, Notice
from mailgate.model.phrase import joined, phrase, plural
from mailgate.rollout.guard import (
    Guard,
    beyond_window,
    counted_meanwhile,
    failing_cases,
    freeze_reason,
    newly_kept_out,
    read_window,
)
from mailgate.rollout.kept_plans import (
    SENT_BACK,
    approved_by,
    find_plan,
    overtaken,
    read_plan,
    refuse_altered,
    refuse_outdated,
    sent_back,
)
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Plan
from mailgate.store import (
    Activation,
    AuditEntry,
    OvertakenError,
    RuleTexts,
    Store,
    StoredPlan,
    Version,
    kept_out,
    mail_queue,
    retractions,
)
from mailgate.store.kept_out import UNCOUNTED, Counted, CountedMeanwhileError, WindowTotals
from mailgate.store.plans import DecidedMeanwhileError, unless_decided
from mailgate.store.policies import ACTIVATED as ACTIVATED
from mailgate.store.policies import RETRACTED as RETRACTED


def override_notice(
    by: Person, note: str, plan: str, overridden: Sequence[str], approved_by: Sequence[str]
) -> Notice:
    """The mail, in the words of the audit log. ``plan`` is a digest; ``overridden`` are the objections."""
    lines = [
        f"{by.name} has started plan {plan[:12]} against objections.",
        f"Why: {note.strip()}",
        *(f"Overridden: {each}" for each in overridden),
        f"Approved by: {', '.join(approved_by) or 'nobody else'}",
        "`mailgate policy rollback` rolls it back.",
    ]
    return Notice(MailKind.REPLY, answer="\n".join(lines), was_requested=False)


NO_APPROVERS = phrase("no admin has the role approver")
ADD_APPROVER = "`mailgate admin add NAME --role approver` says how to set up an approver"


async def apply(
    store: Store,
    name: str,
    person: Person,
    note: str,
    now: datetime,
    guard: Guard | None,
    *,
    override: bool = False,
) -> Activation:
    """Put exactly what was planned in force. Raises RefusedError. ``override`` puts it in force against objections, which needs
    the approval of others as far as there are others; the audit log lists them, and the other approvers get a mail."""
    plan, now = await find_plan(store, name), await store.now(now)
    checked, serial = await _checked(store, plan, person, guard, now)
    against = checked.against
    if against and not override:
        raise checked.refusal()
    if against and not note.strip():
        raise RefusedError(phrase("say why you override"))
    if against and checked.alone:
        raise checked.refusal_to_override()
    what = f"{ACTIVATED}-against-the-guard" if against else ACTIVATED
    act = replace(person.act(now, what, note), details=checked.details)
    known = checked.back.number if checked.back else 0
    decided = partial(unless_decided, about=f"plan {plan.digest}", what=SENT_BACK, known=known)
    then = [partial(kept_out.go_by, counted=checked.counted), decided]
    if against:
        addresses = [to for name, to in guard.addresses.items() if name != person.name] if guard else []
        told = override_notice(person, note, plan.digest, against, checked.counting)
        then.append(partial(mail_queue.tell, addresses=addresses, notice=told))
    try:
        return await store.policies.activate(plan.candidate, act, after=serial, then=then)
    except CountedMeanwhileError:
        raise counted_meanwhile() from None
    except DecidedMeanwhileError:
        raise (await _checked(store, plan, person, guard, now))[0].refusal() from None
    except OvertakenError:
        raise await overtaken(store, plan) from None


@dataclass(frozen=True)
class PlanCheck:
    """A plan before it is put in force: by its content, by who has approved it, and by what happened before."""

    plan: StoredPlan
    body: Plan
    approved: Sequence[str]
    """Everybody who has approved it."""
    guard: Guard | None
    before: WindowTotals
    """What happened within the guard's window before."""
    now: datetime
    back: AuditEntry | None
    """Who sent it back, and why; None if nobody did."""
    applier: str = ""
    """Who puts it in force; empty for somebody who has no other part in it."""

    @cached_property
    def counting(self) -> list[str]:
        """The names of the people whose approvals count."""
        if not self.guard:
            return [*self.approved]
        return self.guard.counting(self.approved, self.plan.author, self.applier)

    @cached_property
    def beyond(self) -> list[str]:
        """How it goes beyond the limit, in words."""
        return beyond_window(self.body, self.guard, self.before) if self.guard else []

    @property
    def needed(self) -> int:
        """How many approvals it needs; 0 if it stays within the limit, or there is no guard."""
        return self.guard.approvals if self.guard and self.beyond else 0

    @property
    def missing(self) -> int:
        return max(0, self.needed - len(self.counting))

    @property
    def alone(self) -> int:
        """How many approvals are missing for an override."""
        guard = self.guard
        return guard.missing_to_override(self.approved, self.plan.author, self.applier) if guard else 0

    @cached_property
    def against(self) -> list[str]:
        """The objections to this person putting the plan in force, in words."""
        found = failing_cases(self.body)
        if self.back:
            found.append(phrase("sent back by %(who)s: %(why)s", who=self.back.who, why=self.back.why))
        if self.guard and self.missing:
            found += [*self.beyond, self._what_is_missing(self.guard)]
        if closed := freeze_reason(self.guard, self.now):
            found.append(closed)
        return found

    def _what_is_missing(self, guard: Guard) -> str:
        if not guard.approvers:
            return phrase(
                "it needs an approval, and there is nobody who may give one: %(no_approvers)s",
                no_approvers=NO_APPROVERS,
            )
        could = guard.counting(guard.approvers, self.plan.author)
        if len(could) < guard.approvals:
            return phrase(
                "it needs %(needed)s approvals, more than there are approvers other than its author (%(there)s)",
                needed=guard.approvals,
                there=len(could),
            )
        by, mine = ", ".join(self.counting), self.applier in self.approved
        return plural(
            "it needs %(count)s more approval%(names)s%(own)s",
            "it needs %(count)s more approvals%(names)s%(own)s",
            self.missing,
            names=phrase(" (%(names)s gave one)", names=by) if by else "",
            own=phrase(", your own does not count since you start it") if mine else "",
        )

    def refusal_to_override(self) -> RefusedError:
        why = plural(
            "nobody overrides alone where another person may approve: %(count)s approval is missing",
            "nobody overrides alone where other people may approve: %(count)s approvals are missing",
            self.alone,
        )
        return RefusedError(why, self._how_to_approve, plan=self.plan.digest, missing=self.alone)

    def refusal(self) -> RefusedError:
        """The refusal to put it in force against the objections, with the commands to use in place of that."""
        override = f". To do it all the same: `mailgate policy apply {self.plan.digest[:12]} --override` with a --note that says why"
        how = self._how_to_approve if self.missing else ""
        by_command = how if self.missing and self.alone else how + override
        return RefusedError(
            joined(self.against, "; "), by_command, plan=self.plan.digest, missing=self.missing
        )

    @property
    def _how_to_approve(self) -> str:
        digest = self.plan.digest[:12]
        return (
            f": `mailgate policy approve {digest}` by people other than its author and the one who applies it"
        )

    @property
    def counted(self) -> Counted:
        """The counts that putting it in force goes by."""
        return self.before.counted(newly_kept_out(self.body))

    @property
    def details(self) -> dict[str, Any]:
        return {
            "plan": self.plan.digest,
            "overridden": self.against,
            "approved_by": self.counting,
            "kept_out": asdict(self.counted.newly),
        }


async def _checked(
    store: Store, plan: StoredPlan, person: Person, guard: Guard | None, now: datetime
) -> tuple[PlanCheck, int]:
    """The check of a plan, and the serial of the activation that it would replace."""
    await refuse_altered(store, plan)
    serial = await refuse_outdated(store, plan, now)
    approved, back = await approved_by(store, [plan.digest]), (await sent_back(store, now)).get(plan.digest)
    before = await read_window(store, guard, now)
    names = approved[plan.digest]
    return PlanCheck(plan, read_plan(plan), names, guard, before, now, back, person.name), serial


async def retract(
    store: Store,
    person: Person,
    note: str,
    now: datetime,
    number: int | None = None,
    guard: Guard | None = None,
    *,
    operates: bool = True,
) -> Activation:
    """Put the version in force that was in force before. No guard applies: a mistake has to go now, and a second one
    changes nothing. Going back to another version, by ``number``, needs a plan of it that meets the ``guard``, and a person who
    ``operates``. Only ``apply`` puts a version in force again that was rolled back. Raises RefusedError."""
    history = await store.policies.history()
    if not history or len({each.number for each in history}) < 2:
        raise RefusedError(phrase("no other version ran before this one"))
    before = await version_before(store, history)
    wanted = number or before
    if wanted not in {each.number for each in history}:
        why = phrase("version %(wanted)s has never run", wanted=str(wanted))
        raise RefusedError(why, "; `mailgate policy history` shows those that were")
    if wanted == history[0].number:
        return history[0]
    version, now = await _unaltered(store, wanted), await store.now(now)
    counted = UNCOUNTED
    details, keep = retractions.act_of(history, wanted, await store.policies.taken_back_serials())
    if wanted != before:
        checked = await _planned_way_back(store, version, history[0], person, guard, now, operates=operates)
        counted, details = checked.counted, details | checked.details
    act = replace(person.act(now, RETRACTED, note), details=details)
    go_by = partial(kept_out.go_by, counted=counted)
    try:
        draft = RuleTexts(version.policy, version.texts)
        return await store.policies.activate(draft, act, after=history[0].serial, then=(keep, go_by))
    except CountedMeanwhileError:
        raise counted_meanwhile() from None
    except OvertakenError:
        why = phrase("somebody else started another version. Look at it and plan again")
        raise RefusedError(why, " (`mailgate policy history`)") from None


async def _unaltered(store: Store, number: int) -> Version:
    version = await store.policies.sound(number)
    if version is None:
        raise RefusedError(
            phrase(
                "version %(number)s was changed in the database after it started. Plan the files or another version",
                number=str(number),
            ),
            ": `mailgate policy plan --version NUMBER`; `mailgate audit verify` says where the store was changed",
        )
    return version


async def _planned_way_back(
    store: Store,
    version: Version,
    active: Activation,
    person: Person,
    guard: Guard | None,
    now: datetime,
    *,
    operates: bool,
) -> PlanCheck:
    number, how = version.number, f"`mailgate policy plan --version {version.number}`"
    if await store.policies.taken_back(version.digest):
        why = phrase("version %(number)s was rolled back: only a plan can start it again", number=str(number))
        raise RefusedError(why, f". {how}, then `mailgate policy apply`")
    plan = await store.plans.latest_of(version.digest, active.serial)
    if plan is None:
        why = phrase(
            "version %(number)s is not the one before: going back to it is a change like any other. Plan it first",
            number=str(number),
        )
        raise RefusedError(why, f": {how}, then say this again")
    if not operates:
        raise RefusedError(
            phrase(
                "version %(number)s is not the one before: going back to it needs the role operator",
                number=str(number),
            )
        )
    checked, _ = await _checked(store, plan, person, guard, now)
    if checked.against:
        raise checked.refusal()
    return checked


async def version_before(store: Store, history: Sequence[Activation]) -> int:
    """The version to go back to without a plan: the one before, or the one in force if a roll back has put it there."""
    in_force = history[0].number
    last = await store.audit.last(f"version {in_force}", ACTIVATED, RETRACTED)
    if last is not None and last.what == RETRACTED:
        return in_force
    return next(each.number for each in history if each.number != in_force)
