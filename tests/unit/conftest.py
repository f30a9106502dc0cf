"""Unit tests use no network and no clock; connections have a fake transport."""

import gc
import os
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket
from sqlalchemy.ext.asyncio import create_async_engine
from tests.admins import QUICK_HASHER
from tests.stores import compiling_once, copying, migrated
from tests.stores import stores_have_time as stores_have_time

from mailgate.config import document
from mailgate.logs import change_level
from mailgate.policy import rules
from mailgate.rollout import person

MAX_WORDS = 80

settings.register_profile("no deadline", deadline=None)  # the speed of the machine proves nothing
settings.register_profile("thorough", deadline=None, max_examples=5000)  # for attacks
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "no deadline"))


def pytest_collection_finish():
    """Exclude the ten thousand tests from garbage collection, since they exist until the end, and collect seldom: a test leaves little."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1000)


def pytest_make_parametrize_id(val):
    """Name a short row of a table by its words: ``list --json``, not ``arguments3``."""
    if not isinstance(val, list | tuple | dict):
        return None
    has_words_alone = not isinstance(val, dict) and val and all(isinstance(each, str) for each in val)
    words = ascii(" ".join(val))[1:-1] if has_words_alone else ascii(val)
    return words if len(words) <= MAX_WORDS and " at 0x" not in words else None


@pytest.fixture(autouse=True)
def no_network_and_every_line():
    disable_socket(allow_unix_socket=True)  # an event loop wakes itself through a pair of them
    change_level("debug")  # whatever a test before it has changed
    yield
    enable_socket()


@pytest.fixture(scope="session")
def new_store(tmp_path_factory):
    return migrated(tmp_path_factory.mktemp("migrated"))


@pytest.fixture(scope="session", autouse=True)
def stores_cost_little(new_store):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailgate.store.store.migrate", copying(new_store))
        patch.setattr("mailgate.store.database.create_async_engine", compiling_once(create_async_engine))
        yield


@pytest.fixture(scope="session", autouse=True)
def the_same_is_worked_out_once():
    """Compute the same files, logins and keys only once, since whole suites begin with them."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("mailgate.config.sources.google", "joserfc._rfc7517.pem"):
            patch.setattr(f"{module}.load_pem_private_key", checking_keys_once)
        patch.setattr(document, "_compose", composing_once(document._compose))
        patch.setattr(person, "_matches", cache(person._matches))
        patch.setattr(
            person, "_HASHER", QUICK_HASHER
        )  # a tenth of a second and 64 MiB for each new secret otherwise
        patch.setattr(rules, "compile_condition", compiling_conditions_once(rules.compile_condition))
        yield


checking_keys_once = cache(serialization.load_pem_private_key)
"""A key of RSA is checked when it is read, which takes 30 ms."""


def composing_once(compose):
    """Cache the nodes of a text, which do not name a file; a text with a mistake is read anew."""
    known = {}

    def composed(text, file):
        if text not in known:
            known[text] = compose(text, file)
        return known[text]

    return composed


def compiling_conditions_once(compile_condition):
    """Cache the conditions of rules, which nothing changes; one with a mistake is read anew."""
    known = {}

    def compiled(text, closed):
        key = text, *((name, tuple(values)) for name, values in closed.items())
        if key not in known:
            known[key] = compile_condition(text, closed)
        return known[key]

    return compiled


@pytest.fixture
def certificate(tmp_path):
    """The paths of a self-signed certificate and its key."""
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
