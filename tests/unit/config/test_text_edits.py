"""One small change in the text of the files, whatever way they are written in: that one thing changes, and nothing else."""

from difflib import ndiff

import pytest
from tests.unit.rollout.examples import rules

from mailgate.config import Rules, compile_rules
from mailgate.config.document import Document, read_document
from mailgate.config.text_edits import (
    EditError,
    add_entry,
    add_item,
    edited,
    remove_item,
    set_value,
    written_start,
)
from mailgate.policy.edits import Edit, ListEdit, ProhibitEdit, ShareEdit, StageEdit

ON = ListEdit(change="join-list", app="wechat", list="prohibited")
OFF = ListEdit(change="leave-list", app="tiktok", list="prohibited")
NAMED = "apps:\n  tiktok: {name: TikTok}  # the first\n  wechat: {name: WeChat}\n  alipay: {name: Alipay}\n"
POLICY = """\
# read from top to bottom
rules:
  - id: listed   # it
    when: '"prohibited" in device.lists'
    effect: block
    stages: {warn: 2026-12-01, enforce: '2026-12-08T09:00:00+01:00'}  # dates
    share: 25%
  - {id: open, when: "true", effect: allow}
"""


def lines(before: Rules, after: Rules) -> list[str]:
    """The lines that differ, of all files."""
    return [
        line.rstrip("\n")
        for name in before.texts
        for line in ndiff(before.texts[name].splitlines(), after.texts[name].splitlines())
        if line[0] in "+-"
    ]


def apps(lists: str) -> Rules:
    return rules(POLICY, NAMED + lists)


