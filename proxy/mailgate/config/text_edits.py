"""Makes a small change (``policy/edits.py``) in the texts of a version. Comments, order and everything else in the files stay
as they are. Single values are replaced in the text of the YAML document.

An edit changes one value of one file and one place of the rules, and nothing else. This is checked by reading the texts
before and after and comparing them (``_is_only_change``), however the change was made.
"""

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mailgate.config.document import Document, DocumentError, Path, read_document
from mailgate.config.document import Path as Place
from mailgate.config.rules import STORED_NAMES, Rules, compile_rules
from mailgate.errors import ConfigError, MailgateError
from mailgate.model.phrase import joined, phrase
from mailgate.policy.edits import (
    DATED_STAGES,
    Edit,
    ListEdit,
    ProhibitEdit,
    StageEdit,
    place_for,
    places,
    rule_of,
)
from mailgate.policy.rules import Policy
from mailgate.policy.written import read_moment, share_of


def set_value(document: Document, path: Path, value: str) -> str:
    """The text with another value at ``path``, in the quotes of the old one."""
    node = document.nodes[path]
    return _spliced(document.text, node.start_mark.index, node.end_mark.index, _like(node, value))


def add_entry(document: Document, path: Path, key: str, value: str, inside: str = "") -> str:
    """The text with one more entry in the mapping at ``path``, which must not be empty. With ``inside`` the new entry
    is ``inside: {key: value}``.

    In a block the entry gets a line of its own, after the last entry that is no block itself, since the end of a block
    cannot be told from the comments behind it.
    """
    node, text = document.nodes[path], document.text
    assert isinstance(node, MappingNode)
    like = node.value[0][0]
    new = f"{_like(like, key)}: {_like(like, value)}"
    if inside:
        new = f"{_like(like, inside)}: {{{new}}}"
    if node.flow_style:
        end = node.value[-1][1].end_mark.index
        return _spliced(text, end, end, f", {new}")
    ends = (each.end_mark.index for _, each in node.value if not _is_block(each))
    end = max(ends, default=node.start_mark.index)
    return _spliced_line(text, end, f"{' ' * like.start_mark.column}{new}")


def add_item(document: Document, path: Path, item: str) -> str:
    """The text with one more item at the end of the list at ``path``."""
    node, text = document.nodes[path], document.text
    assert isinstance(node, SequenceNode)
    if not node.value:
        inside = node.start_mark.index + 1
        return _spliced(text, inside, inside, _like(_first_key(document), item))
    last = node.value[-1]
    end = last.end_mark.index
    if node.flow_style:
        return _spliced(text, end, end, f", {_like(last, item)}")
    before = text[_line_start(text, last.start_mark.index) : last.start_mark.index]
    return _spliced_line(text, end, f"{before}{_like(last, item)}")


def insert_rule(document: Document, place: int, fields: Mapping[str, object]) -> str:
    """The text with one more rule, before the one at ``place`` and the comment above it. Raises EditError."""
    node, text = document.nodes["rules",], document.text
    assert isinstance(node, SequenceNode)
    if node.flow_style:
        raise EditError(phrase("The rules are written in one line. %(by_hand)s", by_hand=_BY_HAND))
    at_end = place == len(node.value)
    like = _line_start(text, node.value[place - at_end].start_mark.index)
    dash = len(text[like:]) - len(text[like:].lstrip(" "))
    start = len(text) if at_end else _above_comments(text, like)
    lines = [f"{name}: {_written(value)}" for name, value in fields.items()]
    rule = "".join(f"{' ' * dash}{'  ' if number else '- '}{each}\n" for number, each in enumerate(lines))
    apart = "\n" if "\n\n" in text[node.start_mark.index :] else ""
    if at_end:
        return f"{text.rstrip()}\n{apart}{rule}"
    return _spliced(text, start, start, f"{rule}{apart}")


def _above_comments(text: str, start: int) -> int:
    """The beginning of the comment right above the line that begins here; that of the line if there is none."""
    before = _line_start(text, start - 1)
    return _above_comments(text, before) if start and text[before:start].lstrip().startswith("#") else start


