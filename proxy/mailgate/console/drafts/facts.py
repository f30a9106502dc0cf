"""Drafts as facts: the change of each in the files, and its state."""

from typing import Literal

from mailgate.config import Rules
from mailgate.config.text_edits import EditError, edited
from mailgate.console.policy.versions import FileChange, RuleFilesLocation, file_changes, patch
from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import phrase
from mailgate.policy.edits import Edit
from mailgate.rollout.stored_rules import base_of, edit_of, rules_with
from mailgate.store import Store
from mailgate.store.plans import KeptDraft
from mailgate.store.policies import Activation
from mailgate.tasks import compute

State = Literal["draft", "overtaken", "uncommitted", "committed"]
WORDS: dict[State, str] = {
    "draft": phrase("Draft"),
    "overtaken": phrase("Not running"),
    "uncommitted": phrase("Running, but missing in your files"),
    "committed": phrase("Running"),
}
"""The display name of each state."""


class DraftHead(Fact):
    """A drafted change of the rules, as it is listed."""

    digest: str
    """The digest of the version with the change."""
    title: Words
    """The change in words."""
    author: str
    """The admin who made it."""
    made_at: Instant
    """When it was made."""
    base: int
    """The number of the version that it changes."""
    edit: Edit
    """The change."""
    state: State
    """`draft`: not in force. `overtaken`: not in force, and the rules in force are no longer those that it changes.
    `uncommitted`: in force, but not in the files on the gate's disk. `committed`: in force and in the files."""


class DraftFacts(DraftHead):
    """A drafted change of the rules."""

    plan: str
    """The digest of its newest plan against the rules in force; empty if there is none."""
    changes: list[FileChange]
    """What to commit, as changes of the files on the gate's disk. If they cannot be read or changed, as changes of the
    version that the draft was made from."""
    of_files: bool
    """Whether `changes` are changes of the files on the gate's disk."""
    complete: bool
    """Whether the files match the rules in force once the change is committed."""


async def draft_facts(
    store: Store,
    draft: KeptDraft,
    active: Activation,
    in_force: Rules,
    files: Rules | None,
    places: RuleFilesLocation,
) -> DraftFacts:
    """The facts about a draft. ``files`` are those on disk, if they can be read. Raises RefusedError."""
    plan = await store.plans.latest_of(draft.digest, active.serial)
    before, after = await _pair(store, draft, files)
    head = draft_head(draft, active, in_force, files)
    committed = head.state == "committed"
    return DraftFacts(
        **dict(head),
        plan=plan.digest if plan else "",
        changes=[] if committed else await compute(file_changes, before, after, places),
        of_files=before is files,
        complete=after.digest in (draft.digest, in_force.digest),
    )


def draft_head(draft: KeptDraft, active: Activation, in_force: Rules, files: Rules | None) -> DraftHead:
    """A draft as it is listed. No rules are compiled for it."""
    return DraftHead.taken_from(draft, edit=edit_of(draft), state=state_of(draft, active, in_force, files))


def state_of(draft: KeptDraft, active: Activation, in_force: Rules, files: Rules | None) -> State:
    edit = edit_of(draft)
    if edit.is_in(in_force.policy):
        return "committed" if files and edit.is_in(files.policy) else "uncommitted"
    return "draft" if draft.base == active.number else "overtaken"


async def draft_patch(store: Store, draft: KeptDraft, files: Rules | None, places: RuleFilesLocation) -> str:
    """The change to commit, as a patch. Raises RefusedError."""
    return await compute(patch, *await _pair(store, draft, files), places)


async def _pair(store: Store, draft: KeptDraft, files: Rules | None) -> tuple[Rules, Rules]:
    """The rules without and with the change: those of the files if possible, otherwise the version that the draft changes."""
    if files:
        try:
            return files, await compute(edited, files, edit_of(draft))
        except EditError:  # the files have the change already, or it has to be made by hand
            pass
    return await base_of(store, draft), await rules_with(store, draft)


def uncommitted(drafts: list[KeptDraft], in_force: Rules, files: Rules) -> list[KeptDraft]:
    """The drafts that are in force but not in the files, the oldest first; of drafts with the same change, the newest."""
    found = {
        each.edit: each
        for each in reversed(drafts)
        if edit_of(each).is_in(in_force.policy) and not edit_of(each).is_in(files.policy)
    }
    return list(found.values())


def explained(drafts: list[KeptDraft], in_force: Rules, files: Rules) -> bool:
    """Whether the files, with the changes of these drafts, match the rules in force."""
    try:
        for each in drafts:
            files = edited(files, edit_of(each))
    except EditError:
        return False
    return files.digest == in_force.digest
