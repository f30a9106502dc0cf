"""Finds the person of a login, in the same way for every source of logins.

``DOMAIN\\user`` and ``user@domain`` are the person ``user`` only if the settings say that the domain is the company's.
Otherwise two people of two domains would be one, and one would see the mail and devices of the other. A login that can
be read in more than one way (a second ``@``, an encoded one, letters that look alike, a dot at the end) stays a name of
its own: it is nobody else's and has no address.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._'-]{0,62}[A-Za-z0-9])?")
"""The characters before the ``@`` of an address. ``%`` would lead to another host, and ``+`` to another mailbox."""
_APART = re.compile(r"[/%+\s]")


def user_text(name: str) -> str:
    """A login name in ASCII lower case. Letters beyond ASCII stay as they are, so that two people never become one."""
    return name.encode("utf-8", "backslashreplace").lower().decode()


def confusable_name(login: str) -> str:
    """The bare name that a login might be mistaken for, also by a directory that reads no accents. It may only be used to keep
    somebody out."""
    if _NAME.fullmatch(login):
        return user_text(login)
    plain = unicodedata.normalize("NFKD", login).casefold().replace("%40", "@").replace("%5c", "\\")
    plain = "".join(char for char in plain if unicodedata.category(char) not in ("Cf", "Mn")).strip()
    return re.split(r"[@+%]", re.split(r"[\\/]", plain)[-1])[0].strip(" .")


def has_one_reading(bare: str) -> bool:
    """Whether a mail server takes the bare name of a login (``confusable_name``) for nothing but itself: letters and digits of any
    script, with dots, hyphens and the like between. What stands in a directory's query, a quote or a list may be somebody else."""
    return bool(bare) and all(unicodedata.category(char)[0] in "LMN" or char in "._'- " for char in bare)


def counted_name(login: str) -> str:
    """The name by which a login is counted, so that nobody counts more than once by writing it otherwise or with another domain, which
    a mail server may not look at."""
    bare = confusable_name(login)
    return bare if has_one_reading(bare) else user_text(login)


@dataclass(frozen=True, slots=True)
class Logins:
    """Finds the persons of logins. ``own_domains`` has the company's domains, which are dropped, in ASCII lower case."""

    own_domains: frozenset[str] = frozenset()

    @classmethod
    def of(cls, domains: Collection[str]) -> "Logins":
        """Make it from domains in any spelling."""
        return cls(frozenset(map(user_text, domains)))

    def person(self, login: str) -> str:
        """The person of a login: its bare name if its domain is the company's, otherwise the whole login."""
        before, apart, name = login.rpartition("\\")
        name, at, host = name.partition("@")
        own = (not apart or user_text(before) in self.own_domains) and (
            not at or user_text(host) in self.own_domains
        )
        return name if own and name and not _APART.search(name) else login


NO_LOGINS = Logins()
"""No domains of the company: every login is a person of its own."""


def address_of(person: str, domain: str) -> str:
    """The address of a person in the company's mail ``domain``; empty if they have none there. It is never somebody
    else's."""
    name = Logins.of([domain]).person(person)
    return f"{user_text(name)}@{user_text(domain)}" if _NAME.fullmatch(name) else ""
