"""Reading files of certificates, for settings that need the certificates themselves."""

from pathlib import Path

from cryptography import x509
from pydantic_core import PydanticCustomError


def read_certificates(path: Path, key: str) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM file. Raises PydanticCustomError at ``key`` for what is none."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        message = "a certificate in {path} cannot be read; expected X.509 in PEM"
        raise PydanticCustomError("file", message, {"path": str(path), "key": key}) from error
