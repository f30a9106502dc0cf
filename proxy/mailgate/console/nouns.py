"""The nouns of console and API, in the order of the menu. A noun is a folder; each of its files whose name ends with ``api`` lists
operations, and each whose name ends with ``page`` lists pages."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

from mailgate.model.phrase import phrase


class Noun(NamedTuple):
    """One noun."""

    name: str
    """The name of its folder."""
    menu: str = ""
    """Its words in the menu; empty if it has no entry there."""
    opens: str = ""
    """The page that its entry opens, if that is not called like the folder. The names of further pages begin with it."""

    @property
    def entry(self) -> str:
        """The name of the page that its entry opens."""
        return self.opens or self.name


NOUNS = (
    Noun("login"),
    Noun("now", phrase("Now")),
    Noun("people", phrase("Help requests"), opens="help_requests"),
    Noun("devices", phrase("Devices")),
    Noun("apps", phrase("Apps")),
    Noun("explain", phrase("Explain")),
    Noun("policy", phrase("Policy")),
    Noun("drafts"),
    Noun("plans"),
    Noun("notices", phrase("Notices")),
    Noun("exemptions", phrase("Exemptions")),
    Noun("audit", phrase("Audit")),
    Noun("connectors", phrase("Connectors")),
    Noun("enrolment", phrase("Enrolment")),
    Noun("extension", phrase("Browsers")),
)


def of_every_noun(ending: str, name: str) -> Iterator[Any]:
    """The items that the files of each noun list under ``name``, of files whose name ends with ``ending``."""
    for noun in NOUNS:
        folder = import_module(f"{__package__}.{noun.name}")
        for module in iter_modules(folder.__path__, f"{folder.__name__}."):
            if module.name.endswith(ending):
                yield from getattr(import_module(module.name), name)
