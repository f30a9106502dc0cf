"""A small change says whether a policy has it, which one place it is about, and what it is called."""

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.unit.rollout.examples import rules

from mailgate.policy.edits import Edit, ListEdit, ShareEdit, StageEdit, WrittenMoment, WrittenShare
from mailgate.policy.overtaken_files import places
from mailgate.policy.stages import SHARE

POLICY = """
rules:
  - {id: above, when: "true", effect: warn}
  - {id: shut, title: No TikTok, when: "true", effect: block, share: 25%, stages: {warn: 2026-12-01, enforce: 2026-12-08}}
  - {id: rest, when: "true", effect: allow}
"""
FOUND = rules(POLICY).policy
READ: TypeAdapter[Edit] = TypeAdapter(Edit)

CASES: tuple[tuple[Edit, bool, str], ...] = (
    (ListEdit(change="join-list", app="tiktok", list="prohibited"), True, "TikTok joins the prohibited list"),
    (ListEdit(change="leave-list", app="tiktok", list="prohibited"), False, "TikTok leaves the prohibited list"),
    (StageEdit(change="move-stage", rule="shut", stage="warn", at="2026-12-01T01:00:00+01:00"), True, "No TikTok: warnings start 1 December 2026"),
    (StageEdit(change="move-stage", rule="shut", stage="enforce", at="2026-12-09"), False, "No TikTok: enforcement starts 9 December 2026"),
    (StageEdit(change="move-stage", rule="shut", stage="enforce", at="2026-12-07"), False, "No TikTok: enforcement starts 7 December 2026"),
    (StageEdit(change="move-stage", rule="shut", stage="enforce", at="2026-12-09T09:30:00+01:00"), False, "No TikTok: enforcement starts 9 December 2026, 08:30 UTC"),
    (ShareEdit(change="set-share", rule="shut", share="25.0%"), True, "No TikTok: applies to 25.0% of people"),
    (ShareEdit(change="set-share", rule="shut", share="24%"), False, "No TikTok: applies to 24% of people"),
    (ShareEdit(change="set-share", rule="shut", share="26%"), False, "No TikTok: applies to 26% of people"),
    (StageEdit(change="move-stage", rule="shut", stage="report_only", at="2026-11-30"), False, "No TikTok: reporting starts 30 November 2026"),
    (ListEdit(change="join-list", app="gone", list="unheard-of"), False, "gone joins the unheard-of list"),
    (ListEdit(change="leave-list", app="gone", list="prohibited"), True, "gone leaves the prohibited list"),
    (StageEdit(change="move-stage", rule="above", stage="warn", at="2026-12-01"), False, "above: warnings start 1 December 2026"),
    (StageEdit(change="move-stage", rule="gone", stage="warn", at="2026-12-01"), False, "gone: warnings start 1 December 2026"),
    (ShareEdit(change="set-share", rule="rest", share="100%"), True, "rest: applies to 100% of people"),
    (ShareEdit(change="set-share", rule="gone", share="25%"), False, "gone: applies to 25% of people"),
)  # fmt: skip


@pytest.mark.parametrize(("edit", "holds", "title"), CASES)
def test_a_change_knows_whether_it_is_there_and_what_it_is_called(
    edit: Edit, holds: bool, title: str
) -> None:
    assert (edit.is_in(FOUND), edit.title(FOUND)) == (holds, title)
    assert READ.validate_json(READ.dump_json(edit)) == edit


def test_its_place_is_one_of_those_that_policies_are_compared_by() -> None:
    assert {edit.place for edit, _, _ in CASES[:9]} == {
        ("list prohibited", "tiktok"),
        ("rule shut", "stages.warn"),
        ("rule shut", "stages.enforce"),
        ("rule shut", "share"),
    }
    assert {edit.place for edit, _, _ in CASES[:9]} <= set(places(FOUND))


def test_moments_and_shares_stay_as_they_are_written_and_editors_know_them() -> None:
    moment, share = TypeAdapter(WrittenMoment), TypeAdapter(WrittenShare)
    assert [share.validate_python(each) for each in ("0%", "12.50%")] == ["0%", "12.50%"]
    assert moment.validate_python("2026-12-01T01:00:00+01:00") == "2026-12-01T01:00:00+01:00"
    assert share.json_schema() == {"type": "string", "pattern": SHARE}
    assert moment.json_schema() == {
        "type": "string",
        "anyOf": [{"format": "date"}, {"format": "date-time"}],
    }


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