JOINED = {
    "a list in one line": (
        "lists: {prohibited: [tiktok, alipay]}  # why\n",
        ["- lists: {prohibited: [tiktok, alipay]}  # why", "+ lists: {prohibited: [tiktok, alipay, wechat]}  # why"],
    ),
    "an item a line": (
        "lists:\n  prohibited:\n    - tiktok   # since 2020\n    - alipay  # since 2021\n\n  # other\n  seen: [alipay]\n",
        ["+     - wechat"],
    ),
    "no deeper than its key": ("lists:\n  prohibited:\n  - tiktok\n  seen: [alipay]\n", ["+   - wechat"]),
    "an end without a new line": ("lists:\n  prohibited:\n    - tiktok", ["+     - wechat"]),
    "quotes": ("lists:\n  prohibited:\n    - 'tiktok'\n", ["+     - 'wechat'"]),
    "nothing on it": ("lists: {prohibited: []}\n", ["- lists: {prohibited: []}", "+ lists: {prohibited: [wechat]}"]),
    "a bracket over lines": (
        "lists:\n  prohibited: [\n    tiktok,  # since 2020\n    alipay,  # since 2021\n  ]\n",
        ["-     alipay,  # since 2021", "+     alipay, wechat,  # since 2021"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", JOINED)
def test_an_app_joins_a_list_by_one_line(name: str) -> None:
    text, wanted = JOINED[name]
    before = apps(text)
    after = edited(before, ON)
    assert lines(before, after) == wanted
    assert after.policy.catalog.lists["prohibited"][-1] == "wechat"


LEFT = {
    "the first of a line": ("lists: {prohibited: [tiktok, alipay]}\n", "lists: {prohibited: [alipay]}"),
    "the last of a line": ("lists: {prohibited: [alipay, tiktok]}\n", "lists: {prohibited: [alipay]}"),
    "the only one of a line": ("lists: {prohibited: [tiktok]}\n", "lists: {prohibited: []}"),
}


@pytest.mark.parametrize("name", LEFT)
def test_an_app_leaves_a_list_in_one_line(name: str) -> None:
    text, wanted = LEFT[name]
    before = apps(text)
    assert lines(before, edited(before, OFF))[1:] == [f"+ {wanted}"]


def test_an_item_on_its_own_line_leaves_other_comments_alone() -> None:
    before = apps(
        "lists:\n  prohibited:\n    # banned\n    - alipay  # a\n    - tiktok  # t\n    - wechat  # w\n"
    )
    assert lines(before, edited(before, OFF)) == ["-     - tiktok  # t"]
    bracket = apps("lists:\n  prohibited: [\n    alipay,  # a\n    tiktok  # t\n  ]\n")
    assert "alipay,  # a" in edited(bracket, OFF).texts["apps.yaml"]


@pytest.mark.parametrize("indent", ["  ", "    "])
def test_the_only_item_with_a_line_to_itself_leaves_an_empty_list(indent: str) -> None:
    before = apps(f"lists:\n  prohibited:\n{indent}- tiktok\n")
    assert edited(before, OFF).policy.catalog.lists["prohibited"] == ()


def test_a_list_in_a_file_of_its_own_is_changed_there() -> None:
    own = "title: Ours\nsources: [us]\napps:\n  - tiktok\n"
    lists = "lists: {prohibited: {file: ./lists/ours.yaml}}\n"
    texts = {"apps.yaml": NAMED + lists, "policy.yaml": POLICY, "lists/ours.yaml": own}
    before = compile_rules(texts)
    assert lines(before, edited(before, ON)) == ["+   - wechat"]
    with pytest.raises(EditError, match="have a mistake"):  # such a file may not be empty
        edited(before, OFF)


def test_files_that_are_json_stay_json() -> None:
    before = rules(
        '{"rules": [{"id": "open", "when": "true", "effect": "allow", "share": "20%"}]}',
        '{"apps": {"tiktok": {"name": "T"}, "wechat": {"name": "W"}}, "lists": {"prohibited": ["tiktok"], "none": []}}',
    )
    assert '"prohibited": ["tiktok", "wechat"]' in edited(before, ON).texts["apps.yaml"]
    assert '"prohibited": []' in edited(before, OFF).texts["apps.yaml"]
    empty = ListEdit(change="join-list", app="wechat", list="none")
    assert '"none": ["wechat"]' in edited(before, empty).texts["apps.yaml"]
    share = ShareEdit(change="set-share", rule="open", share="50%")
    assert '"share": "50%"' in edited(before, share).texts["policy.yaml"]


LISTS = "lists: {prohibited: [tiktok]}\n"
VALUES: tuple[tuple[Edit, str], ...] = (
    (StageEdit(change="move-stage", rule="listed", stage="warn", at="2026-12-03"), "stages: {warn: 2026-12-03, enforce: '2026-12-08T09:00:00+01:00'}  # dates"),
    (StageEdit(change="move-stage", rule="listed", stage="enforce", at="2026-12-20T09:00:00+01:00"), "enforce: '2026-12-20T09:00:00+01:00'}  # dates"),
    (ShareEdit(change="set-share", rule="listed", share="50%"), "    share: 50%"),
)  # fmt: skip


@pytest.mark.parametrize(("edit", "wanted"), VALUES)
def test_only_the_date_or_share_of_a_line_changes(edit: Edit, wanted: str) -> None:
    before = apps(LISTS)
    _, new = lines(before, edited(before, edit))
    assert new.endswith(wanted)


BLOCK = """\
rules:
  - id: shut
    when: '"prohibited" in device.lists'  # why
    # what it does
    effect: block  # it
    notice:
      contact: ada@example.com

  # the rest
  - id: open
    when: "true"
    effect: allow
    stages:
      warn: 2026-12-08   # later

"""
STAGE = StageEdit(change="move-stage", rule="shut", stage="enforce", at="2026-12-24T09:00:00+01:00")
ADDED: dict[str, tuple[str, Edit, list[str]]] = {
    "a first stage": (BLOCK, STAGE, ["+     stages: {enforce: 2026-12-24T09:00:00+01:00}"]),
    "a further stage": (
        BLOCK,
        StageEdit(change="move-stage", rule="open", stage="enforce", at="2026-12-24"),
        ["+       enforce: 2026-12-24"],
    ),
    "a first share": (BLOCK, ShareEdit(change="set-share", rule="shut", share="5%"), ["+     share: 5%"]),
    "at the end of the file": (
        BLOCK.rstrip(),
        ShareEdit(change="set-share", rule="open", share="5%"),
        ["+     share: 5%"],
    ),
    "a further stage in a line": (
        POLICY,
        StageEdit(change="move-stage", rule="listed", stage="report_only", at="2026-11-01"),
        [
            "-     stages: {warn: 2026-12-01, enforce: '2026-12-08T09:00:00+01:00'}  # dates",
            "+     stages: {warn: 2026-12-01, enforce: '2026-12-08T09:00:00+01:00', report_only: 2026-11-01}  # dates",
        ],
    ),
    "in a rule of one line": (
        POLICY,
        StageEdit(change="move-stage", rule="open", stage="warn", at="2026-12-01"),
        [
            '-   - {id: open, when: "true", effect: allow}',
            '+   - {id: open, when: "true", effect: allow, stages: {warn: 2026-12-01}}',
        ],
    ),
    "in JSON": (
        '{"rules": [{"id": "shut", "when": "true", "effect": "block"}]}',
        STAGE,
        [
            '- {"rules": [{"id": "shut", "when": "true", "effect": "block"}]}',
            '+ {"rules": [{"id": "shut", "when": "true", "effect": "block", "stages": {"enforce": "2026-12-24T09:00:00+01:00"}}]}',
        ],
    ),
    "behind a text over lines": (
        "rules:\n  - effect: block\n    id: shut\n    when: >-\n      true ||\n      false\n",
        STAGE,
        ["+     stages: {enforce: 2026-12-24T09:00:00+01:00}"],
    ),
}


@pytest.mark.parametrize("name", ADDED)
def test_a_stage_or_a_share_that_a_rule_lacks_is_one_more_entry(name: str) -> None:
    policy, edit, wanted = ADDED[name]
    before = rules(policy, NAMED + LISTS)
    after = edited(before, edit)
    assert lines(before, after) == wanted
    assert edit.is_in(after.policy)


REFUSED: tuple[tuple[Edit, str], ...] = (
    (ListEdit(change="join-list", app="tiktok", list="prohibited"), "This is already the case: TikTok joins"),
    (ListEdit(change="leave-list", app="wechat", list="prohibited"), "This is already the case"),
    (ListEdit(change="join-list", app="wechat", list="none"), "No list is called none"),
    (ListEdit(change="join-list", app="none", list="prohibited"), "No app is called none"),
    (
        StageEdit(change="move-stage", rule="listed", stage="report_only", at="2026-12-02"),
        "but .* would not start after watching",
    ),
    (ShareEdit(change="set-share", rule="open", share="100%"), "This is already the case"),
    (
        StageEdit(change="move-stage", rule="listed", stage="warn", at="2026-12-24"),
        "blocking would not start after warning",
    ),
    (ShareEdit(change="set-share", rule="none", share="50%"), "No rule is called none"),
)


@pytest.mark.parametrize(("edit", "why"), REFUSED)
def test_an_impossible_edit_is_refused_in_words(edit: Edit, why: str) -> None:
    with pytest.raises(EditError, match=why):
        edited(apps(LISTS), edit)


@pytest.mark.parametrize(
    "lists",
    [
        "lists:\n  prohibited: &same [tiktok]\n  seen: *same\n",  # two lists would change
        "lists:\n  seen: &same [tiktok]\n  prohibited: *same\n",
        "lists:\n  prohibited: {file: own.yaml}\n  seen: {file: own.yaml}\n",
    ],
)
def test_an_edit_that_would_change_more_is_refused(lists: str) -> None:
    texts = {"apps.yaml": NAMED + lists, "policy.yaml": POLICY}
    own = {"own.yaml": "title: Ours\nsources: [us]\napps: [tiktok]\n"} if "own" in lists else {}
    with pytest.raises(EditError, match="This change alone cannot be made in"):
        edited(compile_rules(texts | own), ON)


def test_the_start_of_a_stage_is_told_as_it_is_written() -> None:
    assert written_start(apps(LISTS), "listed", "enforce") == "2026-12-08T09:00:00+01:00"


def read(text: str) -> Document:
    return read_document(text.encode(), "a.yaml")


def test_a_value_keeps_its_quotes_and_all_around_it() -> None:
    assert set_value(read("a: 'old'  # why\nb: 1\n"), ("a",), "new") == "a: 'new'  # why\nb: 1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: {x: 1}\n", "a: {x: 1, y: 2}\n"),
        (
            "a:\n  x: 1 # it\n  z: [\n    3]\n  d:\n    e: 4\n",
            "a:\n  x: 1 # it\n  z: [\n    3]\n  y: 2\n  d:\n    e: 4\n",
        ),
    ],
    ids=["in a line", "in lines"],
)
def test_an_entry_is_added_behind_the_last_that_ends_in_its_line(before: str, after: str) -> None:
    assert add_entry(read(before), ("a",), "y", "2") == after


