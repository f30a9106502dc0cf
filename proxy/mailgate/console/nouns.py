"""The nouns of console and API, in the order of the menu. A noun has its page, its operations or both in a folder of its name,
or beside another noun."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from mailgate.model.phrase import phrase


class Noun(NamedTuple):
    """One noun. The routes of its pages have names that begin with its own."""

    name: str
    menu: str = ""
    """Its words in the menu; empty if it has no entry there."""
    beside: str = ""
    """The folder and the beginning of its files, if it has no folder of its own."""


NOUNS = (
    Noun("me", beside="login.me_"),
    Noun("now", phrase("Now")),
    Noun("people"),
    Noun("help_requests", phrase("Help requests"), beside="people.help_"),
    Noun("sightings", beside="explain.sightings_"),
    Noun("find", beside="people.find_"),
    Noun("devices", phrase("Devices")),
    Noun("apps", phrase("Apps")),
    Noun("explain", phrase("Explain")),
    Noun("policy", phrase("Policy")),
    Noun("rule", beside="policy.rule_"),
    Noun("drafts"),
    Noun("plans"),
    Noun("movers", beside="plans.movers_"),
    Noun("notices", phrase("Notices")),
    Noun("mails", beside="notices.mails_"),
    Noun("exemptions", phrase("Exemptions")),
    Noun("audit", phrase("Audit")),
    Noun("connectors", phrase("Connectors")),
    Noun("enrolment", phrase("Enrolment")),
)


def of_every_noun(file: str, name: str) -> Iterator[Any]:
    """The items that the ``file`` of each noun, ``api`` or ``page``, lists under ``name``."""
    for noun in NOUNS:
        module = f"{__package__}.{noun.beside or noun.name + '.'}{file}"
        if find_spec(module) is not None:
            yield from getattr(import_module(module), name)
