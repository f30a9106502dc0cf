"""References in settings: files, and secrets that are stored elsewhere."""

import os
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

from cryptography import x509
from pydantic import (
    AfterValidator,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from mailgate.attest.keys import KeySetError, parse_jwks
from mailgate.config.files import Stamps, stamp_of
from mailgate.config.upstream_loop import LITERAL_RESOLVER, HostResolver
from mailgate.config.values import jwks_url
from mailgate.model.phrase import wrong_value

MAX_SECRET_CHARACTERS = 64 * 1024
MAX_JWKS_CHARACTERS = 1024 * 1024
_RELATIVELY = "relative to the folder of this one"
_NO_REFERENCE = "not a reference; use {env: NAME} or {file: PATH}"


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources for references: the folder of relative paths, and the environment."""

    folder: Path
    environ: Mapping[str, str]
    names: HostResolver = LITERAL_RESOLVER
    """Resolves the names of hosts."""
    secrets: list[Path] = field(default_factory=list)
    """The files from which secrets were read, or that hold a private key."""
    stamps: Stamps = field(default_factory=dict)
    """The state of each file that was looked at."""
    not_here: list[str] | None = None
    """The secrets that are not on this machine, in words. None makes a mistake of each, as for a gate."""

    def lacks(self, what: str) -> bool:
        """Whether this may be missing here. It is noted."""
        if self.not_here is not None:
            self.not_here.append(what)
        return self.not_here is not None


def _sources(info: ValidationInfo) -> Sources:
    sources = (info.context or {}).get("sources")
    assert isinstance(sources, Sources)
    return sources


def host_resolver_of(info: ValidationInfo) -> HostResolver:
    """The resolver of host names."""
    return _sources(info).names if info.context else LITERAL_RESOLVER


def existing_file(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value:
        raise wrong_value("file", f"not a path; use a file, {_RELATIVELY}")
    if "://" in value:
        raise wrong_value("file", f"a URL is not accepted here; use a file, {_RELATIVELY}")
    path = _sources(info).folder / value
    _sources(info).stamps[path] = stamp_of(path)
    if not os.path.isfile(path):  # unlike Path.is_file, this takes every text
        raise _no_file(path)
    if _holds_key(path):
        _sources(info).secrets.append(path)
    return path


def _no_file(path: Path) -> PydanticCustomError:
    """The mistake of a path at which no file is seen: nothing is there, or something else, or nobody may look."""
    try:
        what = "is a directory" if path.stat() and path.is_dir() else "is no regular file"
        return wrong_value("file", f"the path {path} {what}; use a file, {_RELATIVELY}")
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return wrong_value("file", f"no such file; use one that can be read, {_RELATIVELY}")
    except OSError as error:
        return unreadable(path, error, f"one that can be read, {_RELATIVELY}")


def _file_of_the_machine(value: object, info: ValidationInfo) -> Path:
    """A private key, or the certificate beside it: like a secret it may be where the gate runs alone."""
    sources = _sources(info)
    gone = isinstance(value, str) and value and not os.path.lexists(sources.folder / value)
    if gone and sources.lacks(f"the file {value}"):
        return sources.folder / str(value)
    return existing_file(value, info)


def _holds_key(path: Path) -> bool:
    """Whether the file holds a private key, perhaps beside a certificate, as many servers accept."""
    try:
        with path.open("rb") as file:
            return any(b"PRIVATE KEY" in line for line in file)
    except OSError:  # the reader of the file reports it
        return False


def _place(value: object, info: ValidationInfo) -> Path:
    """The path of a file that others write, and that may not exist yet."""
    if not isinstance(value, str) or not value or "://" in value or "\0" in value:
        raise wrong_value("file", "not a path; use one, relative to the folder of this file")
    return _sources(info).folder / value


def _jwks(value: object, info: ValidationInfo) -> Path | str:
    if isinstance(value, str) and "://" in value:
        return jwks_url(value)
    path = existing_file(value, info)
    try:
        with path.open(encoding="utf-8") as file:
            parse_jwks(file.read(MAX_JWKS_CHARACTERS))
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error, "a JWKS in UTF-8") from error
    except KeySetError as error:
        wrong = "; ".join(error.mistakes)
        raise wrong_value("file", f"the file {path} is not a JWKS of public keys: {wrong}") from error
    return path


def _authorities(value: object, info: ValidationInfo) -> Path:
    path = existing_file(value, info)
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        wrong = f"the file holds no certificates: {path}; use those of authorities, in PEM"
        raise wrong_value("file", wrong) from error
    except OSError as error:
        raise unreadable(path, error, "certificates of authorities, in PEM") from error
    return path


def unreadable(path: Path, error: Exception, expected: str) -> PydanticCustomError:
    """The mistake of a file that cannot be opened or is no text, with the system's reason."""
    why = (getattr(error, "strerror", None) or "not UTF-8").lower()
    return wrong_value("file", f"the file {path} cannot be read: {why}; use {expected}")


class MissingSecret(SecretStr):
    """Stands for a secret that is not on this machine, whatever its value must be. It is given: a gate has it."""

    def __bool__(self) -> bool:
        return True


def where_it_is(check: Callable[[SecretStr], SecretStr]) -> AfterValidator:
    """Holds the value of a secret against this check on a machine that has it."""
    return AfterValidator(lambda found: found if isinstance(found, MissingSecret) else check(found))


def _secret(value: object, info: ValidationInfo) -> object:
    """The value of a reference. Any other value is returned as it is."""
    if not isinstance(value, dict):
        return value
    (kind, name), sources = next(iter(value.items()), ("", None)), _sources(info)
    if len(value) != 1 or not isinstance(name, str) or kind not in ("env", "file"):
        raise wrong_value("secret", _NO_REFERENCE)
    if kind == "file":
        path = sources.folder / name
        sources.secrets.append(path)
        sources.stamps[path] = stamp_of(path)
    found = sources.environ.get(name) if kind == "env" else _content(sources.folder / name)
    if not found:
        what = f"the environment variable {name}" if kind == "env" else f"the file {name}"
        if sources.lacks(what):
            return MissingSecret("")
        raise wrong_value("secret", f"{what} is missing or empty; put the value there")
    return SecretStr(found)


def _content(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:  # editors on Windows write a mark of the order of bytes
            return file.read(MAX_SECRET_CHARACTERS).strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error, "a file with the value alone, in UTF-8") from error
    except ValueError:  # no name of a file
        return ""


def _reference(value: object, info: ValidationInfo) -> SecretStr:
    found = _secret(value, info)
    if not isinstance(found, SecretStr):
        raise wrong_value("secret", _NO_REFERENCE)
    return found


def _key(value: object, info: ValidationInfo) -> SecretStr:
    """A secret for a header, so it must be one line of visible characters."""
    found = _reference(value, info)
    fits = re.fullmatch(r"[!-~]([ -~]*[!-~])?", found.get_secret_value())
    if not (fits or isinstance(found, MissingSecret)):
        raise wrong_value("secret", "its value cannot be sent in a header; use visible ASCII characters")
    return found


_STORE = r"^(sqlite|postgres|postgresql)(\+[a-z0-9]+)?://"


def _store(value: object, info: ValidationInfo) -> SecretStr:
    found = _secret(value, info)
    if isinstance(found, MissingSecret):
        return found
    text = found.get_secret_value() if isinstance(found, SecretStr) else found
    if not isinstance(text, str) or not re.match(_STORE, text):
        raise wrong_value("store", "not the URL of a store; use sqlite:///FILE or postgresql://HOST/DATABASE")
    if not isinstance(found, SecretStr) and (urlsplit(text).password is not None or "password=" in text):
        message = (
            "the URL contains a password; give the whole URL as a reference: {env: NAME} or {file: PATH}"
        )
        raise wrong_value("store", message)
    return SecretStr(_in_folder(text, _sources(info).folder))


_RELATIVE = re.compile(r"(sqlite(?:\+[a-z0-9]+)?:///)(?![/:?])(.+)", re.DOTALL)


def _in_folder(url: str, folder: Path) -> str:
    """A store's path is relative to the settings, so that it is the same from every working directory."""
    found = _RELATIVE.fullmatch(url)
    return f"{found[1]}{quote(str(folder.absolute()))}/{found[2]}" if found else url


_REFERENCE = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {"env": {"type": "string", "minLength": 1}, "file": {"type": "string", "minLength": 1}},
}
_PATH = {"type": "string", "minLength": 1}

