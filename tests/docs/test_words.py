"""One word for one thing: no text for people has a word of the second column. Identifiers, keys and metrics keep their names."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.pofile import read_po
from tests.docs.reading import ROOT
from typer.main import get_command

from mailgate.cli import app

PACKAGE = ROOT / "proxy" / "mailgate"
ENGLISH = {
    r"kept out|keep(s|ing)? (\w+ )?out\b": "gets no mail; refused, of one request",
    r"lets (people |it |devices |phones )?in": "gives mail; let in is what a person does",
    r"in force|enforce(d|s|ment)?|report[- ]only|reports only": "runs, blocks, warns, watches",
    r"put .*in its place|activated?|candidate|tak(e|es|en|ing) (it )?back|retract(s|ed|ion)?": "start, roll back",
    r"restrict(s|ed)?|stays? closed|denied|rejected": "gets no mail; refused",
    r"softened|break[- ]glass|exempted": "let in, off",
    r"halt(s|ed)?": "stops by itself",
    r"banned|forbidden|blocked apps?|tracked|known apps?": "prohibited app, listed app",
    r"references?|sightings?": "help number, request",
    r"connectors?|inventor(y|ies)|postures?": "source, report",
    r"announcements?|occasions|subjects": "notice, people",
    r"handhelds?": "phone or tablet",
    r"sign(ed|s|ing)? (in|out)|your session": "log in, log out",
    r"expected|invalid": "what to enter",
    r"something went wrong|oops": "what failed, what to do",
    r"\(s\)|\b1 people\b|in 1 days|an error occurred": "a plural form, a sentence",
    r"request\S* (was|is) (already )?done|requests? done": "closed",
    r"turned off since|looked at last|was looked for last": "off, since when",
}
GERMAN = {
    r"in Kraft\w*|durch(ge)?setz\w*|nur melden|meldet nur": "gilt, sperrt, beobachtet",
    r"ausgesperrt\w*|sperrt? \w* ?aus\b": "keine E-Mail, abgelehnt",
    r"zugelassen|lässt zu|lässt \w+ zu": "bekommt E-Mail",
    r"Anbindung(en)?|Konnektor(en)?": "Quelle",
    r"Handgerät(e|en|s)?": "Smartphone oder Tablet",
    r"Referenz(en|nummer)?|Aufzeichnung(en)?": "Hilfenummer, Anfrage",
    r"erwartet( wird| werden)?|ungültig\w*": "was einzugeben ist",
    r"abgemildert|zurückgezogene Regel|etwas (ist )?schiefgegangen": "was nicht ging, was zu tun ist",
    r"Anfrage\S* (ist|war) erledigt": "geschlossen",
    r"Bericht(e|en|s|es)?": "Meldung",
    r"Telefon(e|en|s)?": "Smartphone",
    r"Firmen(mail|post)": "Firmen-E-Mail",
    r"Korrektur(en)?": "Berichtigung",
    r"Auditprotokoll\w*": "Audit-Protokoll",
    r"ab(ge|zu)?schalt\w*": "ausschalten",
    r"Rolle (?-i:viewer|analyst|operator|approver)": "Leser, Auswerter, Operator, Genehmiger",
    r"(trag|trage|ändere|binde|leg|lege|erinnere|wähle|öffne|gib|nimm|du|dich|dir|deine?[mnrs]?)": "Sie",
}
CODE = re.compile(
    r"`[^`]*`|<code>.*?</code>|<[^>]*>|%\(\w+\)[sd]|\{[^}]*\}|\$\d|connectors[. ]·|https?://\S+|(?<!\w)--?[\w-]+|\S*[_/]\S*|\"[^\"]*\""
)
"""What is written as in a file or on a command line keeps its name."""
ROOMS = ("cli", "config", "console", "mail", "rollout", "connectors")
EXCUSED = {
    "%(forged)s it is signed in a way that is not allowed.": "of a signature",
    "the contact for feedback, and the procedure of enforcement": "the law's own word",
    "die Stelle für Rückmeldungen und das Durchsetzungsverfahren": "the law's own word",
    "`%(later)s` does not start after `%(earlier)s`; put report_only before warn, and warn before enforce": "the keys of a file",
    "upcoming: before a stage begins; warned: while it warns; enforced: while it blocks.": "the words of an option",
    "  ·: expected ·, got ·": "a case of policy.tests.yaml, which says what it expects",
    "asks or expects something else": "the same",
    "expected <block end>, but found '<scalar>'": "the words of a library",
    "not a reference; use {env: NAME} or {file: PATH}": "the settings' own word for a secret elsewhere",
    "the URL contains a password; give the whole URL as a reference: {env: NAME} or {file: PATH}": "the same",
    "in force": "the state of a plan, as the API has it",
    "connector ·": "the name of a check, a lock or an entry, as it is stored",
}
"""Texts that keep such a word, and why."""


def said(text: str) -> str:
    return CODE.sub("·", text)


def catalogs(language: str) -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.glob("**/locale/de/LC_MESSAGES/messages.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="de"):
                texts = message.id if language == "en" else message.string
                yield from (
                    (path.parts[-5], each) for each in ((texts,) if isinstance(texts, str) else texts)
                )


def extension(language: str) -> Iterator[tuple[str, str]]:
    told = json.loads((ROOT / "extension" / "_locales" / language / "messages.json").read_text("utf-8"))
    yield from (("extension", each["message"]) for each in told.values())


def helps(command: Any, name: str = "mailgate") -> Iterator[tuple[str, str]]:
    if not command.hidden:
        yield name, command.help or ""
        yield from ((name, getattr(each, "help", "") or "") for each in command.params)
        for below, each in getattr(command, "commands", {}).items():
            yield from helps(each, f"{name} {below}")


def spoken() -> Iterator[tuple[str, str]]:
    """What the rooms that speak to people say without a catalog: every text of more than a word that is no docstring and no
    list of names that is split."""
    for room in ROOMS:
        for path in (PACKAGE / room).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            silent = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr | ast.Attribute)}
            parts = {
                id(part) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr) for part in each.values
            }
            yield from (
                (f"{room}/{path.name}", text)
                for each in ast.walk(tree)
                if id(each) not in silent | parts
                for text in _texts(each)
            )


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else "·" for each in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        yield node.value


SOURCES = {
    "catalogs": (ENGLISH, lambda: catalogs("en")),
    "catalogs in German": (GERMAN, lambda: catalogs("de")),
    "extension": (ENGLISH, lambda: extension("en")),
    "extension in German": (GERMAN, lambda: extension("de")),
    "help": (ENGLISH, lambda: helps(get_command(app))),
    "spoken": (ENGLISH, spoken),
}


@pytest.mark.parametrize("source", SOURCES)
def test_each_thing_has_one_word(source: str) -> None:
    words, texts = SOURCES[source]
    found = [
        f"{place}: {text!r}: say {better}"
        for place, text in texts()
        for word, better in words.items()
        if re.search(rf"(?<!\w)(?:{word})(?!\w)", said(text), re.IGNORECASE) and text not in EXCUSED
    ]
    assert not found, "\n".join(found)


BEFORE_A_TIME = re.compile(
    r"\b(?:at|on|am|um|vom|zum|del?|el|du|le|em) %\((?:at|when|since|until|date|again|first|last)\)s", re.IGNORECASE
)  # fmt: skip
"""What reads wrong before "today, 10:36", as a time is told near now. ``de`` does in French alone."""


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("**/locale/*/LC_MESSAGES/messages.po")), ids=str)
def test_no_time_of_which_today_may_be_told_stands_behind_an_article(path: Any) -> None:
    spanish = path.parts[-3] in ("es", "pt_BR")
    with path.open("rb") as file:
        messages = list(read_po(file))
    found = [
        text
        for message in messages
        for text in map(str, (*_forms(message.id), *_forms(message.string)))
        for before in BEFORE_A_TIME.findall(text)
        if not (spanish and before.lower().startswith("de "))
    ]
    assert not found


def _forms(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)
