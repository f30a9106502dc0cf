"""The people who may look at the gate and change its rules. Each has a name, the hash of a token, and roles."""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Literal, Self

from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from mailgate.config.mail import MailAddress
from mailgate.config.references import HIDDEN
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Strict

Role = Literal["analyst", "viewer", "operator", "approver"]
"""``analyst`` sees numbers without names; ``viewer`` looks; ``operator`` plans, applies and rolls back; ``approver`` approves what others have planned, and rolls back."""


def sees_names(roles: Collection[Role]) -> bool:
    """Whether somebody with these roles may see data of single people."""
    return not {"analyst"}.issuperset(roles)


AdminName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._@-][a-z0-9]+)*$", max_length=100)]
"""A name in lower case only, so that no two names look like one person's."""

BY_FILE = "file"
"""The author of changes that a gate reads from files. No admin may have this name."""

_HASH = r"^\$argon2id\$v=19\$m=[0-9]{1,9},t=[0-9]{1,9},p=[0-9]{1,9}\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$"
_MEMORY = range(7 * 1024, 1024 * 1024 + 1)
"""The memory of a hash in KiB: at least that of OWASP's cheat sheet, at most what a check has time for."""
_ROUNDS = range(1, 101)
_LANES = range(1, 65)


def _token_hash(value: object) -> SecretStr:
    if not isinstance(value, str) or not re.fullmatch(_HASH, value) or not _bounded(value):
        raise wrong_value("secret", "not an argon2id hash; use one as `mailgate admin add` prints it")
    return SecretStr(value)


def _bounded(value: str) -> bool:
    """Whether a hash is strong enough, and quick enough to check."""
    try:
        found = extract_parameters(value)
    except InvalidHashError:
        return False
    costs = found.memory_cost in _MEMORY and found.time_cost in _ROUNDS and found.parallelism in _LANES
    return found.type is Type.ID and costs


_HASHES = {"type": "string", "pattern": _HASH}
TokenHash = Annotated[SecretStr, PlainValidator(_token_hash), HIDDEN, WithJsonSchema(_HASHES)]
"""A hash may be written in the file, but it is never logged, since secrets can be guessed against it."""


def _not_a_text(value: object) -> object:
    """Refuse a text without repeating it in the mistake, since it may be a token."""
    if isinstance(value, str):
        message = "not the entry of an admin; use a mapping as `mailgate admin add` prints it"
        raise wrong_value("secret", message)
    return value


Known = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=200)]


def comparable(name: str) -> str:
    """The form in which the names at a provider or in a header are compared, since mail addresses come in any case. A
    name with letters beyond ASCII stays as it is: some of them become ASCII letters in lower case, and two people would
    have one name."""
    return name.lower() if name.isascii() else name


class AdminSettings(Strict):
    """One admin, with at least one way to log in."""

    token_hash: TokenHash | None = None
    """The argon2id hash (RFC 9106) of the token or password, as ``mailgate admin add`` prints it. Commands need it."""
    oidc: Known | Literal[False] | None = None
    """The person at the provider of ``console.login.oidc``, by its ``claim``; ``false`` for no login there."""
    proxy: Known | None = None
    """The person in the header of ``console.login.proxy``."""
    mail: MailAddress | None = None
    """The address at which an approver hears that somebody has overridden the guard. It has to be in ``notices.domain``."""
    roles: tuple[Role, ...] = Field(min_length=1)
    """The roles of the person."""

    @model_validator(mode="after")
    def _some_way(self) -> Self:
        if not (self.token_hash or self.oidc or self.proxy):
            message = "this admin has no way to log in; add `token_hash`, `oidc` or `proxy` here"
            raise wrong_value("admin", message)
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for index, role in enumerate(self.roles):
            if role in self.roles[:index]:
                raise wrong_value("role", "the role is listed twice; keep one", key=("roles", index))
        return self


def _persons(admins: Mapping[str, AdminSettings]) -> Mapping[str, AdminSettings]:
    """Refuse one token under two names: one person could then make a plan and approve it."""
    owners: dict[tuple[str, str], str] = {}
    for name, each in admins.items():
        if name == BY_FILE:
            message = "the audit log gives this name to changed files; use the name of a person"
            raise wrong_value("admin", message, key=name)
        for key, proof in _proofs(each).items():
            owner = owners.setdefault((key, proof), name)
            if owner != name:
                what = {"token_hash": "token"}.get(key, "name there")
                message = f"{owner} has the same {what}; give each person another one"
                raise wrong_value("admin", message, key=(name, key))
    return admins


def _proofs(admin: AdminSettings) -> Mapping[str, str]:
    """The values that identify a person, by key."""
    said = {
        "token_hash": admin.token_hash.get_secret_value() if admin.token_hash else "",
        "oidc": comparable(admin.oidc or ""),
        "proxy": comparable(admin.proxy or ""),
    }
    return {key: proof for key, proof in said.items() if proof}


Admins = Annotated[
    Mapping[AdminName, Annotated[AdminSettings, BeforeValidator(_not_a_text)]],
    BeforeValidator(_not_a_text),
    AfterValidator(_persons),
]
"""The admins by name."""
