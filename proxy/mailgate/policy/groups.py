"""Groups of people that the gate knows, and the people that a rule with ``groups`` is about."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from mailgate.model import User
from mailgate.policy.login_names import NO_LOGINS, Logins, confusable_name, has_one_reading, user_text


def digest_of_login(login: str) -> str:
    """The digest of a login name in one spelling: the first half of its SHA-256."""
    return sha256(user_text(login).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Groups:
    """The groups of people. ``known`` is false if the gate knows no groups.

    People are kept by digests of their login names, since a version of the rules is kept for good and shown to
    everybody who may read it.
    """

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

    def names(self) -> frozenset[str]:
        """The groups that have members."""
        return frozenset[str]().union(*self.of_digest.values())

    def user(self, name: str, owner: str = "") -> User:
        """The user with their groups; if nobody is named, with the groups of the device's owner.

        The groups are unknown for a name that is no member's but could be a member's in another spelling or domain, or that mail
        servers may read in more than one way.
        """
        person = user_text(name or owner)
        if not self.known or not person:
            return User(user_text(name))
        groups = self.of_digest.get(digest_of_login(person))
        if groups is None and self._may_be_a_member(confusable_name(person)):
            return User(user_text(name))
        return User(user_text(name), groups or (), groups_known=True)

    def _may_be_a_member(self, bare: str) -> bool:
        return not has_one_reading(bare) or digest_of_login(bare) in self.alike


NO_GROUPS = Groups()


def in_groups(wanted: Collection[str], user: User) -> bool | None:
    """Whether a rule for these groups is about ``user``; None if the groups of the person are unknown. A rule without
    groups is about everybody."""
    if not wanted or not set(wanted).isdisjoint(user.groups):
        return True
    return False if user.groups_known else None
