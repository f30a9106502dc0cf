"""Chooses the rule's own texts in the language of the page."""

from dataclasses import replace
from typing import Any

from mailgate.gateway.pages.steps import FIXES
from mailgate.gateway.pages.view import View
from mailgate.model.phrase import primary
from mailgate.policy.written import text_in


def in_language(view: View, tag: str) -> View:
    """The view with the rule's own texts in this language. A text that has no wording in it is left out.

    The page has words of its own for a missing text, except for the contact: a contact in another language is better
    than none.
    """
    return replace(view, **texts_in_language(view, tag))


def texts_in_language(view: View, tag: str) -> dict[str, Any]:
    """These texts in this language, by their fields of the view."""
    asked, default = primary(tag), primary(view.default_language)
    return {
        "rule_title": text_in(view.rule_title, asked, default),
        "fix": view.fix if view.fix in FIXES else text_in(view.fix, asked, default),
        "contact": contact_in(view.contact, tag, view.default_language),
    }


def contact_in(contact: str, tag: str, default_language: str) -> str:
    """The contact in this language, or as it is if it has no such wording."""
    return text_in(contact, primary(tag), primary(default_language)) or str(contact)
