"""Rules in the store: those of versions, and drafts: small changes of the rules in force that no file has yet. A draft comes in
force by a plan, like every change."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from mailgate.config import Rules, compile_rules
from mailgate.config.text_edits import EditError, edited
from mailgate.errors import ConfigError, MailgateError
from mailgate.model.phrase import phrase
from mailgate.policy.edits import Edit
from mailgate.rollout.person import Person, RefusedError, UnknownError
from mailgate.store import Activation, Policies, RuleTexts, Store
from mailgate.store.plans import SHORTEST, KeptDraft
from mailgate.tasks import compute

Found = TypeVar("Found")


class UnreadableVersionError(MailgateError):
    """The version in force was made by another release of Mailgate, and this one cannot decide by it."""


def rule_texts_of(rules: Rules) -> RuleTexts:
    """The texts of rules, in the form in which the store keeps them."""
    return RuleTexts(rules.policy.version, rules.texts)


async def rules_of(policies: Policies, activation: Activation) -> Rules:
    """The compiled rules of an activation. Raises UnreadableVersionError, or StoreUnavailableError."""
    version = await policies.sound(activation.number)
    if version is None:
        raise UnreadableVersionError(
            phrase(
                "the running version %(number)s of the rules was changed in the database after it started",
                number=str(activation.number),
            ),
            by_command=". `mailgate audit verify` says where, `mailgate policy rollback` starts the version before",
        )
    try:
        return await compute(compile_rules, version.texts)
    except ConfigError as error:
        message = phrase(
            "this Mailgate cannot use the running version %(number)s of the rules: %(why)s",
            number=str(version.number),
            why=str(error),
        )
        raise UnreadableVersionError(message) from error


async def in_force(store: Store) -> Rules | None:
    """The rules in force on this store; None before the first start."""
    active = await store.policies.active()
    return await rules_of(store.policies, active) if active else None


DRAFTED = "policy-drafted"
_EDIT: TypeAdapter[Edit] = TypeAdapter(Edit)
_NEWER = frozenset({"extra_forbidden", "union_tag_invalid"})
"""The faults of a draft that a newer Mailgate made: it has a field more, or is of another kind."""


async def make_draft(store: Store, edit: Edit, person: Person, now: datetime) -> tuple[KeptDraft, Rules]:
    """Make and keep a draft of the rules in force with this change. Raises RefusedError."""
    active = await store.policies.active()
    if active is None:
        raise RefusedError(phrase("no rules run yet: the first start starts the files"))
    before = await rules_of(store.policies, active)
    try:
        after = await compute(edited, before, edit)
    except EditError as error:
        raise RefusedError(error.words) from None
    said = _EDIT.dump_json(edit).decode()
    draft = KeptDraft(after.digest, active.number, said, edit.title(after.policy), person.name, now)
    details = {"edit": edit.model_dump(), "base": active.number}
    act = replace(person.act(now, DRAFTED), about=f"draft {after.digest}", details=details)
    return await store.drafts.keep(draft, act), after


async def find_draft(store: Store, name: str) -> KeptDraft:
    """The draft whose digest begins with ``name``. Raises RefusedError if none or several do."""
    return only(name, await store.drafts.find(name), phrase("no draft is called `%(name)s`", name=name))


def only(name: str, found: Sequence[Found], none: str, by_command: str = "") -> Found:
    """The one thing whose digest begins with ``name``. Raises RefusedError, with ``none`` if there is none."""
    if len(name) < SHORTEST:
        raise RefusedError(
            phrase(
                "`%(name)s` is too short: give at least %(shortest)s letters of the digest",
                name=name,
                shortest=SHORTEST,
            )
        )
    if not found:
        raise UnknownError(none, by_command)
    if len(found) > 1:
        raise RefusedError(phrase("`%(name)s` may be several: give more of the digest", name=name))
    return found[0]


def edit_of(draft: KeptDraft) -> Edit:
    """The change that a draft makes. Raises RefusedError if it cannot be read whole: a part of a change is another change."""
    try:
        return _EDIT.validate_json(draft.edit)
    except ValidationError as error:
        if _NEWER.isdisjoint(each["type"] for each in error.errors()):
            raise _other(draft) from error
        why = phrase(
            "draft %(digest)s was made by another version of Mailgate, and this one does not know all of it",
            digest=draft.digest[:12],
        )
        raise RefusedError(why) from error


def readable(drafts: Iterable[KeptDraft]) -> Iterator[KeptDraft]:
    """The drafts that this Mailgate can read."""
    for each in drafts:
        with suppress(RefusedError):
            edit_of(each)
            yield each


async def base_of(store: Store, draft: KeptDraft) -> Rules:
    """The version that a draft changes. Raises RefusedError if it can no longer be read."""
    version = await store.policies.sound(draft.base)
    try:
        if version is None:
            why = phrase(
                "version %(base)s, which this draft changes, was changed in the store", base=str(draft.base)
            )
            raise RefusedError(why)
        return await compute(compile_rules, version.texts)
    except ConfigError as error:
        raise RefusedError(
            phrase(
                "version %(base)s, which this draft changes, cannot be read by this Mailgate",
                base=str(draft.base),
            )
        ) from error


async def rules_with(store: Store, draft: KeptDraft) -> Rules:
    """The rules that a draft makes. Raises RefusedError if they are not the rules that were drafted."""
    try:
        after = await compute(edited, await base_of(store, draft), edit_of(draft))
    except (EditError, ValueError) as error:
        raise _other(draft) from error
    if after.digest != draft.digest:
        raise _other(draft)
    return after


def _other(draft: KeptDraft) -> RefusedError:
    return RefusedError(
        phrase("a draft is not what was drafted, make it again: %(title)s", title=draft.title)
    )