def _written(value: object) -> str:
    """A value in one line of YAML, in quotes if it could be read as something else."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXTS
    return text if plain else json.dumps(text, ensure_ascii=False)


_PLAIN = re.compile(r"client\.[^#:'\\]*|[^\W\d_][\w .@/+-]*[\w.%]|[0-9]+(\.[0-9]+)?%|[0-9]{4}-[0-9T:Z+-]+")
"""Texts that YAML reads as they are, also inside brackets; a condition is in none."""
_NO_TEXTS = {"true", "false", "null", "yes", "no", "on", "off", "nan", "inf"}


def remove_item(document: Document, path: Path, place: int) -> str:
    """The text without this item of the list at ``path``, and without the comment beside it on its own line."""
    node, text = document.nodes[path], document.text
    assert isinstance(node, SequenceNode)
    items = node.value
    start, end = items[place].start_mark.index, items[place].end_mark.index
    if not node.flow_style:
        return _without_line(text, start, end, alone=len(items) == 1)
    if len(items) == 1:
        return _spliced(text, start, end, "")
    if place + 1 < len(items):
        return _spliced(text, start, items[place + 1].start_mark.index, "")
    before = items[place - 1].end_mark.index
    if "#" in text[before:start]:  # a comment about the item before stays
        return _spliced(text, _line_start(text, start) - 1, end, "")
    return _spliced(text, before, end, "")


def _without_line(text: str, start: int, end: int, *, alone: bool) -> str:
    """The text without the line of an item. If it is the only one, an empty list is left."""
    first, behind = _line_start(text, start), text.find("\n", end) + 1 or len(text)
    indent = len(text[first:start]) - len(text[first:start].lstrip())
    return _spliced(text, first, behind, f"{' ' * (indent + 2)}[]\n" if alone else "")


def _spliced(text: str, start: int, end: int, new: str) -> str:
    return f"{text[:start]}{new}{text[end:]}"


def _spliced_line(text: str, end: int, line: str) -> str:
    """The text with one more line after the one that contains ``end``."""
    behind = text.find("\n", end)
    if behind < 0:
        return f"{text}\n{line}"
    return _spliced(text, behind, behind, f"\n{line}")


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _is_block(node: Node) -> bool:
    """Whether the node ends only where the next one begins."""
    if isinstance(node, (SequenceNode, MappingNode)):
        return not node.flow_style
    return isinstance(node, ScalarNode) and node.style in ("|", ">")


def _first_key(document: Document) -> ScalarNode:
    """A key of the document, which shows whether it writes texts in quotes, like JSON."""
    found = next(iter(document.keys.values()))
    assert isinstance(found, ScalarNode)
    return found


def _like(node: object, value: str) -> str:
    """The value in the same quotes."""
    quote = node.style if isinstance(node, ScalarNode) and node.style in ("'", '"') else ""
    return f"{quote}{value}{quote}"


_STAGES = {"report_only": phrase("watching"), "warn": phrase("warning"), "enforce": phrase("blocking")}
_BY_HAND = phrase("Change it by hand, and plan the files.")


class EditError(MailgateError):
    """The edit cannot be made in these texts. The error text says why, in words for the page."""


def edited(before: Rules, edit: Edit) -> Rules:
    """The rules with this change, compiled. Raises EditError."""
    if edit.is_in(before.policy):
        raise EditError(phrase("This is already the case: %(title)s.", title=edit.title(before.policy)))
    if isinstance(edit, StageEdit):
        _in_turn(before.policy, edit)
    if isinstance(edit, ProhibitEdit):
        _can_begin(before, edit)
    name, path, value, text = _made(before, edit)
    try:
        after = compile_rules({**before.texts, name: text})
    except ConfigError as error:
        raise EditError(
            phrase(
                "With this change the rules have a mistake: %(mistake)s",
                mistake=joined((each.message for each in error.mistakes), "; "),
            )
        ) from error
    if not _is_only_change(before, after, edit, name, path, value):
        raise EditError(
            phrase(
                "This change alone cannot be made in %(file)s as it is written. %(by_hand)s",
                file=name,
                by_hand=_BY_HAND,
            )
        )
    return after


def _in_turn(policy: Policy, edit: StageEdit) -> None:
    """Check the order of the stages. Raises EditError, which names the rule and no place in its file."""
    rule = rule_of(policy, edit.rule)
    starts = {stage.value: start for stage, start in rule.stages.starts()} if rule and rule.stages else {}
    starts[edit.stage] = read_moment(edit.at)
    in_order = [(each, starts[each]) for each in DATED_STAGES if each in starts]
    for (earlier, start), (later, following) in pairwise(in_order):
        if following <= start:
            raise EditError(
                phrase(
                    "The stages of a rule start one after the other, but %(later)s would not start after %(earlier)s.",
                    later=_STAGES[later],
                    earlier=_STAGES[earlier],
                )
            )


def _can_begin(before: Rules, edit: ProhibitEdit) -> None:
    """Check what the form of a rule does not say. Raises EditError."""
    policy, name = before.policy, before.policy.catalog.name_of(edit.app)
    place = place_for(policy, edit)
    if rule_of(policy, edit.rule) is not None:
        raise EditError(phrase("There is a rule %(rule)s already. Choose another id.", rule=edit.rule))
    if edit.app not in policy.catalog.apps:
        raise EditError(phrase("%(app)s is not in apps.yaml. Add it there first.", app=edit.app))
    if share_of(edit.share) == 0:
        raise EditError(phrase("That share is nobody. Choose a bigger one."))
    if edit.warn and (edit.block is None or read_moment(edit.block) <= read_moment(edit.warn)):
        raise EditError(
            phrase("The warning has to start before the block. Choose an earlier day to warn, or none.")
        )
    if place.index is None:
        why = phrase(
            "No rule gives mail to a phone or tablet with %(app)s. There is nothing to prohibit.", app=name
        )
        raise EditError(why)
    if edit.warn and place.softens:
        raise EditError(
            phrase(
                "Other rules refuse some phones with %(app)s today, and a warning would give them mail. Choose no day to warn.",
                app=name,
            )
        )


def written_start(rules: Rules, rule: str, stage: str) -> str:
    """The start of a rule's stage as it is written in the file. Raises EditError."""
    document = _document(rules.texts, STORED_NAMES.policy)
    return str(_value(document.value, (*_rule_path(document, rule), "stages", stage)))