def test_an_entry_may_be_within_one_that_is_not_there_yet() -> None:
    assert add_entry(read('{"a": {"x": 1}}'), (), "y", "2", inside="b") == '{"a": {"x": 1}, "b": {"y": "2"}}'


@pytest.mark.parametrize(
    ("before", "after"),
    [('a: ["x"]\n', 'a: ["x", "y"]\n'), ("a:\n- x # it\nb: 1\n", "a:\n- x # it\n- y\nb: 1\n")],
    ids=["in a line", "in lines"],
)
def test_an_item_is_added_at_the_end_in_the_same_quotes(before: str, after: str) -> None:
    assert add_item(read(before), ("a",), "y") == after


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [("a:\n- x # it\n- y\n", 0, "a:\n- y\n"), ("a: [x, y, z]\n", 1, "a: [x, z]\n")],
    ids=["with its line", "with its comma"],
)
def test_an_item_goes_with_its_line_or_with_its_comma(before: str, number: int, after: str) -> None:
    assert remove_item(read(before), ("a",), number) == after


PROHIBITED = ProhibitEdit(
    change="prohibit",
    app="wechat",
    rule="wechat",
    words="No WeChat: on phones",
    where="phones",
    groups=("sales", "true", "a, b"),
    share="50%",
    warn="2026-12-01",
    block="2026-12-08T09:00:00+01:00",
    contact="it-help@example.com",
)
INSERTED = [
    "+   - id: wechat",
    '+     title: "No WeChat: on phones"',
    '+     when: client.handheld && client.kind != "tablet" && "wechat" in device.apps',
    "+     effect: block",
    '+     groups: [sales, "true", "a, b"]',
    "+     share: 50%",
    "+     stages: {warn: 2026-12-01, enforce: 2026-12-08T09:00:00+01:00}",
    "+     notice: {fix: remove-app, contact: it-help@example.com}",
]


