"""Drafts as facts: what each changes in which file, and how it stands with what is in force and with the files."""

import asyncio
from typing import Literal

from mailgate.config import Rules
from mailgate.config.text_edits import EditError, edited
from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import phrase
from mailgate.policy.edits import Edit
from mailgate.rollout.drafts import base_of, edit_of, rules_with
from mailgate.store import Store
from mailgate.store.drafts import KeptDraft
from mailgate.store.policies import Activation
from mailgate.views.patches import FileChange, Places, file_changes, patch

State = Literal["draft", "overtaken", "uncommitted", "committed"]
WORDS: dict[State, str] = {
    "draft": phrase("Draft"),
    "overtaken": phrase("Not in force"),
    "uncommitted": phrase("In force, not in your files"),
    "committed": phrase("In force"),
}
"""What each state is called before people."""


class DraftHead(Fact):
    """A small change of the rules that somebody has drafted, as a list has it."""

    digest: str
    """The digest of the version with the change."""
    title: Words
    """What it is called."""
    author: str
    """Who made it."""
    made_at: Instant
    """When."""
    base: int
    """The number of the version that it changes."""
    edit: Edit
    """The change."""
    state: State
    """`draft`: not in force. `overtaken`: not in force, and other rules are in force by now than those that it changes. `uncommitted`: in force,
    and the files on the gate's disk do not have it. `committed`: in force, and the files have it."""


class DraftFacts(DraftHead):
    """A small change of the rules that somebody has drafted."""

    plan: str
    """The digest of the newest plan of it against what is in force; empty where there is none."""
    changes: list[FileChange]
    """What has to be committed: the lines of the files on the gate's disk, or of the version that it changes where those cannot be read or changed so."""
    of_files: bool
    """Whether `changes` are those of the files on the gate's disk."""
    complete: bool
    """Whether the files, once it is committed, are exactly what is in force with it."""


async def draft_facts(
    store: Store, draft: KeptDraft, active: Activation, in_force: Rules, files: Rules | None, places: Places
) -> DraftFacts:
    """How a draft stands. ``files``: those on disk, where they can be read. Raises RefusedError."""
    plan = await store.plans.latest_of(draft.digest, active.serial)
    before, after = await _pair(store, draft, files)
    head = draft_head(draft, active, in_force, files)
    return DraftFacts(
        **dict(head),
        plan=plan.digest if plan else "",
        changes=[] if head.state == "committed" else file_changes(before, after, places),
        of_files=before is files,
        complete=after.digest in (draft.digest, in_force.digest),
    )


def draft_head(draft: KeptDraft, active: Activation, in_force: Rules, files: Rules | None) -> DraftHead:
    """What a list says of a draft: nothing is compiled for it."""
    return DraftHead(
        digest=draft.digest,
        title=title_of(draft, in_force),
        author=draft.author,
        made_at=draft.made_at,
        base=draft.base,
        edit=edit_of(draft),
        state=state_of(draft, active, in_force, files),
    )


def title_of(draft: KeptDraft, rules: Rules) -> str:
    """What it is called, by these rules. It keeps the name that it was given where they call it otherwise."""
    called = edit_of(draft).title(rules.policy)
    return called if called == draft.title else draft.title


def state_of(draft: KeptDraft, active: Activation, in_force: Rules, files: Rules | None) -> State:
    """How a draft stands with what is in force and with the files."""
    edit = edit_of(draft)
    if edit.holds(in_force.policy):
        return "committed" if files and edit.holds(files.policy) else "uncommitted"
    return "draft" if draft.base == active.number else "overtaken"


async def draft_patch(store: Store, draft: KeptDraft, files: Rules | None, places: Places) -> str:
    """What has to be committed, as a patch. Raises RefusedError."""
    return patch(*await _pair(store, draft, files), places)


async def _pair(store: Store, draft: KeptDraft, files: Rules | None) -> tuple[Rules, Rules]:
    """The rules without and with it: of the files where that is possible, else of the version that it changes."""
    if files:
        try:
            return files, await asyncio.to_thread(edited, files, edit_of(draft))
        except EditError:  # they have it already, or are written so that it has to be done by hand
            pass
    return await base_of(store, draft), await rules_with(store, draft)


def uncommitted(drafts: list[KeptDraft], in_force: Rules, files: Rules) -> list[KeptDraft]:
    """The drafts that are in force and that the files do not have, the first to be made first; of the same change the last."""
    found = {
        each.edit: each
        for each in reversed(drafts)
        if edit_of(each).holds(in_force.policy) and not edit_of(each).holds(files.policy)
    }
    return list(found.values())


def explained(drafts: list[KeptDraft], in_force: Rules, files: Rules) -> bool:
    """Whether the files, with these drafts in them, are exactly what is in force."""
    try:
        for each in drafts:
            files = edited(files, edit_of(each))
    except EditError:
        return False
    return files.digest == in_force.digest
