"""Who is in which groups, and whom a rule for some of them is about."""

import pytest

from mailgate.model import User
from mailgate.policy.groups import NO_GROUPS, Groups, digest_of_login, in_groups
from mailgate.policy.login_names import Logins, user_text

GROUPS = Groups.of_members({"pilot": ["Ada", "lin"], "board": ["ada"], "nobody": []})


def test_a_person_has_their_groups_however_the_name_is_written() -> None:
    assert GROUPS.user("ADA") == User("ada", ("board", "pilot"), groups_known=True)
    assert GROUPS.user("grace") == User("grace", (), groups_known=True)
    assert GROUPS.names() == {"pilot", "board"}


def test_members_are_kept_by_digests_of_their_names_alone() -> None:
    """The digest is that of every release, since versions of the rules are kept."""
    ada, lin = "fdee430d40bd57deeac186cd9790033d", "2f48b881ea7073f1c6f083b296a360bd"
    assert digest_of_login("ADA") == ada, "the first half of its SHA-256"
    assert GROUPS.members() == {"pilot": [lin, ada], "board": [ada]}
    assert Groups.of_digests({"b": ["2", "1"], "a": ["2"]}, ["3"]) == Groups(
        True, {"2": ("a", "b"), "1": ("b",)}, frozenset({"3"})
    )


def test_without_a_person_the_owner_of_the_device_counts() -> None:
    assert GROUPS.user("", "lin") == User("", ("pilot",), groups_known=True)
    assert GROUPS.user("grace", "lin") == User("grace", (), groups_known=True)


def test_without_a_person_or_without_a_file_nothing_is_known() -> None:
    assert GROUPS.user("") == User("")
    assert NO_GROUPS.user("ada") == User("ada")


def test_a_rule_for_no_group_is_about_everybody() -> None:
    assert in_groups((), User(""))


@pytest.mark.parametrize(
    ("user", "about"),
    [(GROUPS.user("ada"), True), (GROUPS.user("grace"), False), (User("ada"), None), (User(), None)],
)
def test_with_unknown_groups_it_is_unknown_whom_a_rule_is_about(user: User, about: bool | None) -> None:
    assert in_groups(("pilot", "other"), user) is about


OURS = Logins.of(["EXAMPLE", "example.com"])
MEMBERS = Groups.of_members({"pilot": ["EXAMPLE\\Ada", "lin@example.com", "OTHER\\ceo"]}, OURS)


def test_members_are_the_persons_that_their_logins_name() -> None:
    assert MEMBERS.user("ada").groups == ("pilot",)
    assert MEMBERS.user("lin").groups == ("pilot",)
    assert MEMBERS.user("other\\CEO").groups == ("pilot",)


@pytest.mark.parametrize(
    "name",
    ["ceo", "OTHER\\ada", "ada@other.com", "ada@example.com.", "ada%40example.com", "\uff41da", "ada ", "\u00e1da", '"ada"',
     "(ada)", "smtp:ada", "ada,ou=x", "@ada", "ada\\"],
)  # fmt: skip
def test_a_name_like_a_members_has_unknown_groups(name: str) -> None:
    assert MEMBERS.user(name) == User(user_text(name))
    assert in_groups(("pilot",), MEMBERS.user(name)) is None


def test_a_rule_is_about_every_case_of_a_name_without_groups_too() -> None:
    assert NO_GROUPS.user("ADA") == User("ada")
    assert NO_GROUPS.user("Zo\u00eb") == User("zo\u00eb")
