"""How a login becomes a person, and a person an address."""

import pytest

from mailgate.model import User
from mailgate.policy.people import (
    NO_GROUPS,
    NO_LOGINS,
    Groups,
    Logins,
    address_of,
    confusable_name,
    counted_name,
    digest_of_login,
    has_one_reading,
    in_groups,
    user_text,
)

OURS = Logins.of(["EXAMPLE", "example.com"])

STRANGE = [
    "OTHER\\ceo",
    "other.example.com\\ceo",
    "EXAMPLE\\OTHER\\ceo",
    "OTHER\\ceo@example.com",
    "EXAMPLE\\ceo@other.com",
    "ceo@other.com",
    "ceo@other.com@example.com",
    "ceo@example.com@other.com",
    "ceo@example.com.",
    "ceo.@example.com.",
    "ceo@sub.example.com",
    "ceo%40example.com",
    "EXAMPLE%5Cceo",
    "EXAMPLE/ceo",
    "EXAMPLE\\\\ceo",
    "\\ceo",
    "ceo@",
    "@example.com",
    "EXAMPLE\\",
    "ceo @example.com",
    "EXAMPLE\\ ceo",
    "ceo@ example.com",
    "ceo@EXAMPLE.COM\u200b",
    "ceo@example\uff0ecom",
    "ceo@e\u212aample.com",
    "EXAMPLE\uff3cceo",
    "ceo+x@example.com",
    "OTHER/ceo@example.com",
    "ceo%other.com@example.com",
]


@pytest.mark.parametrize(
    "login", ["ceo", "EXAMPLE\\ceo", "example\\ceo", "ceo@example.com", "ceo@Example.COM", "example.com\\ceo"]
)
def test_our_own_domains_around_a_name_are_dropped(login: str) -> None:
    assert OURS.person(login) == "ceo"


@pytest.mark.parametrize("login", STRANGE)
def test_a_name_with_anything_else_around_it_is_somebody_else(login: str) -> None:
    assert OURS.person(login) == login
    assert address_of(OURS.person(login), "example.com") == ""


@pytest.mark.parametrize("login", ["ceo", "EXAMPLE\\ceo", "ceo@example.com", *STRANGE])
def test_without_own_domains_nothing_is_dropped(login: str) -> None:
    assert NO_LOGINS.person(login) == login


@pytest.mark.parametrize("login", ["EXAMPLE\\ceo", *STRANGE])
def test_the_mail_domain_alone_makes_no_other_domain_ours(login: str) -> None:
    assert address_of(login, "example.com") == ""


@pytest.mark.parametrize(
    "name", ["c\u0435o", "\uff43eo", "ceo\u0301", "c\u200beo", "ceo ", " ceo", "ceo.", "ce\u00f6"]
)
def test_letters_that_look_alike_are_another_person_without_an_address(name: str) -> None:
    assert OURS.person(name) == name
    assert user_text(name) != "ceo"
    assert address_of(name, "example.com") == ""


@pytest.mark.parametrize(
    "login",
    [
        *(each for each in STRANGE if "ceo" in each),
        "ceo.",
        " CEO ",
        "\uff43eo",
        "c\u200beo",
        "ceo\u0335",
        "c\u00e9o",
        "ce\u00f6@example.com",
    ],
)
def test_a_name_that_looks_like_anothers_is_recognised(login: str) -> None:
    assert confusable_name(login) == "ceo"


@pytest.mark.parametrize(
    ("bare", "one"),
    [
        ("ada", True), ("ada.love-lace_1", True), ("ada lovelace", True), ("o'hara", True), ("\u0430\u0434\u0430", True), ("\u0905\u0926\u093e", True),
        ("", False), ("(ada)", False), ('"ada"', False), ("smtp:ada", False), ("ada;x", False), ("ada,ou=x", False), ("ada*x", False),
        ("<ada>", False), ("ada=", False), ("ada\0", False),
    ],
)  # fmt: skip
def test_only_a_plain_name_has_one_reading(bare: str, one: bool) -> None:
    assert has_one_reading(bare) is one


def test_two_people_never_become_one() -> None:
    assert user_text("Ada@Example.COM") == "ada@example.com"
    assert len({user_text(name) for name in ("STRASSE", "straße", "STRAẞE")}) == 3
    assert user_text("ADA\udcff") == "ada\\udcff", "what has no form in UTF-8 is kept apart too"


@pytest.mark.parametrize(
    ("login", "address"),
    [
        ("ada", "ada@example.com"),
        ("EXAMPLE\\Ada", ""),
        ("Ada@Example.com", "ada@example.com"),
        ("a.d-a_1", "a.d-a_1@example.com"),
        ("o'hara", "o'hara@example.com"),
        ("a", "a@example.com"),
        ("a" * 64, f"{'a' * 64}@example.com"),
        ("a" * 65, ""),
        (".a", ""),
        ("a-", ""),
        ("a.d-a+1", ""),
        ("ada@example.net", ""),
        ("ada@sub.example.com", ""),
        ("ada@example.com@example.net", ""),
        ("eve@example.net@example.com", ""),
        ("a b", ""),
        ("ada\r\nBcc: eve", ""),
        ("ada,eve", ""),
        ("ädä", ""),
        ("", ""),
        ("@example.com", ""),
    ],
)
def test_only_company_addresses_are_written_to(login: str, address: str) -> None:
    assert address_of(login, "example.com") == address


@pytest.mark.parametrize(
    ("login", "counted"),
    [
        ("Ada", "ada"),
        ("CORP\\ada", "ada"),
        ("ada@corp.example", "ada"),
        ("ada+1", "ada"),
        ("ad*@Corp.example", "ad*@corp.example"),
        ("", ""),
    ],
)
def test_spellings_of_a_login_count_as_one(login: str, counted: str) -> None:
    assert counted_name(login) == counted


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
