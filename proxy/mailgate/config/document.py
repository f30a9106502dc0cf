"""One YAML 1.2 document as plain values, with the place of every key and value in its text.

These are refused, because two programs could read them differently: duplicate keys, merge keys, tags, several
documents, YAML 1.1, and anything but UTF-8. Anchors and aliases are fine as long as the document stays small when they
are written out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scanner import Scanner

from mailgate.errors import Mistake
from mailgate.model.phrase import phrase

MAX_BYTES = 1024 * 1024
MAX_VALUES = 50_000
"""The most values in one document with every alias written out."""
MAX_DEPTH = 40
_TOO_DEEP = phrase("nested too deeply; use at most %(most)s levels", most=str(MAX_DEPTH))

Path = tuple[str | int, ...]
"""The keys and indexes from the top of a document to a value."""


class DocumentError(Exception):
    """A text that cannot be read as a document at all."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake
        super().__init__(str(mistake))


@dataclass(frozen=True)
class Document:
    """A document that was read: ``value`` is made of dict, tuple, str, int, float and bool.

    Dates stay texts. The field that has the date reads it.
    """

    file: str
    text: str
    value: Any
    nodes: Mapping[Path, Node]
    keys: Mapping[Path, Node]
    mistakes: tuple[Mistake, ...] = ()
    """Duplicate keys and similar mistakes. The document must not be used, but the rest of it can be checked."""

    def mistake(self, path: Path, message: str, *, at_key: bool = False) -> Mistake:
        """A mistake at the value under ``path``, at its key, or at the nearest parent that exists."""
        while path and path not in self.nodes:
            path = path[:-1]
        places = self.keys if at_key and path in self.keys else self.nodes
        mark = places[path].start_mark
        return Mistake(self.file, mark.line + 1, mark.column + 1, message)

    def mistake_inside(self, path: Path, line: int, column: int, message: str) -> Mistake:
        """A mistake inside a text: ``line`` and ``column`` count from 1 in the text as it was read.

        Folding, indentation and quotes change only white space and escapes, so the characters that are not white space
        are counted in the file.
        """
        node = self.nodes.get(path)
        if not isinstance(node, ScalarNode):
            return self.mistake(path, message)
        lines = node.value.split("\n")
        before = "".join(lines[: line - 1]) + lines[line - 1][: column - 1]
        wanted = sum(not c.isspace() for c in before)
        offset = self._offset(node, wanted)
        at = self.text.count("\n", 0, offset) + 1
        return Mistake(self.file, at, offset - self.text.rfind("\n", 0, offset), message)

    def _offset(self, node: ScalarNode, wanted: int) -> int:
        """The offset in the file of the visible character number ``wanted`` (from 0) of a scalar."""
        end = node.start_mark.index
        for number, (start, end) in enumerate(_visible(self.text, node)):  # noqa: B007 - the end is used after it
            if number == wanted:
                return start
        return int(end)


_ESCAPED = re.compile(r"\\(?:x..|u.{4}|U.{8}|\r?\n[ \t]*|.)|.", re.DOTALL)
_BLANK_ESCAPES = frozenset({"\\n", "\\t", "\\r", "\\ ", "\\\t", "\\N", "\\_", "\\L", "\\P", "\\v", "\\f"})
_PIECES = {'"': _ESCAPED, "'": re.compile(r"''|.", re.DOTALL)}
_ANY = re.compile(r".", re.DOTALL)


def _visible(text: str, node: ScalarNode) -> Iterator[tuple[int, int]]:
    """The start and end in the file of each character of a scalar that is not white space."""
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in ('"', "'"):
        start, end = start + 1, end - 1
    elif node.style in ("|", ">"):
        start = text.index("\n", start) + 1
    for piece in _PIECES.get(node.style, _ANY).finditer(text, start, end):
        shown = piece[0]
        if not shown.isspace() and shown not in _BLANK_ESCAPES and not shown.startswith(("\\\n", "\\\r")):
            yield piece.span()


def read_document(data: bytes, file: str, *, nulls: bool = False) -> Document:
    """Read one document.

    :param file: the name of the document in mistakes.
    :param nulls: leave out keys with null, as programs write them; otherwise such a key is a mistake.
    :raises DocumentError: with the one error that keeps it from being read.
    """
    text = _decode(data, file)
    root = _compose(text, file)
    builder = _Builder(file, nulls)
    value = builder.value(root, (), 0)
    return Document(file, text, value, builder.nodes, builder.keys, tuple(builder.mistakes))


