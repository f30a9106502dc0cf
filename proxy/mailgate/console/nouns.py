"""The nouns of console and API, in the order of the menu. A noun has its page in ``pages/``, its operations in
``api/``, or both, in files of its name."""

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


NOUNS = (
    Noun("me"),
    Noun("now", phrase("Now")),
    Noun("people"),
    Noun("help_requests", phrase("Help requests")),
    Noun("sightings"),
    Noun("find"),
    Noun("devices", phrase("Devices")),
    Noun("apps", phrase("Apps")),
    Noun("explain", phrase("Explain")),
    Noun("policy", phrase("Policy")),
    Noun("rule"),
    Noun("drafts"),
    Noun("plans"),
    Noun("movers"),
    Noun("notices", phrase("Notices")),
    Noun("mails"),
    Noun("exemptions", phrase("Exemptions")),
    Noun("audit", phrase("Audit")),
    Noun("connectors", phrase("Connectors")),
    Noun("enrolment", phrase("Enrolment")),
)


def of_every_noun(package: str, name: str) -> Iterator[Any]:
    """The items that the file of each noun in ``package`` lists under ``name``."""
    for noun in NOUNS:
        if find_spec(f"{package}.{noun.name}") is not None:
            yield from getattr(import_module(f"{package}.{noun.name}"), name)
