"""Changes of single values in the text of a YAML document. Every other character stays as it is.

If a text is written in an unforeseen way, the result is wrong or cannot be read. So the caller reads the result and
compares (``config/text_edits.py``).
"""

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mailgate.config.document import Document, Path


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


def remove_item(document: Document, path: Path, place: int) -> str:
    """The text without this item of the list at ``path``, and without the comment beside it if it has a line to
    itself."""
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
