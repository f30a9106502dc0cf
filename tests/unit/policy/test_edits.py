"""A small change says whether a policy has it, which one place it is about, and what it is called."""

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.unit.rollout.examples import rules

from mailgate.policy.edits import Edit, ListEdit, ShareEdit, StageEdit
from mailgate.policy.overtaken_files import places

POLICY = """
rules:
  - {id: shut, title: No TikTok, when: "true", effect: block, share: 25%, stages: {warn: 2026-12-01, enforce: 2026-12-08}}
"""
FOUND = rules(POLICY).policy
READ: TypeAdapter[Edit] = TypeAdapter(Edit)

CASES: tuple[tuple[Edit, bool, str], ...] = (
    (ListEdit(change="join-list", app="tiktok", list="prohibited"), True, "TikTok joins the prohibited list"),
    (ListEdit(change="leave-list", app="tiktok", list="prohibited"), False, "TikTok leaves the prohibited list"),
    (StageEdit(change="move-stage", rule="shut", stage="warn", at="2026-12-01T01:00:00+01:00"), True, "No TikTok: warnings start 1 December 2026"),
    (StageEdit(change="move-stage", rule="shut", stage="enforce", at="2026-12-09"), False, "No TikTok: enforcement starts 9 December 2026"),
    (StageEdit(change="move-stage", rule="shut", stage="enforce", at="2026-12-09T09:30:00+01:00"), False, "No TikTok: enforcement starts 9 December 2026, 08:30 UTC"),
    (ShareEdit(change="set-share", rule="shut", share="25.0%"), True, "No TikTok: applies to 25.0% of people"),
    (ShareEdit(change="set-share", rule="gone", share="25%"), False, "gone: applies to 25% of people"),
)  # fmt: skip


@pytest.mark.parametrize(("edit", "holds", "title"), CASES)
def test_a_change_knows_whether_it_is_there_and_what_it_is_called(
    edit: Edit, holds: bool, title: str
) -> None:
    assert (edit.is_in(FOUND), edit.title(FOUND)) == (holds, title)
    assert READ.validate_json(READ.dump_json(edit)) == edit


def test_its_place_is_one_of_those_that_policies_are_compared_by() -> None:
    assert {edit.place for edit, _, _ in CASES[:6]} <= set(places(FOUND))


@pytest.mark.parametrize(
    "sent",
    [
        {"change": "set-share", "rule": "shut", "share": "150%"},
        {"change": "set-share", "rule": "shut", "share": "5%\n# more"},
        {"change": "move-stage", "rule": "shut", "stage": "pending", "at": "2026-12-01"},
        {"change": "move-stage", "rule": "shut", "stage": "warn", "at": "2026-13-01"},
        {"change": "move-stage", "rule": "shut", "stage": "warn", "at": "2026-12-01T09:00:00"},
        {"change": "join-list", "app": "a: b", "list": "prohibited"},
        {"change": "rename", "rule": "shut"},
    ],
)  # fmt: skip
def test_what_is_none_is_refused(sent: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(sent)