def _decode(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        size, most = str(len(data)), str(MAX_BYTES)
        message = phrase("the file is %(size)s bytes long; use at most %(most)s", size=size, most=most)
        raise DocumentError(Mistake(file, 1, 1, message))
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = phrase(
            "the byte %(byte)s is not UTF-8; save the file in UTF-8", byte=f"0x{data[error.start]:02x}"
        )
        raise DocumentError(Mistake(file, line, column, message)) from error


def _compose(text: str, file: str) -> Node:
    if directive := re.search(r"^%(?!YAML 1\.2\s*$).*", text, re.MULTILINE):
        line = text.count("\n", 0, directive.start()) + 1
        message = phrase("directives are not read; leave out lines with `%`")
        raise DocumentError(Mistake(file, line, 1, message))
    try:
        root: Node | None = _reader().compose(text)
    except MarkedYAMLError as error:
        raise DocumentError(_syntax_error(error, file)) from error
    except ReaderError as error:
        before = text[: error.position]
        message = phrase(
            "the character %(character)s is not allowed in YAML; use printable text",
            character=f"U+{ord(text[error.position]):04X}",
        )
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise DocumentError(Mistake(file, *place, message)) from error
    except RecursionError as error:
        raise DocumentError(Mistake(file, 1, 1, _TOO_DEEP)) from error
    if root is None:
        message = phrase("the file is empty; write keys with their values")
        raise DocumentError(Mistake(file, 1, 1, message))
    return root


class _FlatScanner(Scanner):
    """Refuses deep brackets where they are read: a parser looks ahead over all open ones at each of them."""

    def fetch_flow_collection_start(self, token: Any, to_push: str) -> None:
        if len(self.flow_context) >= MAX_DEPTH:
            raise RecursionError
        super().fetch_flow_collection_start(token, to_push)


def _reader() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = _FlatScanner
    # the warning would quote the text; the last one counts (YAML 1.2, 7.1)
    yaml.composer.warn_double_anchors = False
    return yaml


def _syntax_error(error: MarkedYAMLError, file: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    problem = str(error.problem or error.context)
    if "'\\t'" in problem:
        problem = phrase("the line is indented with a tab; use spaces")
    elif "another document" in problem:
        problem = phrase("a second document starts here; write one document in a file")
    elif "expected <block end>, but found '<scalar>'" in problem:
        problem = phrase("text goes on after a closing quote or bracket; put the whole text in quotes")
    elif "cannot start any token" in problem:
        problem = phrase("%(problem)s; put the text in quotes", problem=problem)
    elif "mapping values are not allowed" in problem:
        problem = phrase(
            "a colon is not allowed here; write one `key: value` a line, or put the text in quotes"
        )
    elif error.context in ("while scanning an alias", "while scanning an anchor"):
        problem = phrase("a text may not start like an anchor or alias; put the whole text in quotes")
    elif "undefined alias" in problem:
        problem = phrase("%(problem)s; write an `&` anchor of that name further up", problem=problem)
    else:
        problem = phrase(
            "%(problem)s; write it as YAML 1.2",
            problem=f"{f'{error.context}: ' if error.context else ''}{problem}",
        )
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Mistake(file, line, column, problem)


_CORE = "tag:yaml.org,2002:"
_TEXT = frozenset({"str", "timestamp", "value"})


class _Builder:
    """Turns nodes into plain values and notes the place of each."""

    def __init__(self, file: str, nulls: bool) -> None:
        self.file = file
        self.nulls = nulls
        self.nodes: dict[Path, Node] = {}
        self.keys: dict[Path, Node] = {}
        self.mistakes: list[Mistake] = []

    def value(self, node: Node, path: Path, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise DocumentError(self._at(node, _TOO_DEEP))
        if len(self.nodes) >= MAX_VALUES:
            message = phrase(
                "more than %(most)s values with every alias written out; make the file smaller",
                most=str(MAX_VALUES),
            )
            raise DocumentError(self._at(node, message))
        self.nodes[path] = node
        if isinstance(node, MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            return tuple(self.value(each, (*path, i), depth + 1) for i, each in enumerate(node.value))
        assert isinstance(node, ScalarNode)
        return self._scalar(node)

    def _mapping(self, node: MappingNode, path: Path, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            if (*path, key) in self.keys:
                first = self.keys[(*path, key)].start_mark
                why = phrase(
                    "the key `%(key)s` is repeated here; keep the one on line %(line)s",
                    key=key,
                    line=str(first.line + 1),
                )
                self._note(key_node, why)
                continue
            self.keys[(*path, key)] = key_node
            if value_node.tag == f"{_CORE}null":
                self._null(key_node)  # YAML places an empty value somewhere on the next line
                continue
            result[key] = self.value(value_node, (*path, key), depth + 1)
        return result

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode):
            self._note(node, phrase("a key may not be a list or a mapping; use a text"))
        elif node.tag == f"{_CORE}merge":
            self._note(
                node, phrase("merge keys are not YAML 1.2; write the keys out, or use an alias as a value")
            )
        else:
            return str(node.value)
        return None

    def _scalar(self, node: ScalarNode) -> Any:
        kind = str(node.tag).removeprefix(_CORE)
        if kind == "null":
            return self._null(node)
        try:
            return _paired(node.value) if kind in _TEXT else _READERS[kind](node.value)
        except (KeyError, ValueError):
            written = str(node.tag).replace(_CORE, "!!")
            message = phrase(
                "the tag `%(tag)s` cannot be read; leave it out, or put the text in quotes", tag=written
            )
            self._note(node, message)
            return node.value

    def _null(self, node: Node) -> None:
        if not self.nulls:
            self._note(node, phrase("the value is missing; write one, or leave the key out"))

    def _note(self, node: Node, message: str) -> None:
        self.mistakes.append(self._at(node, message))

    def _at(self, node: Node, message: str) -> Mistake:
        return Mistake(self.file, node.start_mark.line + 1, node.start_mark.column + 1, message)


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    return int(digits, 0) if re.match(r"[-+]?0[xob]", digits) else int(digits)


def _paired(text: str) -> str:
    """Join the surrogates of JSON beyond U+FFFF. Raises `ValueError` for one without the other."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16")


_READERS: Mapping[str, Any] = {
    "int": _integer,
    "float": lambda text: float(re.sub(r"_|\.(?=inf|nan)", "", text.casefold())),
    "bool": lambda text: {"true": True, "false": False}[text.casefold()],
}
