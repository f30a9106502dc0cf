"""Who somebody is, by their token."""

from typing import Any

import pytest
from tests.admins import admins, token

from mailgate.config.admins import AdminSettings
from mailgate.rollout import admins as proving
from mailgate.rollout.admins import SALT_BYTES, SECRET_BYTES, hash_of, new_secret, proven, token_of


def known(**roles: str) -> dict[str, AdminSettings]:
    """Admins as the settings have them; roles come as a list in a file and as a tuple inside."""
    return {
        name: AdminSettings.model_validate({**each, "roles": tuple(each["roles"])})
        for name, each in admins(**roles).items()
    }


ADMINS = known(ada="operator", lin="approver")


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
def test_anything_else_is_nobodys(shown: str) -> None:
    assert proven(ADMINS, shown) is None


def test_a_name_that_there_is_not_is_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(proving, "_matches", lambda *given: asked.append(given) or True)
    assert proven(ADMINS, "nobody:x") is None
    assert len(asked) == 1


def test_without_admins_nobody_is_proven() -> None:
    assert proven({}, token("ada")) is None


def test_a_new_secret_fits_its_hash() -> None:
    secret = new_secret(bytes(range(SECRET_BYTES)))
    hashed = hash_of(secret, bytes(SALT_BYTES))
    ada = AdminSettings.model_validate({"token_hash": hashed, "roles": ("viewer",)})
    assert proven({"ada": ada}, token_of("ada", secret)) == "ada"
    assert proven({"ada": ada}, token_of("ada", secret[:-1])) is None


def test_a_damaged_hash_fits_nothing() -> None:
    hashed = ADMINS["ada"].token_hash.get_secret_value()
    damaged = AdminSettings.model_validate({"token_hash": hashed[:-2] + "AA", "roles": ("viewer",)})
    assert proven({"ada": damaged}, token("ada")) is None
