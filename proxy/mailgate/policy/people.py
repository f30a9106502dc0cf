"""People: the person of a login, in the same way for every source of logins, and the groups that they are in.

``DOMAIN\\user`` and ``user@domain`` are the person ``user`` only if the settings say that the domain is the company's.
Otherwise two people of two domains would be one, and one would see the mail and devices of the other. A login that can
be read in more than one way (a second ``@``, an encoded one, letters that look alike, a dot at the end) stays a name of
its own: it is nobody else's and has no address.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import chain

from mailgate.model import User
from mailgate.model.decision import user_text as user_text

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._'-]{0,62}[A-Za-z0-9])?")
"""The characters before the ``@`` of an address. ``%`` would lead to another host, and ``+`` to another mailbox."""
_APART = re.compile(r"[/%+\s]")


def confusable_name(login: str) -> str:
    """The bare name that a login might be mistaken for, also without accents. It may only be used to keep somebody out."""
    if _NAME.fullmatch(login):
        return user_text(login)
    plain = unicodedata.normalize("NFKD", login).casefold().replace("%40", "@").replace("%5c", "\\")
    if not plain.isascii():
        plain = "".join(char for char in plain if unicodedata.category(char) not in ("Cf", "Mn"))
    return re.split(r"[@+%]", re.split(r"[\\/]", plain.strip())[-1])[0].strip(" .")


def has_one_reading(bare: str) -> bool:
    """Whether a mail server takes the bare name of a login (``confusable_name``) for nothing but itself: letters and digits of any
    script, with dots, hyphens and the like between. What stands in a directory's query, a quote or a list may be somebody else."""
    told = _NAME.fullmatch(bare) is not None  # most are, and one may be asked about thousands
    return told or (bool(bare) and all(unicodedata.category(c)[0] in "LMN" or c in "._'- " for c in bare))


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
    """The address of a person in the company's mail ``domain``; empty if they have none. It is never somebody else's."""
    name = Logins.of([domain]).person(person)
    return f"{user_text(name)}@{user_text(domain)}" if _NAME.fullmatch(name) else ""


def digest_of_login(login: str) -> str:
    """The digest of a login name in one spelling: the first half of its SHA-256."""
    return sha256(user_text(login).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Groups:
    """The groups of people, by digests of their login names, since a version is kept for good and shown to everybody who may
    read it. ``known`` is false if the gate knows no groups."""

    known: bool = False
    of_digest: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The groups by ``digest_of_login``, sorted."""
    alike: frozenset[str] = frozenset()
    """The digests of names that could be mistaken for a member's name (``confusable_name``)."""

    @classmethod
    def of_members(cls, members: Mapping[str, Iterable[str]], logins: Logins = NO_LOGINS) -> "Groups":
        """Make groups from the login names of their members."""
        persons = {
            group: [user_text(logins.person(login)) for login in names] for group, names in members.items()
        }
        alike = {digest_of_login(confusable_name(person)) for names in persons.values() for person in names}
        return cls.of_digests({group: map(digest_of_login, names) for group, names in persons.items()}, alike)

    @classmethod
    def of_digests(cls, members: Mapping[str, Iterable[str]], alike: Iterable[str]) -> "Groups":
        """Make groups from the digests of their members' login names, and ``alike``."""
        found: dict[str, set[str]] = {}
        for group, digests in members.items():
            for digest in digests:
                found.setdefault(digest, set()).add(group)
        return cls(
            True, {digest: tuple(sorted(groups)) for digest, groups in found.items()}, frozenset(alike)
        )

    def members(self) -> dict[str, list[str]]:
        """The digests of the members' login names, sorted, by group."""
        found: dict[str, list[str]] = {}
        for digest in sorted(self.of_digest):
            for group in self.of_digest[digest]:
                found.setdefault(group, []).append(digest)
        return found

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """The number of members by group."""
        return Counter(chain.from_iterable(self.of_digest.values()))

    def names(self) -> frozenset[str]:
        """The groups that have members."""
        return frozenset(self.sizes)

    def user(self, name: str, owner: str = "") -> User:
        """The user with their groups; if nobody is named, those of the device's owner. They are unknown for a name that is no
        member's but could be one's in another spelling or domain, or that mail servers may read in several ways."""
        person = user_text(name or owner)
        if not self.known or not person:
            return User(user_text(name))
        groups, bare = self.of_digest.get(digest_of_login(person)), confusable_name(person)
        if groups is None and (not has_one_reading(bare) or digest_of_login(bare) in self.alike):
            return User(user_text(name))
        return User(user_text(name), groups or (), groups_known=True)


NO_GROUPS = Groups()


def in_groups(wanted: Collection[str], user: User) -> bool | None:
    """Whether a rule for these groups, or without groups, is about ``user``; None if their groups are unknown."""
    if not wanted or not set(wanted).isdisjoint(user.groups):
        return True
    return False if user.groups_known else None
