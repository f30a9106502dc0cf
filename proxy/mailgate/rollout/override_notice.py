"""What the other approvers read when somebody has put a plan in force against the guard."""

from collections.abc import Sequence

from mailgate.model.notice import MailKind, Notice
from mailgate.rollout.person import Person


def override_notice(
    by: Person, note: str, plan: str, overridden: Sequence[str], approved_by: Sequence[str]
) -> Notice:
    """The mail, in the words of the audit log. ``plan`` is a digest; ``overridden`` are the objections."""
    lines = [
        f"{by.name} has put plan {plan[:12]} in force against objections.",
        f"Why: {note.strip()}",
        *(f"Overridden: {each}" for each in overridden),
        f"Approved by: {', '.join(approved_by) or 'nobody else'}",
        "`mailgate policy retract` takes it back.",
    ]
    return Notice(MailKind.REPLY, answer="\n".join(lines), was_requested=False)