def _made(before: Rules, edit: Edit) -> tuple[str, Place, Any, str]:
    """The file to change, the path of the change in it, the new value, and the new text."""
    if isinstance(edit, ListEdit):
        return _on_list(before, edit)
    if isinstance(edit, ProhibitEdit):
        return _with_rule(before, edit)
    if rule_of(before.policy, edit.rule) is None:
        raise EditError(phrase("No rule is called %(rule)s any more.", rule=edit.rule))
    document = _document(before.texts, STORED_NAMES.policy)
    rule = _rule_path(document, edit.rule)
    if isinstance(edit, StageEdit):
        return STORED_NAMES.policy, *_on_stages(document, rule, edit)
    path = (*rule, "share")
    if path in document.nodes:
        return STORED_NAMES.policy, path, edit.share, set_value(document, path, edit.share)
    return STORED_NAMES.policy, path, edit.share, add_entry(document, rule, "share", edit.share)


def _with_rule(before: Rules, edit: ProhibitEdit) -> tuple[str, Place, Any, str]:
    document = _document(before.texts, STORED_NAMES.policy)
    place = place_for(before.policy, edit).index
    assert place is not None  # it was checked before
    text = insert_rule(document, place, edit.fields)
    rules = document.value["rules"]
    return STORED_NAMES.policy, Place(("rules",)), (*rules[:place], edit.fields, *rules[place:]), text


def _on_stages(document: Document, rule: Place, edit: StageEdit) -> tuple[Place, Any, str]:
    """Move a stage that the rule has, or write one that it lacks, with `stages` if there are none."""
    stages = (*rule, "stages")
    path = (*stages, edit.stage)
    if path in document.nodes:
        return path, edit.at, set_value(document, path, edit.at)
    if stages in document.nodes:
        return path, edit.at, add_entry(document, stages, edit.stage, edit.at)
    text = add_entry(document, rule, edit.stage, edit.at, inside="stages")
    return stages, {edit.stage: edit.at}, text


def _on_list(before: Rules, edit: ListEdit) -> tuple[str, Place, Any, str]:
    if edit.app not in before.policy.catalog.apps:
        raise EditError(
            phrase(
                "No app is called %(app)s in %(file)s. %(by_hand)s",
                app=edit.app,
                file=STORED_NAMES.apps,
                by_hand=_BY_HAND,
            )
        )
    if edit.list not in before.policy.catalog.lists:
        raise EditError(
            phrase(
                "No list is called %(list)s in %(file)s. %(by_hand)s",
                list=edit.list,
                file=STORED_NAMES.apps,
                by_hand=_BY_HAND,
            )
        )
    name, path = STORED_NAMES.apps, Place(("lists", edit.list))
    keys = _value((document := _document(before.texts, name)).value, path)
    if isinstance(keys, dict):  # a list in a file of its own
        name, path = str(PurePosixPath(keys["file"])), ("apps",)
        keys = _value((document := _document(before.texts, name)).value, path)
    if edit.change == "join-list":
        return name, path, (*keys, edit.app), add_item(document, path, edit.app)
    rest = tuple(key for key in keys if key != edit.app)
    return name, path, rest, remove_item(document, path, keys.index(edit.app))


def _is_only_change(before: Rules, after: Rules, edit: Edit, name: str, path: Place, value: Any) -> bool:
    """Whether the value at ``path`` is the only change."""
    was, now = places(before.policy), places(after.policy)
    moved = {place for place in {*was, *now} if was.get(place) != now.get(place)}
    wanted = _with(_document(before.texts, name).value, path, value)
    return (
        (all(map(edit.is_about, moved)) if isinstance(edit, ProhibitEdit) else moved == {edit.place})
        and edit.is_in(after.policy)
        and _document(after.texts, name).value == wanted
        and {**after.texts, name: ""} == {**before.texts, name: ""}
    )


def _document(texts: Mapping[str, str], name: str) -> Document:
    try:
        return read_document(texts[name].encode(), name)
    except (KeyError, DocumentError) as error:  # a file outside the folder has a name of its own
        why = phrase("%(file)s cannot be changed here. %(by_hand)s", file=name, by_hand=_BY_HAND)
        raise EditError(why) from error


def _rule_path(document: Document, rule: str) -> Place:
    rules = document.value["rules"]
    return "rules", next((index for index, each in enumerate(rules) if each["id"] == rule), -1)


def _value(value: Any, path: Place) -> Any:
    for each in path:
        value = value[each]
    return value


def _with(value: Any, path: Place, new: Any) -> Any:
    """The same plain value with another one at ``path``, or one more."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(value, tuple):
        return tuple(_with(each, rest, new) if index == first else each for index, each in enumerate(value))
    return {**value, first: _with(value.get(first), rest, new)}
