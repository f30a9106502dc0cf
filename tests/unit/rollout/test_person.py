"""Whoever acts on the rules stands in the record of what they did."""

import pytest
from tests.admins import admins as admin_settings
from tests.admins import token
from tests.unit.store.examples import NOW

from mailgate.config.admins import AdminSettings
from mailgate.rollout import person as proving
from mailgate.rollout.person import (
    SALT_BYTES,
    SECRET_BYTES,
    Person,
    RefusedError,
    UnknownError,
    hash_of,
    new_secret,
    proven,
    token_of,
    weakness,
)


def test_an_act_names_who_did_what_from_where_and_why() -> None:
    act = Person("ada", "desk").act(NOW, "policy-planned", "a ticket")
    assert (act.who, act.origin) == ("ada", "desk")
    assert (act.what, act.why, act.at) == ("policy-planned", "a ticket", NOW)


def test_an_unknown_thing_is_a_refusal_with_its_words() -> None:
    assert issubclass(UnknownError, RefusedError)
    assert RefusedError("not now").words == "not now"


def known(**roles: str) -> dict[str, AdminSettings]:
    """Admins as the settings have them; roles come as a list in a file and as a tuple inside."""
    return {
        name: AdminSettings.model_validate({**each, "roles": tuple(each["roles"])})
        for name, each in admin_settings(**roles).items()
    }


ADMINS = known(ada="operator", lin="approver")


def with_hash(hashed: str) -> dict[str, AdminSettings]:
    """Ada alone, whose token has this hash."""
    return {"ada": AdminSettings.model_validate({"token_hash": hashed, "roles": ("viewer",)})}


@pytest.fixture
def hashes_tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes with which a token is compared, which then fits any of them."""
    tried: list[str] = []
    monkeypatch.setattr(proving, "_matches", lambda hashed, _: tried.append(hashed) or True)
    return tried


def test_a_token_is_its_admins_alone() -> None:
    assert proven(ADMINS, token("ada")) == "ada"
    assert proven(ADMINS, f" {token('lin')}\n") == "lin"


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "ada",
        "ada:",
        "ada:x",
        token("ada").replace("ada:", "lin:"),
        token("nobody"),
        token("ada").removeprefix("ada:"),
        "ada:\udcff",
    ],
)
def test_any_other_token_belongs_to_nobody(shown: str) -> None:
    assert proven(ADMINS, shown) is None


def test_an_unknown_name_costs_the_same_work(hashes_tried: list[str]) -> None:
    assert proven(ADMINS, "nobody:x") is None
    assert len(hashes_tried) == 1


def test_without_admins_nobody_is_proven() -> None:
    assert proven({}, token("ada")) is None


def test_an_admin_without_a_token_costs_the_same_work(hashes_tried: list[str]) -> None:
    zoe = AdminSettings.model_validate({"oidc": "zoe@example.com", "roles": ("viewer",)})
    assert proven({"zoe": zoe}, "zoe:") is None
    assert hashes_tried == []
    assert proven({"zoe": zoe, **ADMINS}, "zoe:") is None
    assert len(hashes_tried) == 1


def test_the_work_for_an_unknown_name_is_always_that_of_the_same_hash(hashes_tried: list[str]) -> None:
    """Else names of admins would be those that take the same time each time."""
    for _ in range(3):
        proven(ADMINS, "nobody:x")
    assert len(set(hashes_tried)) == 1
    for number in range(20):
        proven(ADMINS, f"name-{number}:x")
    assert set(hashes_tried) == {each.token_hash.get_secret_value() for each in ADMINS.values()}


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("correct horse battery", ""),
        ("пятнадцать букв или больше", ""),
        ("a: colon may stand in it", ""),
        ("too short", "easy to guess"),
        ("aaaaaaaaaaaaaaaaaaaa", "easy to guess"),
        ("x" * 64 + "abcdefgh" * 10, "too long"),
        ("the password of Ada 1", "holds the name"),
        (" correct horse battery", "begins or ends"),
        ("correct horse\tbattery", "begins or ends"),
    ],
)
def test_a_password_of_ones_own_has_to_be_long(password: str, wrong: str) -> None:
    assert wrong in weakness(password, "ada")
    assert bool(weakness(password, "ada")) is bool(wrong)


def test_a_password_is_the_same_from_every_keyboard() -> None:
    composed, apart = "ein schöner Satz", "ein scho\N{COMBINING DIAERESIS}ner Satz"
    ada = with_hash(hash_of(apart, bytes(SALT_BYTES)))
    assert proven(ada, token_of("ada", composed)) == "ada"


def test_a_new_secret_fits_its_hash() -> None:
    secret = new_secret(bytes(range(SECRET_BYTES)))
    ada = with_hash(hash_of(secret, bytes(SALT_BYTES)))
    assert proven(ada, token_of("ada", secret)) == "ada"
    assert proven(ada, token_of("ada", secret[:-1])) is None


def test_a_damaged_hash_fits_nothing() -> None:
    hashed = ADMINS["ada"].token_hash.get_secret_value()
    assert proven(with_hash(hashed[:-2] + "AA"), token("ada")) is None
