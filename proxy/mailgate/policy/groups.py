"""Who is in which groups, as far as the gate is told, and which people a rule with ``groups`` is about."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from mailgate.model import Effect, User
from mailgate.policy.logins import NO_LOGINS, Logins, could_be, user_text


@dataclass(frozen=True)
class Groups:
    """The groups of people. ``known`` is false where nothing tells the gate of any."""

    known: bool = False
    of_person: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By login name in one spelling; sorted."""
    bare: frozenset[str] = frozenset()
    """What a careless reader might take the name of a member for (``could_be``)."""

    @classmethod
    def of_members(cls, members: Mapping[str, Iterable[str]], logins: Logins = NO_LOGINS) -> "Groups":
        """From the login names in each group."""
        found: dict[str, set[str]] = {}
        for group, names in members.items():
            for login in names:
                found.setdefault(user_text(logins.person(login)), set()).add(group)
        persons = {person: tuple(sorted(groups)) for person, groups in found.items()}
        return cls(True, persons, frozenset(map(could_be, persons)))

    def names(self) -> frozenset[str]:
        """Every group that somebody is in."""
        return frozenset[str]().union(*self.of_person.values())

    def user(self, name: str, owner: str = "") -> User:
        """Who asks, with their groups; where nobody is named, with those of the owner of the device.

        Of a name that is no member's, but might be one in another spelling or of another domain, nothing is known.
        """
        person = user_text(name or owner)
        groups = self.of_person.get(person)
        if not self.known or not person or (groups is None and could_be(person) in self.bare):
            return User(name)
        return User(name, groups or (), grouped=True)


NO_GROUPS = Groups()


def in_groups(wanted: Collection[str], user: User, effect: Effect) -> bool:
    """Whether a rule for these groups is about ``user``. A rule for none is about everybody.

    Where the groups of a person are not known the strict side is taken, as with shares: such a person is meant by
    a rule that restricts, and not by one that allows.
    """
    if not wanted or not set(wanted).isdisjoint(user.groups):
        return True
    return not user.grouped and effect is not Effect.ALLOW
