"""Puts rules in force and takes them back, in the name of a person. If that is against the guard, the other approvers are
written to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
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
from mailgate.store.kept_out import EMPTY_WINDOW, NOBODY, CountedMeanwhileError, KeptOut, WindowTotals
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
    checked = await _checked(store, plan, person, guard, now)
    against = checked.against
    if against and not override:
        raise checked.refusal()
    if against and not note.strip():
        raise RefusedError(phrase("say why you override"))
    if against and checked.alone:
        raise checked.refusal_to_override()
    what = f"{ACTIVATED}-against-the-guard" if against else ACTIVATED
    act = replace(person.act(now, what, note), details=checked.details)
    decided = partial(unless_decided, about=f"plan {plan.digest}", what=SENT_BACK, known=checked.back)
    then = [partial(kept_out.go_by, counted=checked.before.counted(checked.newly)), decided]
    if against:
        addresses = [to for name, to in guard.addresses.items() if name != person.name] if guard else []
        told = override_notice(person, note, checked.plan.digest, against, checked.approved_by)
        then.append(partial(mail_queue.tell, addresses=addresses, notice=told))
    try:
        return await store.policies.activate(plan.candidate, act, after=checked.serial, then=then)
    except CountedMeanwhileError:
        raise counted_meanwhile() from None
    except DecidedMeanwhileError:
        raise (await _checked(store, plan, person, guard, now)).refusal() from None
    except OvertakenError:
        raise await overtaken(store, plan) from None


@dataclass(frozen=True, slots=True)
class _Checked:
    plan: StoredPlan
    against: list[str]
    """The objections, in words."""
    approved_by: list[str]
    """The names of the people whose approvals count."""
    newly: KeptOut
    before: WindowTotals
    """What happened within the guard's window before."""
    serial: int
    missing: int
    alone: int
    """How many approvals are missing for an override."""
    back: int
    """The number of the entry by which somebody sent it back; 0 if nobody did."""

    def refusal_to_override(self) -> RefusedError:
        why = plural(
            "nobody overrides alone where another person may approve: %(count)s approval is missing",
            "nobody overrides alone where other people may approve: %(count)s approvals are missing",
            self.alone,
        )
        return RefusedError(why, self._how_to_approve, plan=self.plan.digest, missing=self.alone)

    def refusal(self) -> RefusedError:
        """The refusal to put it in force against the objections."""
        why = joined(self.against, "; ")
        return RefusedError(why, self.by_command, plan=self.plan.digest, missing=self.missing)

    @property
    def by_command(self) -> str:
        """The commands to use if the plan cannot be put in force as usual."""
        override = f". To do it all the same: `mailgate policy apply {self.plan.digest[:12]} --override` with a --note that says why"
        if self.missing and self.alone:
            return self._how_to_approve
        return (self._how_to_approve if self.missing else "") + override

    @property
    def _how_to_approve(self) -> str:
        digest = self.plan.digest[:12]
        return (
            f": `mailgate policy approve {digest}` by people other than its author and the one who applies it"
        )

    @property
    def details(self) -> dict[str, Any]:
        return {
            "plan": self.plan.digest,
            "overridden": self.against,
            "approved_by": self.approved_by,
            "kept_out": asdict(self.newly),
        }


async def _checked(
    store: Store, plan: StoredPlan, person: Person, guard: Guard | None, now: datetime
) -> _Checked:
    await refuse_altered(store, plan)
    serial = await refuse_outdated(store, plan, now)
    body = read_plan(plan)
    approved = (await approved_by(store, [plan.digest]))[plan.digest]
    before = await read_window(store, guard, now)
    back = (await sent_back(store, now)).get(plan.digest)
    against = objections_to(plan, body, person.name, approved, guard, now, before, back)
    counting = guard.counting(approved, plan.author, person.name) if guard else approved
    beyond = guard is not None and bool(beyond_window(body, guard, before))
    missing = max(0, guard.approvals - len(counting)) if guard and beyond else 0
    alone = guard.missing_to_override(approved, plan.author, person.name) if guard else 0
    return _Checked(
        plan,
        against,
        counting,
        newly_kept_out(body),
        before,
        serial,
        missing,
        alone,
        back.number if back else 0,
    )


