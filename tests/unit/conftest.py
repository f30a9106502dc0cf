"""Unit tests reach no network and look at no clock: what they need of a connection is a fake transport."""

import gc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

from mailgate.store.database import create_file, store_url
from mailgate.store.migrate import migrate

settings.register_profile("no deadline", deadline=None)  # how fast the machine is proves nothing
settings.load_profile("no deadline")


def pytest_collection_finish():
    """Ten thousand tests stay to the end: Python need not look through them for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_network():
    disable_socket(allow_unix_socket=True)  # an event loop wakes itself through a pair of them
    yield
    enable_socket()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An SQLite file with every table and no row."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    migrate(store_url(f"sqlite:///{path}"))
    return path.read_bytes()


@pytest.fixture(autouse=True)
def new_stores_are_copies(monkeypatch, migrated):
    """A new store is a copy of a migrated one: ``store/test_migrate.py`` holds that migrations make such a one."""

    def copied(url):
        path = Path(str(url.database))
        if url.get_backend_name() != "sqlite" or path.exists():
            migrate(url)
            return
        create_file(url)
        path.write_bytes(migrated)

    monkeypatch.setattr("mailgate.store.store.migrate", copied)


@pytest.fixture
def certificate(tmp_path):
    """Paths of a self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.com")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "gate.pem", tmp_path / "gate.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths[1].write_bytes(key.private_bytes(*plain))
    return paths
