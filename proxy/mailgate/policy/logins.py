"""How a login becomes a person: the one law, for whatever names one.

``DOMAIN\\user`` and ``user@domain`` are the person ``user`` only where the settings say that the domain is ours. Else two
people of two domains would be one, and the one would be shown what is written to the other. Whatever is read in more
ways than one (a second ``@``, an encoded one, letters that look alike, a dot at the end) stays a name of its own, which is
nobody else's and has no address.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._'-]{0,62}[A-Za-z0-9])?")
"""What may stand before the ``@`` of an address: a ``%`` is a way to another host, and ``+`` to another one's mailbox."""
_APART = re.compile(r"[\\/@%+\s]")


def user_text(name: str) -> str:
    """A login name in ASCII lower case: letters beyond ASCII stay as they are, so that two people never become one."""
    return name.encode("utf-8", "backslashreplace").lower().decode()


def could_be(login: str) -> str:
    """The bare name that a careless reader might take a login for. Only good for keeping somebody out."""
    if _NAME.fullmatch(login):
        return user_text(login)
    plain = unicodedata.normalize("NFKC", login).casefold().replace("%40", "@").replace("%5c", "\\")
    plain = "".join(char for char in plain if unicodedata.category(char) not in ("Cf", "Mn")).strip()
    return re.split(r"[@+%]", re.split(r"[\\/]", plain)[-1])[0].strip(" .")


@dataclass(frozen=True, slots=True)
class Logins:
    """Makes persons of logins. ``ours``: the domains that are dropped, in ASCII lower case."""

    ours: frozenset[str] = frozenset()

    @classmethod
    def of(cls, domains: Collection[str]) -> "Logins":
        """Those whose domains are given as people write them."""
        return cls(frozenset(map(user_text, domains)))

    def person(self, login: str) -> str:
        """Whom a login names: it itself, or its bare name where all that stands around it is ours."""
        if not self.ours:
            return login
        before, apart, name = login.rpartition("\\")
        name, at, host = name.partition("@")
        own = (not apart or user_text(before) in self.ours) and (not at or user_text(host) in self.ours)
        return name if own and name and not _APART.search(name) else login


NO_LOGINS = Logins()
"""No domain is ours: every login is a person of its own."""


def address_of(person: str, domain: str) -> str:
    """The address of a person in the company's mail ``domain``, or nothing: never that of somebody else."""
    name = Logins.of([domain]).person(person)
    return f"{user_text(name)}@{user_text(domain)}" if _NAME.fullmatch(name) else ""
