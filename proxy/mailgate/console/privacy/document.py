"""A document of headings, texts, lists and tables that is written as Markdown and as HTML from one source."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from mailgate.model.phrase import joined, phrase, primary, translate
from mailgate.policy.written import LocalizedText
from mailgate.texts import Language

TO_ADD = phrase("To add")
"""The mark of what only the operator can say."""


@dataclass(frozen=True, slots=True)
class ToAdd:
    """What the operator has to add, since the gate does not know it."""

    words: str


Cell = str | ToAdd


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading. ``level`` is 1 for the title of the document."""

    level: int
    words: str


@dataclass(frozen=True, slots=True)
class Items:
    """Several short texts, one below the other."""

    items: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. Each row has a cell for each head."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


Block = Cell | Heading | Items | Grid


def as_markdown(blocks: Iterable[Block], language: Language) -> str:
    """The document in the Markdown of GitHub (GFM), where tables are."""
    return "\n".join(line for block in blocks for line in (*_marked(block, language), "")).rstrip() + "\n"


def _marked(block: Block, language: Language) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * block.level} {_in_markdown(block.words, language)}"
        case Items():
            yield from (f"- {_in_markdown(each, language)}" for each in block.items)
        case Grid():
            rows = [block.heads, ["---"] * len(block.heads), *block.rows]
            for row in rows:
                told = (each if each == "---" else _in_markdown(each, language) for each in row)
                yield f"| {' | '.join(told)} |"
        case _:
            yield _in_markdown(block, language)


_CODE = re.compile(r"(`[^`]*`)")
_SPECIAL = re.compile(r"([\\*_\[\]<>|#~])")


def _in_markdown(cell: Cell, language: Language) -> str:
    text = _said(cell, language)
    parts = _CODE.split(text)
    told = "".join(
        part.replace("|", "\\|")
        if part.startswith("`") and part.endswith("`")
        else _SPECIAL.sub(r"\\\1", part)
        for part in parts
    )
    return f"**{_said(TO_ADD, language)}:** {told}" if isinstance(cell, ToAdd) else told


def as_html(blocks: Iterable[Block], language: Language) -> str:
    """The document as a page of its own, without scripts and addresses of others, also to be printed."""
    told = list(blocks)
    title = next((_said(each.words, language) for each in told if isinstance(each, Heading)), "")
    body = "\n".join(line for block in told for line in _tagged(block, language))
    return _PAGE % {"tag": language.tag, "title": escape(title), "style": _STYLE, "body": body}


def _tagged(block: Block, language: Language) -> Iterator[str]:
    match block:
        case Heading():
            yield f"<h{block.level}>{_in_html(block.words, language)}</h{block.level}>"
        case Items():
            items = "".join(f"<li>{_in_html(each, language)}</li>" for each in block.items)
            yield f"<ul>{items}</ul>"
        case Grid():
            heads = "".join(f'<th scope="col">{_in_html(each, language)}</th>' for each in block.heads)
            # a wide table scrolls by itself, for keyboards too (WCAG 2.1.1)
            yield f'<div class="wide" tabindex="0" role="group" aria-label="{escape(_said(joined(block.heads), language))}"><table><thead><tr>{heads}</tr></thead><tbody>'
            for row in block.rows:
                cells = "".join(f"<td>{_in_html(each, language)}</td>" for each in row)
                yield f"<tr>{cells}</tr>"
            yield "</tbody></table></div>"
        case _:
            yield f"<p>{_in_html(block, language)}</p>"


def _in_html(cell: Cell, language: Language) -> str:
    told = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(_said(cell, language)))
    return (
        f"<mark><b>{escape(_said(TO_ADD, language))}:</b> {told}</mark>" if isinstance(cell, ToAdd) else told
    )


def _said(cell: Cell, language: Language) -> str:
    """The words in one line, as tables need them. A rule's own text is in the language of the document if it has it."""
    words = cell.words if isinstance(cell, ToAdd) else cell
    if isinstance(words, LocalizedText):
        words = words.by_language.get(primary(language.tag), words)
    return " ".join(translate(words, language).split())


def listed(names: Iterable[str], none: str) -> str:
    """Names joined by commas, or what is said of none."""
    return joined(found) if (found := list(names)) else none


def codes(names: Iterable[str]) -> str:
    """Names as they are written in files, joined by commas."""
    return ", ".join(f"`{name.replace('`', '')}`" for name in names)


_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: Canvas; color: CanvasText; overflow-wrap: break-word; hyphens: auto }
h1, h2, h3 { line-height: 1.25 } h2 { margin-top: 2.5em } h3 { margin-top: 2em }
.wide { overflow-x: auto; margin: 1em 0 } table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { border: 1px solid #8888; padding: .4em .6em; text-align: start; vertical-align: top; min-width: 6.5em }
th { border-bottom-width: 3px } code { font-size: .9em; overflow-wrap: anywhere; hyphens: none } li { margin: .3em 0 }
mark { background: #ffe9a8; color: #3a2a00; padding: .1em .3em; border-radius: .2em }
@media print { body { max-width: none; padding: 0 } tr, li, p { break-inside: avoid } h2 { break-before: page } }
"""
_PAGE = """<!doctype html>
<html lang="%(tag)s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%(title)s</title>
<style>%(style)s</style>
</head>
<body>
<main>
%(body)s
</main>
</body>
</html>
"""