ExistingFile = Annotated[Path, PlainValidator(existing_file), WithJsonSchema(_PATH)]
MachineFile = Annotated[Path, PlainValidator(_file_of_the_machine), WithJsonSchema(_PATH)]
FilePath = Annotated[Path, PlainValidator(_place), WithJsonSchema(_PATH)]
AuthoritiesFile = Annotated[Path, PlainValidator(_authorities), WithJsonSchema(_PATH)]
Jwks = Annotated[Path | str, PlainValidator(_jwks), WithJsonSchema(_PATH)]
"""A file, or the URL (a text) at which an issuer publishes its keys."""
HIDDEN = PlainSerializer(str)
"""Shows a secret as asterisks."""
Secret = Annotated[SecretStr, PlainValidator(_reference), HIDDEN, WithJsonSchema(_REFERENCE)]
HeaderKey = Annotated[SecretStr, PlainValidator(_key), HIDDEN, WithJsonSchema(_REFERENCE)]
_STORES = {"anyOf": [{"type": "string", "pattern": _STORE}, _REFERENCE]}
StoreUrl = Annotated[SecretStr, PlainValidator(_store), HIDDEN, WithJsonSchema(_STORES)]


def read_certificates(path: Path, key: str) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM file. Raises PydanticCustomError at ``key`` if one cannot be read."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        wrong = f"a certificate in {path} cannot be read; use X.509 in PEM"
        raise wrong_value("file", wrong, key=key) from error
