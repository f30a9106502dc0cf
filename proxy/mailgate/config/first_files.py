"""The first files of a gate: settings, rules, listed apps and cases, for the company's own webmail.

The templates are part of the package; ``config/`` of the repository is their result with ``EXAMPLE``.
"""

import json
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

KEYS = "keys"
"""The folder of private keys, beside the settings."""
STORE_FILE = "store.url"
"""The file with the URL of a store that has a password."""
SETTINGS = "mailgate.yaml"
POLICY = "policy.yaml"


@dataclass(frozen=True, slots=True)
class FirstAnswers:
    """The values that differ between companies, as ``Settings`` takes them."""

    upstream: str
    public_url: str
    contact: str
    listen: str = "127.0.0.1:8080"
    admin_listen: str = "127.0.0.1:8081"
    store: str = "sqlite:///var/mailgate.db"
    jwks: str = ""
    """The file with the public keys of the company's own issuer; empty for none."""

    @property
    def issuer(self) -> str:
        """The ``iss`` claim of that issuer. The gate itself signs as ``public_url``."""
        return f"{self.public_url}/issuer" if self.jwks else ""


EXAMPLE = FirstAnswers("http://127.0.0.1:9080", "http://localhost:8080", "it-help@example.com")


def starter_files(answers: FirstAnswers) -> dict[str, str]:
    """Every file by its name, with slashes, relative to the folder of the settings."""
    environment = Environment(
        loader=PackageLoader("mailgate.config"),
        autoescape=False,  # noqa: S701 - YAML, no page
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    values = {
        "listen": _address(answers.listen),
        "admin_listen": _address(answers.admin_listen),
        "public_url": answers.public_url,
        "upstream": answers.upstream,
        "store": _store(f"file:{STORE_FILE}" if has_password(answers.store) else answers.store),
        "behind_proxy": answers.public_url.startswith("https:"),
        "issuer": answers.issuer,
        "jwks": answers.jwks,
        "keys": KEYS,
        "contact": _as_yaml(answers.contact),
    }
    return {name: environment.get_template(name).render(values) for name in environment.list_templates()}


def has_password(store: str) -> bool:
    """Whether this URL must not be in a file that others read."""
    return "@" in store.partition("://")[2].partition("/")[0]


def _store(text: str) -> str:
    """A store in YAML: its URL, or a mapping for ``env:NAME`` or ``file:PATH``."""
    way, _, name = text.partition(":")
    return f"{{{way}: {_as_yaml(name)}}}" if way in ("env", "file") else _as_yaml(text)


def _address(text: str) -> str:
    """An address for YAML, in which a bracket would begin a list."""
    return json.dumps(text) if text.startswith("[") else text


def _as_yaml(text: str) -> str:
    """A text for YAML in braces: unquoted if that means the same, otherwise quoted."""
    plain = text.isascii() and all(letter.isalnum() or letter in "@._+-/:" for letter in text)
    return text if plain and text[:1].isalpha() and not text.endswith(":") else json.dumps(text)
