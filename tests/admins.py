"""Admins for tests: their tokens, and hashes of them that are quick to check."""

from collections.abc import Mapping
from typing import Any

from argon2 import PasswordHasher

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)


def token(name: str) -> str:
    """The token of this admin."""
    return f"{name}:{_secret(name)}"


def admins(**roles: str) -> Mapping[str, Any]:
    """The setting ``admins``, from names and their roles, which are separated by spaces."""
    return {
        name: {"token_hash": QUICK_HASHER.hash(_secret(name)), "roles": words.split()}
        for name, words in roles.items()
    }


def _secret(name: str) -> str:
    return f"the secret of {name}"