def test_a_rule_of_its_own_is_written_before_the_one_that_lets_in() -> None:
    before = rules(POLICY, NAMED + "lists: {prohibited: [tiktok]}\n")
    after = edited(before, PROHIBITED)
    assert [line for line in lines(before, after) if line[0] in "+-"] == INSERTED
    assert [rule.id for rule in after.policy.rules] == ["listed", "wechat", "open"]
    assert PROHIBITED.is_in(after.policy)
    assert not PROHIBITED.is_in(before.policy)
    assert not PROHIBITED.model_copy(update={"share": "51%"}).is_in(after.policy)


def test_a_comment_above_a_rule_stays_with_it() -> None:
    text = POLICY.replace("  - {id: open", "\n  # all\n  # others\n  - {id: open")
    after = edited(rules(text, NAMED + "lists: {prohibited: [tiktok]}\n"), PROHIBITED)
    assert "contact: it-help@example.com}\n\n  # all\n  # others\n  - {id: open" in after.texts["policy.yaml"]


def test_a_rule_at_the_end_has_lines_of_its_own() -> None:
    text = 'default: {effect: allow}\nrules:\n- id: shut\n  when: client.kind == "bot"\n  effect: block'
    after = edited(rules(text, NAMED + "lists: {prohibited: [tiktok]}\n"), PROHIBITED)
    assert after.texts["policy.yaml"].startswith(f"{text}\n- id: wechat\n  title: ")


NOT_PROHIBITED: dict[str, tuple[dict[str, str | None], str]] = {
    "an id that is taken": ({"rule": "listed"}, "There is a rule listed already. Choose another id."),
    "an app that is not listed": ({"app": "gone"}, "gone is not in apps.yaml. Add it there first."),
    "nobody": ({"share": "0%"}, "That share is nobody. Choose a bigger one."),
    "a warning without a block": ({"block": None}, "The warning has to start before the block."),
    "a warning after the block": ({"block": "2026-11-30"}, "The warning has to start before the block."),
}


@pytest.mark.parametrize("name", NOT_PROHIBITED)
def test_a_rule_that_prohibits_nobody_is_refused(name: str) -> None:
    changed, words = NOT_PROHIBITED[name]
    with pytest.raises(EditError, match=words.replace(".", r"\.")):
        edited(
            rules(POLICY, NAMED + "lists: {prohibited: [tiktok]}\n"), PROHIBITED.model_copy(update=changed)
        )


def test_a_warning_that_would_give_mail_is_refused() -> None:
    shut = POLICY.replace('when: "true", effect: allow', "when: 'device.state == \"clean\"', effect: allow")
    before = rules(shut, NAMED + "lists: {prohibited: [tiktok]}\n")
    with pytest.raises(EditError, match="a warning would give them mail"):
        edited(before, PROHIBITED)
    assert edited(before, PROHIBITED.model_copy(update={"warn": None})).policy.rules[1].id == "wechat"
    nobody = rules(
        POLICY.replace("effect: allow", "effect: block"), NAMED + "lists: {prohibited: [tiktok]}\n"
    )
    with pytest.raises(EditError, match="There is nothing to prohibit"):
        edited(nobody, PROHIBITED)


def test_rules_in_one_line_are_changed_by_hand() -> None:
    text = 'rules: [{id: open, when: "true", effect: allow}]\n'
    with pytest.raises(EditError, match="The rules are written in one line"):
        edited(rules(text, NAMED + "lists: {prohibited: [tiktok]}\n"), PROHIBITED)
