"""What a rule says to people, in the language of the page that says it."""

from dataclasses import replace

from mailgate.gateway.pages.steps import FIXES
from mailgate.gateway.pages.view import View
from mailgate.model.languages import primary
from mailgate.policy.worded import said_in


def in_language(view: View, tag: str) -> View:
    """The view with the rule's own texts in this language; without those that have no wording in it.

    The page has words of its own for what is missing, but for the contact, which is worth more in another language than not at all.
    """
    asked, default = primary(tag), primary(view.default_language)
    return replace(
        view,
        rule_title=said_in(view.rule_title, asked, default),
        fix=view.fix if view.fix in FIXES else said_in(view.fix, asked, default),
        contact=contact_in(view.contact, tag, view.default_language),
    )


def contact_in(contact: str, tag: str, default_language: str) -> str:
    """Whom to ask, in this language if it can be."""
    return said_in(contact, primary(tag), primary(default_language)) or str(contact)