def objections_to(
    plan: StoredPlan,
    body: Plan,
    applier: str,
    approved: Sequence[str],
    guard: Guard | None,
    now: datetime,
    before: WindowTotals = EMPTY_WINDOW,
    back: AuditEntry | None = None,
) -> list[str]:
    """The objections to this person putting the plan in force, in words: by its ``body``, by who has ``approved`` it, and by
    what happened ``before`` within the guard's window; ``back`` if somebody sent it back."""
    found = failing_cases(body)
    if back:
        found.append(phrase("sent back by %(who)s: %(why)s", who=back.who, why=back.why))
    if guard and (over := beyond_window(body, guard, before)):
        by = guard.counting(approved, plan.author, applier)
        if len(by) < guard.approvals:
            found += [*over, _missing(plan, applier, by, approved, guard)]
    if closed := freeze_reason(guard, now):
        found.append(closed)
    return found


def _missing(plan: StoredPlan, applier: str, by: Sequence[str], approved: Sequence[str], guard: Guard) -> str:
    if not guard.approvers:
        return phrase(
            "it needs an approval, and there is nobody who may give one: %(no_approvers)s",
            no_approvers=NO_APPROVERS,
        )
    could = guard.counting(guard.approvers, plan.author)
    if len(could) < guard.approvals:
        return phrase(
            "it needs %(needed)s approvals, more than there are approvers other than its author (%(there)s)",
            needed=guard.approvals,
            there=len(could),
        )
    names = phrase(" (%(names)s gave one)", names=", ".join(by)) if by else ""
    own = phrase(", your own does not count since you start it") if applier in approved else ""
    return plural(
        "it needs %(count)s more approval%(names)s%(own)s",
        "it needs %(count)s more approvals%(names)s%(own)s",
        guard.approvals - len(by),
        names=names,
        own=own,
    )


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
        raise RefusedError(
            phrase("version %(wanted)s has never run", wanted=str(wanted)),
            "; `mailgate policy history` shows those that were",
        )
    if wanted == history[0].number:
        return history[0]
    version, now = await _unaltered(store, wanted), await store.now(now)
    newly, window = NOBODY, EMPTY_WINDOW
    details, keep = retractions.act_of(history, wanted, await store.policies.taken_back_serials())
    if wanted != before:
        checked = await _planned_way_back(store, version, history[0], person, guard, now, operates=operates)
        newly, window, details = checked.newly, checked.before, details | checked.details
    act = replace(person.act(now, RETRACTED, note), details=details)
    counted = partial(kept_out.go_by, counted=window.counted(newly))
    try:
        draft = RuleTexts(version.policy, version.texts)
        return await store.policies.activate(draft, act, after=history[0].serial, then=(keep, counted))
    except CountedMeanwhileError:
        raise counted_meanwhile() from None
    except OvertakenError:
        raise RefusedError(
            phrase("somebody else started another version. Look at it and plan again"),
            " (`mailgate policy history`)",
        ) from None


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
) -> _Checked:
    number, how = version.number, f"`mailgate policy plan --version {version.number}`"
    if await store.policies.taken_back(version.digest):
        raise RefusedError(
            phrase(
                "version %(number)s was rolled back: only a plan can start it again",
                number=str(number),
            ),
            f". {how}, then `mailgate policy apply`",
        )
    plan = await store.plans.latest_of(version.digest, active.serial)
    if plan is None:
        raise RefusedError(
            phrase(
                "version %(number)s is not the one before: going back to it is a change like any other. Plan it first",
                number=str(number),
            ),
            f": {how}, then say this again",
        )
    if not operates:
        raise RefusedError(
            phrase(
                "version %(number)s is not the one before: going back to it needs the role operator",
                number=str(number),
            )
        )
    checked = await _checked(store, plan, person, guard, now)
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
